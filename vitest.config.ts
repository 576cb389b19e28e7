import { defineConfig } from 'vitest/config';
import { Report } from './test/support/report.ts';

const INTEGRATION = 'test/**/*.integration.test.ts';

export default defineConfig({
  test: {
    // Processes, never threads: the embedded ClickHouse engine hangs in worker threads.
    pool: 'forks',
    reporters: ['default', new Report()],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [INTEGRATION, 'test/laws/**'],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'laws',
          include: ['test/laws/**/*.test.ts'],
          exclude: [INTEGRATION],
          testTimeout: 30_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: [INTEGRATION],
          // One file at a time: each starts servers of its own and some measure time.
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // Real processes on a busy machine: ports are taken, kernels are late. A second try is told by the report.
          retry: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
