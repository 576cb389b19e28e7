import fc from 'fast-check';
import type { Death } from './mortal.ts';
import { FAULTS, type Fault } from './mortal-sink.ts';

/** How one life of the maintenance pipeline goes. */
export type ErrandPlan = {
  readonly death: Death | undefined;
  readonly seed: number;
  /** The most revisions that are read at once. */
  readonly batch: number;
  /** The chances that a call takes time, and that time goes on although there is work to do. */
  readonly slow: number;
  readonly haste: number;
  /** What becomes of the calls, one after the other; then all goes well. */
  readonly cmms: readonly (Fault | undefined)[];
  readonly nats: readonly ('fails' | 'answer-lost' | undefined)[];
};

/** Requests that arrive over a while, and lives that carry them out. After the last one nothing goes wrong. */
export type ErrandSchedule = {
  /** Which of the known requests, by place; and the seconds between two arrivals. */
  readonly from: number;
  readonly requests: number;
  readonly gaps: readonly number[];
  readonly lives: readonly ErrandPlan[];
};

const death: fc.Arbitrary<Death> = fc.record({
  by: fc.constantFrom<Death['by'][]>('kill', 'kill', 'kill', 'drain'),
  of: fc.constantFrom<Death['of'][]>(undefined, undefined, 'write', 'send'),
  step: fc.oneof(fc.integer({ min: 1, max: 15 }), fc.integer({ min: 1, max: 80 })),
  moment: fc.constantFrom<Death['moment'][]>('before', 'after'),
});

const life: fc.Arbitrary<ErrandPlan> = fc.record({
  death,
  seed: fc.integer(),
  batch: fc.integer({ min: 1, max: 20 }),
  slow: fc.constantFrom(0, 0.2),
  haste: fc.constantFrom(0, 0, 0.1),
  cmms: fc.array(fc.option(fc.constantFrom<Fault[]>(...FAULTS), { nil: undefined, freq: 2 }), {
    maxLength: 10,
  }),
  nats: fc.array(
    fc.constantFrom(undefined, undefined, undefined, undefined, 'fails' as const, 'answer-lost'),
    { maxLength: 40 },
  ),
});

export const errandSchedule: fc.Arbitrary<ErrandSchedule> = fc.record({
  from: fc.nat(),
  requests: fc.integer({ min: 1, max: 5 }),
  gaps: fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 8 }),
  lives: fc.array(life, { minLength: 1, maxLength: 6 }),
});
