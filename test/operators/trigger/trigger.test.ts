import { describe, expect, it } from 'vitest';
import type { Flow } from '../../../operators/flow/flow.ts';
import { canonicalJson } from '../../../operators/model/canonical.ts';
import { anomaly, at, FAN, machineEvent, model, PRESS, rules } from '../../support/findings.ts';
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
  start,
} from './run-trigger.ts';

describe('a problem', () => {
  it('opens a request with the first incident that a trigger names', () => {
    const { requests, rows } = run([...start, raised(10)]);
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({
      revision: 1,
      action: 'open',
      asset: FAN,
      asset_name: 'Fan 7',
      priority: 'medium',
      work: 'inspection',
      parts: ['belt'],
      duration: 1,
      round: 1,
      trigger: 'cool-it',
      anomalies: ['hot-temperature-'],
      state: 'EXECUTE',
      order: '4711',
      product: 'lid',
      ids: { cmms: '4711' },
      title: 'Fan 7: warning: temperature is 81 °C, above 75 °C',
    });
    expect(requests[0]?.id).toMatch(/^[a-z2-7]{20}$/);
    expect(rows).toMatchObject([
      { plant: 'p1', line: 'l1', asset: 'fan', revision: 1, request: canonicalJson(requests[0]) },
    ]);
  });

  it('tells a planner which machine, what, since when, in which state and order, on what evidence', () => {
    expect(run([...start, raised(10)]).requests[0]?.description).toMatchInlineSnapshot(`
      "Machine: Fan 7 (p1/l1/fan).
      Problem: warning, since 1970-01-01T00:00:10Z; said by hot.
      Machine at the time: state EXECUTE, mode auto, order 4711, product lid, shift early.
      Evidence:
      - 1970-01-01T00:00:10Z raised: warning: temperature is 81 °C, above 75 °C
      Work: inspection, about 1h.
      Parts: belt.
      A stop while it produces: about 4,200 EUR (1h at 4,200 EUR an hour)."
    `);
  });

  it('says since when the problem shows, in its row too, and not only when its request was opened', () => {
    const { requests, rows } = run([...start, raised(10, { since: at(4) })]);
    expect(requests).toMatchObject([{ since: at(4), opened: at(10), time: at(10) }]);
    expect(rows).toMatchObject([{ since: at(4), opened: at(10) }]);
  });

  it('is not opened by an anomaly that no trigger names', () => {
    expect(run([...start, anomaly(1, { rule: 'other' }), pass(10_000)]).requests).toEqual([]);
  });

  it('takes in a thousand breaches of five detectors as one request', () => {
    const named = [0, 1, 2, 3, 4].map((index) => ({
      id: `t${index}`,
      on: `d${index}`,
      request: {},
    }));
    const flood = Array.from({ length: 1_000 }, (_, index) => {
      return anomaly(10, { rule: `d${index % 5}`, signal: `s${index}`, id: `a${index}` });
    });
    const { requests, deadLetters } = run([
      model,
      rules({ triggers: named }),
      ...flood,
      pass(5_000),
    ]);
    expect(new Set(requests.map(({ id }) => id)).size).toBe(1);
    expect(requests.map(({ revision, action }) => [revision, action])).toEqual([
      [1, 'open'],
      [2, 'update'],
    ]);
    expect(requests[1]?.anomalies).toHaveLength(1_000);
    expect(requests[1]?.evidence.length).toBeLessThan(50);
    expect(requests[1]?.description).toContain('more of the same kind');
    expect(deadLetters).toEqual([]);
  });

  it('groups what a planner wants to know into one revision a minute, and reports nothing else', () => {
    const items = [
      ...start,
      raised(10),
      anomaly(12, { phase: 'updated', value: 82 }),
      shakes(20, { severity: 'alarm', failure_mode: 'UNBALANCE', component: 'rotor' }),
      anomaly(30, { phase: 'updated', value: 83 }),
      pass(500),
      anomaly(600, { phase: 'updated', severity: 'danger' }),
      pass(5_000),
    ];
    const { revisions, requests } = run(items);
    expect(revisions).toEqual([
      '10 1 open: hot spoke',
      '80 2 update: shaky says so too; severity is now alarm; the component is rotor; failure mode is now UNBALANCE; priority is now high',
      '660 3 update: severity is now danger',
    ]);
    expect(requests[2]?.evidence.map(({ stage }) => stage)).toEqual([
      'raised',
      'raised',
      'updated',
    ]);
    expect(requests[1]).toMatchObject({
      trigger: 'look-at-it',
      work: 'repair',
      parts: ['6205', 'belt'],
      failure_mode: 'UNBALANCE',
      component: 'rotor',
    });
  });

  it('has a request for each component where the trigger says so', () => {
    const triggers = [{ ...shaky, per: 'component' }];
    const { requests } = run([
      model,
      rules({ triggers }),
      shakes(1, { id: 'a', component: 'motor' }),
      shakes(2, { id: 'b', component: 'rotor' }),
      shakes(3, { id: 'c' }),
      pass(500),
    ]);
    expect(requests.map(({ component, action }) => [component, action])).toEqual([
      ['motor', 'open'],
      ['rotor', 'open'],
    ]);
    expect(new Set(requests.map(({ id }) => id)).size).toBe(2);
  });

  it('is of one machine: another machine has a request of its own', () => {
    const { requests } = run([...start, raised(1), raised(1, { asset: PRESS })]);
    expect(requests.map(({ asset }) => asset)).toEqual([FAN, PRESS]);
    expect(requests[0]?.id).not.toBe(requests[1]?.id);
  });
});

