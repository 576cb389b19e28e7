import { describe, expect, test } from 'vitest';
import { detect } from '../../../operators/detect/detect.ts';
import type { Flow } from '../../../operators/flow/flow.ts';
import type { Detected } from '../../../operators/model/anomaly.ts';
import { detectorRuleSchema } from '../../../operators/model/detector-rule.ts';
import type { Enriched, Observation } from '../../../operators/model/observation.ts';
import { runThrough, watermark } from '../../support/flows.ts';
import {
  anomaliesOf,
  changeOf,
  machineEvent,
  model,
  phasesOf,
  rulesChange,
  seconds,
  windowEvent,
} from './fixtures.ts';

type Item = Flow<Enriched<Observation>>;

const guard = { id: 'guard', kind: 'event', type: 'alarm', clear: { type: 'alarm-gone' } };
const byCode = { ...guard, by: 'code', clear: { type: 'alarm-gone' } };
const wait = (second: number): Item => watermark('plant/line', seconds(second));

function run(rule: object, ...items: Item[]): Flow<Detected>[] {
  return runThrough(detect, [changeOf(model), changeOf(rulesChange(rule)), ...items]);
}

function refusalsOf(rule: object): string[] {
  return (detectorRuleSchema.safeParse(rule).error?.issues ?? []).map(({ message }) => message);
}

