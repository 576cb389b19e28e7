import { describe, expect, it } from 'vitest';
import type { Flow } from '../../../operators/flow/flow.ts';
import { machineEvent, model, rules } from '../../support/findings.ts';
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

const warm = { ...hot, id: 'look', on: 'warm', request: { priority: 'low' }, cooldown: '24h' };
const burst = { ...hot, id: 'stop-it', on: 'burst', request: { priority: 'urgent' } };

const warms = (seconds: number, more = {}) =>
  raised(seconds, {
    ...{ rule: 'warm', component: 'bearing', failure_mode: 'WARM', severity: 'notice' },
    ...more,
  });
const bursts = (seconds: number, more = {}) =>
  raised(seconds, {
    ...{ rule: 'burst', signal: 'pressure', component: 'drive', failure_mode: 'BURST' },
    ...{ severity: 'danger', ...more },
  });

const begin = (triggers: readonly unknown[] = [warm, burst]) => [model, rules({ triggers })];

/** Where nobody but the answer may be to blame: what an answer says, by request and time. */
function opened(items: readonly Flow<Input>[]) {
  return run(items).requests.map(({ time, action, priority, round }) =>
    [time / 1e6, action, priority, round].join(' '),
  );
}

describe('an answer covers what people were told when they gave it', () => {
  it.each(['rejected', 'cancelled', 'completed', 'closed'])(
    '%s: a worse problem of another component has a new round at once',
    (status) => {
      const items: Flow<Input>[] = [...begin(), warms(10)];
      items.push(requestStatus(items, 100, status, 'is fine'), bursts(7_200), pass(7_300));
      const { requests } = run(items);
      expect(opened(items)).toEqual(['10 open low 1', '7200 open urgent 2']);
      expect(requests[1]).toMatchObject({
        ...{ component: 'drive', failure_mode: 'BURST', severity: 'danger', trigger: 'stop-it' },
        title: 'Fan 7, drive: BURST, danger: pressure is 81 °C, above 75 °C',
        because: `Request ${requests[0]?.id} was ${status} ("is fine") at 1970-01-01T00:01:40Z, and that is not all any more: component drive, failure mode BURST, severity danger, asked for by stop-it.`,
      });
      expect(requests[1]?.description).toContain('Also: notice, failure mode WARM, at bearing.');
    },
  );

  it('so does one whose first problem is well again', () => {
    const items: Flow<Input>[] = [...begin(), warms(10)];
    items.push(requestStatus(items, 100, 'rejected'));
    items.push(warms(200, { phase: 'cleared', cause: 'well' }), pass(1_000));
    items.push(bursts(7_200), pass(7_300));
    const { requests } = run(items);
    expect(opened(items)).toEqual(['10 open low 1', '7200 open urgent 2']);
    expect(requests[1]).toMatchObject({ component: 'drive', failure_mode: 'BURST' });
    expect(requests[1]?.description).not.toContain('Also:');
  });

  it.each([
    [
      'of each component',
      [
        { ...warm, per: 'component' },
        { ...burst, per: 'component' },
      ],
    ],
    ['of the asset', [warm, burst]],
  ])('a worse severity of the same component has a new round: %s', (_, triggers) => {
    const items: Flow<Input>[] = [...begin(triggers), warms(10)];
    items.push(requestStatus(items, 100, 'rejected'));
    items.push(warms(200, { phase: 'updated', severity: 'alarm' }), pass(5_000));
    expect(opened(items)).toEqual(['10 open low 1', '200 open low 2']);
    expect(run(items).requests[1]?.title).toContain('worse than answered: WARM, alarm');
    expect(run(items).requests[1]?.because).toContain('severity alarm');
  });

  it('another failure mode and another trigger have one', () => {
    const other = { ...burst, id: 'smell', on: 'smell' };
    for (const [more, says] of [
      [{ rule: 'smell', failure_mode: 'SMOKE' }, 'failure mode SMOKE, asked for by smell'],
      [{ rule: 'smell' }, 'asked for by smell'],
    ] as const) {
      const items: Flow<Input>[] = [...begin([warm, other]), warms(10)];
      items.push(requestStatus(items, 100, 'completed'));
      items.push(warms(200, { id: 'x', ...more }), pass(300));
      expect(opened(items)).toEqual(['10 open low 1', '200 open urgent 2']);
      expect(run(items).requests[1]?.because).toContain(`any more: ${says}.`);
    }
  });

  it('the same again has none, however often it comes and goes', () => {
    const items: Flow<Input>[] = [
      ...begin(),
      warms(10),
      warms(20, { phase: 'updated', severity: 'warning' }),
    ];
    items.push(pass(90));
    items.push(requestStatus(items, 100, 'rejected'));
    for (const time of [1_000, 2_000, 3_000]) {
      items.push(warms(time, { phase: 'cleared', cause: 'well', id: `w${time - 1_000}` }));
      items.push(warms(time + 5, { id: `w${time}`, severity: 'warning' }));
    }
    items.push(pass(80_000));
    expect(opened(items)).toEqual(['10 open low 1', '80 update low 1']);
  });

  it('does not cover what nobody was told: what came between the last revision and the answer', () => {
    const items: Flow<Input>[] = [...begin(), warms(10), bursts(100)];
    items.push({ ...requestStatus(items.slice(0, -1), 130, 'rejected') }, pass(1_000));
    expect(opened(items)).toEqual(['10 open low 1', '130 open urgent 2']);
  });

  it('covers what was known at its own time, though it is heard of later', () => {
    const items: Flow<Input>[] = [...begin(), warms(10), bursts(100), pass(200)];
    const answer = requestStatus(items.slice(0, 3), 50, 'rejected');
    items.push({ ...answer, late: true } as Flow<Input>, pass(1_000));
    expect(opened(items)).toEqual(['10 open low 1', '160 update urgent 1', '200 open urgent 2']);
  });

  it('covers its own request whatever clock the system has', () => {
    const items: Flow<Input>[] = [...begin(), warms(1_000)];
    items.push({ ...requestStatus(items, 500, 'rejected'), late: true } as Flow<Input>);
    items.push(pass(5_000));
    expect(opened(items)).toEqual(['1000 open low 1']);
  });

  it('does not ask again for what was well before the answer came', () => {
    const items: Flow<Input>[] = [...begin(), warms(10), bursts(100)];
    items.push(bursts(110, { phase: 'cleared', cause: 'well' }));
    items.push(requestStatus(items.slice(0, 3), 130, 'rejected'), pass(1_000));
    expect(opened(items)).toEqual(['10 open low 1']);
  });

  it('covers the answer to a new round as well', () => {
    const items: Flow<Input>[] = [...begin(), warms(10)];
    items.push(requestStatus(items, 100, 'rejected'), bursts(200));
    items.push(requestStatus(items, 300, 'rejected'), pass(3_600));
    items.push(bursts(3_650, { phase: 'updated' }), warms(3_660, { phase: 'updated' }));
    expect(opened(items)).toEqual(['10 open low 1', '200 open urgent 2']);
  });

  it('a new round asks only for what stands: no parts and no urgency of what is well again', () => {
    const low = { ...warm, cooldown: '1h', request: { priority: 'low', parts: ['grease'] } };
    const high = { ...burst, request: { priority: 'urgent', kind: 'repair', parts: ['motor'] } };
    const items: Flow<Input>[] = [...begin([low, high]), warms(10), bursts(20), pass(100)];
    items.push(requestStatus(items, 100, 'completed'));
    items.push(bursts(200, { phase: 'cleared', cause: 'well' }), pass(5_000));
    expect(run(items).requests.at(-1)).toMatchObject({
      ...{ round: 2, priority: 'low', work: 'inspection', parts: ['grease'], severity: 'notice' },
      ...{ component: 'bearing', failure_mode: 'WARM', trigger: 'look' },
    });
  });

  it('a standing problem is asked for again although it was calm just when the cool-down ended', () => {
    const items: Flow<Input>[] = [...begin([hot]), raised(10)];
    items.push(requestStatus(items, 100, 'rejected'));
    items.push(cleared(3_690, { cause: 'well' }), raised(3_710, { id: 'again' }), pass(90_000));
    expect(opened(items)).toEqual(['10 open medium 1', '3710 open medium 2']);
  });
});

