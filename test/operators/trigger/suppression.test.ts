import { describe, expect, it } from 'vitest';
import type { Flow } from '../../../operators/flow/flow.ts';
import {
  at,
  FAN,
  machineEvent,
  model,
  planned,
  rules,
  schedule,
  situation,
} from '../../support/findings.ts';
import {
  cleared,
  hot,
  type Input,
  pass,
  raised,
  requestStatus,
  run,
  shakes,
  shaky,
} from './run-trigger.ts';

describe('suppression', () => {
  const suppress = [{ during: ['changeover', 'startup'], settle: '30s', signals: ['temp*'] }];
  const quiet = [model, rules({ triggers: [hot, shaky], suppress })];
  const changing = situation({ planned: 'changeover' });

  it('holds the request back as a row, and opens it when the suppression ends and the anomaly stands', () => {
    const { revisions, deadLetters } = run([
      ...quiet,
      schedule(['c1', 'changeover', 0, 100]),
      raised(10, { situation: changing }),
      pass(5_000),
    ]);
    expect(revisions).toEqual([
      '130 1 open: hot spoke, held back during changeover and still there',
    ]);
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
    expect(run([...items, pass(5_000)]).revisions).toEqual([
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
    const { revisions } = run([
      ...quiet,
      schedule(['c1', 'changeover', 0, 100]),
      raised(10, { situation: changing }),
      shakes(20, { situation: changing }),
    ]);
    expect(revisions).toEqual([
      '20 1 open: hot, shaky spoke, held back during changeover and still there',
    ]);
  });
});

const suppress = [{ during: ['changeover', 'planned-stop'], settle: '30s' }];
const quiet = [model, rules({ triggers: [hot, shaky], suppress })];
const C1 = 'changeover c1, 1970-01-01T00:00:00Z to 1970-01-01T00:01:40Z';
const LATE = `it lay in ${C1}, as the schedule says now`;
const late = schedule(['c1', 'changeover', 0, 100]);
const gone = planned({ id: 'c1', kind: 'changeover', start: 0, end: 100, cancelled: true });

describe('a changeover that comes late into the schedule', () => {
  it('withdraws the request of a problem that lay wholly in it, and the problem is over', () => {
    const { revisions, requests, deadLetters } = run([
      ...[...quiet, raised(10), cleared(90), pass(150), late],
      ...[pass(5_000), raised(6_000, { id: 'next' })],
    ]);
    expect(revisions).toEqual([
      '10 1 open: hot spoke',
      `150 2 withdraw: ${LATE}: nothing stood when it was over`,
      '6000 1 open: hot spoke',
    ]);
    expect(requests[2]?.id).not.toBe(requests[0]?.id);
    expect(deadLetters).toEqual([]);
  });

  it('withdraws it while the stretch lasts, and asks again when it is over and the anomaly stands', () => {
    const { revisions, requests, deadLetters } = run([
      ...quiet,
      raised(10),
      pass(50),
      late,
      pass(5_000),
    ]);
    expect(revisions).toEqual([
      '10 1 open: hot spoke',
      `50 2 withdraw: ${LATE}: it is held back until 1970-01-01T00:02:10Z`,
      `130 1 open: Request ${requests[0]?.id} was withdrawn: ${LATE}, held back during changeover and still there`,
    ]);
    expect(requests[2]?.id).not.toBe(requests[0]?.id);
    expect(requests[2]).toMatchObject({ round: 2, evidence: [{ stage: 'raised' }] });
    expect(deadLetters).toMatchObject([{ reason: 'suppressed', source: FAN }]);
  });

  it('asks no more when the anomaly clears before the stretch is over', () => {
    const items = [...quiet, raised(10), pass(50), late, cleared(90), pass(5_000)];
    expect(run(items).requests.map(({ action }) => action)).toEqual(['open', 'withdraw']);
  });

  it('leaves a request alone whose problem stood when the stretch was over', () => {
    const standing = [...quiet, raised(10), pass(150), late, pass(5_000)];
    expect(run(standing).revisions).toEqual(['10 1 open: hot spoke']);
    const cleared140 = [...quiet, raised(10), cleared(140), pass(150), late];
    expect(run(cleared140).requests).toHaveLength(1);
  });

  it('leaves a request alone that another signal or another time asks for', () => {
    const only = rules({ triggers: [hot, shaky], suppress: [{ ...suppress[0], signals: ['t*'] }] });
    const two = [model, only, raised(10), shakes(20), cleared(30), pass(40), late];
    expect(run(two).requests.map(({ action }) => action)).not.toContain('withdraw');
    const after = [...quiet, raised(131), cleared(140), pass(150), late, pass(155)];
    expect(run(after).requests).toHaveLength(1);
  });

  it('counts stretches that follow each other as one', () => {
    const both = schedule(['c1', 'changeover', 0, 100], ['s1', 'planned-stop', 120, 400]);
    const { revisions } = run([...quiet, raised(10), cleared(300), pass(450), both]);
    expect(revisions.at(-1)).toContain(`3 withdraw: it lay in ${C1} and planned-stop s1, `);
  });

  it('withdraws when a stop that was known is prolonged', () => {
    const short = schedule(['c1', 'changeover', 0, 50]);
    const { revisions } = run([
      ...[...quiet, short, raised(10), pass(85)],
      ...[late, cleared(90), pass(5_000)],
    ]);
    expect(revisions).toEqual([
      '80 1 open: hot spoke, held back during changeover and still there',
      `85 2 withdraw: ${LATE}: it is held back until 1970-01-01T00:02:10Z`,
    ]);
  });

  it('is explained once in a request that was accepted, and again when it is no longer so', () => {
    const opened: Flow<Input>[] = [...quiet, raised(10)];
    const accepted = [
      ...opened,
      requestStatus(opened, 20, 'accepted'),
      cleared(60),
      pass(70),
      late,
    ];
    const { revisions } = run([...accepted, late, pass(300), gone, pass(1_000)]);
    expect(revisions).toEqual([
      '10 1 open: hot spoke',
      `130 2 update: ${LATE}; all its anomalies are clear since 1970-01-01T00:01:00Z`,
      '360 3 update: it lay in no planned stretch, as the schedule says now',
    ]);
  });

  it('does nothing to a request that has come to its end, nor to another line', () => {
    const opened: Flow<Input>[] = [...quiet, raised(10)];
    const closed = [...opened, requestStatus(opened, 20, 'completed'), pass(50), late, pass(100)];
    expect(run(closed).requests).toHaveLength(1);
    const other = { ...late, value: { ...late.value, line: 'p1/l2' } } as Flow<Input>;
    expect(run([...quiet, raised(10), pass(50), other, pass(100)]).requests).toHaveLength(1);
  });

  it('is not asked for by a suppression rule that comes late', () => {
    const { requests } = run([
      ...[model, rules({ triggers: [hot] }), late, raised(10), pass(50)],
      ...[rules({ triggers: [hot], suppress }), pass(90)],
    ]);
    expect(requests).toHaveLength(1);
  });
});

describe('a changeover that is cancelled', () => {
  it('releases what it held back', () => {
    const items = [...quiet, late, raised(10), pass(40), gone, pass(45)];
    expect(run(items).revisions).toEqual([
      '40 1 open: hot spoke, held back during changeover and still there',
    ]);
  });

  it('releases what it held back after it was over, too', () => {
    const items = [...quiet, late, raised(110), pass(120), gone, pass(125)];
    expect(run(items).revisions).toEqual([
      '120 1 open: hot spoke, held back during changeover and still there',
    ]);
  });
});