describe('escalation', () => {
  const items = [model, rules({ triggers: [{ ...hot, escalate: '1h' }] }), raised(10)];

  it('raises the priority a step each time nobody accepted the request, up to the highest', () => {
    const { requests, revisions } = run([...items, pass(100_000)]);
    expect(revisions).toEqual([
      '10 1 open: hot spoke',
      '3610 2 update: nobody accepted it within 1h: priority is now high',
      '7210 3 update: nobody accepted it within 1h: priority is now urgent',
    ]);
    expect(requests.map(({ priority }) => priority)).toEqual(['medium', 'high', 'urgent']);
  });

  it.each([
    ['accepted', (list: Flow<Input>[]) => requestStatus(list, 100, 'accepted')],
    ['acknowledged at the machine', () => machineEvent(100, 'acknowledged')],
  ])('stops when the request was %s', (_, make) => {
    expect(run([...items, make(items), pass(100_000)]).requests).toHaveLength(1);
  });

  it('stands still while nobody could see', () => {
    const blind = { ...pass(4_000), blind: { from: at(100), to: at(3_900) } };
    expect(run([...items, blind]).requests).toHaveLength(1);
  });
});

describe('a problem that goes away', () => {
  const withdrawing = [model, rules({ triggers: [{ ...hot, withdraw: true }] })];

  it('withdraws its request after rearm when nobody accepted it', () => {
    const { revisions } = run([...withdrawing, raised(10), cleared(100), pass(5_000)]);
    expect(revisions).toEqual([
      '10 1 open: hot spoke',
      '160 2 withdraw: clear since 1970-01-01T00:01:40Z before anyone accepted it',
    ]);
  });

  it('does not withdraw when it shows again within rearm', () => {
    const { revisions } = run([
      ...withdrawing,
      raised(10),
      cleared(100),
      raised(130, { id: 'again' }),
      pass(5_000),
    ]);
    expect(revisions).toEqual(['10 1 open: hot spoke']);
  });

  it('stays a problem when what a pattern rested on is raised anew, without the whole pattern', () => {
    const pattern = [
      { name: 'hot', where: "kind == 'anomaly' && rule == 'hot'" },
      { name: 'shaky', follows: 'relaxed', where: "kind == 'anomaly' && rule == 'shaky'" },
    ];
    const both = { ...hot, on: 'both', withdraw: true };
    const { revisions } = run([
      ...[model, rules({ patterns: [{ id: 'both', pattern }], triggers: [both] })],
      ...[raised(10), shakes(20), cleared(100), shakes(110, { phase: 'cleared' })],
      ...[shakes(130, { id: 'again' }), pass(5_000)],
    ]);
    expect(revisions).toEqual(['20 1 open: both spoke']);
  });

  it('does not withdraw while another of its anomalies stands', () => {
    const both = [model, rules({ triggers: [{ ...hot, withdraw: true }, shaky] })];
    const { requests } = run([...both, raised(10), shakes(11), cleared(100), pass(5_000)]);
    expect(requests.map(({ action }) => action)).not.toContain('withdraw');
  });

  it('reports it instead of withdrawing when the request was accepted, and is over when that is closed', () => {
    const opened = [...withdrawing, raised(10)];
    const going = [...opened, requestStatus(opened, 50, 'accepted'), cleared(100), pass(300)];
    const { revisions } = run([
      ...going,
      requestStatus(opened, 400, 'closed'),
      pass(500),
      raised(600),
      pass(5_000),
    ]);
    expect(revisions).toEqual([
      '10 1 open: hot spoke',
      '220 2 update: all its anomalies are clear since 1970-01-01T00:01:40Z',
      '400 3 close: closed, and clear since 1970-01-01T00:01:40Z',
      '600 1 open: hot spoke',
    ]);
  });

  it('is over when it clears after its request was closed, and a new one is a new problem', () => {
    const opened = [...start, raised(10)];
    const { requests } = run([
      ...opened,
      requestStatus(opened, 50, 'completed'),
      cleared(100),
      pass(300),
      raised(600),
    ]);
    expect(requests.map(({ action }) => action)).toEqual(['open', 'close', 'open']);
    expect(requests[2]?.id).not.toBe(requests[0]?.id);
  });
});

