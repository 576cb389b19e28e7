import { describe, expect, test } from 'vitest';
import { alarm } from '../../../operators/alarm/alarm.ts';
import { machineEvent, PRESS, rules, situation } from '../../support/findings.ts';
import { runThrough } from '../../support/flows.ts';
import {
  alarmsOf,
  cleared,
  event,
  type Item,
  landedOf,
  phase,
  raised,
  reportedOf,
  run,
  shelve,
  wait,
} from './run-alarm.ts';

describe('without rules and operator actions', () => {
  test('every anomaly passes at once and lands, and its alarm has a history', () => {
    const out = run({}, raised(10), phase(20, 'updated', 2), cleared(30, 3));
    expect(reportedOf(out)).toEqual(['raised 10 hot 1', 'updated 20 hot 2', 'cleared 30 hot 3']);
    expect(landedOf(out)).toEqual(['raised 1', 'updated 2', 'cleared 3']);
    expect(alarmsOf(out)).toEqual([
      'hot raised: normal > unacknowledged',
      'hot cleared: unacknowledged > returned',
    ]);
  });

  test('observations pass untouched', () => {
    const out = run({}, event(5, 'state', { state: 'EXECUTE' }));
    expect(out.filter(({ kind }) => kind === 'event')).toHaveLength(1);
  });
});

describe('acknowledgement', () => {
  test('is a row with who and why, and normal follows when it has cleared', () => {
    const out = run(
      {},
      raised(10),
      event(20, 'acknowledged', { by: 'fitter 7', reason: 'on my way' }),
      cleared(30),
    );
    expect(alarmsOf(out)).toEqual([
      'hot raised: normal > unacknowledged',
      'hot acknowledged: unacknowledged > acknowledged',
      'hot cleared: acknowledged > normal',
    ]);
    const row = out.flatMap((item) =>
      item.kind === 'row' && item.table === 'alarms' ? [item.row] : [],
    )[1];
    expect(row).toMatchObject({
      who: 'fitter 7',
      reason: 'on my way',
      asset: 'fan',
      anomaly: 'hot-temperature-',
    });
  });

  test('on `act.…` is by whom the subject names, whatever the message says', () => {
    const said = machineEvent(20, 'acknowledged', { by: 'the boss' });
    const { observation } = said.value;
    const act = { ...observation, attested: { kind: 'act', via: 'console', user: 'u7' } } as const;
    const out = run({}, raised(10), {
      ...said,
      value: { ...said.value, observation: act },
    } as Item);
    const whos = out.flatMap((item) =>
      item.kind === 'row' && item.table === 'alarms' ? [item.row.who] : [],
    );
    expect(whos).toEqual(['', 'u7']);
  });

  test('may name the rule, the signal, the point or the anomaly; another is not meant', () => {
    for (const data of [
      { rule: 'cold' },
      { signal: 'press*' },
      { point: 'de' },
      { anomaly: 'x' },
    ]) {
      expect(alarmsOf(run({}, raised(10), event(20, 'acknowledged', data)))).toHaveLength(1);
    }
    expect(
      alarmsOf(run({}, raised(10), event(20, 'acknowledged', { signal: 'temp*' }))),
    ).toHaveLength(2);
  });

  test('a severity that rises, or too long a time, asks for another', () => {
    const worse = phase(30, 'updated', 2, { severity: 'alarm' });
    expect(alarmsOf(run({}, raised(10), event(20, 'acknowledged'), worse)).at(-1)).toBe(
      'hot risen: acknowledged > unacknowledged',
    );
    const out = run(
      { realarm: '1m' },
      raised(10),
      event(20, 'acknowledged'),
      wait(79),
      wait(80),
      cleared(90),
    );
    expect(alarmsOf(out).slice(2)).toEqual([
      'hot realarm: acknowledged > unacknowledged',
      'hot cleared: unacknowledged > returned',
    ]);
    expect(reportedOf(out)).toEqual(['raised 10 hot 1', 'updated 80 hot 2', 'cleared 90 hot 3']);
  });
});

