import { stringify } from 'yaml';

/** The signals of each asset: twenty, as a frame carries them. */
const SIGNALS = [
  'temperature',
  'current',
  'vibration_velocity_rms',
  'pressure',
  'flow',
  'power',
  ...Array.from({ length: 14 }, (_, index) => `analog_${index + 1}`),
] as const;
export const SIGNALS_PER_ASSET = SIGNALS.length;

const ASSETS_PER_LINE = 50;
export const PLANT = 'bench';

export type AssetName = { readonly line: string; readonly asset: string };

/** The assets by number, in lines of fifty. */
export function assetNames(count: number): readonly AssetName[] {
  return Array.from({ length: count }, (_, index) => ({
    line: `line${Math.floor(index / ASSETS_PER_LINE) + 1}`,
    asset: `machine${index + 1}`,
  }));
}

/** Zones are for velocities in mm/s; nothing looks at the other units. */
function unitOf(signal: string): string {
  return signal === 'vibration_velocity_rms' ? 'mm/s' : '1';
}

/** Points that waveforms come from, of the first so many assets. */
type Points = { readonly assets: number; readonly points: readonly object[] };

/** The model of so many assets, each with these signals. */
export function plantModel(
  assets: number,
  signalNames: readonly string[] = SIGNALS,
  measured: Points = { assets: 0, points: [] },
) {
  const signals = Object.fromEntries(
    signalNames.map((signal) => [signal, { unit: unitOf(signal) }]),
  );
  const names = assetNames(assets);
  const sending = new Set(names.slice(0, measured.assets).map(({ asset }) => asset));
  const lines = new Map<string, AssetName[]>();
  for (const name of names) {
    const known = lines.get(name.line);
    if (known === undefined) lines.set(name.line, [name]);
    else known.push(name);
  }
  return {
    id: PLANT,
    name: 'Benchmark',
    time_zone: 'UTC',
    lines: Array.from(lines, ([line, own]) => ({
      id: line,
      name: line,
      assets: own.map(({ asset }) => ({
        id: asset,
        name: asset,
        class: 'pump',
        iso: { group: '2', support: 'rigid' },
        components: ['bearing'],
        signals,
        ...(sending.has(asset) ? { points: measured.points } : {}),
      })),
    })),
  };
}

/** `plant.yaml` of so many assets. */
export function plantFile(assets: number, measured?: Points): string {
  const plants = [plantModel(assets, SIGNALS, measured)];
  return stringify({ plants }, { aliasDuplicateObjects: false });
}

/** `rules.yaml`: all readings in windows, some in overlapping ones and sketches, every kind of detector, a pattern. */
export const RULES_FILE = `
time: { disorder: 2s, idle: 10s, skew: 5m, correction: 1h }
windows:
  - { id: ten, kind: tumbling, size: 10s }
  - id: minute
    kind: hopping
    size: 60s
    hop: 10s
    signals: [temperature, current, vibration_velocity_rms, pressure, power]
  - { id: spread, kind: tumbling, size: 10s, signals: [temperature], quantiles: [0.5, 0.95] }
detectors:
  - { id: hot, kind: limit, signal: temperature, window: ten, above: 80, raise: { after: 10s, severity: alarm } }
  - { id: overload, kind: limit, signal: current, window: minute, of: max, above: 60 }
  - { id: zone, kind: iso20816, signal: vibration_velocity_rms, window: ten, while: "state == 'EXECUTE'", raise: { after: 20s } }
  - { id: usual, kind: baseline, signal: power, window: ten, learn: 20, limit: 8 }
  - { id: still, kind: stuck, signal: pressure, window: ten, windows: 3 }
  - { id: silent, kind: silence, signal: flow, window: ten, after: 30s }
patterns:
  - id: wear
    pattern:
      - { name: heat, where: "kind == 'anomaly' && signal == 'temperature'" }
      - { name: shake, follows: relaxed, where: "kind == 'anomaly' && signal == 'vibration_velocity_rms'" }
    within: 5m
    raise: { severity: alarm, failure_mode: BRG-WEAR }
triggers:
  - { id: inspect, on: wear, request: { kind: inspection, priority: high, duration: 2h } }
`;

type Values = Record<string, number>;

/**
 * One frame of an asset. Machines 7, 8, 9, 10 of each fifty go wrong after `wrongAfter` seconds: hot and shaking, a
 * stuck pressure, a silent flow, an overload.
 */
export function valuesOf(asset: number, second: number, wrongAfter: number): Values {
  const wrong = second > wrongAfter ? asset % ASSETS_PER_LINE : -1;
  const values: Values = {};
  for (let index = 0; index < SIGNALS.length; index += 1) {
    const wave = Math.sin(second / (3 + index) + asset) * 2 + Math.sin(second * 37 + index * asset);
    values[SIGNALS[index] ?? ''] = 40 + wave;
  }
  values.vibration_velocity_rms = 1 + 0.05 * Math.sin(second * 11 + asset);
  if (wrong === 7) {
    values.temperature = 90 + Math.sin(second);
    values.vibration_velocity_rms = 9 + Math.sin(second);
  }
  if (wrong === 8) values.pressure = 42;
  if (wrong === 9) delete values.flow;
  if (wrong === 10) values.current = 75;
  return values;
}

/** What a machine sends at one time, in messages of so many signals at most. */
export function splitValues(values: Values, signals: number): readonly Values[] {
  if (!(signals >= 1)) throw new Error(`--signals: expected 1 or more, found ${signals}`);
  if (signals >= SIGNALS_PER_ASSET) return [values];
  const all = Object.entries(values);
  return Array.from({ length: Math.ceil(all.length / signals) }, (_, part) => {
    return Object.fromEntries(all.slice(part * signals, (part + 1) * signals));
  });
}
