import { beforeAll, expect, test } from 'vitest';
import { type Row, row } from '../../operators/flow/flow.ts';
import { createInternalEvents, type InternalEvent } from '../../pipelines/observe/observe.ts';
import { keepDeliveries } from '../../pipelines/systems/deliveries.ts';
import type { ReconcileReport } from '../../pipelines/systems/reconciliation/book.ts';
import { differenceOf, type OurWork } from '../../pipelines/systems/reconciliation/difference.ts';
import { contentOfReport } from '../../pipelines/systems/reconciliation/report-text.ts';
import type { LandingSink } from '../../pipelines/warehouse/landing-sink.ts';
import { readQuestions } from '../../pipelines/warehouse/questions.ts';
import { lookOnce } from '../../pipelines/warehouse/work-figures.ts';
import type { EpochContent } from '../../sinks/sink.ts';
import { sequence, time } from '../sinks/clickhouse/sample-rows.ts';
import { migratedWarehouse, type StartedWarehouse } from '../sinks/clickhouse/started-warehouse.ts';
import { at, epochOf, landAll, smallPlant } from './small-plant.ts';

/**
 * Behind the story of `small-plant.ts`, whose newest time is 14:00: request r1 was done at 11:41 and never closed in the CMMS. For r2 (13:01,
 * in the CMMS at 13:02) the ERP was asked for stock at 13:01 and said after 30 s that two are short, a reservation was asked for
 * at 13:02 and is short since 13:04, and a requisition of 13:05 is not answered. For r1 its part was there at 10:41, a reservation of 10:42 was refused after
 * 10 s; the one after it, of 10:45, is assigned since 10:50, and done with at 11:30. At 11:50 its part was posted at 8.50 and an
 * hour at 54; a service of 100 was posted, and taken back. The requisition met a gateway at 13:06, and behind it waits an announcement.
 */
const place = { plant: 'p1', line: 'l1', asset: 'press' };
const asked = (
  id: string,
  request: string,
  clock: string,
  verb: string,
  payload: object | string,
  undoes = '',
): Row =>
  row('commands', {
    ...{
      ...place,
      id,
      request,
      workflow: 'parts',
      step: id,
      n: 1,
      system: 'erp',
      verb,
      key: `k-${id}`,
    },
    ...{
      mode: 'on',
      not_after: null,
      undoes,
      priority: 'high',
      because: 'hot',
      time: time(at(clock)),
    },
    command: JSON.stringify({
      id,
      payload: typeof payload === 'string' ? { part: payload, quantity: 2 } : payload,
    }),
  });
const answered = (id: string, clock: string, more: object): Row =>
  row('machine_events', {
    ...{ ...place, time: time(at(clock)), type: 'command', kind: 'status', via: '', user: '' },
    ...{ system: 'erp', data: JSON.stringify({ id, outcome: 'done', ...more }) },
  });
