import { beforeAll, expect, test } from 'vitest';
import { row } from '../../operators/flow/flow.ts';
import { readQuestions } from '../../pipelines/warehouse/questions.ts';
import { frameOf, sequence, time } from '../sinks/clickhouse/sample-rows.ts';
import { migratedWarehouse, type StartedWarehouse } from '../sinks/clickhouse/started-warehouse.ts';
import { epochOf, landAll } from './small-plant.ts';

let warehouse: StartedWarehouse;

const MINUTE = 60_000_000;
/** The days around the changes of clocks in Berlin, Sydney and on Lord Howe. */
const CHANGES = [
  '2026-03-28T00:00Z',
  '2026-04-03T00:00Z',
  '2026-10-02T00:00Z',
  '2026-10-24T00:00Z',
];

beforeAll(async () => {
  warehouse = await migratedWarehouse();
  const epochs = CHANGES.map((from, index) => {
    const begin = Date.parse(from) * 1_000;
    return epochOf('1', 'DAYS', 'then', index + 1, index + 1, (blocks) => {
      const times = Array.from({ length: 3 * 24 * 60 }, (_, minute) => begin + minute * MINUTE);
      const frame = frameOf('p/l/a', times, { n: times.map(() => 1) });
      blocks.add(row('readings', frame), sequence(index + 1), time(begin));
    });
  });
  await landAll(warehouse.client, epochs);
});

async function asked(time_zone: string, shifts: string): Promise<Record<string, number>> {
  const question = (await readQuestions()).find(({ name }) => name === 'signal_by_shift');
  const answer = await warehouse.rows<{ day: string; shift: string; readings: number }>(
    question!.sql,
    { plant: 'p', line: 'l', asset: 'a', signal: 'n', days: '400', time_zone, shifts },
  );
  return Object.fromEntries(
    answer.map(({ day, shift, readings }) => [`${day} ${shift}`, Number(readings) / 60]),
  );
}

test('a signal by local day has 23 and 25 hours on the days on which clocks change', async () => {
  expect(await asked('Europe/Berlin', '00:00')).toMatchObject({
    '2026-03-29 00:00': 23,
    '2026-03-30 00:00': 24,
    '2026-10-25 00:00': 25,
  });
  expect(await asked('Australia/Sydney', '00:00')).toMatchObject({
    '2026-04-05 00:00': 25,
    '2026-10-04 00:00': 23,
  });
  expect(await asked('Australia/Lord_Howe', '00:00')).toMatchObject({
    '2026-04-05 00:00': 24.5,
    '2026-10-04 00:00': 23.5,
  });
  expect(await asked('UTC', '00:00')).toMatchObject({ '2026-03-29 00:00': 24 });
});

test('a signal by shift counts the night to the day on which it began', async () => {
  const shifts = await asked('Europe/Berlin', '06:00,14:00,22:00');
  expect(shifts).toMatchObject({
    '2026-03-28 14:00': 8,
    '2026-03-28 22:00': 7,
    '2026-03-29 06:00': 8,
    '2026-10-24 22:00': 9,
  });
});
