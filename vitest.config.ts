import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';
import { Report } from './test/support/report.ts';

const INTEGRATION = 'test/**/*.integration.test.ts';
/** Detectors and diagnosis over recordings of whole runs: minutes, so `npm test` alone runs them. */
const RECORDED = 'test/**/*.recorded.test.ts';
/** Processes that tests start run JavaScript. */
const COMPILE = 'test/stand/compile.ts';
/** What befalls a worker, and what must be the same afterwards. */
const FAULTS = [
  'test/faults/*.integration.test.ts',
  'test/pipelines/demo/plant/plant.integration.test.ts',
  'test/pipelines/systems/{commands,systems}-kills.integration.test.ts',
  'test/pipelines/worker/{copies/copies,ownership/lease}.integration.test.ts',
  'test/pipelines/audit/cluster.integration.test.ts',
  'test/sql/rollups.integration.test.ts',
];

/** Replaces modules of the product, which files that share theirs would see, too. */
const PLANTED = 'test/simulation/planted-faults.test.ts';

/**
 * Tests that start no server: files of one process share their modules, which takes a third off what they cost. Time-outs
 * are for what hangs. They pass or fail nobody by the speed of a machine.
 */
const SHARING = { isolate: false, testTimeout: 120_000, hookTimeout: 120_000 };

/** Minutes at full rate, for numbers: a suite of its own. */
const LOAD = 'test/web/load.integration.test.ts';

export default defineConfig({
  test: {
    // Processes, never threads: the embedded ClickHouse engine hangs in worker threads.
    pool: 'forks',
    // Without this one core of two stands idle.
    maxWorkers: '100%',
    reporters: ['default', new Report()],
    sequence: { sequencer: LongestFirst },
    setupFiles: 'test/support/each-file.ts',
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [INTEGRATION, RECORDED, 'test/laws/**', PLANTED],
          ...SHARING,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'recorded',
          include: [RECORDED],
          ...SHARING,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'laws',
          include: ['test/laws/**/*.test.ts'],
          exclude: [INTEGRATION],
          ...SHARING,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: [INTEGRATION],
          exclude: [LOAD],
          globalSetup: COMPILE,
          // Three files at a time on two cores: each starts servers of its own, on free ports, and often waits for them.
          maxWorkers: 3,
          testTimeout: 180_000,
          hookTimeout: 180_000,
          // Real processes on a busy machine: ports are taken, kernels are late. A second try is told by the report.
          retry: 1,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          // The same files in their true length, with what `npm test` skips.
          name: 'faults',
          include: FAULTS,
          globalSetup: COMPILE,
          env: { ANDON_FAULTS: 'long', ANDON_KILLS: process.env.ANDON_KILLS ?? '12' },
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          // Attacks on servers that the tests start, with all their tries.
          name: 'security',
          include: ['test/security/**/*.test.ts'],
          globalSetup: COMPILE,
          env: { ANDON_SECURITY: 'long' },
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 3 },
        },
      },
      {
        extends: true,
        test: {
          // The page in a real browser, with what `npm test` skips.
          name: 'web',
          include: ['test/web/**/*.integration.test.ts'],
          exclude: [LOAD],
          env: { ANDON_WEB: 'long' },
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 5 },
        },
      },
      {
        extends: true,
        test: {
          // What the page takes at a thousand machines.
          name: 'load',
          include: [LOAD],
          globalSetup: COMPILE,
          sequence: { groupOrder: 5 },
        },
      },
      {
        extends: true,
        test: {
          // From an anomaly to what the systems around made of it, with what `npm test` skips.
          name: 'world',
          include: ['test/world/**/*.integration.test.ts'],
          globalSetup: COMPILE,
          env: { ANDON_WORLD: 'long' },
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
          sequence: { groupOrder: 6 },
        },
      },
      {
        extends: true,
        test: {
          // Hosts in virtual time: thousands of schedules, and faults that are planted to be found.
          name: 'hosts',
          include: ['test/simulation/*.test.ts'],
          globalSetup: COMPILE,
          env: { ANDON_HOSTS: 'long' },
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 8 },
        },
      },
      {
        extends: true,
        test: {
          // From brokers to the log of the centre, with all kills, cuts and attacks.
          name: 'edge',
          include: ['test/pipelines/edge/**/*.test.ts'],
          globalSetup: COMPILE,
          env: { ANDON_EDGE: 'long' },
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 180_000,
          sequence: { groupOrder: 7 },
        },
      },
    ],
  },
});
