// From what a history shows to windows and detectors that could watch it, each with the values that are to be tried.

import { ISO_BOUNDARIES } from '../../../operators/model/detector-bounds.ts';
import { FEATURE_PREFIX } from '../../../operators/model/observation.ts';
import type { PlantModel } from '../../../operators/model/plant-model.ts';
import {
  DAY,
  type Duration,
  formatDuration,
  HOUR,
  MINUTE,
  SECOND,
} from '../../../operators/model/time.ts';
import { type Behaviour, type Cadence, quantileIn } from './history.ts';

/** A detector as `rules.yaml` has it. */
export type RawRule = Readonly<Record<string, unknown>>;

export type WindowProposal = {
  readonly id: string;
  readonly size: Duration;
  readonly signals: readonly string[];
  /** What was seen of them. */
  readonly seen: readonly string[];
};

export type DetectorProposal = {
  readonly rule: RawRule & { readonly id: string; readonly kind: string };
  /** Why, and what was seen, a line each. */
  readonly why: readonly string[];
  /** The field to be chosen, and its values, the calmest first. */
  readonly tried?: { readonly field: string; readonly values: readonly number[] };
};

const SIZES: readonly Duration[] = [
  ...[1, 2, 5, 10, 20, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 20, 30].map((count) => count * MINUTE),
  ...[1, 2, 4, 8, 12].map((count) => count * HOUR),
  ...[1, 2, 7].map((count) => count * DAY),
] as Duration[];
/** A window holds so many readings where they come often; where they come seldom it holds one. */
const READINGS = 10;
const SELDOM = 30 * SECOND;
/** A baseline learns so many windows, and at most a quarter of the history. */
const LEARN = 200;
const LEAST_LEARNT = 20;
/** Signals with fewer values than these are switches, counters of parts or codes: their level says nothing. */
const FEWEST_VALUES = 8;
const DEVIATIONS = [30, 20, 14, 10, 8, 6, 4];
const MARGINS = [1, 0.5, 0.3, 0.2, 0.1, 0.05];
/** Medians of two products this many deviations apart are two levels. */
const APART = 3;

/** Windows for the signals of a history: as long as their readings need to become a mean, or one reading each. */
export function proposeWindows(cadences: ReadonlyMap<string, Cadence>): readonly WindowProposal[] {
  const bySize = new Map<Duration, [string, Cadence][]>();
  for (const [signal, cadence] of cadences) {
    const size = sizeFor(cadence);
    bySize.set(size, [...(bySize.get(size) ?? []), [signal, cadence]]);
  }
  return [...bySize]
    .sort(([a], [b]) => a - b)
    .map(([size, signals]) => ({
      id: `every-${formatDuration(size)}`,
      size,
      signals: signals.map(([name]) => name).sort(),
      seen: signals
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, { count, assets, gaps }]) => {
          const often = formatDuration(rounded(quantileIn(gaps, 0.5)));
          const machines = assets.size === 1 ? 'one asset' : `${assets.size} assets`;
          return `${name}: ${count} readings of ${machines}, usually one every ${often}`;
        }),
    }));
}

function sizeFor({ gaps, first, last }: Cadence): Duration {
  const usual = quantileIn(gaps, 0.5);
  if (Number.isNaN(usual)) return MINUTE;
  if (usual >= SELDOM) return atLeast(usual);
  const wanted = atLeast(Math.max(READINGS * usual, 10 * SECOND));
  const most = (last - first) / (4 * LEARN);
  return most >= wanted ? wanted : atLeast(Math.max(most, usual));
}

/** The first usual length that is not below a time. */
function atLeast(time: number): Duration {
  // A little less: sources do not keep time to the microsecond.
  return SIZES.find((size) => size >= 0.98 * time) ?? ((7 * DAY) as Duration);
}

function rounded(time: number): Duration {
  if (!Number.isFinite(time)) return 0 as Duration;
  return (
    time < SECOND ? Math.round(time / 1_000) * 1_000 : Math.round(time / SECOND) * SECOND
  ) as Duration;
}

/** Detectors for each signal and feature of a history. */
export function proposeDetectors(
  cadences: ReadonlyMap<string, Cadence>,
  behaviours: ReadonlyMap<string, Behaviour>,
  windows: readonly WindowProposal[],
  plants: readonly PlantModel[],
): readonly DetectorProposal[] {
  const names = [...behaviours.keys()].filter(isWatched).sort();
  return [
    ...zonesFor(names, plants),
    ...names.flatMap((signal) => {
      const behaviour = behaviours.get(signal);
      const window = windows.find(({ signals }) => signals.includes(signal));
      if (behaviour === undefined) return [];
      return levelsFor(signal, behaviour, window?.size);
    }),
    ...[...cadences]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([signal, cadence]) => {
        const window = windows.find(({ signals }) => signals.includes(signal));
        return sensorFor(signal, cadence, window?.size ?? MINUTE);
      }),
  ];
}

/** Of a waveform's features those that people trend; the others explain them. */
const TRENDED: ReadonlySet<string> = new Set([
  'vibration_acceleration_rms',
  'vibration_acceleration_middle_rms',
  'vibration_velocity_rms',
]);

function isWatched(signal: string): boolean {
  return (
    !signal.startsWith(FEATURE_PREFIX) ||
    TRENDED.has(signal) ||
    !/_(?:\dx|frequency|velocity)$/.test(signal)
  );
}