describe('a problem that stands after its request', () => {
  const opened = [...start, raised(10)];

  it.each([
    [
      'closed',
      undefined,
      'Recurred after 1h: request ID was closed at 1970-01-01T00:01:40Z, and the anomaly stands.',
    ],
    [
      'rejected',
      'is normal',
      'Recurred after 1h: request ID was rejected ("is normal") at 1970-01-01T00:01:40Z, and the anomaly stands.',
    ],
  ])('gets a new round after the cool-down when that was %s', (status, note, because) => {
    const { requests } = run([...opened, requestStatus(opened, 100, status, note), pass(10_000)]);
    expect(
      requests.map(({ action, revision, round, time }) => [time / 1e6, action, revision, round]),
    ).toEqual([
      [10, 'open', 1, 1],
      [3_700, 'open', 1, 2],
    ]);
    expect(requests[1]?.id).not.toBe(requests[0]?.id);
    expect(requests[1]?.because.replace(requests[0]?.id ?? '', 'ID')).toBe(because);
    expect(requests[1]?.title).toContain('recurred');
  });

  it('counts the cool-down from when the work was completed, not from when it was filed', () => {
    const items = [
      ...opened,
      requestStatus(opened, 100, 'completed'),
      requestStatus(opened, 3_000, 'closed'),
    ];
    const { requests } = run([...items, pass(10_000)]);
    expect(requests.map(({ time }) => time)).toEqual([at(10), at(3_700)]);
  });

  it('is silent during the cool-down, however often the same is reported', () => {
    const { requests } = run([
      ...opened,
      requestStatus(opened, 100, 'closed'),
      raised(200, { id: 'other' }),
      raised(300, { id: 'other', phase: 'updated' }),
      pass(3_600),
    ]);
    expect(requests).toHaveLength(1);
  });

  it('respects a no for the whole cool-down although the anomaly comes and goes', () => {
    const items = [
      ...opened,
      requestStatus(opened, 100, 'rejected', 'no'),
      cleared(200),
      pass(1_000),
      raised(1_200, { id: 'again' }),
    ];
    expect(run([...items, pass(3_600)]).requests).toHaveLength(1);
    expect(run([...items, pass(10_000)]).requests.map(({ round }) => round)).toEqual([1, 2]);
  });

  it('ends quietly after a no when it is clear at the end of the cool-down', () => {
    const { requests } = run([
      ...opened,
      requestStatus(opened, 100, 'rejected'),
      cleared(200),
      pass(10_000),
    ]);
    expect(requests.map(({ action, time }) => [action, time / 1e6])).toEqual([
      ['open', 10],
      ['close', 3_700],
    ]);
  });

  it('goes on with the same request when work is taken up again', () => {
    const items = [
      ...opened,
      requestStatus(opened, 100, 'completed'),
      requestStatus(opened, 200, 'started'),
      pass(10_000),
    ];
    expect(run(items).requests).toHaveLength(1);
  });

  it('does not let an older status undo a newer one, nor a status of another request matter', () => {
    const other = machineEvent(90, 'request', { id: 'somebody', status: 'closed' });
    const items = [
      ...opened,
      other,
      requestStatus(opened, 200, 'started'),
      { ...requestStatus(opened, 100, 'closed'), late: true } as Flow<Input>,
      pass(10_000),
    ];
    expect(run(items).requests).toHaveLength(1);
  });
});
