// What a history shows of each signal of a plant: how often it comes, what it is like, and in which situations.

import { filter, tap } from 'rxjs';
import type { Flow, Row } from '../../../operators/flow/flow.ts';
import type { AssetKey } from '../../../operators/model/key.ts';
import {
  type Enriched,
  FEATURE_PREFIX,
  type Observation,
} from '../../../operators/model/observation.ts';
import type { Request } from '../../../operators/model/request.ts';
import { observe } from '../../plant.ts';
import { createPipelineEngine } from '../../worker/epochs/engine.ts';
import { NO_STATES } from '../../worker/epochs/state-image.ts';
import { type FiniteLog, replayLog } from '../replay-log.ts';

/** How the readings of one signal come, over all assets that have it. */
export type Cadence = {
  readonly assets: Set<AssetKey>;
  count: number;
  first: number;
  last: number;
  /** Between two readings of one asset, microseconds; every so many of them, when there are many. */
  readonly gaps: Sampled;
  longest: number;
  /** The longest time without a change, and how often the value changed. */
  steady: number;
  changes: number;
};

/** What one signal was like, in windows or waveforms. */
export type Behaviour = {
  readonly assets: Set<AssetKey>;
  /** Of one waveform feature: the signal is measured at points. */
  readonly isFeature: boolean;
  /** Values while the machine ran as usual, by product; every so many of them. */
  readonly byProduct: Map<string, Sampled>;
  count: number;
  /** Of them while a machine was in EXECUTE, and before any state was known. */
  running: number;
  unknown: number;
};

/** A column that stays bounded: when it is full, every other value is dropped, and only every so many are taken. */
export type Sampled = { readonly values: number[]; stride: number; seen: number };

const MOST_SAMPLED = 4_096;

export function createSampled(): Sampled {
  return { values: [], stride: 1, seen: 0 };
}

export function addSampled(sampled: Sampled, value: number): void {
  const isTaken = sampled.seen % sampled.stride === 0;
  sampled.seen += 1;
  if (!isTaken) return;
  sampled.values.push(value);
  if (sampled.values.length < MOST_SAMPLED) return;
  const kept = sampled.values.filter((_, at) => at % 2 === 0);
  sampled.values.splice(0, sampled.values.length, ...kept);
  sampled.stride *= 2;
}

/** The value below which a share of the sampled ones lies; NaN without any. */
export function quantileIn({ values }: Sampled, share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** How often each signal comes. Windows of the rules in the log do not matter. */
export async function cadencesIn(log: FiniteLog): Promise<ReadonlyMap<string, Cadence>> {
  const { result } = await replayLog(log, () => {
    const cadences = new Map<string, Cadence>();
    const latest = new Map<string, Latest>();
    const engine = createPipelineEngine(
      (states) => (messages) => messages.pipe(observe(states), filter(isRowOrMark)),
      NO_STATES,
      { row: (row) => addReadings(cadences, latest, row) },
    );
    return { engine, result: cadences };
  });
  return result;
}

/** What each signal was like in the windows of the rules in the log, and each feature in the waveforms. */
export async function behavioursIn(log: FiniteLog): Promise<ReadonlyMap<string, Behaviour>> {
  const { result } = await replayLog(log, () => {
    const behaviours = new Map<string, Behaviour>();
    const engine = createPipelineEngine(
      (states) => (messages) =>
        messages.pipe(
          observe(states),
          tap((item) => {
            if (item.kind === 'event') addObservation(behaviours, item.value);
          }),
          filter(isRowOrMark),
        ),
      NO_STATES,
      { row: () => {} },
    );
    return { engine, result: behaviours };
  });
  return result;
}

type Latest = { time: number; value: number; changed: number };

/** All but events: nothing judges them here. */
function isRowOrMark(
  item: Flow<Enriched<Observation>>,
): item is Exclude<Flow<Request>, { kind: 'event' }> {
  return item.kind !== 'event';
}

function addReadings(
  cadences: Map<string, Cadence>,
  latest: Map<string, Latest>,
  { table, row }: Row,
): void {
  if (table !== 'readings') return;
  const { asset, signals, times, values, evaluated = values, unknown = [] } = row;
  for (const [place, signal] of signals.entries()) {
    if (unknown.includes(signal)) continue;
    for (const [at, time] of times.entries()) {
      const value = evaluated[place * times.length + at] ?? Number.NaN;
      if (Number.isNaN(value)) continue;
      const cadence = cadences.get(signal) ?? noCadence(time);
      cadences.set(signal, cadence);
      addReading(cadence, latest, { asset, signal, time, value });
    }
  }
}

function noCadence(time: number): Cadence {
  const nothing = { count: 0, longest: 0, steady: 0, changes: 0 };
  return { assets: new Set(), first: time, last: time, gaps: createSampled(), ...nothing };
}

function addReading(
  cadence: Cadence,
  latest: Map<string, Latest>,
  about: { asset: AssetKey; signal: string; time: number; value: number },
): void {
  const { asset, signal, time, value } = about;
  const key = `${asset} ${signal}`;
  const before = latest.get(key) ?? { time, value, changed: time };
  const gap = time - before.time;
  cadence.assets.add(asset);
  cadence.count += 1;
  cadence.first = Math.min(cadence.first, time);
  cadence.last = Math.max(cadence.last, time);
  if (gap > 0) {
    addSampled(cadence.gaps, gap);
    cadence.longest = Math.max(cadence.longest, gap);
  }
  if (value !== before.value) {
    cadence.changes += 1;
    before.changed = time;
  }
  cadence.steady = Math.max(cadence.steady, time - before.changed);
  latest.set(key, { time, value, changed: before.changed });
}

function addObservation(
  behaviours: Map<string, Behaviour>,
  { observation, situation }: Enriched<Observation>,
): void {
  if (observation.kind === 'event' || observation.kind === 'schedule' || situation.mixed) return;
  const isFeature = observation.kind === 'features';
  const values = isFeature
    ? Object.entries(observation.values).map(
        ([name, value]) => [FEATURE_PREFIX + name, value] as const,
      )
    : observation.version === 1
      ? [[observation.signal, observation.mean] as const]
      : [];
  for (const [signal, value] of values) {
    const nothing = { assets: new Set<AssetKey>(), byProduct: new Map(), count: 0 };
    const known = behaviours.get(signal) ?? { ...nothing, isFeature, running: 0, unknown: 0 };
    behaviours.set(signal, known);
    known.assets.add(observation.asset);
    known.count += 1;
    if (situation.state === 'EXECUTE') known.running += 1;
    if (situation.state === 'UNDEFINED') known.unknown += 1;
    if (situation.state !== 'EXECUTE' && situation.state !== 'UNDEFINED') continue;
    const sampled = known.byProduct.get(situation.product) ?? createSampled();
    known.byProduct.set(situation.product, sampled);
    addSampled(sampled, value);
  }
}