const ROWS: readonly (readonly [clock: string, row: Row])[] = [
  ['10:41', asked('c0', 'r1', '10:41', 'check-stock', '6205')],
  ['10:41:10', answered('c0', '10:41:10', { available: 4, short: 0, state: 'done' })],
  ['10:42', asked('c1', 'r1', '10:42', 'reserve', '6205')],
  ['10:42:10', answered('c1', '10:42:10', { outcome: 'rejected', note: 'no such part' })],
  ['10:45', asked('c2', 'r1', '10:45', 'reserve', '6205-2RS')],
  ['10:46', answered('c2', '10:46', { state: 'short' })],
  ['10:50', answered('c2', '10:50', { state: 'assigned' })],
  ['11:30', answered('c2', '11:30', { state: 'done' })],
  ['11:50', asked('c6', 'r1', '11:50', 'consume', '6205-2RS')],
  ['11:50:10', answered('c6', '11:50:10', { cost: 8.5, remote: 'ISS-1' })],
  ['11:51', asked('c7', 'r1', '11:51', 'book-hours', { hours: 1 })],
  ['11:51:10', answered('c7', '11:51:10', { cost: 54, remote: 'LAB-1' })],
  ['11:52', asked('c8', 'r1', '11:52', 'order-service', { vendor: 'v', hours: 2 })],
  ['11:52:10', answered('c8', '11:52:10', { cost: 100 })],
  ['11:53', asked('c9', 'r1', '11:53', 'cancel-service', {}, 'c8')],
  ['11:53:10', answered('c9', '11:53:10', {})],
  ['13:01', asked('c3', 'r2', '13:01', 'check-stock', 'SEAL-45')],
  [
    '13:01:30',
    answered('c3', '13:01:30', { available: 0, short: 2, state: 'done', unit_price: 7.2 }),
  ],
  ['13:02', asked('c4', 'r2', '13:02', 'reserve', 'SEAL-45')],
  ['13:04', answered('c4', '13:04', { state: 'short' })],
  ['13:05', asked('c5', 'r2', '13:05', 'requisition', 'SEAL-45')],
  ['13:07', asked('c10', 'r2', '13:07', 'announce', {})],
];

let warehouse: StartedWarehouse;

beforeAll(async () => {
  warehouse = await migratedWarehouse();
  await landAll(warehouse.client, smallPlant());
  const work = epochOf('1', 'ANDON_0', 'then', 5_001, 5_000 + ROWS.length, (blocks) => {
    for (const [index, [clock, each]] of ROWS.entries()) {
      blocks.add(each, sequence(5_001 + index), time(at(clock)));
    }
  });
  await landAll(warehouse.client, [
    work,
    contentOfReport(report('one', at('13:00'))),
    contentOfReport(report('two', at('13:30'))),
    // Of what changed since: what the one before it found stands still.
    contentOfReport({ ...report('three', at('13:40')), full: false, differences: [] }),
  ]);
});

/** A comparison that found one thing: the request of its id. */
function report(id: string, ended: number): ReconcileReport {
  const work: OurWork = {
    ...{
      key: id,
      id,
      request: id,
      asset: 'p1/l1/press',
      decided: at('13:01') / 1_000,
      waiting: false,
    },
    ...{ expects: 'object', remote: 'WO-1', state: null, note: null, wanted: true },
  };
  const about = { system: 'cmms', verb: 'request' };
  const difference = differenceOf(about, work, { kind: 'missing', safe: true });
  return {
    ...{
      id,
      system: 'cmms',
      lane: 'requests',
      begun: ended / 1_000 - 60_000,
      ended: ended / 1_000,
    },
    ...{
      full: true,
      ...{ full_begun: 0, read_begun: 0 },
      sides: [{ verb: 'request', ours: 2, theirs: 1, unseen: null }],
    },
    counts: { missing: 1, doubled: 0, drifted: 0, orphaned: 0, forged: 0, late: 0 },
    ...{ differences: [{ ...difference, mended: false }], left_off: 0, landed: false },
  };
}

async function answer(name: string, given: Record<string, unknown> = {}) {
  const question = (await readQuestions()).find((each) => each.name === name);
  const defaults = question?.parameters.map((each) => [each.name, each.fallback ?? '']) ?? [];
  return warehouse.rows<Record<string, unknown>>(question?.sql ?? '', {
    ...Object.fromEntries(defaults),
    ...given,
  });
}

test('where the time of requests goes', async () => {
  const rows = await answer('hand_offs');
  // r1: 10:41, in the CMMS 10:42, parts 10:50, accepted 10:51, started 11:00, done 11:41. r2: 13:01, in the CMMS 13:02, and waits.
  expect(
    rows.map((each) => [each.hand_off, each.requests, each.waiting_behind_it, each.minutes_median]),
  ).toEqual([
    ['decided', 2, 0, null],
    ['in the CMMS', 2, 1, 1],
    ['accepted', 1, 0, 1],
    ['parts there', 1, 0, 8],
    ['started', 1, 0, 9],
    ['done', 1, 0, 41],
  ]);
  const taken = await warehouse.rows('SELECT request, steps_taken FROM hand_offs ORDER BY request');
  expect(taken).toEqual([
    { request: 'r1', steps_taken: 3 },
    { request: 'r2', steps_taken: 0 },
  ]);
});

