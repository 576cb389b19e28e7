/**
 * The plant that laws are tried on: two lines, four machines, and rules with every kind of window, detector, pattern and
 * trigger, quick enough that each speaks within minutes.
 */
import { WORKFLOWS } from './workflows.ts';

const NUMBERS = {
  temperature: { unit: 'Cel', range: [-20, 400], missing: [-999] },
  vibration: { unit: 'mm/s' },
  pressure: { unit: 'bar' },
  flow: { unit: 'l/min' },
};

/** Signals of every machine; `parts` counts, `note` is text, and `never` is declared and never comes. */
const SIGNALS = {
  ...NUMBERS,
  force: { unit: 'kN' },
  parts: { kind: 'counter', rollover: 1_000 },
  note: {},
};

function machine(id: string, more: object = {}) {
  return {
    ...{ id, class: id, components: ['drive', 'bed'], stop_cost: 100 },
    iso: { group: '2', support: 'rigid' },
    ...{ signals: SIGNALS, points: [{ id: 'de', component: 'drive' }] },
    attributes: { hot: 85 },
    ...more,
  };
}

export const MACHINES = ['l1.press', 'l1.pump', 'l1.saw', 'l2.fan'] as const;

export const MODEL = {
  id: 'p1',
  time_zone: 'Europe/Vienna',
  currency: 'EUR',
  // Shifts of a minute, since plants live for two. They begin at 07:00 by the clock; after 07:02 nobody works.
  shifts: [
    { id: 'early', start: '06:00', end: '07:01' },
    { id: 'late', start: '07:01', end: '07:02' },
    { id: 'night', start: '22:00', end: '06:00' },
  ],
  lines: [
    {
      id: 'l1',
      assets: [
        machine('press', { criticality: 'A' }),
        machine('pump', { attributes: {} }),
        machine('saw', { disorder: '4s', hold: '20s' }),
      ],
    },
    { id: 'l2', assets: [machine('fan', { signals: { ...SIGNALS, never: { unit: 'V' } } })] },
  ],
};

const WINDOWS = [
  { id: 'quick', kind: 'tumbling', size: '2s', signals: ['vibration', 'pressure', 'flow'] },
  { id: 'short', kind: 'tumbling', size: '5s', offset: '1s', early: '2s' },
  {
    ...{ id: 'long', kind: 'hopping', size: '20s', hop: '10s' },
    ...{ signals: ['temp*'], quantiles: [0.5, 0.95] },
  },
  { id: 'cycle', kind: 'session', gap: '4s', signals: ['force'] },
  { id: 'ten', kind: 'count', count: 10, early: '5s', signals: ['pressure', 'force'] },
  { id: 'turn', kind: 'calendar', size: 'shift', early: '20s', signals: ['temp*', 'parts'] },
];

const learning = { window: 'quick', learn: 20, modes: ['state'] };

/** One of each kind at least; the names say what raises them. */
const DETECTORS = [
  {
    ...{ id: 'hot', kind: 'limit', signal: 'temperature', window: 'short', of: 'max' },
    ...{ above: { attribute: 'hot', default: 80 }, while: "state == 'EXECUTE'" },
    raise: { after: '5s', severity: 'warning', escalate: { alarm: '15s', danger: '40s' } },
    clear: { after: '10s', deadband: '5%', stepwise: true },
  },
  { id: 'plain', kind: 'limit', signal: 'temperature', window: 'short', of: 'max', above: 80 },
  { id: 'pulse', kind: 'limit', signal: 'force', window: 'cycle', of: 'count', above: 8 },
  { id: 'batch', kind: 'limit', signal: 'pressure', window: 'ten', above: 8 },
  { id: 'slow', kind: 'limit', signal: 'parts', window: 'short', of: 'sum', below: 4 },
  {
    ...{ id: 'zone', kind: 'iso20816', signal: 'vibration', window: 'short', of: 'rms' },
    ...{ component: 'drive', raise: { severity: { C: 'warning' } } },
  },
  { id: 'changed', kind: 'iso20816-change', signal: 'vibration', window: 'quick', learn: 10 },
  {
    ...{ id: 'usual', kind: 'baseline', signal: 'vibration', ...learning, failure_mode: 'WEAR' },
    when: { steady: '4s', settle: '4s' },
  },
  { id: 'shifted', kind: 'ewma', signal: 'pressure', ...learning, weight: 0.3, direction: 'both' },
  { id: 'creeping', kind: 'cusum', signal: 'pressure', ...learning, scale: 'linear', limit: 8 },
  { id: 'novel', kind: 'range', signal: 'flow', ...learning, raise: { severity: 'notice' } },
  {
    ...{ id: 'apart', kind: 'multivariate', signal: 'hydraulics', signals: ['pressure', 'flow'] },
    ...{ ...learning, weight: 0.5, limit: 1.5, component: 'bed' },
    clear: { deadband: '20%', subside: { share: 0.1, after: '10s' } },
  },
  {
    ...{ id: 'beside', kind: 'baseline', signal: 'pressure', window: 'quick', learn: 20 },
    // Three machines must have learnt what is usual before any of them can be compared.
    ...{ relative_to: 'line', limit: 1, follow: '1m', direction: 'both' },
    raise: { severity: 'notice' },
  },
  { id: 'rising', kind: 'rate', signal: 'temperature', window: 'short', rise: 30, over: '30s' },
  {
    ...{ id: 'heading', kind: 'trend', signal: 'temperature', window: 'short', above: 150 },
    ...{ over: '30s', horizon: '10m', certainty: 2, raise: { severity: 'notice' } },
  },
  { id: 'hum', kind: 'noise-floor', signal: 'vibration', window: 'quick', learn: 5 },
  { id: 'stale', kind: 'drift', signal: 'flow', ...learning, recent: 20 },
  { id: 'stuck', kind: 'stuck', signal: 'vibration', window: 'short', windows: 4 },
  { id: 'gone', kind: 'silence', signal: 'temperature', window: 'short', after: '25s' },
  { id: 'never', kind: 'silence', signal: 'never', after: '40s', declared: true },
  {
    ...{ id: 'shaking', kind: 'limit', signal: 'vibration_acceleration_rms', above: 2 },
    raise: { count: 2, severity: 'alarm' },
  },
  {
    ...{ id: 'guard', kind: 'event', type: 'plc-alarm', data: { active: true }, by: 'code' },
    ...{ raise: { severity: 'alarm' }, clear: { type: 'plc-alarm', data: { active: false } } },
  },
  { id: 'jams', kind: 'event', type: 'jam', raise: { count: 2 }, clear: { after: '60s' } },
];

