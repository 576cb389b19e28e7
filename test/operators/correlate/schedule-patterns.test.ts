import { describe, expect, it } from 'vitest';
import { correlate } from '../../../operators/correlate/correlate.ts';
import type { Event, Flow } from '../../../operators/flow/flow.ts';
import type { Anomaly } from '../../../operators/model/anomaly.ts';
import { canonicalJson } from '../../../operators/model/canonical.ts';
import type { Incident } from '../../../operators/model/incident.ts';
import type { Enriched, Observation } from '../../../operators/model/observation.ts';
import type { ScheduleEvent } from '../../../operators/model/schedule.ts';
import {
  anomaly,
  at,
  FAN,
  machineEvent,
  model,
  rules,
  situation,
  windowEvent,
} from '../../support/findings.ts';
import { runThrough, valuesOf, watermark } from '../../support/flows.ts';

type Input = Enriched<Observation> | Anomaly;

function planned(
  seconds: number,
  type: ScheduleEvent['type'],
  entry: Partial<ScheduleEvent['entry']> = {},
): Event<Input> {
  const time = at(seconds);
  const value: ScheduleEvent = {
    ...{ kind: 'schedule', asset: FAN, time, type },
    entry: { id: 'c1', kind: 'changeover', start: at(100), end: at(160), ...entry },
  };
  return { kind: 'event', key: FAN, time, value: { observation: value, situation: situation() } };
}

function found(pattern: readonly object[], items: readonly Flow<Input>[]): readonly Incident[] {
  const content = { patterns: [{ id: 'p', pattern, within: '1h' }] };
  const all = [model, rules(content), ...items, watermark('p1/l1', at(100_000))];
  return valuesOf(runThrough(correlate, all)).filter(
    (value): value is Incident => 'kind' in value && value.kind === 'incident',
  );
}

describe('patterns', () => {
  it('run over schedule, anomalies and machine events together', () => {
    const incidents = found(
      [
        {
          name: 'change',
          where: "kind == 'schedule' && type == 'ended' && entry_kind == 'changeover'",
        },
        {
          name: 'hot',
          follows: 'relaxed',
          where: "kind == 'anomaly' && time - last('change').time < 600000",
        },
        {
          name: 'stop',
          follows: 'relaxed',
          where: "kind == 'event' && type == 'state' && state == 'ABORTED'",
        },
      ],
      [
        planned(100, 'begun'),
        anomaly(120),
        planned(160, 'ended'),
        anomaly(170),
        machineEvent(180, 'state', {}, { situation: situation({ state: 'ABORTED' }) }),
      ],
    );
    expect(incidents).toHaveLength(1);
    expect(incidents[0]?.evidence.map(({ stage, kind, text }) => [stage, kind, text])).toEqual([
      ['change', 'schedule', 'changeover c1 ended: 1970-01-01T00:01:40Z to 1970-01-01T00:02:40Z'],
      ['hot', 'anomaly', 'warning: temperature is 81 °C, above 75 °C'],
      ['stop', 'event', 'state'],
    ]);
  });

  it('see of an entry what it is, when, and which order and product', () => {
    const where =
      "kind == 'schedule' && entry == 'o1' && entry_kind == 'operation' && operation == 'bend'";
    const more = "order == '9' && product == 'B' && end - start == 60000 && due == 200000";
    const entry = { id: 'o1', kind: 'operation', segment: 'bend', order: '9' } as const;
    const items = [
      planned(10, 'added', { ...entry, product: 'B', due: at(200) }),
      planned(20, 'added'),
    ];
    expect(found([{ name: 'it', where: `${where} && ${more}` }], items)).toHaveLength(1);
  });

  it('are not fed with the schedule unless they name it, and read no anomaly in later phases for it', () => {
    const [first, second] = ["kind == 'anomaly'", "kind == 'anomaly' && signal == 'vibration'"];
    const strict = [
      { name: 'a', where: first },
      { name: 'b', follows: 'strict', where: second },
    ];
    const items = [anomaly(1), planned(2, 'begun'), anomaly(3, { rule: 'x', signal: 'vibration' })];
    expect(found(strict, items)).toHaveLength(1);
  });

  it.each([
    ['minutes to the next stop', 'next_stop > 10 && next_stop < 45', { next_stop: 30 }, true],
    ['minutes to the next stop, as a whole number', 'next_stop == 30', { next_stop: 30 }, true],
    ['no next stop', 'next_stop > 10 || next_stop <= 10', { next_stop: null }, false],
    ['the operation', "operation == 'bend'", { operation: 'bend' }, true],
    ['when the order is due', 'due - time > 60000', { due: at(100) }, true],
  ])('ask for %s', (_, where, more, expected) => {
    const event = anomaly(10, { situation: situation(more) });
    const incidents = found([{ name: 'it', where: `kind == 'anomaly' && (${where})` }], [event]);
    expect(incidents).toHaveLength(expected ? 1 : 0);
  });
});

it('the row of a match has all evidence of its incident, as canonical JSON', () => {
  const kinds = ['schedule', 'window', 'event', 'anomaly'];
  const patterns = ['no-skip', 'past-last-event'].map((skip) => ({
    ...{ id: `of-${skip}`, skip, within: '1h' },
    pattern: kinds.map((kind, at) => {
      const stage = { name: `${kind}-1`, where: `kind == '${kind}'`, times: '1+' };
      return at === 0 ? stage : { ...stage, follows: 'relaxed' };
    }),
  }));
  const output = runThrough(correlate, [
    ...[model, rules({ patterns })],
    planned(5, 'added', { id: 'c "1"' }),
    ...[windowEvent(10, 'temperature', 0.1), windowEvent(20, 'pressure "b"', 1e21)],
    machineEvent(21, 'note', { text: 'said "no" \\ left\n\u2028' }),
    anomaly(30, { reason: 'score 4 "above" 3\u0007' }),
    anomaly(40, { id: 'second "one"', reason: '' }),
  ]);
  const evidence = valuesOf(output).flatMap((value) => {
    return 'kind' in value && value.kind === 'incident' ? [value.evidence] : [];
  });
  expect(evidence.length).toBeGreaterThan(4);
  expect(new Set(evidence.flat().map(({ kind }) => kind))).toEqual(new Set(kinds));
  const rows = output.flatMap((item) => {
    return item.kind === 'row' && item.table === 'incidents' ? [item.row.evidence] : [];
  });
  expect(rows).toEqual(evidence.map((each) => canonicalJson(each)));
});
