import { describe, expect, test } from 'vitest';
import { diagnose } from '../../../operators/spectrum/diagnose.ts';
import { extract } from '../../../operators/spectrum/extract.ts';
import { describeDiagnosis } from '../../../pipelines/diagnose/diagnose.ts';
import { drawDiagnosis, drawTrend } from '../../../pipelines/diagnose/plot.ts';
import { BEARING_6205, impacts, RATE, shaking } from '../../operators/spectrum/machines.ts';

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

  test('has its words before the curves, and ticks at round values', () => {
    expect(svg.indexOf('<path')).toBeLessThan(svg.indexOf('>waveform'));
    for (const [, tick = ''] of svg.matchAll(/text-anchor="end">(-?[\d.e-]+)</g)) {
      expect(Number(Number(tick).toPrecision(2))).toBe(Number(tick));
    }
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

describe('the picture of zones and of several files', () => {
  const shaken = [1, 2, 6, 12].map((level) => extract(shaking([[29.17, level]]), RATE, 'g', RPM));

  test('the velocity of a shaken machine has the boundaries that it reaches', () => {
    const [, , , most] = shaken;
    const svg = drawDiagnosis('x', shaking([[29.17, 12]]), RATE, 'g', most!, diagnose(most!));
    for (const text of ['zone B from 1.4 mm/s', 'zone C from 2.8 mm/s', 'zone D from 4.5 mm/s']) {
      expect(svg).toContain(text);
    }
    const quiet = drawDiagnosis('x', samples, RATE, 'g', shaken[0]!, diagnose(shaken[0]!));
    expect(quiet).not.toContain('zone D from');
  });

  test('several files are a trend: levels, zones, and where the verdict changes', () => {
    const points = shaken.map((each, at) => {
      const acceleration = each.values.acceleration_rms;
      return { file: `week-${at}.f32`, acceleration, diagnosis: diagnose(each) };
    });
    const svg = drawTrend(points);
    expect(svg.match(/<path/g)).toHaveLength(3);
    expect(svg).toContain('4 files, week-0.f32 to week-3.f32: last unbalance');
    expect(svg).toContain('zone D from 4.5 mm/s');
    expect(svg.match(/>[\d.]+ files</g)).toEqual(
      Array.from({ length: 3 }, () => [0, 1, 2, 3, 4].map((at) => `>${at} files<`)).flat(),
    );
    expect(svg.match(/>unbalance</g)).toHaveLength(1);
    expect(svg.match(/>not determined</g)).toHaveLength(1);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  test('a file that cannot be used is a gap of the trend', () => {
    const empty = extract(new Float32Array(0), RATE, 'g', RPM);
    const [first] = shaken;
    const point = (each: typeof empty) => {
      return { file: 'x', acceleration: each.values.acceleration_rms, diagnosis: diagnose(each) };
    };
    expect(drawTrend([point(first!), point(empty), point(first!)])).not.toMatch(/NaN|Infinity/);
    expect(drawTrend([point(shaken[3]!), point(empty)])).toContain('zone D from 4.5 mm/s');
  });
});

test('a shaft that turns below the band of the standard has the zone of the rest', () => {
  const slow = extract(shaking([[1.5, 6]], { seconds: 16, noise: 0.0005 }), RATE, 'g', 90);
  const verdict = diagnose(slow);
  expect(describeDiagnosis('x', slow, verdict)).toMatch(/zone A without its 1× \(ISO/);
  expect(drawDiagnosis('x', new Float32Array(9), RATE, 'g', slow, verdict)).toContain(
    'zone A without its 1×',
  );
});

test('a quiet machine that may be slow has both zones', () => {
  const unknown = extract(shaking([[5, 6]], { seconds: 8, noise: 0.0005 }), RATE, 'g', undefined);
  expect(describeDiagnosis('x', unknown, diagnose(unknown))).toContain(
    'zone A, or D at up to 600 rpm (ISO',
  );
});

test('the text says the verdict first, then why, on which lines, and what to do', () => {
  const text = describeDiagnosis('x.f32', extracted, diagnosis);
  expect(text).toMatch(
    /^x\.f32: outer race \(confidence [\d.]+\)\n {2}velocity .*zone A .*\n {2}because the lines of the outer race/,
  );
  expect(text).toMatch(/1× outer race at 104\.\d+ Hz/);
  expect(text).toContain('what to do: Plan the replacement of the bearing');
});
