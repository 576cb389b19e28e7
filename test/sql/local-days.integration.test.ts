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
      // It runs all the time, but for the hours on both days in which clocks change in Berlin.
      const stops = [
        ['2026-03-28T00:00Z', 'EXECUTE'],
        ['2026-03-28T20:00Z', 'ABORTED'],
        ['2026-03-29T06:00Z', 'EXECUTE'],
        ['2026-10-25T00:00Z', 'STOPPED'],
        ['2026-10-25T03:00Z', 'EXECUTE'],
      ] as const;
      if (index > 0) return;
      for (const [at, state] of stops) {
        const of = {
          plant: 'p',
          line: 'l',
          asset: 'a',
          mode: 'production',
          order: '',
          product: '',
        };
        const began = { ...of, time: time(Date.parse(at) * 1_000), state };
        blocks.add(row('machine_states', began), sequence(1), time(begin));
      }
    });
  });
  await landAll(warehouse.client, epochs);
});

type ByShift = { readonly day: string; readonly shift: string };

async function answers<T>(name: string, time_zone: string, shifts: string) {
  const question = (await readQuestions()).find((each) => each.name === name);
  const about = { plant: 'p', line: 'l', asset: 'a', signal: 'n', days: '400' };
  return warehouse.rows<ByShift & T>(question!.sql, { ...about, time_zone, shifts });
}

async function asked(time_zone: string, shifts: string): Promise<Record<string, number>> {
  const found = await answers<{ readings: number }>('signal_by_shift', time_zone, shifts);
  return Object.fromEntries(
    found.map(({ day, shift, readings }) => [`${day} ${shift}`, Number(readings) / 60]),
  );
}

/** Hours of which it is known what the machine did, and those in which it ran. */
async function used(time_zone: string, shifts: string): Promise<Record<string, string>> {
  type Used = { available_hours: number; running_hours: number };
  const found = await answers<Used>('oee_by_shift', time_zone, shifts);
  return Object.fromEntries(
    found.map(({ day, shift, available_hours, running_hours }) => {
      return [`${day} ${shift}`, `${running_hours} of ${available_hours}`];
    }),
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

test('use by local day has 23 and 25 hours on the days on which clocks change', async () => {
  expect(await used('Europe/Berlin', '00:00')).toMatchObject({
    // Down from 21:00 to midnight, then to 08:00, which are 7 hours.
    '2026-03-28 00:00': '20 of 23',
    '2026-03-29 00:00': '16 of 23',
    '2026-03-30 00:00': '24 of 24',
    '2026-10-25 00:00': '22 of 25',
  });
  expect(await used('Australia/Sydney', '00:00')).toMatchObject({
    '2026-04-05 00:00': '25 of 25',
    '2026-10-04 00:00': '23 of 23',
  });
  expect(await used('UTC', '00:00')).toMatchObject({
    '2026-03-28 00:00': '20 of 24',
    '2026-03-29 00:00': '18 of 24',
  });
});

test('use by shift counts the night to the day on which it began', async () => {
  expect(await used('Europe/Berlin', '06:00,14:00,22:00')).toMatchObject({
    '2026-03-28 14:00': '7 of 8',
    '2026-03-28 22:00': '0 of 7',
    '2026-03-29 06:00': '6 of 8',
    '2026-10-24 22:00': '6 of 9',
  });
});

test('a shift that begins at a time that clocks pass over, or show twice', async () => {
  expect(await asked('Europe/Berlin', '02:30')).toMatchObject({
    '2026-03-28 02:30': 23.5,
    '2026-03-29 02:30': 23.5,
    '2026-10-24 02:30': 24,
    '2026-10-25 02:30': 25,
  });
  const shifts = await used('Europe/Berlin', '02:30');
  expect(shifts).toMatchObject({
    '2026-03-29 02:30': '18.5 of 23.5',
    '2026-10-24 02:30': '23.5 of 24',
    '2026-10-25 02:30': '22.5 of 25',
  });
});

test('downtime is parted by day and shift, with its causes', async () => {
  type Stopped = { cause: string; minutes: number; stops_begun: string };
  const found = await answers<Stopped>('downtime_by_shift', 'Europe/Berlin', '06:00,14:00,22:00');
  const told = found.map(({ day, shift, cause, minutes, stops_begun }) => {
    return `${day} ${shift} ${cause} ${minutes} ${stops_begun}`;
  });
  expect(told).toEqual([
    '2026-03-28 14:00 failure 60 1',
    '2026-03-28 22:00 failure 420 0',
    '2026-03-29 06:00 failure 120 0',
    '2026-10-24 22:00 stopped 180 1',
  ]);
});
