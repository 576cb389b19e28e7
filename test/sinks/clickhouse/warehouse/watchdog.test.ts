import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createOverdueEnds } from '../../../../sinks/clickhouse/warehouse/watchdog.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

/** Seconds that a role has to wait, as a process that starts at this time says. */
function waitAt(
  directory: string,
  time: number,
  role: 'analyst' | 'console' | 'owner' = 'analyst',
) {
  try {
    createOverdueEnds(directory, () => time).check(role);
    return 0;
  } catch (error) {
    return Number(/again in (\d+) s/.exec(String(error))?.[1]);
  }
}

test('whose statements end the warehouse again and again waits twice as long each time', () => {
  const directory = temporaryDirectory();
  let time = 1_000_000;
  const waits = Array.from({ length: 7 }, () => {
    createOverdueEnds(directory, () => time).note('analyst');
    const wait = waitAt(directory, time);
    expect(waitAt(directory, time + wait * 1_000)).toBe(0);
    expect(waitAt(directory, time + wait * 1_000 - 1)).toBe(1);
    time += 1_000;
    return wait;
  });
  expect(waits).toEqual([60, 120, 240, 480, 960, 1_800, 1_800]);
  expect(waitAt(directory, time, 'console')).toBe(0);
  expect(waitAt(directory, time, 'owner')).toBe(0);
  // An hour later the first end is the first again.
  time += 3_600_000;
  createOverdueEnds(directory, () => time).note('analyst');
  expect(waitAt(directory, time)).toBe(60);
});

test('a clock that was set back and a file that is damaged make nobody wait', () => {
  const directory = temporaryDirectory();
  createOverdueEnds(directory, () => 10_000_000).note('analyst');
  expect(waitAt(directory, 9_000_000)).toBe(0);
  for (const content of ['', '{"role":', '7', 'null', '[null, 3, {"role":"analyst"}]']) {
    writeFileSync(join(directory, 'overdue.json'), content);
    expect(waitAt(directory, 10_000_001)).toBe(0);
  }
});
