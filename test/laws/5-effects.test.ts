import { rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { plant as pipeline } from '../../pipelines/plant.ts';
import { decide, rowsOf } from '../support/decisions.ts';
import { runWorker } from '../support/in-process-worker.ts';
import { law } from '../support/law.ts';
import { MemorySink } from '../support/memory-sink.ts';
import { PLANNED_RULES, plannedLife } from '../support/planned-plant.ts';
import { logOf, randomOf } from '../support/plant-log.ts';
import { logOfPlant, plantWith } from '../support/plants/plant.ts';
import { temporaryDirectory } from '../support/temporary.ts';

describe('law 5: effects are data first, and carried out at the edge', () => {
  const seen = { revisions: 0, commands: 0 };

  law(
    'what is published is a row first, byte for byte, and revisions and commands are dense',
    8,
    plantWith(),
    async (plant) => {
      const messages = logOfPlant(plant);
      const sink = new MemorySink('outbox');
      const directory = temporaryDirectory();
      await runWorker({ directory, messages, pipeline, sinks: [sink] });
      rmSync(directory, { recursive: true });
      const decided = decide(messages);
      const rows = rowsOf(decided, 'requests');
      expect(sink.revisions).toEqual(rows.map(({ request }) => request).sort());
      const next = new Map<string, number>();
      for (const { id, revision, request } of rows) {
        expect(revision).toBe((next.get(id) ?? 0) + 1);
        expect(JSON.parse(request)).toMatchObject({ id, revision });
        next.set(id, revision);
      }
      const commands = rowsOf(decided, 'commands');
      const sent = commands.filter(({ mode }) => mode === 'on').map(({ command }) => command);
      expect(sink.commands).toEqual(sent.sort());
      const counts = new Map<string, number>();
      for (const { id, request, step, n, command } of commands) {
        expect(n).toBe((counts.get(`${request} ${step}`) ?? 0) + 1);
        expect(JSON.parse(command)).toMatchObject({ id, request, step, n });
        counts.set(`${request} ${step}`, n);
      }
      seen.revisions += rows.length;
      seen.commands += sent.length;
    },
    () => expect(Math.min(...Object.values(seen))).toBeGreaterThan(3),
  );

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
      pipeline,
      sinks: [away, outbox],
      rows: 1_500,
    });
    expect(away.facts()).toEqual(outbox.facts());
    expect(outbox.revisions.length).toBeGreaterThan(0);
  });
});
