import { describe, expect, test } from 'vitest';
import { diagnose } from '../../../operators/spectrum/diagnose.ts';
import { extract, withAveragedLevels } from '../../../operators/spectrum/extract.ts';
import { BEARING_6205, impacts, noise, RATE, shaking } from './machines.ts';

/** What is said beside a verdict: reasons, confidence, zone and action of everyday machines. */

const RPM = 1_750;
const SHAFT = RPM / 60;
const judge = (samples: Float32Array) => {
  return diagnose(extract(samples, RATE, 'g', RPM, BEARING_6205));
};

describe('a strong line of no fault is said to be what it is', () => {
  test.for([
    ['twice the line frequency, apart from 2×', 100, 'is twice the line frequency of 50 Hz'],
    ['blades, where 1× is lost in noise', 5 * SHAFT, 'stands at 5× of the shaft'],
    ['no multiple', 3.3 * SHAFT, 'no multiple of the shaft: another machine'],
    ['a half order', 2.5 * SHAFT, 'a half order of the shaft: looseness'],
    ['twice the outer race', 7.15 * SHAFT, 'where the outer race of the bearing has 2×'],
    ['hum', 50, 'is the line frequency of 50 Hz and no multiple of the shaft'],
    ['the second order alone', 2 * SHAFT, '2× carries 100 % of the velocity'],
  ] as const)('%s', ([, frequency, text]) => {
    const { verdict, reasons } = judge(shaking([[frequency, 8]]));
    expect(verdict).toBe('not_determined');
    expect(reasons[0]).toContain(text);
  });

  test('without a geometry a bearing is the first that may have it', () => {
    const { reasons } = diagnose(extract(shaking([[3.3 * SHAFT, 8]]), RATE, 'g', RPM));
    expect(reasons[0]).toContain('no multiple of the shaft: a rolling bearing, another machine');
  });

  test('too much 2× for an unbalance and too little for misalignment', () => {
    const tones: [number, number][] = [
      [SHAFT, 5],
      [2 * SHAFT, 3.2],
    ];
    const { verdict, reasons } = judge(shaking(tones));
    expect(verdict).toBe('not_determined');
    expect(reasons[0]).toContain('1× and 2× carry 100 %');
  });

  test.for([
    [
      '1× with lines of others',
      [
        [1, 4],
        [7.3, 2],
        [11.2, 2],
      ],
    ],
    [
      '3× above 1× and 2×',
      [
        [1, 3],
        [2, 4.2],
        [3, 5],
      ],
    ],
  ] as const)('of %s only the shares are said', ([, orders]) => {
    const tones = orders.map(([order, level]) => [order * SHAFT, level] as const);
    const { verdict, reasons } = judge(shaking(tones, { seconds: 4 }));
    expect(verdict).toBe('not_determined');
    expect(reasons[0]).toMatch(/^1× .*of the velocity's power$/);
  });

  test('1× that stands for a part of the record only has its share said, and no proportion', () => {
    const steady = shaking([[SHAFT, 8]], { seconds: 8 });
    const samples = steady.map((value, at) => (at > 6.5 * RATE ? 0.1 * value : value));
    const { verdict, reasons } = diagnose(withAveragedLevels(extract(samples, RATE, 'g', RPM)));
    expect(verdict).toBe('not_determined');
    expect(reasons.join()).not.toContain('more of 2× or 3×');
  });

  test('1× whose sidebands are too close for the record is no unbalance', () => {
    const tones = [-0.4, 0, 0.4].map((by) => [SHAFT + by, by === 0 ? 8 : 2] as const);
    const { verdict, reasons } = judge(shaking(tones, { seconds: 1 }));
    expect(verdict).toBe('not_determined');
    expect(reasons[0]).toMatch(/1× changes .* a longer record tells lines beside it apart/);
  });

  test('three blades are no misalignment, however much is left of 1× and 2×', () => {
    const tones: [number, number][] = [
      [SHAFT, 0.5],
      [2 * SHAFT, 0.45],
      [3 * SHAFT, 6],
    ];
    const { verdict, reasons } = judge(shaking(tones));
    expect(verdict).toBe('not_determined');
    expect(reasons[0]).toContain('stands at 3× of the shaft');
  });

  test('two blades are no misalignment: 2× has harmonics of its own, and the shaft none between them', () => {
    const tones: [number, number][] = [
      [SHAFT, 0.8],
      [2 * SHAFT, 5],
      [4 * SHAFT, 2],
      [6 * SHAFT, 1],
    ];
    const { verdict, reasons } = judge(shaking(tones));
    expect(verdict).toBe('not_determined');
    expect(reasons[0]).toContain('look for what has 2 blades, lobes or cylinders');
  });

  test.for([
    // At 2.4 s these lines are 3 bins apart: the main lobe that is read at 2× reaches into the one beside it.
    ['twice the line frequency, a hertz beside 2×', 2_970, 2.4, 100, 'is twice the line frequency'],
    ['hum within a line width of 2×', 1_480, 2, 50, '2× of the shaft or hum at the line frequency'],
  ] as const)('%s is no misalignment', ([, rpm, seconds, frequency, text]) => {
    const shaft = rpm / 60;
    const tones: [number, number][] = [
      [shaft, 1.5],
      [2 * shaft, 0.4],
      [frequency, 5],
    ];
    const samples = shaking(tones, { seconds });
    const { verdict, reasons } = diagnose(extract(samples, RATE, 'g', rpm));
    expect(verdict).toBe('not_determined');
    expect(reasons[0]).toContain(text);
  });

  test('misalignment stays one where its 2× is near the line frequency, and stands at 2×', () => {
    const shaft = 1_480 / 60;
    const tones: [number, number][] = [
      [shaft, 3],
      [2 * shaft, 5],
    ];
    const { verdict } = diagnose(extract(shaking(tones, { seconds: 2 }), RATE, 'g', 1_480));
    expect(verdict).toBe('misalignment');
  });

  test('a line that may be the grid is the first reason, before teeth at its order', () => {
    const shaft = 1_495 / 60;
    const { reasons } = diagnose(
      extract(
        shaking([
          [shaft, 1],
          [100, 5],
        ]),
        RATE,
        'g',
        1_495,
      ),
    );
    expect(reasons[0]).toContain('is 4× of the shaft or twice the line frequency of 50 Hz');
    expect(reasons.filter((reason) => reason === reasons[0])).toHaveLength(1);
  });

  test.for([
    ['teeth', 47, 'stands at 47× of the shaft: look for what has 47 teeth'],
    ['a converter', 47.4, '×, no multiple of the shaft: a converter, teeth of another shaft'],
  ] as const)(
    '%s above the band of the standard are said, and that no zone counts them',
    ([, order, text]) => {
      const { verdict, severity, reasons } = judge(
        shaking([
          [SHAFT, 0.5],
          [order * SHAFT, 4],
        ]),
      );
      expect(verdict).toBe('not_determined');
      expect(severity?.zone).toBe('A');
      expect(reasons[0]).toMatch(
        /^a line above the band of the standard, at 1\d{3} Hz with 3\.\d g rms/,
      );
      expect(reasons[0]).toContain(text);
    },
  );

  test('a speed that was read from the spectrum makes no unbalance of its strongest line', () => {
    const turns = 14;
    const tones = [1, 2, 3, 4, 5, 6, 7, 8].map((order): [number, number] => {
      return [order * turns, order === 1 ? 8 : 1];
    });
    const samples = shaking(tones, { seconds: 4 });
    const extracted = extract(samples, RATE, 'g', undefined, BEARING_6205);
    expect(extracted.shaft?.from).toBe('spectrum');
    const { verdict, reasons } = diagnose(extracted);
    expect(verdict).toBe('not_determined');
    expect(reasons[0]).toContain('so the speed must be known');
  });

  test('a whistle of a converter is no broadband rise', () => {
    const tones: [number, number][] = [
      [SHAFT, 1],
      [4_000, 1.5],
      [3_900, 0.7],
    ];
    const { values } = extract(shaking(tones), RATE, 'g', RPM);
    expect(values.acceleration_rms).toBeGreaterThan(3);
    expect(judge(shaking(tones)).reasons.join()).not.toContain('broadband');
  });

  test.each([0.5, 1])('a mesh of teeth above 1 kHz is none either, modulated by %s', (depth) => {
    const samples = noise(2, 0.02).map((value, at) => {
      const turn = (2 * Math.PI * SHAFT * at) / RATE;
      const mesh = 3 * Math.sin(53 * turn) + 1.5 * Math.sin(106 * turn + 1);
      return value + (1 + depth * Math.cos(turn)) * mesh;
    });
    const { reasons } = diagnose(extract(samples, RATE, 'g', RPM));
    expect(reasons.join()).not.toContain('broadband');
  });

  test('a speed that is not known is asked for', () => {
    const { verdict, reasons } = diagnose(extract(shaking([[30, 20]]), RATE, 'g', undefined));
    expect(verdict).toBe('not_determined');
    expect(reasons[0]).toMatch(/at 30\.\d Hz, carries 100 % .* at 18\d\d rpm it would be 1×/);
  });
});

describe('confidence and action do not contradict the verdict', () => {
  test('a part that has just enough is less sure than one that has plenty, and nothing is certain', () => {
    const confidences = [0.55, 2].map((strength) => {
      const { verdict, confidence } = judge(impacts(3.5848 * SHAFT, { strength }));
      expect(verdict).toBe('outer_race');
      return confidence;
    });
    expect(confidences[0]).toBeLessThan(confidences[1]!);
    expect(confidences[1]).toBeLessThan(1);
    expect(judge(shaking([[SHAFT, 6]])).confidence).toBeLessThan(1);
  });

  test('the zone is in the action of a named fault too', () => {
    expect(judge(shaking([[SHAFT, 6]])).action).toMatch(/^The level is in zone D/);
  });

  test('a slow machine without a speed is told the zone that it would be in', () => {
    const slow = extract(shaking([[5, 6]], { seconds: 4, noise: 0.002 }), RATE, 'g', undefined);
    const { severity, action } = diagnose(slow);
    expect(severity).toMatchObject({ zone: 'A', ifSlow: 'D' });
    expect(action).toMatch(/^If the machine turns at up to 600 rpm, its level is in zone D/);
  });

  test('two defects of one bearing are both said', () => {
    const [outer, inner] = [3.5848, 5.4152].map((order, at) => {
      return impacts(order * SHAFT, { strength: 2, seconds: 4, seed: at + 1 });
    });
    const { verdict, reasons, action } = judge(outer!.map((value, at) => value + inner![at]!));
    expect(verdict).toBe('not_determined');
    expect(reasons.join()).toMatch(/two defects, or one whose sidebands fit both/);
    expect(action).toMatch(/plan to look at the bearing/);
  });

  test('two defects beside something stronger that is none of the bearing: that is said first', () => {
    const [outer, inner, other] = [
      [3.5848, 2],
      [5.4152, 2],
      [4.43, 3],
    ].map(([order, strength], at) => {
      return impacts(order! * SHAFT, { strength: strength!, seconds: 4, seed: at + 1 });
    });
    const all = outer!.map((value, at) => value + inner![at]! + other![at]!);
    const { verdict, reasons, contradicting } = judge(all);
    expect(verdict).toBe('not_determined');
    expect(reasons[0]).toContain('stronger ones belong to no part');
    expect(contradicting.map(({ name }) => name)).toContain('of no part');
  });

  test.for([
    ['g', 9_806.65, 'is more than any machine has'],
    ['g', 9.806_65, 'times the boundary of zone D'],
  ] as const)('a record in another unit read as %s, %f times as much', ([unit, times, text]) => {
    const samples = shaking([[SHAFT, 6]]).map((value) => value * times);
    const { reasons } = diagnose(extract(samples, RATE, unit, RPM));
    expect(reasons.join()).toContain(text);
  });

  test('a record too coarse for the band of the standard has no zone, and is told why and what 1× has', () => {
    const coarse = Float32Array.from({ length: 8_000 }, (_, at) => {
      return 0.112 * Math.sin((2 * Math.PI * SHAFT * at) / 400) + 1e-3 * Math.sin(at * at);
    });
    const { verdict, severity, reasons } = diagnose(extract(coarse, 400, 'g', RPM));
    expect(verdict).toBe('unbalance');
    expect(severity).toBeNull();
    expect(reasons.at(-1)).toMatch(
      /^no zone of ISO 20816-3.*: the rate is 400 Hz, .*; 1× alone has 4\.2\d mm\/s, zone C at least \(group 2, rigid\)$/,
    );
  });

  test('a clipped record is told beside the verdict, since its levels are too low', () => {
    const clipped = shaking([[SHAFT, 6]]).map((value) => Math.min(0.18, value));
    const { reasons } = judge(clipped);
    expect(reasons.join('\n')).toMatch(/\d+ samples are clipped: true levels are higher/);
  });

  test('a line at the first bins of a short record has a finite level', () => {
    const { lines } = extract(shaking([[25, 5]], { seconds: 0.1 }), RATE, 'g', RPM);
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.filter(({ rms }) => !Number.isFinite(rms))).toEqual([]);
  });

  test('a signal that cannot be used has its one reason, and sends to the sensor', () => {
    const frozen = noise(2, 0.1).fill(0.1, 10_000, 30_000);
    const { reasons, action } = judge(frozen);
    expect(reasons).toEqual([expect.stringContaining('the signal stood still')]);
    expect(action).toMatch(/^Check sensor, cable/);
  });

  test('broad noise in bursts is told as such, and lines of noise speak against nothing', () => {
    const swelling = noise(2, 3).map((value, at) => {
      return value * (1 + 0.9 * Math.sin((2 * Math.PI * 1.7 * at) / RATE));
    });
    const { verdict, reasons, contradicting, action } = judge(swelling);
    expect(verdict).toBe('not_determined');
    expect(reasons.join()).toContain('broadband rise above 1 kHz in bursts');
    expect(contradicting).toEqual([]);
    expect(action).toMatch(/Listen and look first: .* bearings/);
  });
});

describe('a quiet machine is called well', () => {
  test('when nothing but noise and weak tones is in it', () => {
    const samples = shaking([[SHAFT, 0.3]], { seconds: 2, noise: 0.02 });
    expect(judge(samples).verdict).toBe('none');
  });

  test.for([
    ['a bearing', 3.5848],
    ['something once a turn', 1],
  ] as const)('but not when %s strikes in it, weak as it is', ([, order]) => {
    const samples = impacts(order * SHAFT, { strength: 0.05, noise: 0.015, seconds: 4 });
    const { verdict } = judge(samples);
    expect(verdict).not.toBe('none');
  });
});
