import { rmSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plant as pipeline } from '../../pipelines/plant.ts';
import { decide, lastingOf, rowsOf } from '../support/decisions.ts';
import { runWorker } from '../support/in-process-worker.ts';
import { law } from '../support/law.ts';
import { MemorySink } from '../support/memory-sink.ts';
import {
  PLANNED_RULES,
  plannedLife,
  shuffled as shuffledBetweenChanges,
} from '../support/planned-plant.ts';
import { logOf, plantLife, RULES, randomOf, shuffled } from '../support/plant-log.ts';
import { logOfPlant, plantWith } from '../support/plants/plant.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const DISORDER = 2_000;

/** Nobody answers: what is asked then follows from requests and silence. */
const ASKING = {
  ...RULES,
  workflows: [
    {
      ...{ id: 'parts', mode: 'on' },
      steps: [
        { id: 'stock', do: 'erp.check-stock', with: { title: 'request.title' }, deadline: '20s' },
        { id: 'reserve', after: ['stock'], do: 'erp.reserve', undo: 'release' },
      ],
    },
  ],
};

describe('law 2: time travels in the stream', () => {
  test('displaced within disorder, events give the same windows, anomalies, incidents, requests and commands', () => {
    let anomalies = 0;
    let commands = 0;
    fc.assert(
      fc.property(fc.integer(), fc.integer(), (seed, order) => {
        const said = plantLife(seed, 180);
        const whole = decide(logOf(said, ASKING));
        anomalies += rowsOf(whole, 'anomalies').length;
        commands += rowsOf(whole, 'commands').length;
        const displaced = decide(logOf(shuffled(said, DISORDER, order), ASKING));
        expect(lastingOf(displaced)).toEqual(lastingOf(whole));
      }),
      { numRuns: 15 },
    );
    expect(anomalies).toBeGreaterThan(15);
    expect(commands).toBeGreaterThan(5);
  });

  test('the same with a schedule that changes all the time, as long as no change is crossed', () => {
    const told = { withdrawn: 0, incidents: 0 };
    fc.assert(
      fc.property(fc.integer(), fc.integer(), (seed, order) => {
        const said = plannedLife(seed, 180);
        const log = (messages: typeof said) => logOf(messages, PLANNED_RULES, DISORDER);
        const whole = decide(log(said));
        for (const { request } of rowsOf(whole, 'requests')) {
          const { because } = JSON.parse(request);
          if (/it lay in .* as the schedule says now/.test(because)) told.withdrawn += 1;
        }
        for (const { rule } of rowsOf(whole, 'incidents')) {
          if (rule === 'after-change') told.incidents += 1;
        }
        const displaced = shuffledBetweenChanges(said, DISORDER, order);
        expect(lastingOf(decide(log(displaced)))).toEqual(lastingOf(whole));
      }),
      { numRuns: 12 },
    );
    // Otherwise this has seen nothing.
    expect(Math.min(...Object.values(told))).toBeGreaterThan(2);
  });

  law(
    'batches and epochs of any size give the same answers',
    5,
    fc.record({ plant: plantWith(), seed: fc.nat() }),
    async ({ plant, seed }) => {
      const messages = logOfPlant(plant);
      const facts = async (from: number) => {
        const random = randomOf(from);
        const sink = new MemorySink('clickhouse');
        const directory = temporaryDirectory();
        await runWorker({
          ...{ directory, messages, pipeline, sinks: [sink] },
          rows: 1 + Math.floor(random() * 500),
          most: () => 1 + Math.floor(random() * 200),
        });
        rmSync(directory, { recursive: true });
        return sink.facts();
      };
      expect(await facts(seed + 1)).toEqual(await facts(seed));
    },
  );
});
