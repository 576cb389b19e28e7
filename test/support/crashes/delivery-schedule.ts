import fc from 'fast-check';
import type { CrashPoint } from './killable-process.ts';
import { FAULTS, type Fault } from './killable-sink.ts';

/** How one life of the delivery of requests, or of commands, goes. */
export type DeliveryPlan = {
  readonly death: CrashPoint | undefined;
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
export type DeliverySchedule = {
  /** Which of the known requests, by place; and the seconds between two arrivals. */
  readonly from: number;
  readonly requests: number;
  readonly gaps: readonly number[];
  readonly lives: readonly DeliveryPlan[];
};

const death: fc.Arbitrary<CrashPoint> = fc.record({
  by: fc.constantFrom<CrashPoint['by'][]>('kill', 'kill', 'kill', 'drain'),
  of: fc.constantFrom<CrashPoint['of'][]>(undefined, undefined, 'write', 'send'),
  step: fc.oneof(fc.integer({ min: 1, max: 15 }), fc.integer({ min: 1, max: 80 })),
  moment: fc.constantFrom<CrashPoint['moment'][]>('before', 'after'),
});

const life: fc.Arbitrary<DeliveryPlan> = fc.record({
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

export const deliverySchedule: fc.Arbitrary<DeliverySchedule> = fc.record({
  from: fc.nat(),
  requests: fc.integer({ min: 1, max: 5 }),
  gaps: fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 8 }),
  lives: fc.array(life, { minLength: 1, maxLength: 6 }),
});

/** What is decided about one step of a request, one after the other. `late`: not to be begun after a while. */
export type Decision = 'reserve' | 'undo' | 'check' | 'late';

/** Decisions for several requests that arrive over a while, and lives that carry them out. */
export type CommandSchedule = {
  readonly requests: readonly (readonly Decision[])[];
  readonly gaps: readonly number[];
  readonly lives: readonly DeliveryPlan[];
};

export const commandSchedule: fc.Arbitrary<CommandSchedule> = fc.record({
  requests: fc.array(
    fc.array(fc.constantFrom<Decision[]>('reserve', 'reserve', 'undo', 'undo', 'check', 'late'), {
      minLength: 1,
      maxLength: 6,
    }),
    { minLength: 1, maxLength: 4 },
  ),
  gaps: fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 8 }),
  lives: fc.array(life, { minLength: 1, maxLength: 6 }),
});