test('how far a system lags', async () => {
  // Answers after 60 s, 30 s, 120 s and six times 10 s; the requisition of 13:05 waits since 55 minutes.
  expect(await answer('system_lags')).toMatchObject([
    {
      system: 'erp',
      commands: 11,
      waiting: 2,
      oldest_waiting_minutes: 55,
      rejected: 1,
      answer_median_s: 10,
    },
  ]);
});

test('which parts are not reserved, and how old a stock figure is', async () => {
  expect(await answer('missing_reservations')).toMatchObject([
    { request: 'r2', part: 'SEAL-45', why: 'short', command: 'c4' },
  ]);
  // What the closed request r1 was decided by is of use to nobody any more.
  expect(await answer('stock_age')).toMatchObject([
    { system: 'erp', part: 'SEAL-45', available: 0, short: 2, age_minutes: 58.5, request: 'r2' },
  ]);
});

test('what is done and not posted', async () => {
  expect(await answer('late_postings')).toEqual([]);
  expect(await answer('late_postings', { hours: 2 })).toMatchObject([
    { request: 'r1', hours_since: 2.3, not_closed: 1, unanswered: 0, refused: 1 },
  ]);
});

/** In the story two machines were silent long before its end. */
const SILENT = [
  { place: 'source', kind: 'signals', asset: 'pump', text: 'silent: flow' },
  { place: 'source', kind: 'signals', asset: 'press', text: 'silent: vibration' },
];

test('where it is stuck: what was tried is told by its last call, what nobody has had is at the broker', async () => {
  const landed: EpochContent[] = [];
  const deliveries = keepDeliveries({
    ...{ stream: 'ANDON_1', record: () => undefined },
    land: async (content) => void landed.push(content),
    now: () => at('13:06') / 1_000,
  });
  const met = { outcome: 'unknown', note: '502: bad gateway', after: 0 } as const;
  deliveries.watch({ kind: 'command-delayed', system: 'erp', id: 'c5', place: 'gateway', ...met });
  deliveries.watch({ kind: 'log-stalled', stream: 'ANDON_1', messages: 7, milliseconds: 60_000 });
  deliveries.watch({ kind: 'disconnected', server: 'NATS', reason: 'killed' });
  const tried = { system: 'cmms', id: 'r2', revision: 1 };
  deliveries.watch({ kind: 'request-delayed', ...tried, place: 'target', ...met, note: '503' });
  await deliveries.stop();
  await landAll(warehouse.client, landed);
  expect(await answer('where_stuck')).toMatchObject([
    ...SILENT,
    { place: 'worker', kind: 'log', id: 'ANDON_1' },
    { place: 'broker', kind: 'log', id: 'NATS of ANDON_1', text: 'killed' },
    ...[
      { place: 'gateway', id: 'c5', text: 'requisition: 502: bad gateway' },
      { place: 'gateway', id: 'c10', text: 'announce: waits behind others: 502: bad gateway' },
    ].map((one) => ({ ...one, system: 'erp', kind: 'command', request: 'r2', asset: 'press' })),
    { place: 'target', system: 'cmms', kind: 'request', id: 'r2', text: 'delayed: 503' },
  ]);
});

test('where it is stuck: what a process before this one said of its log is over', async () => {
  const landed: EpochContent[] = [];
  const deliveries = keepDeliveries({
    ...{ stream: 'ANDON_1', record: () => undefined },
    land: async (content) => void landed.push(content),
    now: () => at('13:07') / 1_000,
  });
  await deliveries.stop();
  await landAll(warehouse.client, landed);
  const stuck = await answer('where_stuck');
  expect(stuck.filter(({ kind }) => kind === 'log').map(({ id }) => id)).toEqual([
    'NATS of ANDON_1',
  ]);
});

