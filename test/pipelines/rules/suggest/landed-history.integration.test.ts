import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { beforeAll, expect, test, vi } from 'vitest';
import { registerSuggest } from '../../../../pipelines/cli/suggest.ts';
import {
  migratedWarehouse,
  type StartedWarehouse,
} from '../../../sinks/clickhouse/started-warehouse.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

const PLANT = `plants:
  - id: works
    lines:
      - id: line1
        assets:
          - { id: press, signals: { temperature: { unit: °C } }, points: [{ id: drive, rpm: 1500 }] }
`;
const START = Date.parse('2026-01-05T00:00:00Z');
const MINUTES = 200;
/** Each twentieth minute. */
const RATE = 2_560;
const ON = { stream: 'ANDON_0', run: '1', plant: 'works', line: 'line1', asset: 'press' };
const folder = temporaryDirectory();
const plant = join(folder, 'plant.yaml');
const recording = join(folder, 'history.ndjson');

let warehouse: StartedWarehouse;

type Landed = Readonly<
  Record<'readings' | 'machine_states' | 'machine_events' | 'waveforms', object[]>
>;

/** One history twice: as lines of a recording, and as the rows that were landed of it. */
function history(): { readonly lines: string; readonly landed: Landed } {
  const landed: Landed = { readings: [], machine_states: [], machine_events: [], waveforms: [] };
  const lines: string[] = [];
  for (let minute = 0; minute < MINUTES; minute += 1) {
    const time = START + minute * 60_000;
    const appended = new Date(time).toISOString().replace('Z', '');
    let sequence = 10 * minute;
    const put = (table: keyof Landed, subject: string, payload: object, row: object) => {
      sequence += 1;
      lines.push(JSON.stringify({ subject, appended: time, payload: { time, ...payload } }));
      landed[table].push({ ...ON, appended, time: appended, sequence, ...row });
    };
    if (minute === 0) {
      const state = { state: 'EXECUTE', product: 'bracket' };
      put('machine_states', 'event.works.line1.press', { type: 'state', data: state }, state);
    }
    if (minute === 100) {
      const data = { component: 'drive' };
      const row = { type: 'repaired', data: JSON.stringify(data) };
      put('machine_events', 'event.works.line1.press', { type: 'repaired', data }, row);
    }
    const temperature = 40 + Math.sin(minute) + (minute >= 150 && minute < 160 ? 50 : 0);
    put(
      'readings',
      'telemetry.works.line1.press',
      { values: { temperature } },
      {
        ...{ signal: 'temperature', value: temperature },
      },
    );
    if (minute % 20 > 0) continue;
    const samples = Array.from({ length: 512 }, (_, at) =>
      Math.fround(Math.sin(0.7 * at + minute)),
    );
    const burst = { rate: RATE, unit: 'g', samples };
    put('waveforms', 'waveform.works.line1.press.drive', burst, {
      ...burst,
      ...{ point: 'drive', rpm: null, part: 0, parts: 1 },
    });
  }
  return { lines: `${lines.join('\n')}\n`, landed };
}

/** What the command writes to standard output. */
async function suggested(...args: string[]): Promise<string> {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  try {
    const command = new Command();
    registerSuggest(command);
    await command.parseAsync(['--model', plant, ...args], { from: 'user' });
    return String(log.mock.calls[0]?.[0]);
  } finally {
    log.mockRestore();
  }
}

beforeAll(async () => {
  warehouse = await migratedWarehouse();
  vi.stubEnv('CLICKHOUSE_URL', warehouse.url);
  vi.stubEnv('CLICKHOUSE_PASSWORD', warehouse.password);
  writeFileSync(plant, PLANT);
  const { lines, landed } = history();
  writeFileSync(recording, lines);
  for (const [table, rows] of Object.entries(landed)) {
    // Another run of the same log has landed the same messages once more.
    const values = [...rows, ...rows.map((row) => ({ ...row, run: '2' }))];
    await warehouse.client.insert({ table, values, format: 'JSONEachRow' });
  }
}, 60_000);

test('what was landed gives the rules that its recording gives', { timeout: 120_000 }, async () => {
  const landed = await suggested('--from', '2026-01-05T00:00:00Z');
  expect(landed).toContain('id: temperature-level');
  expect(landed).toContain('alarms a month and asset');
  expect(landed).toContain('while: state ==');
  expect(landed).toBe(await suggested('--data', recording));
  // Later messages alone: half of the history.
  const half = await suggested('--from', '2026-01-05T01:40:00Z');
  expect(half).toContain('2026-01-05T01:40 to 2026-01-05T03:19');
});

test('nothing landed since, no time, and two histories are said', { timeout: 60_000 }, async () => {
  await expect(suggested('--from', '2027-01-01T00:00:00Z')).rejects.toThrow(
    'messages of works in ClickHouse since 2027-01-01T00:00:00',
  );
  await expect(suggested('--from', 'monday')).rejects.toThrow('a time such as');
  const both = suggested('--from', '2026-01-05T00:00:00Z', '--data', recording);
  await expect(both).rejects.toThrow('either --data or --from');
});
