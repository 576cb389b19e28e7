import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { andon, ROOT } from '../../stand/stand.ts';
import { madeUpBearing } from '../../support/made-up-bearing.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const FILES = ['--model', `${ROOT}examples/pronostia/plant.yaml`];
FILES.push('--rules', `${ROOT}examples/pronostia/rules.yaml`);

/** Shakes more and more from snapshot 100 on, a snapshot every 10 s; said to fail with snapshot 160. */
function recording(): string {
  const file = madeUpBearing({ folder: temporaryDirectory(), snapshots: 180, from: 100 });
  const description = JSON.parse(readFileSync(file, 'utf8'));
  const lives = [{ healthy_until: '2012-01-01T00:16:40Z', failed: '2012-01-01T00:26:40Z' }];
  writeFileSync(file, JSON.stringify({ ...description, lives }));
  return file;
}

describe('andon backtest --sweep', () => {
  const data = ['--data', recording()];

  test('the higher the limit, the later the warning', async () => {
    const sweep = ['--sweep', 'middle-high.limit=4..10', '--json'];
    const { code, out, err } = await andon(['backtest', ...FILES, ...data, ...sweep]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const { values, waveforms, assets } = JSON.parse(out);
    expect({ waveforms, assets, count: values.length }).toEqual({
      waveforms: 360,
      assets: 1,
      count: 7,
    });
    const leads: number[] = values.map((one: { median_lead: number }) => one.median_lead);
    expect(leads).toEqual(leads.toSorted((a, b) => b - a));
    expect(leads[0]).toBeGreaterThan(leads.at(-1)!);
    expect(values[1]).toMatchObject({
      values: { 'middle-high.limit': 5 },
      in_file: true,
      false_alarms: 0,
      warned: 1,
      leads: [{ asset: 'pronostia/rig/bearing1_1', end: '2012-01-01T00:26:40Z' }],
    });
  });

  test('the table has a line for each combination and marks the one of the file', async () => {
    const sweep = [
      '--sweep',
      'detector.floor=0.075,0.11',
      '--sweep',
      'middle-high.raise.after=20s,1m',
    ];
    const { code, out } = await andon(['backtest', ...FILES, ...data, ...sweep]);
    expect(code).toBe(0);
    const [head, ...rows] = out.trimEnd().split('\n').slice(5);
    expect(head).toMatch(
      /^detector\.floor +middle-high\.raise\.after +alarms +a month +false +requests +first alarm +lead time$/,
    );
    expect(rows).toHaveLength(4);
    expect(rows.map((row) => row.includes('in the file'))).toEqual([true, false, false, false]);
  });

  test.each([
    [['--until', '2012-01-01'], 'expected --sweep beside it'],
    [['--sweep', 'middle-high.limit=4', '--explain'], 'expected either --sweep or --explain'],
  ])('%j is wrong input', async (options, message) => {
    const { code, err } = await andon(['backtest', ...FILES, ...data, ...options]);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });
});