/** Zones for machines of which the model knows the group: they need no history. */
function zonesFor(
  names: readonly string[],
  plants: readonly PlantModel[],
): readonly DetectorProposal[] {
  const signal = 'vibration_velocity_rms';
  const groups = new Set(
    plants.flatMap(({ lines }) =>
      lines.flatMap(({ assets }) =>
        assets.flatMap(({ iso }) => (iso === undefined ? [] : `${iso.group}-${iso.support}`)),
      ),
    ),
  );
  if (!names.includes(signal) || groups.size === 0) return [];
  const rows = [...groups].sort().map((row) => {
    const [, c = 0, d = 0] = ISO_BOUNDARIES[row] ?? [];
    return `group ${row.replace('-', ' ')}: zone C from ${c}, zone D from ${d} mm/s`;
  });
  return [
    {
      rule: {
        ...{ id: 'vibration-zone', kind: 'iso20816', signal },
        ...{
          raise: { count: 3, severity: { C: 'warning', D: 'alarm' } },
          clear: { after: '1h', deadband: '10%' },
        },
      },
      why: ['From the first day on: vibration velocity against the zones of ISO 20816-3.', ...rows],
    },
    {
      rule: {
        ...{ id: 'vibration-change', kind: 'iso20816-change', signal },
        ...{ raise: { count: 3, severity: 'notice' }, clear: { after: '6h', deadband: '10%' } },
      },
      why: [
        'A change by more than a share of the B/C boundary, which is significant even inside zone B.',
      ],
      tried: { field: 'share', values: [1, 0.75, 0.5, 0.25] },
    },
  ];
}

/** What is usual, learnt, and what was never seen before. */
function levelsFor(
  signal: string,
  behaviour: Behaviour,
  size: Duration | undefined,
): readonly DetectorProposal[] {
  const all = [...behaviour.byProduct.values()].flatMap(({ values }) => values);
  const distinct = new Set(all).size;
  if (distinct < FEWEST_VALUES) return [];
  const sorted = all.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  const learn = Math.min(LEARN, Math.floor(behaviour.count / behaviour.assets.size / 4));
  const unit = [at(0.01), at(0.5), at(0.99)].map((value) => Number(value.toPrecision(4)));
  const seen = `${behaviour.count} values of ${behaviour.assets.size === 1 ? 'one asset' : `${behaviour.assets.size} assets`}: 1 % below ${unit[0]}, half below ${unit[1]}, 99 % below ${unit[2]}`;
  if (learn < LEAST_LEARNT) return [];
  const isVibration = signal.startsWith(FEATURE_PREFIX);
  const isLog = at(0) > 0 && (isVibration || at(0.99) > 3 * at(0.01));
  const products = productsOf(behaviour);
  const states = behaviour.running > 0.1 * behaviour.count;
  const hold = formatDuration((3 * (size ?? 10 * MINUTE)) as Duration);
  const common = {
    signal,
    learn,
    ...(states ? { while: "state == 'EXECUTE'" } : {}),
    modes: products.length > 1 ? ['product'] : states ? ['mode'] : ['state'],
  };
  const why = [
    seen,
    ...(states ? ['Judged only while the machine is in EXECUTE.'] : []),
    ...(products.length > 1 ? [`A baseline for each product: ${products.join(', ')}.`] : []),
  ];
  return [
    {
      rule: {
        ...{ id: `${signal}-level`, kind: 'baseline', ...common },
        ...{ scale: isLog ? 'log' : 'linear', direction: isVibration ? 'up' : 'both' },
        ...{ raise: { count: 3, severity: 'warning' }, clear: { after: hold, deadband: '10%' } },
      },
      why: [
        ...why,
        `Far from what is usual, three ${behaviour.isFeature ? 'waveforms' : 'windows'} in a row.`,
      ],
      tried: { field: 'limit', values: DEVIATIONS },
    },
    {
      rule: {
        ...{ id: `${signal}-new`, kind: 'range', ...common },
        ...{ raise: { severity: 'notice' }, clear: { after: hold } },
      },
      why: ['Further outside than ever before, by a share of the width of all that was seen.'],
      tried: { field: 'margin', values: MARGINS },
    },
  ];
}

/** Products whose levels differ; one or none where they do not. */
function productsOf({ byProduct }: Behaviour): readonly string[] {
  const levels = [...byProduct].flatMap(([product, sampled]) => {
    if (product === '' || sampled.values.length < LEAST_LEARNT) return [];
    const median = quantileIn(sampled, 0.5);
    const spread = (quantileIn(sampled, 0.75) - quantileIn(sampled, 0.25)) / 1.35;
    return [{ product, median, spread }];
  });
  const differ = levels.some((a) =>
    levels.some((b) => Math.abs(a.median - b.median) > APART * Math.max(a.spread, b.spread)),
  );
  return differ ? levels.map(({ product }) => product).sort() : [];
}

/** Whether the sensor lives: it is silent for longer, or stands still for longer, than it ever was or did. */
function sensorFor(signal: string, cadence: Cadence, size: Duration): readonly DetectorProposal[] {
  const longest = formatDuration(rounded(cadence.longest));
  const after = atLeast(Math.max(2 * cadence.longest, 3 * size, MINUTE));
  const silence: DetectorProposal = {
    rule: {
      id: `${signal}-silent`,
      kind: 'silence',
      signal,
      after: formatDuration(after),
      raise: { severity: 'notice' },
    },
    why: [`The longest time without a reading was ${longest}.`],
  };
  const isMoving = cadence.changes > 0.5 * cadence.count;
  const windows = Math.ceil((2 * cadence.steady) / size) + 3;
  if (!isMoving || windows > 1_000) return [silence];
  return [
    silence,
    {
      rule: {
        id: `${signal}-stuck`,
        kind: 'stuck',
        signal,
        windows: Math.max(6, windows),
        raise: { severity: 'notice' },
      },
      why: [
        `It changes with almost every reading; it never stood still for longer than ${formatDuration(rounded(cadence.steady))}.`,
      ],
    },
  ];
}
