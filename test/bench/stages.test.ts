import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stages } from '../../bench/stages.ts';
import { temporaryDirectory } from '../support/temporary.ts';

test('the stages one after the other give the rows of the pipeline, and each has its speed', () => {
  const file = join(temporaryDirectory(), 'stages.json');
  const args = ['--assets', '10', '--frames', '1000', '--rounds', '1', '--json', file];
  expect(stages(args)).toBe(true);
  const report = JSON.parse(readFileSync(file, 'utf8'));
  expect(report.stages.map(({ stage }: { stage: string }) => stage)).toEqual(
    ['decode', 'validate', 'watermarks', 'land', 'window', 'order observations', 'enrich']
      .concat(['detect', 'order findings', 'alarm', 'correlate', 'trigger', 'coordinate'])
      .concat(['landing encoders', 'all stages at once']),
  );
  for (const { us_per_frame, ratio_to_parse } of report.stages) {
    expect(us_per_frame).toBeGreaterThan(0);
    expect(ratio_to_parse).toBeGreaterThan(0);
  }
});
