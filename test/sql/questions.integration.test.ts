import { beforeAll, expect, test } from 'vitest';
import { readQuestions } from '../../pipelines/warehouse/questions.ts';
import { migratedWarehouse, type StartedWarehouse } from '../sinks/clickhouse/started-warehouse.ts';
import { landAll, smallPlant } from './small-plant.ts';

type Answer = Record<string, unknown>;

/** Worked out by hand from the story of `small-plant.ts`: the first rows of each answer, and how many there are. */
const ANSWERS: Readonly<
  Record<string, { given?: object; rows: number; first: readonly Answer[] }>
> = {
  machine_timeline: {
    rows: 13,
    first: [
      { asset: 'press', state: 'STARTING', kind: 'starting', minutes: 30, planned: '' },
      { asset: 'press', state: 'EXECUTE', kind: 'running', minutes: 150 },
      { asset: 'press', state: 'STOPPED', minutes: 40, planned: 'changeover' },
    ],
  },
  downtime: {
    rows: 5,
    first: [
      { cause: 'start-up', minutes: 30, unplanned_minutes: 30, request: '' },
      {
        cause: 'failure',
        minutes: 30,
        states: ['ABORTED'],
        request: 'r1',
        failure_mode: 'BRG-WEAR',
      },
      { cause: 'starved or blocked', minutes: 15 },
      { cause: 'planned', planned: 'changeover', minutes: 40, unplanned_minutes: 10 },
      {
        cause: 'failure',
        minutes: 10,
        unplanned_minutes: 2,
        planned: 'maintenance',
        request: 'r2',
      },
    ],
  },
  // 32 + 30 + 15 + 10 = 87 minutes, 32 of them failures.
  downtime_causes: {
    rows: 4,
    first: [{ cause: 'failure', stops: 2, unplanned_minutes: 32, share: 0.368 }],
  },
  // The press ran 355 of 480 − 30 − 8 minutes, and made 2,660 pieces at best 6 s each, 160 of them scrap. Nobody counts pumped litres.
  oee: {
    rows: 2,
    first: [
      {
        asset: 'press',
        availability: 0.803,
        performance: 0.749,
        quality: 0.94,
        oee: 0.566,
        pieces: 2_660,
      },
      { asset: 'pump', availability: 1, performance: null, quality: null, oee: null },
    ],
  },
  // The same day by the clock of UTC, in one shift.
  oee_by_shift: {
    rows: 2,
    first: [
      {
        ...{
          asset: 'press',
          day: '2026-03-02',
          shift: '00:00',
          running_hours: 5.92,
          pieces: 2_660,
        },
        ...{ availability: 0.803, performance: 0.749, quality: 0.94, oee: 0.566 },
      },
      { asset: 'pump', availability: 1, performance: null, quality: null, oee: null },
    ],
  },
  downtime_by_shift: {
    rows: 4,
    first: [
      { day: '2026-03-02', cause: 'failure', stops_begun: 2, minutes: 40, unplanned_minutes: 32 },
      { cause: 'start-up', minutes: 30 },
      { cause: 'starved or blocked', minutes: 15 },
      { cause: 'planned', minutes: 40, unplanned_minutes: 10 },
    ],
  },
  // 355 minutes of running and two failures of 30 and 10 minutes.
  reliability: {
    rows: 2,
    first: [
      { asset: 'press', failures: 2, running_hours: 5.92, mtbf_hours: 2.96, mttr_minutes: 20 },
      { asset: 'pump', failures: 0, mtbf_hours: null, mttr_minutes: null },
    ],
  },
  // 12 states, 2 counts, 4 phases of anomalies, 2 incidents, 4 revisions, 5 answers of the CMMS, and the fault of its own.
  what_happened: { rows: 30, first: [{ what: 'state', text: 'STARTING · order o-1' }] },
  alarm_rate: {
    rows: 5,
    first: [
      { alarms: 12, flood: 1 },
      { alarms: 6, flood: 1 },
      { alarms: 1, flood: 0 },
    ],
  },
  alarm_floods: {
    rows: 1,
    first: [
      {
        from: '2026-03-02 07:10:00',
        to: '2026-03-02 07:30:00',
        alarms: 18,
        most_in_ten_minutes: 12,
        loudest: 'pump flow-low',
      },
    ],
  },
  top_offenders: {
    rows: 3,
    first: [{ asset: 'pump', rule: 'flow-low', alarms: 19, share: 0.905 }],
  },
  worst_assets: {
    rows: 2,
    first: [
      { asset: 'press', open_requests: 1, standing: 1, anomalies: 2, request: 'Hot' },
      { asset: 'pump', open_requests: 0, standing: 20, anomalies: 20 },
    ],
  },
  false_and_confirmed: {
    rows: 3,
    first: [
      { rule: 'hot', confirmed: 0, false_alarms: 1, precision: 0 },
      { rule: 'bearing-wear', confirmed: 1, false_alarms: 0, precision: 1 },
      { rule: 'zone', confirmed: 1, false_alarms: 0, precision: 1 },
    ],
  },
  // One answer each; the pattern of r1 was confirmed by the CMMS.
  precision_by_rule: {
    rows: 3,
    first: [
      { asset: 'press', rule: 'hot', answers: 1, called_false: 1, precision: 0, at_most: 0.793 },
      { asset: 'press', rule: 'bearing-wear', answers: 1, confirmed: 1, at_least: 0.207 },
      { asset: 'press', rule: 'zone', answers: 1, confirmed: 1, precision: 1, at_least: 0.207 },
    ],
  },
  open_requests: { rows: 1, first: [{ id: 'r2', title: 'Hot', revision: 1 }] },
  late_requests: {
    rows: 1,
    first: [{ id: 'r2', status: 'requested', age_hours: 1, slot_missed: 1, unanswered: 0 }],
  },
  request_times: {
    rows: 1,
    first: [{ requests: 2, still_open: 1, response_median: 10, closeout_median: 60 }],
  },
  // r1 went from 10:41 to 10:42, 10:51, 11:00 and 11:41; r2 was decided at 13:01 and is in the CMMS since 13:02.
  hand_offs: {
    rows: 5,
    first: [
      { hand_off: 'decided', requests: 2, waiting_behind_it: 0, minutes_median: null },
      { hand_off: 'in the CMMS', requests: 2, waiting_behind_it: 1, minutes_median: 1 },
      { hand_off: 'accepted', requests: 1, minutes_median: 9 },
      { hand_off: 'started', requests: 1, minutes_median: 9 },
      { hand_off: 'done', requests: 1, minutes_median: 41 },
    ],
  },
  // No commands here: see work-figures.integration.test.ts.
  system_lags: { rows: 0, first: [] },
  missing_reservations: { rows: 0, first: [] },
  late_postings: { rows: 0, first: [] },
  // Two machines are silent long before the end of the day; what else is stuck: the same test.
  where_stuck: { rows: 2, first: [{ place: 'source', asset: 'pump' }] },
  // Nothing was asked of systems: what the stops were weighed with is an estimate.
  work_costs: { rows: 2, first: [{ posted: 0, parts_estimated: 0 }] },
  lots_at_risk: { rows: 0, first: [] },
  stock_age: { rows: 0, first: [] },
  // Nothing was copied: see objectives.integration.test.ts.
  copies: { rows: 0, first: [] },
  system_differences: { rows: 0, first: [] },
  why_this_request: {
    rows: 3,
    first: [{ phase: 'raised' }, { phase: 'updated' }, { phase: 'cleared' }],
  },
  // 3 revisions, the operation of the order, 1 incident, 3 phases, 1 window, 20 readings, 1 waveform and what it said.
  request_lineage: {
    rows: 31,
    first: [
      { kind: 'request', id: 'r1.1' },
      { kind: 'request', id: 'r1.2' },
      { kind: 'request', id: 'r1.3' },
      { kind: 'order', id: 'op-1', text: 'o-1 · bracket · due unknown' },
      { kind: 'incident', id: 'i-r1' },
      { kind: 'anomaly', name: 'zone raised', value: 7.5 },
    ],
  },
  // 12 readings from 10:30 to 10:41, 3 phases, 1 incident, 3 revisions, 4 answers of the CMMS.
  story_of_a_request: {
    rows: 24,
    first: [
      ...Array.from({ length: 12 }, () => ({ kind: 'reading', name: 'vibration' })),
      { kind: 'anomaly', name: 'zone raised', object: 'a-r1' },
      { kind: 'incident', object: 'i-r1' },
      { kind: 'request', name: '1 open', object: 'r1' },
      { kind: 'status', name: 'requested' },
      { kind: 'anomaly', name: 'zone updated' },
      { kind: 'request', name: '2 update' },
    ],
  },
  signal_by_minute: { rows: 60, first: [{ readings: 2, least: 420, mean: 420.25, latest: 420.5 }] },
  signal_by_day: { rows: 1, first: [{ readings: 960, least: 0, mean: 239.75, greatest: 479.5 }] },
  signal_by_shift: {
    rows: 1,
    first: [{ day: '2026-03-02', shift: '00:00', readings: 960, least: 0, mean: 239.75 }],
  },
  signal_while_running: { rows: 1, first: [{ product: 'bracket', readings: 710, least: 30 }] },
  sensor_health: {
    rows: 2,
    first: [
      { asset: 'pump', signal: 'flow', verdict: 'silent', still_hours: 2 },
      { asset: 'press', signal: 'vibration', verdict: 'silent', silent_seconds: 10_860 },
    ],
  },
  dead_letters: { rows: 1, first: [{ reason: 'malformed', readings: 7 }] },
  late_and_lost: { rows: 1, first: [{ source: 'telemetry.p1.l1.pump', damaged: 7, lost: 0 }] },
  latency: {
    rows: 4,
    first: [
      { what: 'event at the machine to the log', of: 9, median: 1, greatest: 1 },
      { what: 'first breach to alarm' },
      { what: 'log to this database' },
      { what: 'problem to its first request', of: 2, median: 60, greatest: 60 },
    ],
  },
  figures: {
    rows: 12,
    first: [
      { title: 'Alarm quality', cases: 3, complete: 1, before: null },
      { title: 'Auditability', value: 0, cases: 1 },
      { title: 'Changes while onboarding', value: 1, cases: 2 },
      { title: 'Close-out', value: 1, complete: 0.5 },
      { title: 'Decision latency', value: 60, unit: 's', cases: 2 },
    ],
  },
  table_sizes: { rows: 0, first: [] },
};
const GIVEN = { plant: 'p1', line: 'l1', asset: 'press', signal: 'heat', id: 'r1' };

