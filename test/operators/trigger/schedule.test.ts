import { describe, expect, it } from 'vitest';
import {
  at,
  FAN,
  machineEvent,
  model,
  rules,
  schedule,
  situation,
} from '../../support/findings.ts';
import { cleared, hot, pass, raised, run, shakes, shaky } from './lives.ts';

describe('suppression', () => {
  const suppress = [{ during: ['changeover', 'startup'], settle: '30s', signals: ['temp*'] }];
  const quiet = [model, rules({ triggers: [hot, shaky], suppress })];
  const changing = situation({ planned: 'changeover' });

  it('holds the request back as a row, and opens it when the suppression ends and the anomaly stands', () => {
    const { said, deadLetters } = run([
      ...quiet,
      schedule(['c1', 'changeover', 0, 100]),
      raised(10, { situation: changing }),
      pass(5_000),
    ]);
    expect(said).toEqual(['130 1 open: hot spoke, held back during changeover and still there']);
    expect(deadLetters).toMatchObject([{ reason: 'suppressed', source: FAN, stage: 'trigger' }]);
  });

  it('opens nothing when the anomaly cleared meanwhile', () => {
    const items = [
      ...quiet,
      schedule(['c1', 'changeover', 0, 100]),
      raised(10, { situation: changing }),
      cleared(50, { situation: changing }),
      pass(5_000),
    ];
    expect(run(items).requests).toEqual([]);
  });

  it('opens nothing at its end for what is clear but not yet for rearm', () => {
    const items = [
      ...quiet,
      schedule(['c1', 'changeover', 0, 100]),
      raised(10, { situation: changing }),
      cleared(90, { situation: changing }),
    ];
    expect(run([...items, pass(5_000)]).requests).toEqual([]);
    const again = run([...items, pass(140), raised(145, { id: 'again' }), pass(5_000)]);
    expect(again.requests.map(({ time }) => time)).toEqual([at(145)]);
  });

  it('opens as soon as the schedule says that it was over earlier', () => {
    const items = [
      ...quiet,
      schedule(['c1', 'changeover', 0, 100]),
      raised(10, { situation: changing }),
      pass(40),
      schedule(['c1', 'changeover', 0, 5]),
    ];
    expect(run(items).requests.map(({ time }) => time)).toEqual([at(40)]);
  });

  it('waits for the machine to say that its start-up is over, and for settle', () => {
    const starting = situation({ state: 'STARTING', planned: 'startup' });
    const running = situation({ started: at(60) });
    const items = [
      ...quiet,
      raised(10, { situation: starting }),
      pass(50),
      machineEvent(60, 'state', { state: 'EXECUTE' }, { situation: running }),
    ];
    expect(run([...items, pass(89)]).requests).toEqual([]);
    expect(run([...items, pass(5_000)]).said).toEqual([
      '90 1 open: hot spoke, held back during startup and still there',
    ]);
  });

  it('follows a schedule that changes', () => {
    const items = [
      ...quiet,
      schedule(['c1', 'changeover', 0, 100]),
      raised(10, { situation: changing }),
      schedule(['c1', 'changeover', 0, 300]),
    ];
    expect(run([...items, pass(329)]).requests).toEqual([]);
    expect(run([...items, pass(330)]).requests).toHaveLength(1);
  });

  it('does not hold back what another signal says', () => {
    const { said } = run([
      ...quiet,
      schedule(['c1', 'changeover', 0, 100]),
      raised(10, { situation: changing }),
      shakes(20, { situation: changing }),
    ]);
    expect(said).toEqual([
      '20 1 open: hot, shaky spoke, held back during changeover and still there',
    ]);
  });
});

describe('the slot', () => {
  const slotted = [model, rules({ triggers: [{ ...hot, slot: 'next-gap' }] })];

  it.each([
    [
      'the next changeover that is long enough',
      [
        ['c1', 'changeover', 100, 200],
        ['c2', 'changeover', 5_000, 9_000],
      ],
      ['c2', 'changeover', 5_000, 9_000],
    ],
    [
      'the free time between two orders',
      [
        ['o1', 'order', 0, 4_000],
        ['o2', 'order', 8_000, 9_000],
      ],
      ['o1', 'gap', 4_000, 8_000],
    ],
    ['nothing that has begun', [['m1', 'maintenance', 0, 9_000]], null],
  ] as const)('is %s', (_, entries, expected) => {
    const { requests } = run([...slotted, schedule(...entries), raised(10)]);
    const slot = requests[0]?.slot;
    expect(
      slot === null || slot === undefined
        ? slot
        : [slot.entry, slot.kind, slot.start / 1e6, slot.end / 1e6],
    ).toEqual(expected);
  });
});
