import { describe, expect, test } from 'vitest';
import {
  type Delays,
  nextPhase,
  openLifeCycle,
  pause,
  severityRank,
} from '../../../operators/detect/life-cycle.ts';
import { DETECTOR_LEVELS, detectorRuleSchema } from '../../../operators/model/detector-rule.ts';
import type { EventTime } from '../../../operators/model/time.ts';

const NEVER = Number.MAX_SAFE_INTEGER;
const AT_ONCE: Delays = {
  ...{ onDelay: 0, count: 1, offDelay: 0, offCount: 1, repeat: NEVER },
  ...{ gap: NEVER, steps: [], stairs: [] },
};

/**
 * One column a sample, ten time units apart. `grades`: its rank, and after a slash the rank less the deadband where
 * that is higher; `-` was not evaluated. `phases`: the phase it causes and the rank that is then open, `.` for nothing.
 */
const table = [
  ['raises and clears at once without delays', AT_ONCE, '0 2 2 0', '. raised2 . cleared0'],
  ['waits for the on-delay', { ...AT_ONCE, onDelay: 20 }, '2 2 2 2', '. . raised2 .'],
  ['an on-delay that is exactly reached counts', { ...AT_ONCE, onDelay: 10 }, '2 2', '. raised2'],
  [
    'a break begins the on-delay anew',
    { ...AT_ONCE, onDelay: 20 },
    '2 2 0 2 2 2',
    '. . . . . raised2',
  ],
  ['within the deadband nothing rises', AT_ONCE, '0/2 0/2', '. .'],
  ['waits for the count', { ...AT_ONCE, count: 3 }, '2 2 2', '. . raised2'],
  [
    'delay and count are both needed',
    { ...AT_ONCE, onDelay: 10, count: 3 },
    '2 2 2',
    '. . raised2',
  ],
  ['waits for the off-delay', { ...AT_ONCE, offDelay: 20 }, '2 0 0 0', 'raised2 . . cleared0'],
  [
    'waits for so many that are well',
    { ...AT_ONCE, offCount: 3 },
    '2 0 0 2 0 0 0',
    'raised2 . . . . . cleared0',
  ],
  [
    'the off-delay and so many that are well are both needed',
    { ...AT_ONCE, offDelay: 10, offCount: 3 },
    '2 0 0 0',
    'raised2 . . cleared0',
  ],
  ['the deadband holds it', AT_ONCE, '2 0/2 0/2 0', 'raised2 . . cleared0'],
  [
    'the deadband begins the off-delay anew',
    { ...AT_ONCE, offDelay: 10 },
    '2 0 0/2 0 0',
    'raised2 . . . cleared0',
  ],
  [
    'rises with the least of the run',
    { ...AT_ONCE, onDelay: 20 },
    '2 3 3 3 3 3',
    '. . raised2 . . updated3',
  ],
  ['escalation has the on-delay', { ...AT_ONCE, onDelay: 10 }, '2 2 3 3', '. raised2 . updated3'],
  [
    'de-escalation has the off-delay',
    { ...AT_ONCE, offDelay: 10 },
    '3 2 2 2',
    'raised3 . updated2 .',
  ],
  [
    'falls to the greatest of the run',
    { ...AT_ONCE, offDelay: 20 },
    '3 0 2 0 0',
    'raised3 . . updated2 .',
  ],
  [
    'is reported again while it lasts',
    { ...AT_ONCE, repeat: 20 },
    '2 2 2 2 2',
    'raised2 . updated2 . updated2',
  ],
  [
    'is not reported again while it clears',
    { ...AT_ONCE, repeat: 10, offDelay: 90 },
    '2 0 0',
    'raised2 . .',
  ],
  [
    'is worse the longer it lasts',
    {
      ...AT_ONCE,
      steps: [
        { rank: 3, after: 20 },
        { rank: 4, after: 40 },
      ],
    },
    '2 2 2 2 2 0',
    'raised2 . updated3 . updated4 cleared0',
  ],
  [
    'what is not evaluated makes it no worse, nor what is well',
    { ...AT_ONCE, offDelay: 30, steps: [{ rank: 3, after: 20 }] },
    '2 2 - - 0 0 2 2',
    'raised2 . . . . . . updated3',
  ],
  [
    'the duration of the on-delay counts',
    { ...AT_ONCE, onDelay: 20, steps: [{ rank: 3, after: 30 }] },
    '2 2 2 2',
    '. . raised2 updated3',
  ],
  [
    'a level that is worse than its duration stays',
    { ...AT_ONCE, steps: [{ rank: 2, after: 10 }] },
    '1 1 3 1 1',
    'raised1 updated2 updated3 updated2 .',
  ],
  [
    'goes down stair by stair where the rule says so, and up again from there',
    {
      ...AT_ONCE,
      offDelay: 10,
      steps: [
        { rank: 3, after: 10 },
        { rank: 4, after: 20 },
      ],
      stairs: [2, 3, 4],
    },
    '2 2 2 0 0 0 0 2 2 0 0 0 0 0 0',
    'raised2 updated3 updated4 . updated3 . updated2 . updated3 . updated2 . cleared0 . .',
  ],
  ['what is not evaluated neither raises', AT_ONCE, '- - -', '. . .'],
  ['nor clears', AT_ONCE, '2 - - 0', 'raised2 . . cleared0'],
  [
    'nor counts for the on-delay, nor breaks it',
    { ...AT_ONCE, onDelay: 20 },
    '2 2 - - 2 2',
    '. . . . . raised2',
  ],
  [
    'nor counts for the off-delay',
    { ...AT_ONCE, offDelay: 20 },
    '2 0 - 0 0 0',
    'raised2 . . . . cleared0',
  ],
] as const;

