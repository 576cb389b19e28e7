import { type Row, row } from '../../../operators/flow/flow.ts';
import type { Frame } from '../../../operators/model/decoded.ts';
import type { Key } from '../../../operators/model/key.ts';
import type { Origin, Sequence } from '../../../operators/model/message.ts';
import type { EventTime } from '../../../operators/model/time.ts';

/** 2026-11-22T08:00:00Z in microseconds. */
export const MORNING = Date.UTC(2026, 10, 22, 8) * 1_000;
export const sequence = (number: number) => number as Sequence;
export const time = (microseconds: number) => microseconds as EventTime;

const origin: Origin = {
  subject: 'telemetry.p.l.a',
  sequence: sequence(1),
  appended: time(MORNING),
};
const located = { plant: 'p', line: 'l', asset: 'a' };
const situation = { state: 'EXECUTE', mode: 'auto', order: 'o-1', product: 'x' };

export function frameOf(asset: string, times: number[], columns: Record<string, number[]>): Frame {
  return {
    kind: 'frame',
    origin,
    asset: asset as Key,
    times: Float64Array.from(times),
    signals: Object.keys(columns),
    values: Float64Array.from(Object.values(columns).flat()),
    texts: [],
  };
}

export function request(id: string, revision: number, action = 'open'): Row {
  return row('requests', {
    ...located,
    id,
    revision,
    action,
    component: 'bearing',
    failure_mode: 'BRG-WEAR',
    priority: 'high',
    title: 'Bearing "3" wears\n\nsoon',
    since: time(MORNING),
    opened: time(MORNING),
    time: time(MORNING + revision),
    incidents: ['i'],
    anomalies: ['n'],
    order: 'o-1',
    operation: 'bend',
    product: 'x',
    due: time(MORNING + 7_200_000_000),
    slot_start: time(MORNING),
    slot_end: null,
    slot_entry: 'c-1',
    slot_kind: 'changeover',
    stop_cost: 8_400.5,
    order_late: true,
    request: JSON.stringify({ id, revision }),
  });
}

/** What a workflow asked, and what became of the step. */
const WORKFLOW: readonly Row[] = [
  row('commands', {
    ...located,
    ...{ id: 'c', request: 'r', workflow: 'parts', step: 'stock', n: 1, system: 'erp' },
    ...{ verb: 'check-stock', key: 'k', mode: 'on', not_after: time(MORNING + 60_000_000) },
    ...{ undoes: '', priority: 'high', because: 'hot "spoke"', time: time(MORNING) },
    command: JSON.stringify({ id: 'c', n: 1 }),
  }),
  row('workflow_steps', {
    ...located,
    ...{ request: 'r', workflow: 'parts', definition: 'd', step: 'stock', position: 2, n: 1 },
    ...{ state: 'done', because: 'check-stock is done', time: time(MORNING), settled: true },
    ...{ command: 'c', system: 'erp', remote: 'R-17', remote_state: 'picked' },
    values: '{"short":2}',
  }),
];

export function deadLetter(original: string, count = 1, source = 'telemetry.p.l.a'): Row {
  return row('dead_letters', {
    reason: 'malformed',
    stage: 'decode',
    source,
    detail: 'expected MessagePack, found text',
    count,
    original,
  });
}