let warehouse: StartedWarehouse;

beforeAll(async () => {
  warehouse = await migratedWarehouse();
  await landAll(warehouse.client, smallPlant());
  const judged = (rule: string, anomaly: string, cause: string) =>
    `SELECT 'ANDON_0', '1', 1, '2026-03-02 12:00:00', 'p1', 'l1', 'press', '${rule}', '${anomaly}', '2026-03-02 12:00:00', '${cause}'`;
  await warehouse.client.command({
    query: `INSERT INTO alarms (stream, run, sequence, appended, plant, line, asset, rule, anomaly, time, cause)
            ${judged('zone', 'a-r1', 'confirmed')} UNION ALL ${judged('hot', 'a-r2', 'false')}`,
  });
  // What somebody did about an exception is no matter of the machine under which it is written; a fault that it calls so is.
  const called = (sequence: number, kind: string, via: string, user: string) =>
    `SELECT 'ANDON_0', '1', ${sequence}, '2026-03-02 12:00:00', 'p1', 'l1', 'press', '2026-03-02 12:00:00', 'exception',
            '{"${kind}":1}', '${kind}', '${via}', '${user}'`;
  await warehouse.client.command({
    query: `INSERT INTO machine_events
            (stream, run, sequence, appended, plant, line, asset, time, type, data, kind, via, user)
            ${called(1, 'act', 'console', 'anna')} UNION ALL ${called(2, 'event', '', '')}`,
  });
});

