import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { TableName } from '../../../operators/model/tables.ts';
import { lagsText } from '../../../pipelines/observe/source-lags.ts';
import { readDescription } from '../../../pipelines/recordings/recording-description.ts';
import { openRecordingLog } from '../../../pipelines/recordings/recordings.ts';
import { type BacktestSummary, backtest, isAllUnknown } from '../../../pipelines/rules/backtest.ts';
import { csvOf, type TableRows } from '../../../pipelines/rules/backtest-tables.ts';
import { changesOf } from '../../../pipelines/rules/changes.ts';
import { readPlantAndRules } from '../../../pipelines/rules/rules.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const folder = temporaryDirectory();
const BEGAN = Date.UTC(2026, 0, 5, 6);

function written(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const MODEL = `plants:
  - id: p
    lines:
      - id: l
        assets: [{ id: a, signals: { heat: {} } }, { id: b, signals: { heat: {} } }]
`;
const plant = written('plant.yaml', MODEL);
const rules = written(
  'rules.yaml',
  `windows: [{ id: minute, kind: tumbling, size: 1m }]
detectors: [{ id: hot, kind: limit, signal: heat, above: 50 }]
`,
);

/** A reading a second at both machines for so many seconds; those of b are sent `lag` seconds late. */
function twoMachines(seconds: number, lag: number, assets = ['a', 'b']): string {
  const lines = Array.from({ length: seconds }, (_, second) => {
    return assets.map((asset, at) => ({
      subject: `telemetry.p.l.${asset}`,
      appended: BEGAN + 1_000 * (second + at * lag),
      payload: { time: BEGAN + 1_000 * second, values: { heat: 60 } },
    }));
  });
  const all = lines.flat().sort((a, b) => a.appended - b.appended);
  return written('recording.ndjson', all.map((line) => JSON.stringify(line)).join('\n'));
}

type Result = { readonly summary: BacktestSummary; readonly tables: readonly TableRows[] };

async function run(recording: string, names: readonly TableName[] = [], limit = 5, model = plant) {
  const { plants, rules: checked } = await readPlantAndRules(model, rules);
  const recordings = [await readDescription(recording)];
  const result: { tables: readonly TableRows[] } = { tables: [] };
  const summary = await backtest({
    openLog: () => openRecordingLog({ recordings, changes: changesOf(plants, checked) }),
    onDecision: () => undefined,
    tables: { names, limit },
    onTables: (tables) => {
      result.tables = tables;
    },
    signal: new AbortController().signal,
  });
  return { ...result, summary } satisfies Result;
}

describe('the tables of a backtest', () => {
  test('have the rows that are asked for, and when each would have been said', async () => {
    const { tables } = await run(twoMachines(200, 0), ['readings', 'windows', 'alarms']);
    const [readings, windows, alarms] = tables;
    expect(readings).toMatchObject({ table: 'readings', count: 400 });
    expect(readings?.rows).toHaveLength(5);
    expect(readings?.rows[0]).toEqual({
      ...{ said: '2026-01-05T06:00:00Z', asset: 'p/l/a', signal: 'heat' },
      ...{ time: '2026-01-05T06:00:00Z', value: 60 },
    });
    // Its windows end on the minute, and are told when the time of their source has passed it.
    const [window] = windows?.rows ?? [];
    expect(window).toMatchObject({ end: '2026-01-05T06:01:00Z', said: '2026-01-05T06:01:02Z' });
    expect(alarms?.rows[0]).toMatchObject({ rule: 'hot', cause: 'raised' });
  });

  test('are CSV as spreadsheets read it', () => {
    const rows = [{ said: 'x', reason: 'one, "two"', ids: ['a'], none: null }];
    expect(csvOf({ table: 'alarms', rows, count: 1 })).toBe(
      'said,reason,ids,none\nx,"one, ""two""","[""a""]",',
    );
  });
});

describe('the summary of a backtest', () => {
  test('has how far lines came, and the lags of their sources', async () => {
    const { summary } = await run(twoMachines(300, 40));
    const [line] = summary.lines;
    const late = line?.sources.find(({ source }) => source === 'telemetry.p.l.b');
    // At equal append times that of b comes first, so it is a second less.
    expect(late?.median).toBe(39_000_000);
    expect(line?.sources.find(({ source }) => source === 'telemetry.p.l.a')?.p99).toBe(0);
    expect(line === undefined ? [] : lagsText(line)).toEqual([
      expect.stringMatching(
        /^line p\/l came to 2026-01-05T06:0\d:\d\dZ; sources lag by more than hold: telemetry\.p\.l\.b by 39s \(half of the time\), 39s \(99 of 100\), with a hold of 30s\. With a hold of 40s \(time\.hold of the rules, or hold of the asset\) they are waited for$/,
      ),
    ]);
  });

  test('proposes nothing where the model lets the line wait for the machine', async () => {
    const patient = written('patient.yaml', MODEL.replace('id: b,', 'id: b, hold: 1m,'));
    const { summary } = await run(twoMachines(300, 40), [], 5, patient);
    const [line] = summary.lines;
    expect(line?.sources.map(({ hold }) => hold)).toEqual([30_000_000, 60_000_000]);
    expect(line === undefined ? [] : lagsText(line)).toEqual([
      expect.stringMatching(/^line p\/l came to [^;]*$/),
    ]);
  });

  test('tells readings of which the plant model knows none from those of which it knows some', async () => {
    expect(isAllUnknown((await run(twoMachines(20, 0, ['c', 'd']))).summary)).toBe(true);
    expect(isAllUnknown((await run(twoMachines(20, 0, ['a', 'd']))).summary)).toBe(false);
    expect(isAllUnknown((await run(twoMachines(0, 0))).summary)).toBe(false);
  });
});
