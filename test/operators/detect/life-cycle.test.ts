import { describe, expect, test } from 'vitest';
import { nextPhase, openLifeCycle, pause } from '../../../operators/detect/life-cycle.ts';
import type { EventTime } from '../../../operators/model/time.ts';

const NEVER = Number.MAX_SAFE_INTEGER;
const AT_ONCE = { onDelay: 0, count: 1, offDelay: 0, repeat: NEVER };

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
