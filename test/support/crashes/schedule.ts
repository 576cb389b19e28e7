import fc from 'fast-check';
import { COMMIT_FAULTS, type CommitFault } from './killable-commits.ts';
import type { Call, CrashPoint } from './killable-process.ts';
import { FAULTS, type Fault } from './killable-sink.ts';

/** How one life of the worker goes. */
export type LifePlan = {
  readonly death: CrashPoint;
  /** Batches, pauses and how far what is torn came. */
  readonly seed: number;
  /** Seconds and rows of an epoch, epochs of a checkpoint, files that may wait for a sink. */
  readonly seconds: number;
  readonly rows: number;
  readonly checkpointEvery: number;
  readonly backlog: number;
  /** The most messages that one pull gives. */
  readonly batch: number;
  /** The chances that a step takes time, and that time goes on although there is work to do. */
  readonly slow: { readonly disk: number; readonly sink: number; readonly log: number };
  readonly haste: number;
  /** What becomes of the parts that go to each sink, one after the other; then all goes well. */
  readonly clickhouse: readonly (Fault | undefined)[];
  readonly outbox: readonly (Fault | undefined)[];
  /** What becomes of appends to the log of commits, likewise. */
  readonly commits?: readonly (CommitFault | undefined)[];
  /** Writes at which the disk is full. */
  readonly full: readonly number[];
};

/** A log, and lives that work it off. After the last one there is one in which nothing goes wrong. */
export type CrashSchedule = {
  readonly seed: number;
  readonly seconds: number;
  /** Places of messages on which an operator throws, as shares of the log. */
  readonly poison: readonly number[];
  readonly lives: readonly LifePlan[];
  /** Lives, counted from 1, after which the host is lost with its directory. */
  readonly lost: readonly number[];
};

const chance = fc.constantFrom(0, 0.1, 0.5);

const faults = fc.array(
  fc.option(fc.constantFrom<Fault[]>(...FAULTS), { nil: undefined, freq: 2 }),
  { maxLength: 12 },
);

const ways = {
  by: fc.constantFrom<CrashPoint['by'][]>(
    'kill',
    'kill',
    'kill',
    'power',
    'power',
    'abort',
    'drain',
  ),
  moment: fc.constantFrom<CrashPoint['moment'][]>('before', 'half-way', 'after'),
};

/** Half of them anywhere, half at what is rare: the few calls that make something safe. */
export const death: fc.Arbitrary<CrashPoint> = fc.oneof(
  fc.record({ ...ways, of: fc.constant(undefined), step: fc.integer({ min: 1, max: 250 }) }),
  fc.record({
    ...ways,
    of: fc.constantFrom<Call[]>('write', 'sync', 'rename', 'remove', 'send', 'commit'),
    step: fc.integer({ min: 1, max: 20 }),
  }),
);

export const lifePlan: fc.Arbitrary<LifePlan> = fc.record({
  death,
  seed: fc.integer(),
  seconds: fc.constantFrom(0.03, 0.3, 60),
  rows: fc.integer({ min: 15, max: 150 }),
  checkpointEvery: fc.integer({ min: 1, max: 5 }),
  backlog: fc.integer({ min: 2, max: 40 }),
  batch: fc.integer({ min: 1, max: 150 }),
  slow: fc.record({ disk: chance, sink: chance, log: chance }),
  haste: fc.constantFrom(0, 0, 0.1),
  clickhouse: faults,
  outbox: faults,
  commits: fc.array(
    fc.option(fc.constantFrom<CommitFault[]>(...COMMIT_FAULTS), { nil: undefined, freq: 2 }),
    { maxLength: 6 },
  ),
  full: fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 3 }),
});

export const crashSchedule: fc.Arbitrary<CrashSchedule> = fc.record({
  seed: fc.integer(),
  seconds: fc.integer({ min: 20, max: 90 }),
  poison: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 2 }),
  lives: fc.array(lifePlan, { minLength: 1, maxLength: 7 }),
  lost: fc.array(fc.integer({ min: 1, max: 7 }), { maxLength: 2 }),
});
