import { pack } from 'msgpackr';
import type { Message, Sequence } from '../../operators/model/message.ts';
import type { EventTime } from '../../operators/model/time.ts';

/** When it begins: epoch milliseconds. */
export const START = Date.UTC(2026, 0, 5, 6);

export const MODEL = {
  id: 'p1',
  time_zone: 'Europe/Vienna',
  shifts: [
    { id: 'early', start: '06:00', end: '14:00' },
    { id: 'night', start: '22:00', end: '06:00' },
  ],
  lines: [
    { id: 'l1', assets: [asset('press'), asset('pump')] },
    { id: 'l2', assets: [asset('fan')] },
  ],
};

function asset(id: string) {
  const signals = { temperature: { unit: 'Cel' }, vibration: { unit: 'mm/s' } };
  const points = [{ id: 'de' }];
  return { id, class: 'machine', iso: { group: '2', support: 'rigid' }, signals, points };
}

export const RULES = {
  time: { disorder: '2s', idle: '10s', skew: '5m', correction: '1m' },
  windows: [
    { id: 'short', kind: 'tumbling', size: '5s' },
    { id: 'long', kind: 'hopping', size: '20s', hop: '10s', signals: ['temp*'] },
  ],
  detectors: [
    {
      id: 'hot',
      kind: 'limit',
      signal: 'temperature',
      window: 'short',
      above: 80,
      while: "state == 'EXECUTE'",
      raise: { after: '5s', severity: 'warning' },
      clear: { after: '10s', deadband: '5%' },
    },
    {
      id: 'shaking',
      kind: 'limit',
      signal: 'vibration_acceleration_rms',
      above: 2,
      raise: { count: 2 },
    },
    { id: 'zone', kind: 'iso20816', signal: 'vibration', window: 'short', of: 'rms' },
    { id: 'stuck', kind: 'stuck', signal: 'vibration', window: 'short', windows: 4 },
    { id: 'silent', kind: 'silence', signal: 'temperature', window: 'short', after: '30s' },
  ],
  patterns: [
    {
      id: 'wear',
      pattern: [
        { name: 'rise', where: "kind == 'anomaly' && signal == 'vibration'" },
        { name: 'hot', follows: 'relaxed', where: "kind == 'anomaly' && signal == 'temperature'" },
        { name: 'seen', absent: 'relaxed', where: "kind == 'event' && type == 'acknowledged'" },
      ],
      within: '90s',
      raise: { severity: 'alarm', failure_mode: 'BRG-WEAR' },
    },
  ],
  triggers: [
    { id: 'inspect', on: 'wear', request: { priority: 'high', parts: ['6205'] }, slot: 'next-gap' },
    {
      id: 'look',
      on: 'hot',
      request: { priority: 'low' },
      rearm: '20s',
      cooldown: '40s',
      escalate: '1m',
    },
  ],
  suppress: [{ during: ['changeover', 'startup'], settle: '10s' }],
};

/** One thing that a plant says, at its own time (milliseconds after the start). */
export type Said = {
  readonly at: number;
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
};