test('every question has a group, a meaning for each parameter, and an answer worked out by hand', async () => {
  const questions = await readQuestions();
  expect(questions.length).toBeGreaterThanOrEqual(20);
  expect(questions.map(({ name }) => name).toSorted()).toEqual(Object.keys(ANSWERS).toSorted());
  for (const { name, question, group, parameters, sql } of questions) {
    expect(question, name).toMatch(/\?/);
    expect(group, name).not.toBe('');
    const used = new Set(Array.from(sql.matchAll(/\{(\w+):/g), ([, used = '']) => used));
    expect(parameters.map((each) => each.name).toSorted(), name).toEqual([...used].toSorted());
  }
});

test.each(Object.keys(ANSWERS))('%s says what was worked out', async (name) => {
  const question = (await readQuestions()).find((each) => each.name === name);
  const { rows, first } = ANSWERS[name]!;
  const parameters = Object.fromEntries(
    question!.parameters.map((each) => [
      each.name,
      each.fallback ?? GIVEN[each.name as keyof typeof GIVEN],
    ]),
  );
  const answer = await warehouse.rows<Answer>(question!.sql, parameters);
  expect(answer.slice(0, first.length)).toMatchObject(first);
  if (name === 'table_sizes') expect(answer.length).toBeGreaterThan(15);
  else expect(answer).toHaveLength(rows);
});

test('every view and column says what it is', async () => {
  const bare = await warehouse.rows(
    `SELECT table, name FROM system.columns WHERE database = 'andon' AND comment = ''
     AND table IN (SELECT name FROM system.tables WHERE database = 'andon' AND engine = 'View')`,
  );
  expect(bare).toEqual([]);
});
