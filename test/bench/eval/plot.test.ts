import { expect, test } from 'vitest';
import { drawPlot } from '../../../bench/eval/plot.ts';

const HOUR = 3_600_000;

test('a picture has its series, truth and alarms at their places', () => {
  const svg = drawPlot({
    file: 'run',
    title: 'a <run>',
    series: [{ name: 'level', at: [0, HOUR, 2 * HOUR], values: [1, 10, 100] }],
    truth: [{ from: HOUR, to: 2 * HOUR, label: 'broken' }],
    alarms: [{ from: HOUR, to: Number.POSITIVE_INFINITY, label: 'zone' }],
    logarithmic: true,
  });
  // 832 wide from 56 on: an hour of two is 472. Of a decade each, 10 is in the middle of 34 to 204.
  expect(svg).toContain('<path d="M56 200L472 119L888 38"');
  expect(svg).toContain('<rect x="472.0" y="34" width="416.0" height="170" fill="#a5d6a7"');
  expect(svg).toContain('<rect x="472.0" y="210" width="416.0" height="10"');
  expect(svg).toContain('a &#60;run&#62;');
  expect(svg).toContain('>zone</text>');
});

test('a spike between others is drawn, however many values share a column', () => {
  const at = Array.from({ length: 50_000 }, (_, index) => index);
  const values = at.map((time) => (time === 25_001 ? 9 : 0));
  const svg = drawPlot({
    file: 'run',
    title: '',
    series: [{ name: '', at, values }],
    truth: [],
    alarms: [],
  });
  expect(svg).toContain('200V38');
});

test('a run without a value is a frame', () => {
  const nothing = { file: 'run', title: 'empty', series: [], truth: [], alarms: [] };
  expect(drawPlot(nothing)).not.toMatch(/NaN|Infinity/);
});
