import { expect, test } from 'vitest';
import type { Flow } from '../../../operators/flow/flow.ts';
import type { Waveform } from '../../../operators/model/decoded.ts';
import type { Sequence } from '../../../operators/model/message.ts';
import { plantModelSchema } from '../../../operators/model/plant-model.ts';
import type { DeadLetterRow, FeaturesRow } from '../../../operators/model/tables.ts';
import { spectrum } from '../../../operators/spectrum/spectrum.ts';
import { event, runThrough, valuesOf, watermark } from '../../support/flows.ts';
import { BEARING_6205, impacts, RATE } from './machines.ts';
import { SOURCE, sampled, tone, waveform } from './waveforms.ts';

const model: Flow<Waveform> = {
  kind: 'change',
  sequence: 1 as Sequence,
  value: {
    kind: 'model',
    id: 'm1',
    model: plantModelSchema.parse({
      id: 'plant',
      lines: [
        {
          id: 'line',
          assets: [
            {
              id: 'press',
              points: [
                { id: 'drive', component: 'bearing', unit: 'mm/s', rpm: 300 },
                { id: 'motor', component: 'bearing', unit: 'g', bearing: BEARING_6205 },
              ],
            },
          ],
        },
      ],
    }),
  },
};

function arrive(wave: Waveform): Flow<Waveform> {
  return event(SOURCE, wave.time, wave);
}

const parts = (count: number, seconds = 10) => {
  const whole = waveform(seconds).samples;
  const size = whole.length / count;
  return Array.from({ length: count }, (_, index) => {
    const samples = whole.slice(index * size, (index + 1) * size);
    return arrive(waveform(seconds, { samples, part: [index, count] }));
  });
};

test('a waveform becomes an event of its asset at its end, and a row', () => {
  const out = runThrough(spectrum, [model, arrive(waveform(10))]);
  expect(out.filter(({ kind }) => kind === 'event')).toMatchObject([
    { key: 'plant/line/press', time: 10_100_000 },
  ]);
  const [landed] = out.filter((item) => item.kind === 'row' && item.table === 'features');
  const { row } = landed as { row: FeaturesRow };
  expect(row).toMatchObject({
    plant: 'plant',
    line: 'line',
    asset: 'press',
    point: 'drive',
    component: 'bearing',
    time: 10_000_000,
    samples: 2_560,
    rpm: 300,
  });
  expect(row.values.acceleration_rms).toBeCloseTo(Math.SQRT1_2, 3);
});

test('without a unit of its own a waveform has that of its point', () => {
  const samples = sampled(25_600, 25_600, tone(100, 2));
  const [features] = valuesOf(
    runThrough(spectrum, [model, arrive(waveform(10, { unit: '', samples }))]),
  );
  expect(features!.values.velocity_rms).toBeCloseTo(Math.SQRT2, 3);
});

test('a point with a bearing has the scores of its parts, at the speed of the message', () => {
  const samples = impacts((3.5848 * 1_750) / 60);
  const wave = waveform(10, { point: 'motor', unit: '', rate: RATE, samples });
  const said = valuesOf(runThrough(spectrum, [model, arrive({ ...wave, rpm: 1_750 })]))[0]!;
  expect(said.values.bearing_outer_race).toBeGreaterThan(3);
  expect(said.values.bearing_inner_race).toBeLessThan(1.6);
  expect(said.values.bearing_outer_race_1x).toBeGreaterThan(10);
  expect(said.values.envelope_outer_race_1x).toBeGreaterThan(0.1);
  const unsaid = valuesOf(runThrough(spectrum, [model, arrive(wave)]))[0]!;
  expect(unsaid.values).not.toHaveProperty('bearing_outer_race');
  expect(unsaid.absent.bearing_outer_race).toMatch(/speed/);
});

test('a point without a bearing has no envelope', () => {
  const [features] = valuesOf(runThrough(spectrum, [model, arrive(waveform(10))]));
  const named = [...Object.keys(features!.values), ...Object.keys(features!.absent)];
  expect(named.filter((name) => /bearing|envelope/.test(name))).toEqual([]);
});

test('an unusable waveform still gives an event with the reason', () => {
  const wave = waveform(10, { samples: new Float32Array(0) });
  const [features] = valuesOf(runThrough(spectrum, [model, arrive(wave)]));
  expect(features!.values).toEqual({});
  expect(features!.absent.velocity_rms).toBe('there are no samples');
});

test('parts in any order give the features of the whole, also across a restart', () => {
  const expected = valuesOf(runThrough(spectrum, [model, arrive(waveform(10))]));
  const [a, b, c, d] = parts(4) as [Flow<Waveform>, Flow<Waveform>, Flow<Waveform>, Flow<Waveform>];
  const items = [model, c, a, d, b];
  expect(valuesOf(runThrough(spectrum, items))).toEqual(expected);
  for (const cut of items.keys()) {
    expect(valuesOf(runThrough(spectrum, items, new Set([cut])))).toEqual(expected);
  }
});

test('a waveform whose part is missing a minute later becomes a dead letter', () => {
  const [first, , third] = parts(3);
  const out = runThrough(spectrum, [first!, third!, watermark(SOURCE, 71_000_000, 'source')]);
  expect(valuesOf(out)).toEqual([]);
  expect(deadLettersOf(out)).toMatchObject([
    {
      reason: 'gap',
      count: 2,
      detail: 'waveform of 1970-01-01T00:00:10Z: parts 2 of 3 did not come',
    },
  ]);
});

test('of too many open waveforms the oldest becomes a dead letter', () => {
  const firsts = [1, 2, 3, 4, 5].map((seconds) => parts(2, seconds)[0]!);
  expect(deadLettersOf(runThrough(spectrum, firsts))).toMatchObject([
    { reason: 'overflow', detail: 'waveform of 1970-01-01T00:00:01Z: parts 2 of 2 did not come' },
  ]);
});

test('parts that come twice or contradict the others go to deadLetters', () => {
  const [first, second] = parts(2);
  const other = arrive(waveform(10, { rate: 12_800, part: [1, 2] }));
  const out = runThrough(spectrum, [first!, first!, other, second!]);
  expect(deadLettersOf(out).map(({ reason }) => reason)).toEqual(['duplicate', 'malformed']);
  expect(valuesOf(out)).toHaveLength(1);
});

function deadLettersOf(items: readonly Flow<unknown>[]): DeadLetterRow[] {
  return items.flatMap((item) =>
    item.kind === 'row' && item.table === 'dead_letters' ? [item.row] : [],
  );
}