describe('shelving', () => {
  test('hides what comes, and reports it when its time is over, with dense revisions', () => {
    const out = run(
      {},
      event(5, 'shelved', shelve),
      raised(10),
      phase(20, 'updated', 2),
      wait(100),
      cleared(110, 3),
    );
    expect(reportedOf(out)).toEqual(['raised 100 hot 3', 'cleared 110 hot 4']);
    expect(landedOf(out)).toEqual([
      'raised 1 shelved',
      'updated 2 shelved',
      'raised 3',
      'cleared 4',
    ]);
    expect(alarmsOf(out).slice(1)).toEqual([
      'hot raised: shelved > shelved',
      'hot unshelved:  >',
      'hot unshelved: shelved > unacknowledged',
      'hot cleared: unacknowledged > returned',
    ]);
  });

  test('is over by "unshelved" as well', () => {
    const out = run(
      {},
      event(5, 'shelved', shelve),
      raised(10),
      event(20, 'unshelved', { rule: 'hot' }),
    );
    expect(reportedOf(out)).toEqual(['raised 20 hot 2']);
  });

  test('what cleared meanwhile is not reported', () => {
    const out = run({}, event(5, 'shelved', shelve), raised(10), cleared(20), wait(200));
    expect(reportedOf(out)).toEqual([]);
    expect(landedOf(out)).toEqual(['raised 1 shelved', 'cleared 2 shelved']);
  });

  test('of what was reported it is reported that it cleared', () => {
    const out = run({}, raised(3), event(5, 'shelved', shelve), cleared(20));
    expect(reportedOf(out)).toEqual(['raised 3 hot 1', 'cleared 20 hot 2']);
  });

  test.for([{ reason: 'x' }, { until: 4_000 }])('%o is none: it has no end after it', (data) => {
    const out = run({}, event(5, 'shelved', data), raised(10));
    expect(reportedOf(out)).toEqual(['raised 10 hot 1']);
    expect(
      out.some(
        (item) =>
          item.kind === 'row' && item.table === 'dead_letters' && item.row.reason === 'refused',
      ),
    ).toBe(true);
  });

  test('other rules and other assets are reported', () => {
    const out = run(
      {},
      event(5, 'shelved', shelve),
      raised(10, { rule: 'cold' }),
      raised(11, { asset: PRESS }),
    );
    expect(reportedOf(out)).toHaveLength(2);
  });
});

describe('out of service', () => {
  test('lasts until somebody puts it back', () => {
    const items = [event(5, 'out_of_service', { reason: 'dismantled' }), raised(10), wait(1e6)];
    expect(reportedOf(run({}, ...items))).toEqual([]);
    expect(landedOf(run({}, ...items))).toEqual(['raised 1 out of service']);
    expect(reportedOf(run({}, ...items, event(1e6 + 1, 'in_service')))).toEqual([
      'raised 1000001 hot 2',
    ]);
  });
});

describe('suppression by design', () => {
  const alarms = { suppress: [{ during: ['changeover'], settle: '1m', signals: ['temp*'] }] };
  const during = (seconds: number, planned: string) =>
    machineEvent(seconds, 'note', {}, { situation: situation({ planned }) }) as Item;

  test('during a changeover and until it has settled, what is raised is not reported', () => {
    const out = run(
      alarms,
      during(5, 'changeover'),
      raised(10),
      during(20, 'changeover'),
      during(80, ''),
      during(81, ''),
    );
    expect(reportedOf(out)).toEqual(['raised 81 hot 2']);
    expect(landedOf(out)[0]).toBe('raised 1 changeover');
    expect(alarmsOf(out)).toEqual([
      'hot raised: suppressed > suppressed',
      'hot unsuppressed: suppressed > unacknowledged',
    ]);
  });

  test('other signals and other stretches are reported', () => {
    expect(reportedOf(run(alarms, during(5, 'maintenance'), raised(10)))).toHaveLength(1);
    expect(
      reportedOf(run(alarms, during(5, 'changeover'), raised(10, { signal: 'speed' }))),
    ).toHaveLength(1);
  });
});

