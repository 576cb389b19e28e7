import { describe, expect, test } from 'vitest';
import { diagnose } from '../../../operators/spectrum/diagnose.ts';
import { extract } from '../../../operators/spectrum/extract.ts';
import { describeDiagnosis } from '../../../pipelines/diagnose/diagnose.ts';
import { drawDiagnosis } from '../../../pipelines/diagnose/plot.ts';
import { BEARING_6205, impacts, RATE } from '../../operators/spectrum/machines.ts';

const RPM = 1_750;
const samples = impacts((3.5848 * RPM) / 60);
const extracted = extract(samples, RATE, 'g', RPM, BEARING_6205);
const diagnosis = diagnose(extracted);

describe('the picture', () => {
  const svg = drawDiagnosis('<a & b>', samples, RATE, 'g', extracted, diagnosis);

  test('has three charts and every defect frequency with its harmonics that fit', () => {
    expect(svg).toMatch(/^<svg [^>]+>/);
    expect(svg.match(/<path/g)).toHaveLength(3);
    for (const mark of ['1× outer race', '3× outer race', '1× rolling element', '1× shaft']) {
      expect(svg).toContain(mark);
    }
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  test('escapes the name of the file', () => {
    expect(svg).toContain('&#60;a &#38; b&#62;: outer race');
    expect(svg).not.toContain('<a &');
  });

  test('of samples that cannot be used has the waveform alone', () => {
    const empty = extract(new Float32Array(0), RATE, 'g', RPM, BEARING_6205);
    const alone = drawDiagnosis('x', new Float32Array(0), RATE, 'g', empty, diagnose(empty));
    expect(alone.match(/<path/g)).toHaveLength(1);
    expect(alone).not.toMatch(/NaN|Infinity/);
  });
});

test('the text says the verdict first, then why, on which lines, and what to do', () => {
  const text = describeDiagnosis('x.f32', extracted, diagnosis);
  expect(text).toMatch(
    /^x\.f32: outer race \(confidence [\d.]+\)\n {2}velocity .*zone A .*\n {2}because the lines of the outer race/,
  );
  expect(text).toMatch(/1× outer race at 104\.\d+ Hz/);
  expect(text).toContain('what to do: Plan the replacement of the bearing');
});
