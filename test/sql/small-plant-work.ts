import { type Row, row } from '../../operators/flow/flow.ts';
import type { EpochContent } from '../../sinks/sink.ts';
import { sequence, time } from '../sinks/clickhouse/sample-rows.ts';
import { at, epochOf } from './small-plant.ts';

/** A row, and the time of that day at which its message was appended. */
export type TimedRow = readonly [clock: string, row: Row];

const PRESS = { plant: 'p1', line: 'l1', asset: 'press' };

type Asked = {
  readonly part?: string;
  readonly system?: string;
  readonly undoes?: string;
  readonly payload?: object;
};

/** A command that was sent. */
export function askedCommand(
  id: string,
  request: string,
  clock: string,
  verb: string,
  { part, system = 'erp', undoes = '', payload = {} }: Asked,
): TimedRow {
  const told = { ...(part === undefined ? {} : { part, quantity: 2 }), ...payload };
  return [
    clock,
    row('commands', {
      ...{ ...PRESS, id, request, workflow: 'parts', step: id, n: 1, system, verb, key: `k-${id}` },
      ...{
        mode: 'on',
        not_after: null,
        undoes,
        priority: 'high',
        because: 'hot',
        time: time(at(clock)),
      },
      command: JSON.stringify({ id, payload: told }),
    }),
  ];
}

/** What a system said of a command. */
export function answered(id: string, clock: string, more: object = {}, system = 'erp'): TimedRow {
  return [
    clock,
    row('machine_events', {
      ...{ ...PRESS, time: time(at(clock)), type: 'command', kind: 'status', via: '', user: '' },
      ...{ system, data: JSON.stringify({ id, outcome: 'done', ...more }) },
    }),
  ];
}

/**
 * Behind the story of `small-plant.ts`, whose newest time is 14:00: request r1 was done at 11:41 and never closed. For r2 (13:01,
 * in the CMMS at 13:02) the ERP was asked for stock at 13:01 and said after 30 s that two are short, a reservation was asked for
 * at 13:02 and is short since 13:04, and a requisition of 13:05 is not answered. For r1 a reservation of 10:42 was refused after
 * 10 s; the one after it, of 10:45, is assigned since 10:50, and done with at 11:30.
 */
export const WORK: readonly TimedRow[] = [
  askedCommand('c1', 'r1', '10:42', 'reserve', { part: '6205' }),
  answered('c1', '10:42:10', { outcome: 'rejected', note: 'no such part' }),
  askedCommand('c2', 'r1', '10:45', 'reserve', { part: '6205-2RS' }),
  answered('c2', '10:46', { state: 'short' }),
  answered('c2', '10:50', { state: 'assigned' }),
  answered('c2', '11:30', { state: 'done' }),
  askedCommand('c3', 'r2', '13:01', 'check-stock', { part: 'SEAL-45' }),
  answered('c3', '13:01:30', { available: 0, short: 2, state: 'done' }),
  askedCommand('c4', 'r2', '13:02', 'reserve', { part: 'SEAL-45' }),
  answered('c4', '13:04', { state: 'short' }),
  askedCommand('c5', 'r2', '13:05', 'requisition', { part: 'SEAL-45' }),
];

/** Rows as an epoch behind those of the plant, one message each, from this sequence on. */
export function epochOfRows(rows: readonly TimedRow[], first: number): EpochContent {
  return epochOf('1', 'ANDON_0', 'then', first, first + rows.length - 1, (blocks) => {
    for (const [index, [clock, each]] of rows.entries()) {
      blocks.add(each, sequence(first + index), time(at(clock)));
    }
  });
}