describe('suppression by design, compared only when it changes', () => {
  const alarms = {
    suppress: [
      { during: ['changeover'], settle: '1m', signals: ['temp*'] },
      { during: ['maintenance'], signals: ['*'] },
    ],
  };
  const during = (seconds: number, planned: string) =>
    machineEvent(seconds, 'note', {}, { situation: situation({ planned }) }) as Item;
  const speed = { rule: 'fast', signal: 'speed' };

  test('holds for each alarm by its own signal, from one stretch to another', () => {
    const out = run(
      alarms,
      ...[raised(1), raised(2, speed), during(5, 'changeover'), during(6, 'changeover')],
      ...[
        during(10, 'maintenance'),
        during(11, ''),
        during(69, ''),
        during(70, ''),
        during(71, ''),
      ],
    );
    expect(alarmsOf(out).slice(2)).toEqual([
      'hot suppressed: unacknowledged > suppressed',
      'fast suppressed: unacknowledged > suppressed',
      'fast unsuppressed: suppressed > unacknowledged',
      'hot unsuppressed: suppressed > unacknowledged',
    ]);
  });

  test('time alone may end it between two observations: what is raised then is shown, and the others follow', () => {
    const out = run(
      alarms,
      ...[
        during(5, 'changeover'),
        raised(10),
        wait(70),
        raised(80, { rule: 'warm' }),
        during(81, ''),
      ],
    );
    expect(reportedOf(out)).toEqual(['raised 80 warm 1', 'raised 81 hot 2']);
    // A late observation of the changeover does not confuse the two.
    const again = [during(82, 'changeover'), during(83, 'changeover')];
    const twice = run(alarms, during(5, 'changeover'), raised(80, { rule: 'warm' }), ...again);
    expect(alarmsOf(twice).at(-1)).toBe('warm suppressed: unacknowledged > suppressed');
  });

  test('other rules are asked at once', () => {
    const out = runThrough(alarm, [
      ...[rules({ alarms }) as Item, during(5, 'changeover'), raised(10)],
      ...[rules({ alarms: {} }) as Item, rules({ alarms }) as Item, during(12, 'changeover')],
    ]);
    expect(alarmsOf(out).map((text) => text.split(':')[0])).toEqual([
      ...['hot raised', 'hot unsuppressed', 'hot suppressed'],
    ]);
  });
});

describe('the cause of a clear', () => {
  const causesOf = (items: readonly Item[]) => {
    return items.flatMap((item) =>
      item.kind === 'row' && item.table === 'anomalies'
        ? [`${item.row.phase} ${item.row.cause}`.trim()]
        : [],
    );
  };

  test('lands, and goes on', () => {
    const out = run({}, raised(10), cleared(30, 2, { cause: 'rule changed' }));
    expect(causesOf(out)).toEqual(['raised', 'cleared rule changed']);
    expect(out.at(-1)).toMatchObject({ value: { phase: 'cleared', cause: 'rule changed' } });
  });

  test('of a flood is well when it is over, and an edit when the rules count none any more', () => {
    const flood = { flood: { limit: 1, per: '1m', resume: 1 } };
    const many = [raised(10), raised(11, { rule: 'b' }), raised(12, { rule: 'c' })];
    expect(causesOf(run(flood, ...many, wait(500)))).toContain('cleared well');
    const edited = runThrough(alarm, [
      rules({ alarms: flood }) as Item,
      ...many,
      rules({ alarms: {} }) as Item,
    ]);
    expect(causesOf(edited)).toContain('cleared rule changed');
  });
});

describe('feedback', () => {
  test('is a row: right or wrong, by whom and why', () => {
    const out = run(
      {},
      raised(10),
      event(20, 'feedback', { verdict: 'false', by: 'fitter 7', reason: 'a fork lift' }),
    );
    expect(alarmsOf(out).at(-1)).toBe('hot false: unacknowledged > unacknowledged');
  });

  test('on an anomaly that has no alarm any more still counts', () => {
    const out = run(
      {},
      event(20, 'feedback', { verdict: 'confirmed', anomaly: 'old', rule: 'hot' }),
    );
    expect(out).toContainEqual(
      expect.objectContaining({
        table: 'alarms',
        row: expect.objectContaining({ anomaly: 'old', rule: 'hot', cause: 'confirmed' }),
      }),
    );
  });

  test('that is neither becomes a dead letter', () => {
    const out = run({}, event(20, 'feedback', { verdict: 'perhaps' }));
    expect(out.some((item) => item.kind === 'row' && item.table === 'dead_letters')).toBe(true);
  });
});

test('cut anywhere, it goes on', () => {
  const items: Item[] = [
    rules({
      alarms: { flood: { limit: 2, per: '1m' }, regime: { signals: 2, per: '1m' }, realarm: '1m' },
    }) as Item,
    ...[
      raised(10),
      event(20, 'acknowledged'),
      event(25, 'shelved', { until: 60_000, signal: 'speed' }),
    ],
    ...[
      raised(30, { signal: 'speed' }),
      raised(40, { rule: 'usual', detector: 'baseline' }),
      wait(70),
    ],
    ...[raised(75, { rule: 'a' }), raised(76, { rule: 'b' }), wait(120), cleared(130), wait(500)],
  ];
  const whole = runThrough(alarm, items);
  expect(reportedOf(whole).length).toBeGreaterThan(6);
  for (let cut = 0; cut < items.length; cut += 1) {
    expect(runThrough(alarm, items, new Set([cut]))).toEqual(whole);
  }
});