describe('an anomaly of events', () => {
  test('is raised by one event and ended by another, and says by which', () => {
    const out = run(
      { ...guard, raise: { severity: 'alarm' }, failure_mode: 'GUARD' },
      machineEvent(10, 'alarm', { code: 'E7', text: 'Guard open' }),
      machineEvent(20, 'alarm', { code: 'E7' }),
      machineEvent(90, 'alarm-gone', { code: 'E7' }),
    );
    expect(phasesOf(out)).toEqual(['raised 10 alarm', 'cleared 90 alarm']);
    const [raised, cleared] = anomaliesOf(out);
    expect(raised).toMatchObject({
      ...{ detector: 'event', signal: 'alarm', failure_mode: 'GUARD', since: seconds(10) },
      reason:
        'alarm was reported by the event "alarm" (code E7, text Guard open), since 1970-01-01T00:00:10Z; state EXECUTE',
    });
    expect(cleared).toMatchObject({
      cause: 'well',
      reason: 'alarm was ended by the event "alarm-gone" (code E7); lasted 1m20s',
    });
  });

  test('`by` makes one of each value, and an event that names none ends all', () => {
    const code = (second: number, type: string, value: string) =>
      machineEvent(second, type, { code: value });
    const out = run(
      byCode,
      ...[code(10, 'alarm', 'E7'), code(20, 'alarm', 'E8'), code(30, 'alarm-gone', 'E7')],
      ...[code(40, 'alarm', 'E9'), machineEvent(50, 'alarm-gone')],
    );
    expect(anomaliesOf(out).map(({ phase, signal }) => `${phase} ${signal}`)).toEqual([
      ...['raised alarm E7', 'raised alarm E8', 'cleared alarm E7', 'raised alarm E9'],
      ...['cleared alarm E8', 'cleared alarm E9'],
    ]);
  });

  test('`data` tells events of one type apart', () => {
    const rule = {
      ...{ ...guard, signal: 'door', data: { active: true } },
      clear: { type: 'alarm', data: { active: false } },
    };
    const out = run(
      rule,
      machineEvent(10, 'alarm', { active: true }),
      machineEvent(20, 'alarm', { active: false }),
      machineEvent(30, 'alarm', {}),
    );
    expect(anomaliesOf(out).map(({ phase, signal }) => `${phase} ${signal}`)).toEqual([
      'raised door',
      'cleared door',
    ]);
  });

  test('ends by time, counted from the last of its events', () => {
    const rule = { ...guard, clear: { after: '1m' } };
    const out = run(
      rule,
      machineEvent(10, 'alarm'),
      machineEvent(40, 'alarm'),
      wait(99),
      wait(101),
    );
    expect(phasesOf(out)).toEqual(['raised 10 warning', 'cleared 100 warning']);
    expect(anomaliesOf(out)[1]).toMatchObject({
      cause: 'well',
      reason: 'alarm did not come again for 1m; lasted 1m30s',
    });
  });

  test('an on-delay is broken by the end, a count counts', () => {
    const slow = { ...guard, raise: { after: '30s' } };
    const gone = machineEvent(30, 'alarm-gone');
    expect(phasesOf(run(slow, machineEvent(10, 'alarm'), gone, wait(100)))).toEqual([]);
    const late = run(slow, machineEvent(10, 'alarm'), wait(100));
    expect(phasesOf(late)).toEqual(['raised 40 warning']);
    expect(anomaliesOf(late)[0]!.since).toBe(seconds(10));
    const three = { ...guard, raise: { count: 3 } };
    const often = [10, 20, 30].map((at) => machineEvent(at, 'alarm'));
    expect(phasesOf(run(three, ...often))).toEqual(['raised 30 warning']);
  });

  test('with `escalate` it is worse when it lasts, whether or not events come', () => {
    const rule = { ...guard, raise: { escalate: { alarm: '1m', danger: '5m' } } };
    const out = run(rule, machineEvent(10, 'alarm'), machineEvent(65, 'alarm'), wait(400));
    expect(phasesOf(out)).toEqual(['raised 10 warning', 'updated 70 alarm', 'updated 310 danger']);
  });

  test('begins only while its `while` holds, and ends whatever the machine does', () => {
    const rule = { ...guard, while: "state == 'EXECUTE'" };
    const stopped = { state: 'STOPPED' };
    const out = run(
      rule,
      machineEvent(10, 'alarm', {}, stopped),
      machineEvent(20, 'alarm'),
      machineEvent(30, 'alarm-gone', {}, stopped),
    );
    expect(phasesOf(out)).toEqual(['raised 20 warning', 'cleared 30 warning']);
  });

  test('a changed time takes effect at once, another type ends it', () => {
    const rule = { ...guard, clear: { after: '1h' } };
    const edit = (next: object): Item => changeOf(rulesChange(next));
    const short = { ...guard, clear: { after: '1m' } };
    const out = run(rule, machineEvent(10, 'alarm'), wait(20), edit(short), wait(80));
    expect(phasesOf(out)).toEqual(['raised 10 warning', 'cleared 70 warning']);
    const other = run(rule, machineEvent(10, 'alarm'), wait(20), edit({ ...rule, type: 'stop' }));
    expect(anomaliesOf(other).at(-1)).toMatchObject({ phase: 'cleared', cause: 'rule changed' });
  });

  test('a signal of the same name is none of its business', () => {
    expect(phasesOf(run(guard, windowEvent(10, 99, {}, { signal: 'alarm' })))).toEqual([]);
  });

  test('at most 256 values at a time: one more is counted', () => {
    const codes = Array.from({ length: 257 }, (_, at) => machineEvent(at, 'alarm', { code: at }));
    const out = run(byCode, ...codes);
    expect(anomaliesOf(out)).toHaveLength(256);
    const lost = out.flatMap((item) =>
      item.kind === 'row' && item.table === 'dead_letters' ? [item.row] : [],
    );
    expect(lost).toMatchObject([{ reason: 'overflow', original: 'alarm 256' }]);
  });

  test('is the same wherever the run was cut', () => {
    const rule = {
      ...guard,
      raise: { after: '5s', escalate: { alarm: '1m' } },
      clear: { after: '2m' },
    };
    const items: Item[] = [
      ...[
        changeOf<Enriched<Observation>>(model),
        changeOf<Enriched<Observation>>(rulesChange(rule)),
      ],
      ...[machineEvent(10, 'alarm'), wait(20), machineEvent(50, 'alarm'), wait(80), wait(500)],
    ];
    const whole = phasesOf(runThrough(detect, items));
    expect(whole).toEqual(['raised 15 warning', 'updated 70 alarm', 'cleared 170 alarm']);
    for (const cut of [2, 3, 4, 5]) {
      expect(phasesOf(runThrough(detect, items, new Set([cut])))).toEqual(whole);
    }
  });

  test('that cannot end is refused, and so is what means nothing', () => {
    const { clear: _, ...endless } = guard;
    expect(refusalsOf({ ...endless, clear: {} })).toEqual([
      'expected type or after: what begins with an event must be able to end',
    ]);
    expect(refusalsOf({ ...guard, clear: { after: '1m', data: { a: 1 } } })).toEqual([
      'expected data only beside the type of the event that clears',
    ]);
    expect(refusalsOf({ ...guard, when: { steady: '1m' } })).toEqual([
      'expected no "when": an event is no sample; it has "while"',
    ]);
    expect(refusalsOf({ ...guard, raise: { gap: '1m' } })).toEqual([
      'expected no "gap": a detector of kind event reads no samples',
    ]);
  });
});
