import { describe, expect, test } from 'vitest';
import { onsetsOf, runningRange, windowedGaussian } from '../../../bench/eval/nab-detectors.ts';
import { nabNames, readNab, rowAt } from '../../../bench/eval/nab-files.ts';
import { publishedScores } from '../../../bench/eval/nab-published.ts';
import { PROFILES, probationOf, rawScore } from '../../../bench/eval/score-nab.ts';
import { realData } from '../../support/real-data.ts';

describe('the running range', () => {
  const quiet = Array.from({ length: 100 }, (_, row) => row % 2);

  test('says how far a value is outside of all before, in widths', () => {
    // 0 to 1 is known; then 1.5, which makes it 0 to 1.5; then −0.3.
    expect(runningRange([...quiet, 1, 1.5, 1.5, -0.3])).toEqual([
      { row: 101, score: 0.5 },
      { row: 103, score: expect.closeTo(0.2, 9) },
    ]);
  });

  test('says nothing of its first hundred rows', () => {
    expect(runningRange(Array.from({ length: 100 }, (_, row) => row))).toEqual([]);
  });

  test('rows that follow each other are one onset', () => {
    const flags = runningRange([...quiet, 2, 3, 4, 1, 5]);
    expect(onsetsOf(flags).map(({ row }) => row)).toEqual([100, 104]);
  });
});

describe('the files of the benchmark', () => {
  test('windows are rows, counted by hand in the file of key hold', async (context) => {
    const { labelled, times } = await readNab(
      realData('nab', context),
      'realKnownCause/rogue_agent_key_hold',
    );
    expect(labelled).toEqual({
      rows: 1_882,
      windows: [
        { first: 669, last: 763 },
        { first: 1_240, last: 1_334 },
      ],
    });
    expect(probationOf(labelled)).toBe(282);
    expect(new Date(times[0]!).toISOString()).toBe('2014-07-06T20:10:00.000Z');
  });

  test('25 windows in 18 files, none of them in the probation', async (context) => {
    const folder = realData('nab', context);
    const files = await Promise.all(nabNames(folder).map((name) => readNab(folder, name)));
    expect(files.length).toBe(18);
    const windows = files.flatMap(({ labelled }) => {
      return labelled.windows.map(({ first }) => first - probationOf(labelled));
    });
    expect(windows.length).toBe(25);
    expect(Math.min(...windows)).toBeGreaterThan(0);
  });

  test('an instant is the first row at or after it', async (context) => {
    const series = await readNab(realData('nab', context), 'realKnownCause/nyc_taxi');
    const [first = 0] = series.times;
    expect([first, first + 1, first + 1_800_000].map((time) => rowAt(series, time))).toEqual([
      0, 1, 1,
    ]);
    expect(rowAt(series, Number.POSITIVE_INFINITY)).toBe(10_319);
  });
});

describe('the published scores of the windowed Gaussian', () => {
  test('come out of its rules and of ours in each of the 18 files', async (context) => {
    const folder = realData('nab', context);
    for (const name of nabNames(folder)) {
      const { values, labelled } = await readNab(folder, name);
      const flagged = { file: labelled, flags: windowedGaussian(values) };
      const published = publishedScores(name)!['windowed Gaussian']!;
      expect([name, rawScore(flagged, PROFILES.standard)]).toEqual([
        name,
        expect.closeTo(published, 4),
      ]);
    }
  });

  test('are 13.4 of 100 in the real files, as the benchmark has it', () => {
    const real = [
      'ambient_temperature_system_failure',
      'cpu_utilization_asg_misconfiguration',
      'ec2_request_latency_system_failure',
      'machine_temperature_system_failure',
      'nyc_taxi',
      'rogue_agent_key_hold',
      'rogue_agent_key_updown',
    ].map((name) => publishedScores(`realKnownCause/${name}`)!);
    // 19 windows: 100 · (sum + 19) / 38. ARTime 63.9, KNN-CAD 45.2 and Random Cut Forest 43.1 likewise.
    const score = (system: string) => {
      return (100 * (real.reduce((sum, scores) => sum + scores[system]!, 0) + 19)) / 38;
    };
    expect(score('windowed Gaussian')).toBeCloseTo(13.4, 1);
    expect(score('ARTime')).toBeCloseTo(63.9, 1);
    expect(score('KNN-CAD')).toBeCloseTo(45.2, 1);
    expect(score('Random Cut Forest')).toBeCloseTo(43.1, 1);
    expect(score('Numenta HTM')).toBeCloseTo(55.5, 1);
  });
});
