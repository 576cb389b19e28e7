import { describe, expect, it } from 'vitest';
import type { Flow } from '../../../operators/flow/flow.ts';
import { FAN, model, planned, rules, schedule } from '../../support/findings.ts';
import { cleared, hot, type Input, pass, raised, run, shakes, shaky, told } from './lives.ts';

const suppress = [{ during: ['changeover', 'planned-stop'], settle: '30s' }];
const quiet = [model, rules({ triggers: [hot, shaky], suppress })];
const C1 = 'changeover c1, 1970-01-01T00:00:00Z to 1970-01-01T00:01:40Z';
const LATE = `it lay in ${C1}, as the schedule says now`;
const late = schedule(['c1', 'changeover', 0, 100]);
const gone = planned({ id: 'c1', kind: 'changeover', start: 0, end: 100, cancelled: true });

describe('a changeover that comes late into the schedule', () => {
  it('withdraws the request of a problem that lay wholly in it, and the problem is over', () => {
    const { said, requests, deadLetters } = run([
      ...[...quiet, raised(10), cleared(90), pass(150), late],
      ...[pass(5_000), raised(6_000, { id: 'next' })],
    ]);
    expect(said).toEqual([
      '10 1 open: hot spoke',
      `150 2 withdraw: ${LATE}: nothing stood when it was over`,
      '6000 1 open: hot spoke',
    ]);
    expect(requests[2]?.id).not.toBe(requests[0]?.id);
    expect(deadLetters).toEqual([]);
  });

  it('withdraws it while the stretch lasts, and asks again when it is over and the anomaly stands', () => {
    const { said, requests, deadLetters } = run([
      ...quiet,
      raised(10),
      pass(50),
      late,
      pass(5_000),
    ]);
    expect(said).toEqual([
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
    expect(run(standing).said).toEqual(['10 1 open: hot spoke']);
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
    const { said } = run([...quiet, raised(10), cleared(300), pass(450), both]);
    expect(said.at(-1)).toContain(`3 withdraw: it lay in ${C1} and planned-stop s1, `);
  });

  it('withdraws when a stop that was known is prolonged', () => {
    const short = schedule(['c1', 'changeover', 0, 50]);
    const { said } = run([
      ...[...quiet, short, raised(10), pass(85)],
      ...[late, cleared(90), pass(5_000)],
    ]);
    expect(said).toEqual([
      '80 1 open: hot spoke, held back during changeover and still there',
      `85 2 withdraw: ${LATE}: it is held back until 1970-01-01T00:02:10Z`,
    ]);
  });

  it('is told to whoever accepted the request, once, and again when it is no longer so', () => {
    const opened: Flow<Input>[] = [...quiet, raised(10)];
    const accepted = [...opened, told(opened, 20, 'accepted'), cleared(60), pass(70), late];
    const { said } = run([...accepted, late, pass(300), gone, pass(1_000)]);
    expect(said).toEqual([
      '10 1 open: hot spoke',
      `130 2 update: ${LATE}; all its anomalies are clear since 1970-01-01T00:01:00Z`,
      '360 3 update: it lay in no planned stretch, as the schedule says now',
    ]);
  });

  it('does nothing to a request that has come to its end, nor to another line', () => {
    const opened: Flow<Input>[] = [...quiet, raised(10)];
    const closed = [...opened, told(opened, 20, 'completed'), pass(50), late, pass(100)];
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
    expect(run(items).said).toEqual([
      '40 1 open: hot spoke, held back during changeover and still there',
    ]);
  });

  it('releases what it held back after it was over, too', () => {
    const items = [...quiet, late, raised(110), pass(120), gone, pass(125)];
    expect(run(items).said).toEqual([
      '120 1 open: hot spoke, held back during changeover and still there',
    ]);
  });
});

describe('the proposed slot', () => {
  const slotted = [model, rules({ triggers: [{ ...hot, slot: 'next-gap' }] })];
  const two = schedule(['c1', 'changeover', 5_000, 9_000], ['c2', 'changeover', 20_000, 24_000]);
  const start = [...slotted, two, raised(10), pass(100)];
  const FIRST = 'changeover c1, 1970-01-01T01:23:20Z to 1970-01-01T02:30:00Z';

  it.each([
    ['was cancelled', { id: 'c1', kind: 'changeover', start: 5_000, end: 9_000, cancelled: true }],
    ['was moved', { id: 'c1', kind: 'changeover', start: 26_000, end: 30_000 }],
    ['is too short now', { id: 'c1', kind: 'changeover', start: 5_000, end: 6_000 }],
  ])('is proposed anew when it %s', (fate, entry) => {
    const { said, requests } = run([...start, planned(entry), pass(4_000)]);
    expect(said).toEqual([
      '10 1 open: hot spoke',
      `160 2 update: the proposed slot (${FIRST}) ${fate}`,
    ]);
    expect(requests[0]?.slot?.entry).toBe('c1');
    expect(requests[1]?.slot?.entry).toBe('c2');
  });

  it('stays the same while it can be used, though an earlier one comes in', () => {
    const earlier = schedule(['c0', 'changeover', 300, 4_000]);
    const { requests } = run([...start, earlier, shakes(200, { severity: 'alarm' }), pass(400)]);
    expect(requests).toHaveLength(1);
    const worse = raised(210, { phase: 'updated', severity: 'danger' });
    const again = run([...start, earlier, worse, pass(400)]).requests;
    expect(again.map(({ slot }) => slot?.entry)).toEqual(['c1', 'c1']);
  });

  it('is told when there is one at last', () => {
    const { said, requests } = run([...slotted, raised(10), pass(100), two, pass(400)]);
    expect(said).toEqual([
      '10 1 open: hot spoke',
      '160 2 update: the schedule has a slot for it now',
    ]);
    expect(requests.map(({ slot }) => slot?.entry)).toEqual([undefined, 'c1']);
  });

  it("is nobody's matter any more when the work has begun, or the slot has", () => {
    const moved = schedule(['c1', 'changeover', 26_000, 30_000]);
    const started = [...start, told(start, 200, 'started'), moved, pass(4_000)];
    expect(run(started).requests).toHaveLength(1);
    expect(run([...start, pass(6_000), moved, pass(7_000)]).requests).toHaveLength(1);
  });
});
