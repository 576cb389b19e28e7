import { beforeAll, expect, test } from 'vitest';
import { plantModelSchema } from '../../../operators/model/plant-model.ts';
import { rulesSchema } from '../../../operators/model/rules.ts';
import { createQuestions } from '../../../pipelines/console/data/questions.ts';
import { routesOf } from '../../../pipelines/console/routes/routes.ts';
import type { Services } from '../../../pipelines/console/routes/services.ts';
import {
  migratedWarehouse,
  type StartedWarehouse,
} from '../../sinks/clickhouse/started-warehouse.ts';
import { MODEL, RULES } from '../../support/plant-log.ts';

/** What routes answer from rows that no worker of a few minutes lands: months of states, a burst that lost a part, two runs. */

type Json = Record<string, unknown>;
const PRESS = { plant: 'p1', line: 'l1', asset: 'press' };
const POINT = { ...PRESS, point: 'de' };
const everywhere = { everywhere: true, plants: new Set(), lines: new Set() };
const models = new Map(
  [
    ['p1', 'Europe/Vienna'],
    ['west', 'America/Los_Angeles'],
    ['east', 'Asia/Tokyo'],
  ].map(([id = '', time_zone]) => {
    const model = plantModelSchema.parse({ ...MODEL, id, time_zone });
    return [id, { model, rules: rulesSchema.parse(RULES) }];
  }),
);

let warehouse: StartedWarehouse;

/** The answer of a route. */
async function ask<T = Json>(id: string, path: Json, query: Json = {}): Promise<T> {
  const reader = { rows: (text: string, given = {}) => warehouse.rows<unknown>(text, given) };
  const plants = { plants: async () => models, forget: () => undefined };
  const services = { questions: createQuestions(reader), models: plants } as unknown as Services;
  const route = routesOf(services, () => ({})).find((each) => each.id === id);
  const asked = { path, query: route?.querySchema?.parse(query), reach: everywhere };
  const answer = await route?.handle?.(asked as never);
  return (route?.answer?.parse(answer) ?? answer) as T;
}

async function insert(table: string, rows: readonly Json[]): Promise<void> {
  const base = { stream: 'ANDON_0', run: '1', appended: '2026-03-01 00:00:00' };
  const values = rows.map((each, at) => ({ ...base, sequence: at + 1, ...each }));
  await warehouse.client.insert({ table, values, format: 'JSONEachRow' });
}

const state = (plant: string, time: string, name: string, more: Json = {}) => ({
  ...{ plant, line: 'l1', asset: 'press', time, state: name, mode: 'production' },
  ...more,
});
const part = (time: string, at: number, parts: number, samples: readonly number[]) => ({
  ...{ ...POINT, time, rate: 1_024, unit: 'g', rpm: 1_500, part: at, parts, samples },
});
const samples = Array.from({ length: 1_024 }, (_, at) => Math.sin(at));

beforeAll(async () => {
  warehouse = await migratedWarehouse();
});

test.each([
  [
    'west',
    // On 28 February from 22:00 to 23:30, and on 9 March; the newest is of 31 March.
    [
      ['2026-03-01 06:00:00', 'EXECUTE'],
      ['2026-03-01 07:30:00', 'STOPPED'],
      ['2026-03-10 00:00:00', 'EXECUTE'],
      ['2026-03-10 04:00:00', 'STOPPED'],
      ['2026-04-01 03:00:00', 'IDLE'],
    ],
    { '2026-03': 4, '2026-02': 1.5 },
  ],
  [
    'east',
    // On 31 March from 19:00 to 21:00, and on 1 April from 01:00 to 04:00.
    [
      ['2026-03-31 10:00:00', 'EXECUTE'],
      ['2026-03-31 12:00:00', 'STOPPED'],
      ['2026-03-31 16:00:00', 'EXECUTE'],
      ['2026-03-31 19:00:00', 'STOPPED'],
      ['2026-04-02 00:00:00', 'IDLE'],
    ],
    { '2026-04': 3, '2026-03': 2 },
  ],
])('months %s of Greenwich are whole, and no more than asked', async (plant, states, hours) => {
  await insert(
    'machine_states',
    states.map(([time = '', name = '']) => state(plant, time, name)),
  );
  type Figures = { months: { month: string; running_hours: number }[] };
  for (const months of [1, 2]) {
    const found = await ask<Figures>('getFigures', { plant }, { months });
    expect(found.months.map((each) => [each.month, each.running_hours])).toEqual(
      Object.entries(hours).slice(0, months),
    );
  }
});

