import { pack } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import { decode } from '../../../operators/decode/decode.ts';
import { toMachineEventRow, toMachineStateRow } from '../../../operators/decode/machine-event.ts';
import type { Event, Flow } from '../../../operators/flow/flow.ts';
import type { Decoded } from '../../../operators/model/decoded.ts';
import { isInLogOrder, type MachineEvent } from '../../../operators/model/machine-event.ts';
import {
  compareOrigins,
  type Message,
  type Origin,
  type Sequence,
  sourceOf,
} from '../../../operators/model/message.ts';
import type { EventTime } from '../../../operators/model/time.ts';
import { event, runMessages } from '../../support/flows.ts';

const T = 1_767_592_800_000;
const appended = (T * 1_000) as EventTime;

function decoded(
  subject: string,
  content: unknown,
  headers: Record<string, string> = {},
): Flow<Decoded>[] {
  const payload = pack(content);
  const message: Message = { sequence: 7 as Sequence, appended, subject, headers, payload };
  return runMessages(decode, [event(subject, appended, message)]);
}

function only(output: readonly Flow<Decoded>[]): Event<Decoded> {
  const [item] = output;
  if (item?.kind !== 'event' || output.length > 1) throw new Error(JSON.stringify(output));
  return item;
}

const frame = { time: T, values: { a: 1 } };

describe('live and backfill', () => {
  test('are two sources of one subject', () => {
    const live = only(decoded('telemetry.p.l.a', frame));
    const backfill = only(decoded('telemetry.p.l.a', frame, { 'Andon-Backfill': '1' }));
    expect(live.key).toBe('telemetry.p.l.a');
    expect(backfill.key).toBe('telemetry.p.l.a backfill');
    expect(live.value.origin.backfill).toBeUndefined();
    expect(backfill.value.origin).toMatchObject({ subject: 'telemetry.p.l.a', backfill: true });
    expect(sourceOf(live.value.origin)).toBe(live.key);
    expect(sourceOf(backfill.value.origin)).toBe(backfill.key);
  });

  test('anything but 1 in the header is malformed: live data would move the clock', () => {
    expect(decoded('telemetry.p.l.a', frame, { 'Andon-Backfill': 'true' })).toMatchObject([
      { row: { reason: 'malformed', detail: 'expected Andon-Backfill: 1, found "true"' } },
    ]);
  });
});

describe('Andon-Schema', () => {
  test('of this version is read', () => {
    only(decoded('telemetry.p.l.a', frame, { 'Andon-Schema': '1' }));
  });

  test.each(['2', '1.1', 'x'])('%s becomes a dead letter that says what is understood', (found) => {
    for (const subject of ['telemetry.p.l.a', 'event.p.l.a', 'model.p']) {
      expect(decoded(subject, frame, { 'Andon-Schema': found })).toMatchObject([
        {
          row: {
            ...{ reason: 'schema', source: subject, count: 1 },
            detail: `expected version 1 of the wire format (Andon-Schema), found "${found}": a newer Andon reads it`,
          },
        },
      ]);
    }
  });
});

describe('what the subject attests', () => {
  const said = {
    time: T,
    type: 'acknowledged',
    data: { via: 'console', user: 'eve', system: 's' },
  };

  test('an act of a person, by way and user', () => {
    const { value, key } = only(decoded('act.p.l.a.console.u1x9', said, { via: 'x', user: 'y' }));
    expect(key).toBe('act.p.l.a.console.u1x9');
    expect(value).toMatchObject({
      ...{ kind: 'event', asset: 'p/l/a', type: 'acknowledged', data: said.data },
      attested: { kind: 'act', via: 'console', user: 'u1x9' },
    });
    expect(isInLogOrder(value as MachineEvent)).toBe(true);
    expect(toMachineEventRow(value as MachineEvent)).toMatchObject({
      ...{ plant: 'p', line: 'l', asset: 'a', type: 'acknowledged' },
      ...{ kind: 'act', via: 'console', user: 'u1x9', system: '' },
    });
  });

  test('a status of a system', () => {
    const status = { time: T, type: 'request', data: { id: 'r1', status: 'closed' } };
    const { value } = only(decoded('status.cmms.p.l.a', status));
    expect(value).toMatchObject({ asset: 'p/l/a', attested: { kind: 'status', system: 'cmms' } });
    expect(isInLogOrder(value as MachineEvent)).toBe(true);
    expect(toMachineEventRow(value as MachineEvent)).toMatchObject({
      ...{ kind: 'status', via: '', user: '', system: 'cmms' },
    });
  });

  test('a finding of an edge, which makes no machine state', () => {
    const finding = { time: T, type: 'state', data: { state: 'EXECUTE' } };
    const value = only(decoded('finding.p.l.a', finding)).value as MachineEvent;
    expect(value).toMatchObject({ asset: 'p/l/a', attested: { kind: 'finding' } });
    expect(isInLogOrder(value)).toBe(true);
    expect(toMachineStateRow(value)).toBeUndefined();
  });

  test('an event of the machine says nothing of it', () => {
    const value = only(decoded('event.p.l.a', said)).value as MachineEvent;
    expect(value.attested).toBeUndefined();
    expect(isInLogOrder(value)).toBe(false);
    expect(toMachineEventRow(value)).toMatchObject({
      ...{ kind: 'event', via: '', user: '', system: '' },
    });
  });

  test.each([
    'act.p.l.a.console',
    'act.p.l.a.console.U1',
    'act.p.l.a.console.u_1',
    `act.p.l.a.console.${'u'.repeat(33)}`,
    'act.p.l.a.con sole.u1',
    'act.p.l.a.console.u1.more',
    'status.cmms.p.l',
    'status..p.l.a',
    'finding.p.l',
    'finding.p.l.a.b',
  ])('%s is no subject', (subject) => {
    expect(decoded(subject, said)).toMatchObject([{ row: { reason: 'malformed' } }]);
  });
});

describe('order of origins', () => {
  const origin = (
    sequence: number,
    more: Partial<Origin> = {},
    [producer, mark]: readonly [string, number] = ['', sequence * 7_919],
  ): Origin => ({
    ...{ subject: 'telemetry.p.l.a', sequence: sequence as Sequence, appended },
    identity: { producer, mark },
    ...more,
  });

  test('source, producer, its own sequence, arrival', () => {
    const sorted = [
      origin(9, { subject: 'event.p.l.a' }),
      origin(3, {}, ['', 99]),
      origin(4, {}, ['', 1]),
      origin(8, {}, ['g/1', 4]),
      origin(2, {}, ['g/1', 5]),
      origin(1, {}, ['h/1', 1]),
      origin(5, { backfill: true }),
    ];
    expect([...sorted].reverse().sort(compareOrigins)).toEqual(sorted);
  });
});
