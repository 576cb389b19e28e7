import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plant } from '../../pipelines/plant.ts';
import { decide, lastingOf, rowsOf } from '../support/decisions.ts';
import { MemorySink } from '../support/memory-sink.ts';
import { logOf, plantLife, randomOf, shuffled } from '../support/plant-log.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { live } from '../support/worker-life.ts';

const DISORDER = 2_000;

describe('law 2: time travels in the stream', () => {
  test('displaced within disorder, events give the same windows, anomalies, incidents and requests', () => {
    let anomalies = 0;
    fc.assert(
      fc.property(fc.integer(), fc.integer(), (seed, order) => {
        const said = plantLife(seed, 180);
        const whole = decide(logOf(said));
        anomalies += rowsOf(whole, 'anomalies').length;
        const displaced = decide(logOf(shuffled(said, DISORDER, order)));
        expect(lastingOf(displaced)).toEqual(lastingOf(whole));
      }),
      { numRuns: 40 },
    );
    expect(anomalies).toBeGreaterThan(40);
  });

  test('batches and epochs of any size give the same answers', async () => {
    const messages = logOf(plantLife(11, 150));
    const facts = async (seed: number) => {
      const random = randomOf(seed);
      const sink = new MemorySink('clickhouse');
      await live({
        directory: temporaryDirectory(),
        messages,
        pipeline: plant,
        sinks: [sink],
        rows: 1 + Math.floor(random() * 500),
        most: () => 1 + Math.floor(random() * 200),
      });
      return sink.facts();
    };
    const expected = await facts(1);
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        expect(await facts(seed)).toEqual(expected);
      }),
      { numRuns: 8 },
    );
  }, 60_000);
});
