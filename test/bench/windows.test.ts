import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { columnsOf } from '../../bench/window-frames.ts';
import { windows } from '../../bench/windows.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const EVENTS = 20_000;

test('the windows of the workload are those that a plain count finds, however assets carry the signals', async () => {
  const { keys } = columnsOf(EVENTS);
  const tumbling = new Set(keys.map((key, index) => key * 1_000 + Math.floor(index / 10_000)));
  const folder = temporaryDirectory();
  for (const signals of ['20', '1']) {
    const file = join(folder, `${signals}.json`);
    const args = ['--events', String(EVENTS), '--rounds', '1', '--signals', signals];
    await windows([...args, '--json', file]);
    const report = JSON.parse(readFileSync(file, 'utf8'));
    expect(report.windows).toEqual([
      expect.objectContaining({ name: 'A1', signals: Number(signals), results: tumbling.size }),
      expect.objectContaining({ name: 'A2', right: true }),
      expect.objectContaining({ name: 'A3', right: true }),
    ]);
    for (const { cold, warm, ratio_to_loop } of report.windows) {
      expect(cold.events_per_s).toBeGreaterThan(0);
      expect(warm.events_per_cpu_s).toBeGreaterThan(0);
      expect(ratio_to_loop).toBeGreaterThan(0);
    }
  }
});