/** Repeatable randomness: the same seed, the same plant. */
export function randomOf(seed: number): () => number {
  let state = (seed ^ 0x9e3779b9) >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/**
 * What three machines of two lines say in so many seconds: a frame a second each, states, acknowledgements. Values
 * are multiples of a quarter, so that sums are exact in any order.
 */
export function plantLife(seed: number, seconds: number): Said[] {
  const random = randomOf(seed);
  const said: Said[] = [];
  const machines = ['l1.press', 'l1.pump', 'l2.fan'].map((path) => ({
    path,
    hot: 70,
    shaking: 1,
    still: 0,
  }));
  for (let second = 0; second < seconds; second += 1) {
    for (const machine of machines) {
      const at = second * 1_000 + Math.floor(random() * 900);
      machine.hot = Math.min(95, Math.max(60, machine.hot + quarter(random() * 6 - 2.9)));
      machine.shaking = Math.min(9, Math.max(0, machine.shaking + quarter(random() - 0.48)));
      machine.still = machine.still > 0 ? machine.still - 1 : random() < 0.01 ? 30 : 0;
      const vibration = machine.still > 0 ? 1.25 : machine.shaking + quarter(random());
      const values = { temperature: machine.hot + quarter(random() * 4), vibration };
      if (random() > 0.02) said.push(frame(machine.path, at, values));
      // Half of what happens happens on whole seconds, where windows end: ties must not depend on arrival.
      const when = random() < 0.5 ? second * 1_000 : at + 1;
      if (random() < 0.02) said.push(state(machine.path, when, random()));
      if (random() < 0.01) said.push(happened(machine.path, when, 'acknowledged', {}));
      if (second % 5 === 4) said.push(burst(machine.path, second * 1_000, machine.shaking));
    }
  }
  return said.sort((a, b) => a.at - b.at);
}

function quarter(value: number): number {
  return Math.round(value * 4) / 4;
}

/** `time`: what the frame says, where that is not when it was said. */
export function frame(
  path: string,
  at: number,
  values: Record<string, unknown>,
  time: number = at,
): Said {
  return { at, subject: `telemetry.p1.${path}`, payload: pack({ time: START + time, values }) };
}

export function happened(path: string, at: number, type: string, data: object): Said {
  // What becomes of a request is told by the CMMS alone.
  const kind = type === 'request' ? 'status.cmms' : 'event';
  return { at, subject: `${kind}.p1.${path}`, payload: pack({ time: START + at, type, data }) };
}

/** 64 samples of a tone at a tenth of a second's distance from the next window's end. */
function burst(path: string, at: number, amplitude: number): Said {
  const samples = Float32Array.from({ length: 64 }, (_, i) => amplitude * Math.sin(i / 3));
  const content = { time: START + at, rate: 640, unit: 'g', samples: Buffer.from(samples.buffer) };
  return { at, subject: `waveform.p1.${path}.de`, payload: pack(content) };
}

function state(path: string, at: number, chance: number): Said {
  const name = chance < 0.7 ? 'EXECUTE' : chance < 0.85 ? 'STARTING' : 'STOPPED';
  return happened(path, at, 'state', { state: name, product: chance < 0.4 ? 'A' : 'B' });
}

/**
 * Model, rules and schedule first, then what was said, in the order given; append times rise by position. `delay`:
 * milliseconds until a message is appended. Shuffled, none may be ahead of its append time: then it is a clock that is
 * ahead, and no disorder.
 */
export function logOf(
  said: readonly Said[],
  rules: object = RULES,
  delay: number = 1_000,
): Message[] {
  const json = (subject: string, content: object): Said => ({
    at: 0,
    subject,
    payload: Buffer.from(JSON.stringify(content)),
    headers: { 'Content-Type': 'application/json', 'Andon-Change': 'c1' },
  });
  const entry = { id: 'co1', kind: 'changeover', start: START + 60_000, end: START + 90_000 };
  const gap = { id: 'st1', kind: 'planned-stop', start: START + 7_200_000, end: START + 9_000_000 };
  const all = [
    json('model.p1', MODEL),
    json('rules.p1', rules),
    json('schedule.p1.l1', { entries: [entry, gap] }),
    ...said,
  ];
  const clocks = all.map(({ at }) => at).sort((a, b) => a - b);
  return all.map(({ subject, payload, headers = {} }, position) => ({
    sequence: (position + 1) as Sequence,
    appended: ((START + (clocks[position] ?? 0) + delay) * 1_000) as EventTime,
    subject,
    headers,
    payload,
  }));
}

/** The same, each displaced by less than `disorder` milliseconds of event time. */
export function shuffled(said: readonly Said[], disorder: number, seed: number): Said[] {
  const random = randomOf(seed);
  return said
    .map((one) => ({ one, arrival: one.at + random() * (disorder - 1) }))
    .sort((a, b) => a.arrival - b.arrival)
    .map(({ one }) => one);
}
