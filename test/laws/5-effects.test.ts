import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plant } from '../../pipelines/plant.ts';
import { decide, rowsOf } from '../support/decisions.ts';
import { runWorker } from '../support/in-process-worker.ts';
import { MemorySink } from '../support/memory-sink.ts';
import { PLANNED_RULES, plannedLife } from '../support/planned-plant.ts';
import { logOf, randomOf } from '../support/plant-log.ts';
import { temporaryDirectory } from '../support/temporary.ts';

describe('law 5: effects are data first, and carried out at the edge', () => {
  test('what is published is a row first, byte for byte, and revisions are dense', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const messages = logOf(plannedLife(seed, 200), PLANNED_RULES);
        const sink = new MemorySink('outbox');
        await runWorker({
          directory: temporaryDirectory(),
          messages,
          pipeline: plant,
          sinks: [sink],
        });
        const rows = rowsOf(decide(messages), 'requests');
        expect(sink.revisions).toEqual(rows.map(({ request }) => request).sort());
        const next = new Map<string, number>();
        for (const { id, revision, request } of rows) {
          expect(revision).toBe((next.get(id) ?? 0) + 1);
          expect(JSON.parse(request)).toMatchObject({ id, revision });
          next.set(id, revision);
        }
      }),
      { numRuns: 15 },
    );
  }, 60_000);

  test('a sink that is away holds up neither the pipeline nor the other sinks, and gets everything in the end', async () => {
    const messages = logOf(plannedLife(21, 200), PLANNED_RULES);
    const random = randomOf(4);
    const away = new MemorySink('clickhouse', async () => {
      if (random() < 0.3) throw new Error('connection refused');
    });
    const outbox = new MemorySink('outbox');
    await runWorker({
      directory: temporaryDirectory(),
      messages,
      pipeline: plant,
      sinks: [away, outbox],
      rows: 1_500,
    });
    expect(away.facts()).toEqual(outbox.facts());
    expect(outbox.revisions.length).toBeGreaterThan(0);
  }, 60_000);
});