describe('an acknowledgement', () => {
  const calls = { ...hot, escalate: '1h', per: 'component' };
  const begins = [
    ...[model, rules({ triggers: [calls, { ...shaky, escalate: '1h', per: 'component' }] })],
    ...[raised(10, { component: 'drive' }), shakes(10, { component: 'bearing' })],
  ];
  const ids = run(begins).requests.map(({ id }) => id);
  const escalated = (data: Record<string, string>) =>
    run([...begins, machineEvent(100, 'acknowledged', data), pass(4_000)])
      .requests.filter(({ action }) => action === 'update')
      .map(({ component }) => component);

  it.each([
    ['everything', {}, []],
    ['a request', { id: ids[0] ?? '' }, ['bearing']],
    ['a component', { component: 'bearing' }, ['drive']],
    ['an alarm by its rule', { rule: 'sha*' }, ['drive']],
    ['an alarm by its signal', { signal: 'temperature' }, ['bearing']],
    ['an anomaly', { anomaly: 'shaky-vibration-' }, ['drive']],
    [
      'both rule and component, which do not meet',
      { rule: 'hot', component: 'bearing' },
      ['drive', 'bearing'],
    ],
  ])('names %s', (_, data, others) => {
    expect(escalated(data as Record<string, string>)).toEqual(others);
  });

  it('covers the severity at its time: it escalates again when that is worse', () => {
    const items: Flow<Input>[] = [
      model,
      rules({ triggers: [{ ...hot, escalate: '1h' }] }),
      raised(10),
    ];
    items.push(machineEvent(100, 'acknowledged'), pass(20_000));
    items.push(raised(20_000, { phase: 'updated', severity: 'danger' }), pass(25_000));
    expect(run(items).revisions).toEqual([
      '10 1 open: hot spoke',
      '20060 2 update: severity is now danger',
      '23600 3 update: nobody accepted it within 1h: priority is now high',
    ]);
  });
});

