/** What befalls the hosts of a simulation, as chance makes it. */

import fc from 'fast-check';
import type { CrashPoint } from '../support/crashes/killable-process.ts';
import { death } from '../support/crashes/schedule.ts';
import type { Cut, Weather } from './network.ts';

/** A log that is worked. */
export type Work = {
  readonly partition: number;
  readonly run: string;
  /** Whether its requests go out. */
  readonly sends: boolean;
};

/** How one life of a worker goes. */
export type SimulatedLife = {
  readonly host: number;
  /** Which partition it works. */
  readonly work: number;
  readonly death: CrashPoint;
  readonly seed: number;
  readonly seconds: number;
  readonly rows: number;
  readonly checkpointEvery: number;
  readonly backlog: number;
  /** The chance that a step takes time. */
  readonly slow: number;
  /** Writes at which the disk is full. */
  readonly full: readonly number[];
  /** Milliseconds: until the next life begins, and how long a pause lasts. */
  readonly rest: number;
  readonly sleep: number;
  /** Begins with a copy of the directory that another host has. */
  readonly copies: boolean;
};

export type Schedule = {
  readonly seed: number;
  /** Of each log. */
  readonly seconds: number;
  readonly hosts: number;
  readonly partitions: number;
  readonly weather: Weather;
  readonly cuts: readonly Cut[];
  /** Milliseconds after the beginning at which nats-server begins again. */
  readonly restarts: readonly number[];
  readonly lives: readonly SimulatedLife[];
  /** Whether the first partition is worked again in the end, by a second run. */
  readonly again: boolean;
};

/** Milliseconds after which nothing goes wrong any more. */
export const CALM_AFTER = 120_000;
const HOSTS = 3;
const PARTITIONS = 2;

const chance = fc.constantFrom(0, 0, 0.005, 0.03);

const pause: fc.Arbitrary<CrashPoint> = fc.record({
  by: fc.constant('pause' as const),
  of: fc.option(fc.constantFrom('commit', 'send', 'rename', 'lease'), { nil: undefined }),
  step: fc.integer({ min: 1, max: 30 }),
  moment: fc.constantFrom('before', 'after'),
});

const life: fc.Arbitrary<SimulatedLife> = fc.record({
  host: fc.constantFrom(0, 0, 1, 1, 2),
  work: fc.constantFrom(0, 0, 0, 1),
  death: fc.oneof(death, pause),
  seed: fc.integer(),
  seconds: fc.constantFrom(0.3, 2, 10),
  rows: fc.integer({ min: 15, max: 150 }),
  checkpointEvery: fc.integer({ min: 1, max: 5 }),
  backlog: fc.integer({ min: 2, max: 40 }),
  slow: fc.constantFrom(0, 0, 0.1),
  full: fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 2 }),
  rest: fc.constantFrom(100, 20_000, 40_000),
  sleep: fc.constantFrom(1_000, 20_000, 40_000),
  copies: fc.constantFrom(true, false, false),
});

const cut: fc.Arbitrary<Cut> = fc.record({
  host: fc.nat({ max: HOSTS - 1 }),
  server: fc.constantFrom('nats', 'nats', 'warehouse'),
  at: fc.integer({ min: 0, max: CALM_AFTER / 2 }),
  lasts: fc.constantFrom(300, 3_000, 15_000, 40_000),
});

export const schedules: fc.Arbitrary<Schedule> = fc.record({
  seed: fc.integer(),
  seconds: fc.integer({ min: 8, max: 25 }),
  hosts: fc.integer({ min: 2, max: HOSTS }),
  partitions: fc.constantFrom(1, 1, PARTITIONS),
  weather: fc.record({ lost: chance, late: chance, doubled: chance }),
  cuts: fc.array(cut, { maxLength: 3 }),
  restarts: fc.array(fc.integer({ min: 0, max: CALM_AFTER / 2 }), { maxLength: 1 }),
  lives: fc.array(life, { maxLength: 16, size: 'max' }),
  again: fc.boolean(),
});

/** Milliseconds in which a schedule that fails is made shorter. */
const SHORTENING = 120_000;

/** That `check` holds for every schedule. One that fails is made shorter for a while, then the shortest so far is told. */
export function everySchedule(check: (schedule: Schedule) => Promise<void>) {
  let failed: number | undefined;
  return fc.asyncProperty(schedules, async (schedule) => {
    if (failed !== undefined && performance.now() - failed > SHORTENING) return;
    try {
      await check(schedule);
    } catch (error) {
      failed ??= performance.now();
      throw error;
    }
  });
}
