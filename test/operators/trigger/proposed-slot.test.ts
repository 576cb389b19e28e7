import { describe, expect, it } from 'vitest';
import {
  at,
  machineEvent,
  model,
  planned,
  rules,
  schedule,
  situation,
} from '../../support/findings.ts';
import { hot, pass, raised, requestStatus, run, shakes } from './run-trigger.ts';

describe('the proposed slot', () => {
  const slotted = [model, rules({ triggers: [{ ...hot, slot: 'next-gap' }] })];

  it.each([
    [
      'the next changeover that is long enough',
      [
        ['c1', 'changeover', 100, 200],
        ['c2', 'changeover', 5_000, 9_000],
      ],
      ['c2', 'changeover', 5_000, 9_000],
    ],
    [
      'the free time between two orders',
      [
        ['o1', 'order', 0, 4_000],
        ['o2', 'order', 8_000, 9_000],
      ],
      ['o1', 'gap', 4_000, 8_000],
    ],
    ['nothing that has begun', [['m1', 'maintenance', 0, 9_000]], null],
  ] as const)('is %s', (_, entries, expected) => {
    const { requests } = run([...slotted, schedule(...entries), raised(10)]);
    const slot = requests[0]?.slot;
    expect(
      slot === null || slot === undefined
        ? slot
        : [slot.entry, slot.kind, slot.start / 1e6, slot.end / 1e6],
    ).toEqual(expected);
  });
});

describe('the proposed maintenance window', () => {
  const slotted = [model, rules({ triggers: [{ ...hot, slot: 'next-gap' }] })];
  const two = schedule(['c1', 'changeover', 5_000, 9_000], ['c2', 'changeover', 20_000, 24_000]);
  const start = [...slotted, two, raised(10), pass(100)];
  const FIRST = 'changeover c1, 1970-01-01T01:23:20Z to 1970-01-01T02:30:00Z';

  it.each([
    ['was cancelled', { id: 'c1', kind: 'changeover', start: 5_000, end: 9_000, cancelled: true }],
    ['was moved', { id: 'c1', kind: 'changeover', start: 26_000, end: 30_000 }],
    ['is too short now', { id: 'c1', kind: 'changeover', start: 5_000, end: 6_000 }],
  ])('is proposed anew when it %s', (change, entry) => {
    const { revisions, requests } = run([...start, planned(entry), pass(4_000)]);
    expect(revisions).toEqual([
      '10 1 open: hot spoke',
      `160 2 update: the proposed slot (${FIRST}) ${change}`,
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

  it('is reported when there is one at last', () => {
    const { revisions, requests } = run([...slotted, raised(10), pass(100), two, pass(400)]);
    expect(revisions).toEqual([
      '10 1 open: hot spoke',
      '160 2 update: the schedule has a slot for it now',
    ]);
    expect(requests.map(({ slot }) => slot?.entry)).toEqual([undefined, 'c1']);
  });

  it('does not matter any more when the work has begun, or the window has', () => {
    const moved = schedule(['c1', 'changeover', 26_000, 30_000]);
    const started = [...start, requestStatus(start, 200, 'started'), moved, pass(4_000)];
    expect(run(started).requests).toHaveLength(1);
    expect(run([...start, pass(6_000), moved, pass(7_000)]).requests).toHaveLength(1);
  });
});

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

  it('leaves out what is not known', () => {
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

  it('follows the order: each revision says what is made at its time', () => {
    const next = { id: '4712', kind: 'order', product: 'hinge', start: 10_000, end: 20_000 };
    const worse = raised(11_000, { phase: 'updated', severity: 'danger' });
    const { requests } = run([...slotted, planned(order, next), raised(10), worse, pass(12_000)]);
    expect(requests.map(({ current }) => current.order)).toEqual(['4711', '4712']);
    // What the machine did when the problem began stays what it was.
    expect(requests.map((request) => request.product)).toEqual(['lid', 'lid']);
  });

  it('follows the machine rather than the schedule', () => {
    const other = {
      id: '9',
      kind: 'order',
      product: 'hinge',
      start: 50_000,
      end: 60_000,
      due: 61_000,
    };
    const fromMachine = machineEvent(5, 'state', { state: 'EXECUTE', order: '9' });
    const { requests } = run([...slotted, planned(order, other), fromMachine, raised(10)]);
    expect(requests[0]?.current).toMatchObject({ order: '9', product: 'hinge', due: at(61_000) });
    expect(requests[0]?.state).toBe(situation().state);
  });
});