describe('which problem an incident belongs to', () => {
  const incidentRules = (triggers: readonly unknown[]) =>
    rules({
      patterns: [
        {
          id: 'seen',
          raise: { severity: 'notice' },
          pattern: [{ name: 'a', where: "kind == 'anomaly' && rule == 'other'" }],
        },
      ],
      triggers,
    });
  const other = (seconds: number, component: string) =>
    raised(seconds, { rule: 'other', signal: 'noise', component, id: `o${seconds}` });

  it('without a trigger it joins only a problem of its component', () => {
    const items: Flow<Input>[] = [model, incidentRules([{ ...shaky, per: 'component' }])];
    items.push(shakes(10, { component: 'drive' }), other(20, 'bearing'), other(30, ''), pass(100));
    expect(run(items).revisions).toEqual(['10 1 open: shaky spoke']);
    items.push(other(200, 'drive'), pass(300));
    expect(run(items).revisions).toEqual([
      '10 1 open: shaky spoke',
      '260 2 update: seen says so too',
    ]);
  });

  it('without a trigger it joins the problem of the whole asset', () => {
    const items: Flow<Input>[] = [
      model,
      incidentRules([shaky]),
      shakes(10, { component: 'drive' }),
    ];
    items.push(other(20, 'bearing'), pass(100));
    expect(run(items).revisions.at(-1)).toContain('seen says so too');
  });

  it('of a trigger for the asset it does not join the problem of another component', () => {
    const items: Flow<Input>[] = [
      model,
      rules({ triggers: [{ ...shaky, per: 'component' }, hot] }),
    ];
    items.push(shakes(10, { component: 'drive' }), raised(20, { component: 'bearing' }));
    expect(run(items).requests.map(({ component }) => component)).toEqual(['drive', 'bearing']);
  });
});
