import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pack } from 'msgpackr';
import {
  frame,
  logOf,
  MODEL,
  plantLife,
  RULES,
  randomOf,
  type Said,
  START,
  shuffled,
} from '../support/plant-log.ts';

const POINT = { id: 'horizontal', component: 'bearing', unit: 'g', rpm: 1_800 };
const DETECTORS = [
  {
    id: 'burst-strong',
    kind: 'limit',
    signal: 'vibration_acceleration_rms',
    above: 0.4,
    raise: { after: '20s', severity: 'alarm' },
    clear: { after: '30s', deadband: '5%' },
  },
  {
    id: 'burst-unusual',
    kind: 'baseline',
    signal: 'vibration_acceleration_rms',
    learn: 20,
    limit: 6,
    direction: 'up',
    raise: { after: '10s', severity: 'warning' },
  },
];
const TRIGGER = {
  id: 'burst-balance',
  on: 'burst-strong',
  request: { priority: 'high' },
  cooldown: '5m',
};

export type RecordedPlant = {
  /** An NDJSON recording. */
  readonly recording: string;
  /** Options that name its model and rules. */
  readonly files: readonly string[];
  /** The same in two recordings: the second one can wait until something was done to who reads the first. */
  readonly halves: readonly [string, string];
};

/**
 * So many seconds of three machines as a recording: frames out of order and frames that come late, waveforms, states, a
 * schedule, and now and then what is no message at all. Writes it and its `plant.yaml` and `rules.yaml` into the folder.
 * `plants`: as many plants, `p1` and so on, each of which says the same.
 */
export function recordedPlant(
  folder: string,
  seconds: number,
  seed: number,
  plants = 1,
): RecordedPlant {
  const said = [
    ...[...plantLife(seed, seconds), ...bursts(seconds), ...nonsense(seconds)],
    ...stragglers(seconds),
  ].sort((a, b) => a.at - b.at);
  const ids = Array.from({ length: plants }, (_, plant) => `p${plant + 1}`);
  const log = logOf(shuffled(said, 1_500, seed));
  const lines = log
    .filter(({ subject }) => !/^(model|rules)\./.test(subject))
    .flatMap(({ subject, appended, headers, payload }) => {
      const base64 = Buffer.from(payload).toString('base64');
      return ids.map((id) => {
        const own = subject.replace('.p1.', `.${id}.`);
        return JSON.stringify({ subject: own, appended: appended / 1_000, headers, base64 });
      });
    });
  const path = (name: string) => join(folder, name);
  const plantLines = MODEL.lines.map((line) => ({
    ...line,
    assets: line.assets.map((asset) => ({ ...asset, components: ['bearing'], points: [POINT] })),
  }));
  const written = (name: string, part: readonly string[]) => {
    writeFileSync(path(name), `${part.join('\n')}\n`);
    return path(name);
  };
  const middle = Math.floor(lines.length / 2);
  const model = { plants: ids.map((id) => ({ ...MODEL, id, lines: plantLines })) };
  writeFileSync(path('plant.yaml'), JSON.stringify(model));
  const rules = { ...RULES, detectors: [...RULES.detectors, ...DETECTORS] };
  const triggers = [...RULES.triggers, TRIGGER];
  writeFileSync(path('rules.yaml'), JSON.stringify({ ...rules, triggers }));
  return {
    recording: written('plant.ndjson', lines),
    halves: [
      written('first-half.ndjson', lines.slice(0, middle)),
      written('second-half.ndjson', lines.slice(middle)),
    ],
    files: ['--model', path('plant.yaml'), '--rules', path('rules.yaml')],
  };
}

/** Every five seconds a burst of the press and the fan; the press shakes more and more, and less again. */
function bursts(seconds: number): Said[] {
  const random = randomOf(3);
  const said: Said[] = [];
  for (let second = 0; second < seconds; second += 5) {
    const worse = Math.max(0, Math.sin((2 * Math.PI * second) / seconds));
    for (const [path, strength] of [
      ['l1.press', 0.2 + worse],
      ['l2.fan', 0.2],
    ] as const) {
      const samples = new Float32Array(512);
      for (let at = 0; at < samples.length; at += 1) {
        samples[at] = strength * Math.sin((2 * Math.PI * 50 * at) / 5_120) + (random() - 0.5) / 10;
      }
      const at = second * 1_000 + 400;
      const bytes = new Uint8Array(samples.buffer);
      const waveform = { time: START + at, rate: 5_120, unit: 'g', samples: bytes };
      said.push({ at, subject: `waveform.p1.${path}.horizontal`, payload: pack(waveform) });
    }
  }
  return said;
}

/** Every fifteen seconds a frame that was held up for twenty: the windows that it belongs to are corrected. */
function stragglers(seconds: number): Said[] {
  const said: Said[] = [];
  for (let second = 30; second < seconds; second += 15) {
    const at = second * 1_000 + 950;
    said.push(frame('l1.pump', at, { temperature: 64.25, vibration: 1.5 }, at - 20_000));
  }
  return said;
}

/** Every twenty seconds bytes that are no message, and a frame of a machine that nobody knows. */
function nonsense(seconds: number): Said[] {
  const said: Said[] = [];
  for (let second = 10; second < seconds; second += 20) {
    const at = second * 1_000;
    const unknown = pack({ time: START + at, values: { temperature: 1 } });
    said.push({ at, subject: 'telemetry.p1.l1.pump', payload: Buffer.from([0xc1, second & 0xff]) });
    said.push({ at, subject: 'telemetry.p1.l1.ghost', payload: unknown });
  }
  return said;
}