/** At least one row of every table. */
export const ONE_OF_EACH: readonly Row[] = [
  row('readings', {
    ...frameOf('p/l/a', [MORNING, MORNING + 1], { speed: [1, 2], heat: [Number.NaN, 4] }),
    quality: Uint8Array.of(0, 2, 0, 0),
    texts: [{ signal: 'recipe', values: [null, 'red é'], quality: Uint8Array.of(0, 1) }],
  }),
  row('waveforms', {
    kind: 'waveform',
    origin,
    asset: 'p/l/a' as Key,
    point: 'front',
    time: time(MORNING),
    rate: 25_600,
    unit: 'g',
    samples: Float32Array.of(0.5, -0.5),
    rpm: 1_500,
  }),
  row('windows', {
    ...located,
    signal: 'speed',
    window: 'minute',
    start: time(MORNING),
    end: time(MORNING + 60_000_000),
    backfill: false,
    version: 1,
    count: 2,
    first: 1,
    last: 2,
    min: 1,
    max: 2,
    sum: 3,
    mean: 1.5,
    deviation: 0.7,
    rms: 1.58,
    peak_to_peak: 1,
    crest: 1.26,
    slope: Number.NaN,
    quantiles: { p50: 1.5 },
  }),
  row('features', {
    ...located,
    point: 'front',
    component: 'bearing',
    time: time(MORNING),
    rate: 25_600,
    samples: 2,
    rpm: null,
    values: { crest: 1.4 },
    absent: { velocity_rms: 'too short' },
  }),
  row('machine_states', { ...located, ...situation, time: time(MORNING) }),
  row('machine_events', {
    ...{ ...located, time: time(MORNING), type: 'acknowledged', data: '{}' },
    ...{ kind: 'act', via: 'console', user: 'u17', system: '' },
  }),
  row('schedule', {
    plant: 'p',
    line: 'l',
    id: 'e-1',
    kind: 'order',
    start: time(MORNING),
    end: time(MORNING + 3_600_000_000),
    order: 'o-1',
    segment: 'bend',
    product: 'x',
    due: null,
    quantity: 12.5,
    assets: [],
    cancelled: false,
  }),
  row('assets', {
    ...located,
    name: 'Press',
    class: 'press',
    criticality: 'A',
    stop_cost: null,
    components: ['bearing'],
    signals: ['speed'],
    points: ['front'],
  }),
  row('rules', { plant: 'p', change: 'c-1', rules: '{}' }),
  row('mapping_changes', {
    ...{ plant: 'p', via: 'engineer', user: 'anna', change: 'm-1', verb: 'propose', reason: '' },
    ...{ entity: 'asset', id: 'p/l/a', system: 'erp', remote: 'EQ-1', owner: '' },
    ...{ valid_from: '2026-01-01', valid_to: null },
  }),
  row('baselines', {
    ...located,
    rule: 'heat',
    signal: 'heat',
    point: '',
    mode: 'auto',
    status: 'learning',
    samples: 3,
    needed: 100,
    hours: 0.5,
    needed_hours: 72,
    median: 4,
    mad: 0.5,
    time: time(MORNING),
  }),
  row('anomalies', {
    ...located,
    ...situation,
    id: 'n',
    phase: 'raised',
    revision: 1,
    rule: 'heat',
    detector: 'limit',
    signal: 'heat',
    point: '',
    component: 'bearing',
    failure_mode: '',
    severity: 'alarm',
    since: time(MORNING),
    time: time(MORNING + 1),
    value: 4,
    limit: 3,
    score: 1.33,
    unit: '°C',
    reason: 'heat is 4 °C, above 3 °C',
    sensor: 'heat (main bearing)',
    contributions: { heat: 0.75, speed: 0.25 },
    part: 'outer_race',
    advice: 'Look at it.',
    evidence: '{}',
    alarm: 'shelved',
    withheld: 'shelved',
    cause: '',
  }),
  row('alarms', {
    ...located,
    rule: 'heat',
    signal: 'heat',
    point: '',
    anomaly: 'n',
    time: time(MORNING + 1),
    cause: 'acknowledged',
    before: 'unacknowledged',
    after: 'acknowledged',
    who: 'fitter 7',
    reason: 'on my way',
  }),
  row('incidents', {
    ...located,
    ...situation,
    id: 'i',
    rule: 'bearing-wear',
    component: 'bearing',
    failure_mode: 'BRG-WEAR',
    severity: 'alarm',
    start: time(MORNING),
    end: time(MORNING + 1),
    time: time(MORNING + 1),
    anomalies: ['n'],
    evidence: '[]',
  }),
  request('r', 1),
  deadLetter('garbage \ud800 \0'),
  ...WORKFLOW,
];
