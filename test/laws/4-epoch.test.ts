import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plant as pipeline } from '../../pipelines/plant.ts';
import { runWorker } from '../support/in-process-worker.ts';
import { law } from '../support/law.ts';
import { runs } from '../support/long.ts';
import { MemorySink } from '../support/memory-sink.ts';
import { PLANNED_RULES, plannedLife } from '../support/planned-plant.ts';
import { logOf, randomOf } from '../support/plant-log.ts';
import { logOfPlant, plantWith } from '../support/plants/plant.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const messages = logOf(plannedLife(7, 240), PLANNED_RULES);

async function undisturbed(): Promise<MemorySink> {
  const sink = new MemorySink('clickhouse');
  await runWorker({ directory: temporaryDirectory(), messages, pipeline, sinks: [sink] });
  return sink;
}

const oracle = undisturbed();

/** Lives until one life reaches the end of the log; `chance` of dying at each internal event. */
async function livesUntilDone(
  directory: string,
  sinks: readonly MemorySink[],
  random: () => number,
  between: () => void = () => {},
  log = messages,
): Promise<number> {
  for (let lives = 1; ; lives += 1) {
    try {
      await runWorker({
        directory,
        messages: log,
        pipeline,
        sinks,
        rows: 100 + Math.floor(random() * 400),
        most: () => 1 + Math.floor(random() * 120),
        record() {
          if (lives < 12 && random() < 0.12) throw new Error('killed');
        },
      });
      return lives;
    } catch (error) {
      if (!(error instanceof Error) || error.message !== 'killed') throw error;
      between();
    }
  }
}

describe('law 4: the epoch is the unit, and nothing counts before it is written down', () => {
  test('the oracle has something of everything', async () => {
    const sink = await oracle;
    for (const table of ['readings', 'windows', 'anomalies', 'incidents', 'requests']) {
      expect(sink.count(table), table).toBeGreaterThan(0);
    }
  });

  test('a worker killed anywhere, with sinks that fail, leaves what an undisturbed one leaves', async () => {
    const expected = (await oracle).facts();
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const random = randomOf(seed);
        const fail = async () => {
          if (random() < 0.1) throw new Error('the answer was lost');
        };
        const sinks = [new MemorySink('clickhouse', fail), new MemorySink('outbox', fail)];
        await livesUntilDone(temporaryDirectory(), sinks, random);
        for (const sink of sinks) expect(sink.facts()).toEqual(expected);
      }),
      { numRuns: runs(8), endOnFailure: true },
    );
  });

  law(
    'the same of any plant, with files that are torn and damaged between its lives',
    4,
    fc.record({ plant: plantWith(), seed: fc.nat() }),
    async ({ plant, seed }) => {
      const random = randomOf(seed);
      const log = logOfPlant(plant);
      const whole = new MemorySink('clickhouse');
      const [calm, directory] = [temporaryDirectory(), temporaryDirectory()];
      await runWorker({ directory: calm, messages: log, pipeline, sinks: [whole] });
      const sink = new MemorySink('clickhouse');
      await livesUntilDone(directory, [sink], random, () => damageOne(directory, random), log);
      expect(sink.facts()).toEqual(whole.facts());
      for (const each of [calm, directory]) rmSync(each, { recursive: true });
    },
  );

  test('torn and damaged files change nothing', async () => {
    const expected = (await oracle).facts();
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const random = randomOf(seed);
        const directory = temporaryDirectory();
        const sink = new MemorySink('clickhouse');
        await livesUntilDone(directory, [sink], random, () => damageOne(directory, random));
        expect(sink.facts()).toEqual(expected);
      }),
      { numRuns: runs(8), endOnFailure: true },
    );
  });
});

/** Tears the newest epoch file or checkpoint, or flips a byte in it: never the only checkpoint. */
function damageOne(directory: string, random: () => number): void {
  const folder = join(directory, random() < 0.5 ? 'epochs' : 'checkpoints');
  const names = readdirSync(folder).sort();
  const name = names.at(-1);
  if (name === undefined || (folder.endsWith('checkpoints') && names.length < 2)) return;
  const path = join(folder, name);
  const content = readFileSync(path);
  if (random() < 0.5) {
    truncateSync(path, Math.floor(content.length * random()));
    return;
  }
  const at = Math.floor(content.length * random());
  content[at] = (content[at] ?? 0) ^ 0xff;
  writeFileSync(path, content);
}