const PATTERNS = [
  {
    id: 'seen',
    pattern: [{ name: 'plain', where: "kind == 'anomaly' && rule == 'plain'" }],
    raise: { severity: 'notice' },
  },
  {
    ...{ id: 'wear', within: '60s', raise: { severity: 'alarm', failure_mode: 'BRG-WEAR' } },
    pattern: [
      { name: 'rise', where: "kind == 'anomaly' && signal == 'vibration'" },
      { name: 'hot', follows: 'relaxed', where: "kind == 'anomaly' && signal == 'temperature'" },
      { name: 'seen', absent: 'relaxed', where: "kind == 'event' && type == 'acknowledged'" },
    ],
  },
  {
    ...{ id: 'heating', within: '2m', skip: 'to-next' },
    pattern: [
      {
        ...{ name: 'hotter', times: '2+', greedy: true },
        where:
          "kind == 'window' && rule == 'short' && signal == 'temperature' && (count('hotter') == 0 || mean > last('hotter').mean)",
      },
      {
        ...{ name: 'cooler', follows: 'relaxed' },
        where:
          "kind == 'window' && rule == 'short' && signal == 'temperature' && mean <= last('hotter').mean",
      },
    ],
  },
  {
    ...{ id: 'both', key: 'line', within: '40s', skip: 'no-skip' },
    pattern: [
      { name: 'press', where: "kind == 'anomaly' && class == 'press'" },
      { name: 'other', follows: 'relaxed-any', where: "kind == 'anomaly' && class != 'press'" },
    ],
  },
  {
    ...{ id: 'stopped', key: 'product', within: '30s', on_timeout: { severity: 'warning' } },
    pattern: [
      { name: 'stop', where: "kind == 'event' && type == 'state' && state == 'ABORTED'" },
      {
        ...{ name: 'start', follows: 'relaxed' },
        where: "kind == 'event' && type == 'state' && state == 'EXECUTE'",
      },
    ],
  },
  {
    ...{ id: 'after-change', within: '40s' },
    pattern: [
      { name: 'over', where: "kind == 'schedule' && type in ['ended', 'cancelled', 'changed']" },
      { name: 'bad', follows: 'relaxed', where: "kind == 'anomaly' && next_stop > 0.1" },
    ],
  },
  {
    ...{ id: 'rough', within: '1m' },
    pattern: [
      {
        ...{ name: 'rounds', times: 2 },
        stages: [
          { name: 'burst', where: "kind == 'features' && vibration_acceleration_rms > 2.0" },
          { name: 'calm', follows: 'relaxed', where: "kind == 'features'" },
        ],
      },
    ],
  },
];

const TRIGGERS = [
  { id: 'inspect', on: 'wear', request: { priority: 'high', parts: ['6205'] }, slot: 'next-gap' },
  {
    ...{ id: 'look', on: 'hot', request: { priority: 'low', duration: '20s' }, slot: 'next-gap' },
    ...{ rearm: '20s', cooldown: '40s', escalate: '1m' },
  },
  {
    ...{ id: 'part', on: 'zone', per: 'component', request: { kind: 'replacement' } },
    ...{ rearm: '10s', withdraw: true, late: '30d' },
  },
  { id: 'secure', on: 'guard', request: { priority: 'urgent' }, rearm: '5s', withdraw: true },
  { id: 'tell', on: 'apart', per: 'component', request: { kind: 'repair' }, rearm: '10s' },
  { id: 'again', on: 'stopped-timeout', request: { kind: 'calibration' }, rearm: '5s' },
  { id: 'shake', on: 'shaking', request: { duration: '20s' }, slot: 'next-gap', rearm: '10s' },
];

export const RULES = {
  time: { disorder: '2s', idle: '10s', hold: '30s', skew: '1m', skew_behind: '2m' },
  windows: WINDOWS,
  detectors: DETECTORS,
  patterns: PATTERNS,
  triggers: TRIGGERS,
  reports: { expire: '90s', rearm: '5s', cooldown: '30s', escalate: '30s' },
  suppress: [
    { during: ['changeover', 'startup'], settle: '5s' },
    { during: ['planned-stop', 'maintenance'], signals: ['temp*', 'vib*'] },
  ],
  alarms: {
    flood: { limit: 4, per: '20s', resume: 2 },
    regime: { signals: 3, per: '6s' },
    suppress: [{ during: ['changeover'], signals: ['press*'] }],
    realarm: '30s',
  },
  workflows: WORKFLOWS,
};