test('a burst that lost a part is neither listed nor spliced', async () => {
  const [whole, torn] = ['2026-03-02 06:00:00.000000', '2026-03-02 07:00:00.000000'];
  await insert('waveforms', [
    ...[0, 1].map((at) => part(whole, at, 2, samples)),
    // Worked on twice.
    part(whole, 1, 2, samples),
    ...[0, 2].map((at) => part(torn, at, 3, samples)),
  ]);
  type Listed = { entries: { time: string; samples: number }[] };
  const { entries } = await ask<Listed>('getWaveforms', POINT);
  expect(entries).toMatchObject([{ time: '2026-03-02T06:00:00.000000Z', samples: 2_048 }]);
  const spectrum = (time: string) =>
    ask('getSpectrum', { ...POINT, time: `${time.replace(' ', 'T')}Z` });
  expect(await spectrum(whole)).toMatchObject({ samples: 2_048, rpm: 1_500 });
  await expect(spectrum(torn)).rejects.toThrow('expected 3 parts of the burst, found 2');
});

test('what a later run processed again is left out of curves and states', async () => {
  const epoch = {
    ...{ pipeline: 'plant', created: 'then', epoch: 1, first_sequence: 1, last_sequence: 9 },
    ...{ first_appended: '2026-03-01 00:00:00', last_appended: '2026-03-01 00:00:00' },
    ...{ messages: 9, rows: 9, stream: 'ANDON_1' },
  };
  const of = (run: string) => ({ stream: 'ANDON_1', run });
  await warehouse.client.insert({
    table: 'epochs',
    values: [{ ...epoch, run: 'a' }],
    format: 'JSONEachRow',
  });
  // In the same second the greater name of a run counts.
  await warehouse.client.insert({
    table: 'epochs',
    values: [{ ...epoch, run: 'b' }],
    format: 'JSONEachRow',
  });
  const pump = { ...POINT, asset: 'pump' };
  const time = '2026-03-02 06:00:00';
  const feature = (run: string, value: number) => ({
    ...{ ...of(run), ...pump, time, rate: 1_024, samples: 1_024, rpm: 1_500 },
    ...{ values: { velocity_rms: value, acceleration_rms: value }, absent: {} },
  });
  await insert('features', [feature('a', 99), feature('b', 7)]);
  const window = (run: string, mean: number) => ({
    ...{ ...of(run), plant: 'p1', line: 'l1', asset: 'pump', signal: 'temperature' },
    ...{ window: 'short', start: time, end: '2026-03-02 06:00:05', version: 1, mean },
  });
  await insert('windows', [window('a', 99), window('b', 7)]);
  const pumped = (run: string, at: string, name: string) =>
    state('p1', at, name, { asset: 'pump', ...of(run) });
  await insert('machine_states', [
    pumped('b', '2026-03-02 05:00:00', 'EXECUTE'),
    // Of another reading of the log, and of nothing that counts.
    pumped('a', '2026-03-02 05:30:00', 'HELD'),
    pumped('a', '2026-03-02 06:20:00', 'HELD'),
    pumped('b', '2026-03-02 07:00:00', 'STOPPED'),
  ]);
  const stretch = { from: '2026-03-02T06:00:00Z', to: '2026-03-02T06:10:00Z' };
  expect(await ask('getFeature', { ...pump, feature: 'velocity_rms' }, stretch)).toMatchObject({
    ...{ signal: 'vibration_velocity_rms', least: [7], greatest: [7], latest: [7] },
  });
  const { point: _, ...place } = pump;
  expect(await ask('getTimeline', place, stretch)).toMatchObject({
    states: [
      { state: 'EXECUTE', from: '2026-03-02T05:00:00.000000Z', to: '2026-03-02T07:00:00.000000Z' },
    ],
  });
  const trace = (rule: string, query: Json) =>
    ask('getRuleTrace', { ...place, rule }, { ...query, days: 1 });
  expect(await trace('hot', { signal: 'temperature' })).toMatchObject({ series: { latest: [7] } });
  const shaking = { signal: 'vibration_acceleration_rms', point: 'de' };
  expect(await trace('shaking', shaking)).toMatchObject({ series: { greatest: [7] } });
});

test('of more states than are read the newest are shown, and the stretch begins with them', async () => {
  const count = 50_010;
  // Seconds from 06:00 on, by turns.
  await warehouse.client.command({
    query: `INSERT INTO machine_states (stream, run, sequence, appended, plant, line, asset, time, state, mode)
      SELECT 'ANDON_0', '1', number + 1, toDateTime('2026-03-03 06:00:00', 'UTC') + number, 'p1', 'l2', 'fan',
        toDateTime('2026-03-03 06:00:00', 'UTC') + number, if(number % 2 = 0, 'EXECUTE', 'HELD'), 'production'
      FROM numbers(${count})`,
  });
  const start = Date.UTC(2026, 2, 3, 6);
  const end = start + count * 1_000;
  type Timeline = { from: string; states: { from: string; to: string }[] };
  const path = { plant: 'p1', line: 'l2', asset: 'fan' };
  const { from, states } = await ask<Timeline>('getTimeline', path, {
    ...{ from: String(start), to: String(end), points: 4_000 },
  });
  expect(Date.parse(from)).toBe(start + 10_000);
  expect(Date.parse(states[0]?.from ?? '')).toBe(start + 10_000);
  expect(Date.parse(states.at(-1)?.to ?? '')).toBe(end - 1_000);
});
