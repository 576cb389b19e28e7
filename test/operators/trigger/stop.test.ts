import { describe, expect, it } from 'vitest';
import { at, machineEvent, model, planned, rules, situation } from '../../support/findings.ts';
import { hot, pass, raised, run } from './lives.ts';

const slotted = [
  model,
  rules({ triggers: [{ ...hot, slot: 'next-gap', request: { duration: '2h' } }] }),
];
const order = { id: '4711', kind: 'order', product: 'lid', start: 0, end: 10_000, due: 12_000 };
const bend = { id: 'op', kind: 'operation', order: '4711', segment: 'bend', start: 0, end: 9_000 };
const stop = { id: 's1', kind: 'planned-stop', start: 40_000, end: 50_000 };

function first(...entries: readonly Record<string, unknown>[]) {
  const { requests, rows } = run([...slotted, planned(...entries), raised(10)]);
  return { request: requests[0], row: rows[0], lines: requests[0]?.description.split('\n') ?? [] };
}

describe('a request', () => {
  it('carries order, due time, slot and what a stop would cost, as data, as columns and for people', () => {
    const { request, row, lines } = first(order, bend, stop);
    expect(request).toMatchObject({
      current: {
        ...{ order: '4711', operation: 'bend', product: 'lid' },
        ...{ due: at(12_000), end: at(10_000) },
      },
      slot: { entry: 'op', kind: 'gap', start: at(9_000), end: at(40_000) },
      stop: { cost: 8_400, cost_in_slot: 0, currency: 'EUR', done: at(17_200), late: true },
    });
    expect(row).toMatchObject({
      ...{ order: '4711', operation: 'bend', product: 'lid', due: at(12_000) },
      ...{ slot_entry: 'op', slot_kind: 'gap', slot_start: at(9_000), slot_end: at(40_000) },
      ...{ stop_cost: 8_400, order_late: true },
    });
    expect(lines.slice(-4)).toEqual([
      'Proposed slot: free time after op, 1970-01-01T02:30:00Z to 1970-01-01T11:06:40Z.',
      'Order now: 4711, operation bend, product lid, planned until 1970-01-01T02:46:40Z, due 1970-01-01T03:20:00Z.',
      'A stop while it produces: about 8,400 EUR (2h at 4,200 EUR an hour); order 4711 would be done at 1970-01-01T04:46:40Z, 1h27m after it is due.',
      'A stop in the slot: nothing, the machine stands anyway.',
    ]);
  });

  it('says that the order would still be in time', () => {
    const { request, lines } = first({ ...order, due: 20_000 }, stop);
    expect(request?.stop).toMatchObject({ done: at(17_200), late: false });
    expect(lines.at(-2)).toContain('order 4711 would be done at 1970-01-01T04:46:40Z, in time.');
  });

  it('says nothing of what nobody knows', () => {
    const { request, row, lines } = first();
    expect(request).toMatchObject({
      current: { order: '', operation: '', product: '', due: null, end: null },
      slot: null,
      stop: { cost: 8_400, cost_in_slot: null, done: null, late: null },
    });
    expect(row).toMatchObject({ order: '', due: null, slot_start: null, order_late: null });
    expect(lines.at(-1)).toBe(
      'A stop while it produces: about 8,400 EUR (2h at 4,200 EUR an hour).',
    );
  });

  it('follows the order: each revision says what is made when it is said', () => {
    const next = { id: '4712', kind: 'order', product: 'hinge', start: 10_000, end: 20_000 };
    const worse = raised(11_000, { phase: 'updated', severity: 'danger' });
    const { requests } = run([...slotted, planned(order, next), raised(10), worse, pass(12_000)]);
    expect(requests.map(({ current }) => current.order)).toEqual(['4711', '4712']);
    // What the machine did when the problem began stays what it was.
    expect(requests.map((request) => request.product)).toEqual(['lid', 'lid']);
  });

  it('believes the machine rather than the schedule', () => {
    const other = {
      id: '9',
      kind: 'order',
      product: 'hinge',
      start: 50_000,
      end: 60_000,
      due: 61_000,
    };
    const said = machineEvent(5, 'state', { state: 'EXECUTE', order: '9' });
    const { requests } = run([...slotted, planned(order, other), said, raised(10)]);
    expect(requests[0]?.current).toMatchObject({ order: '9', product: 'hinge', due: at(61_000) });
    expect(requests[0]?.state).toBe(situation().state);
  });
});