test('where it is stuck: what goes on is there no more, and a metric counts the places', async () => {
  const landed: EpochContent[] = [];
  const deliveries = keepDeliveries({
    ...{ stream: 'ANDON_1', record: () => undefined },
    land: async (content) => void landed.push(content),
    now: () => at('13:08') / 1_000,
  });
  const settled = { verb: 'requisition', outcome: 'done', note: '' } as const;
  deliveries.watch({ kind: 'command-settled', system: 'erp', id: 'c5', ...settled });
  deliveries.watch({ kind: 'connected', server: 'NATS', version: '' });
  const how = { how: 'created', remote: 'WO-1' };
  deliveries.watch({ kind: 'request-settled', system: 'cmms', id: 'r2', revision: 1, ...how });
  await deliveries.stop();
  await landAll(warehouse.client, landed);
  // Nobody is at the ERP any more: what it was not asked yet never came to whoever asks.
  expect(await answer('where_stuck')).toMatchObject([
    ...SILENT,
    { place: 'broker', system: 'erp', id: 'c10', request: 'r2' },
  ]);

  const told: InternalEvent[] = [];
  const ask = (query: string, _: AbortSignal, parameters = {}) => warehouse.rows(query, parameters);
  await lookOnce(
    {
      landing: { ask: ask as LandingSink['ask'] },
      record: (event) => void told.push(event),
      signal: new AbortController().signal,
    },
    new Set(['gateway erp']),
  );
  expect(told).toEqual([
    { kind: 'works-stuck', place: 'gateway', system: 'erp', count: 0 },
    { kind: 'works-stuck', place: 'source', system: '', count: 2 },
    { kind: 'works-stuck', place: 'broker', system: 'erp', count: 1 },
    expect.objectContaining({
      kind: 'work-figures',
      reservations: 1,
      unposted: 1,
      late: 0,
      stock: 3_510,
      copies: 0,
    }),
  ]);
  const text = await metricsOf(told);
  expect(text).toContain('andon_stuck{place="broker",system="erp"} 1');
  expect(text).toContain('andon_missing_reservations 1');
  expect(text).toContain('andon_unposted_works 1');
});

/** What `/metrics` shows once these were recorded. */
function metricsOf(told: readonly InternalEvent[]): Promise<string> {
  const events = createInternalEvents({ destination: { write: () => undefined } });
  for (const event of told) events.record(event);
  return events.metrics.metrics();
}

test('what a work cost is what systems have posted; the rest is called an estimate', async () => {
  const rows = await answer('work_costs');
  expect(rows.filter(({ request }) => request === 'r1')).toMatchObject([
    { parts_posted: 8.5, labour_posted: 54, other_posted: 0, posted: 62.5, parts_estimated: 0 },
  ]);
  // Two seals at the price that the ERP named; nothing was posted.
  expect(rows.filter(({ request }) => request === 'r2')).toMatchObject([
    { posted: 0, parts_estimated: 14.4 },
  ]);
  const told = await answer('story_of_a_request', { id: 'r1' });
  const costs = told.filter(({ kind }) => kind === 'cost').map(({ name, text }) => [name, text]);
  expect(costs).toEqual(
    expect.arrayContaining([
      ['parts posted', '8.5 · 6205-2RS'],
      ['labour posted', '54'],
    ]),
  );
  expect(told[0]?.kind).toBe('reading');
});

test('what systems hold otherwise, by the last comparison of everything', async () => {
  expect(await answer('system_differences')).toMatchObject([
    {
      system: 'cmms',
      lane: 'requests',
      kind: 'missing',
      of: 'two',
      plant: 'p1',
      asset: 'press',
      mended: false,
    },
  ]);
  const all = await warehouse.rows('SELECT count() AS n FROM reconciliations FINAL');
  expect(all).toEqual([{ n: 5 }]);
});