describe('severity by level', () => {
  const own: Record<string, object> = {
    ...{ limit: { above: 1 }, rate: { rise: 1 }, trend: { above: 1 }, silence: { after: '1m' } },
    ...{ usage: { every: 1 }, multivariate: { signals: ['a', 'b'] } },
    ...{ event: { type: 'a', clear: { after: '1m' } } },
  };
  const rankOf = (kind: string, level: string, severity: object) => {
    const rule = { id: 'a', kind, signal: 's', ...own[kind], raise: { severity } };
    return severityRank(detectorRuleSchema.parse(rule), level);
  };

  test.for(Object.entries(DETECTOR_LEVELS))(
    'of %s: no level that is as bad as a named one or worse is nothing',
    ([kind, levels]) => {
      for (const [at, named] of levels.entries()) {
        expect(rankOf(kind, named, { [named]: 'danger' })).toBe(4);
        for (const level of levels.slice(at + 1)) {
          // Zones are steps of one scale. Sides are not: one that is not named is a warning.
          const rank = kind === 'iso20816' ? 4 : 2;
          expect(rankOf(kind, level, { [named]: 'danger' })).toBe(rank);
        }
      }
    },
  );
});

describe('the life of an anomaly', () => {
  test.for(table)('%s', ([, delays, grades, phases]) => {
    const life = openLifeCycle();
    const seen = grades.split(' ').map((grade, index) => {
      if (grade === '-') {
        pause(life);
        return '.';
      }
      const [rank = 0, rankWithDeadband = rank] = grade.split('/').map(Number);
      const phase = nextPhase(life, delays, { rank, rankWithDeadband }, (10 * index) as EventTime);
      return phase === undefined ? '.' : `${phase}${life.rank}`;
    });
    expect(seen.join(' ')).toBe(phases);
  });

  test('a hole counts for no delay, and breaks none', () => {
    const phases = (delays: Delays, ...samples: (readonly [number, number])[]) => {
      const life = openLifeCycle();
      return samples.map(([at, rank]) => {
        const verdict = { rank, rankWithDeadband: rank, length: 10 };
        return nextPhase(life, delays, verdict, at as EventTime) ?? '.';
      });
    };
    const steady = [0, 10, 20, 30].map((at) => [at, 0] as const);
    const delays = { ...AT_ONCE, onDelay: 100, offDelay: 100, gap: undefined };
    // Samples of 10, every 10: two breaches 600 apart are no 100 of breach.
    expect(phases(delays, ...steady, [40, 2], [640, 2])).toEqual(Array(6).fill('.'));
    expect(phases(delays, [0, 2], [600, 2], [1_200, 2])).toEqual(['.', '.', '.']);
    // What was before the hole counts: 50 and 50.
    const before = [40, 50, 60, 70, 80, 90].map((at) => [at, 2] as const);
    const after = [1_000, 1_010, 1_020, 1_030, 1_040, 1_050].map((at) => [at, 2] as const);
    expect(phases(delays, ...steady, ...before, ...after).at(-1)).toBe('raised');
    expect(phases(delays, ...steady, ...before, ...after.slice(0, -1)).at(-1)).toBe('.');
    // Nor does a hole clear.
    const quick = { ...delays, onDelay: 0 };
    expect(phases(quick, ...steady, [40, 2], [50, 0], [650, 0])).toEqual([
      ...['.', '.', '.', '.', 'raised', '.', '.'],
    ]);
    // Two samples that are lost are no hole; and what comes every 60 by nature soon has none.
    expect(phases({ ...delays, onDelay: 30 }, ...steady, [40, 2], [70, 2]).at(-1)).toBe('raised');
    const rare = [0, 60, 120, 180, 240, 300].map((at) => [at, 0] as const);
    expect(phases({ ...delays, onDelay: 60 }, ...rare, [360, 2], [420, 2]).at(-1)).toBe('raised');
    // A rule may say what a hole is.
    const wide = { ...delays, gap: 600 };
    expect(phases(wide, ...steady, [40, 2], [640, 2]).at(-1)).toBe('raised');
  });

  test('since is the first breach of the run that led to it', () => {
    const life = openLifeCycle();
    for (const [time, rank] of [
      [0, 2],
      [10, 0],
      [20, 2],
      [30, 2],
      [40, 2],
    ] as const) {
      nextPhase(
        life,
        { ...AT_ONCE, onDelay: 20 },
        { rank, rankWithDeadband: rank },
        time as EventTime,
      );
    }
    expect(life).toMatchObject({ rank: 2, since: 20, reported: 40 });
  });
});
