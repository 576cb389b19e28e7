/** In which operation a rule evaluates a sample (`when`): settled, steady, and within bands of other signals. */

import type { DetectorRule } from '../model/detector-rule.ts';
import type { Enriched, Observation } from '../model/observation.ts';
import { BEGINNING, type EventTime, later } from '../model/time.ts';
import type { Sample } from './sample.ts';

/** What gates ask of the asset's recent operation. */
type OperatingState = {
  /** By `BandedSignal.key`: the band that each signal was in last. */
  readonly bands: Readonly<Record<string, SignalBand>>;
  /** When it was last in a planned stretch or a start-up. */
  readonly unsettled: EventTime;
};

/** The signals that a rule divides into bands: the ranges of `when.within`, and those of `bands`, which make its modes. */
export type BandedSignals = {
  readonly within: readonly BandedSignal[];
  readonly bands: readonly BandedSignal[];
};

/** A signal that is divided into bands at `bounds`: speed, load. `key` is where its state is found. */
export type BandedSignal = {
  readonly signal: string;
  readonly bounds: readonly number[];
  readonly key: string;
};

/** Which band the last value of a signal was in, and since when. `band` −1: it crossed a boundary inside its window. */
export type SignalBand = { band: number; since: EventTime; time: EventTime };

/** `bands`: names of the bands that the rule's signals are in, or undefined when the sample is not to be evaluated. */
type GateResult = { readonly bands: string | undefined; readonly unknown?: string };

/** Not the name of a signal, but what waveforms carry. */
export const SHAFT_SPEED = 'rpm';

/**
 * Whether a sample came in a situation that its rule evaluates (`when`). A band is that of the last value before the
 * sample: where speed and vibration change together, `steady` keeps the sample of the change out.
 */
export function gate(
  { when }: DetectorRule,
  { within, bands }: BandedSignals,
  { bands: current, unsettled }: OperatingState,
  { start, situation }: Sample,
): GateResult {
  const closed = { bands: undefined };
  if (when?.settle !== undefined) {
    const started = situation.started ?? BEGINNING;
    if (situation.planned !== '' || start < later(unsettled, started) + when.settle) return closed;
  }
  const steady = when?.steady ?? 0;
  const isSteady = (since: EventTime) => start - since >= steady;
  if (steady > 0 && !isSteady(situation.since)) return closed;
  const names: string[] = [];
  for (const banded of [...within, ...bands]) {
    const state = current[banded.key];
    if (state === undefined) {
      return { bands: undefined, unknown: `${banded.signal} has not been heard yet` };
    }
    if (state.band === -1 || (steady > 0 && !isSteady(state.since))) return closed;
    if (within.includes(banded) && state.band !== 1) return closed;
    if (bands.includes(banded)) names.push(bandName(banded, state.band));
  }
  return { bands: names.join(', ') };
}

/** A changeover, planned stop, maintenance or start-up goes on, or has just ended. */
export function isUnsettled({ observation, situation }: Enriched<Observation>): boolean {
  if (situation.planned !== '') return true;
  return (
    observation.kind === 'schedule' &&
    observation.type === 'ended' &&
    observation.entry.kind !== 'order'
  );
}

/** The signals whose bands a rule asks for. */
export function bandedSignalsOf(rule: DetectorRule): BandedSignals {
  const banded = (bySignal: Readonly<Record<string, readonly number[]>> = {}) => {
    return Object.entries(bySignal).map(([signal, bounds]) => {
      return { signal, bounds, key: `${signal} ${bounds.join(' ')}` };
    });
  };
  return {
    within: banded(rule.when?.within),
    bands: 'bands' in rule ? banded(rule.bands) : [],
  };
}

/** Takes the bands of an observation's signal into the state, in place. What is older than the state changes nothing. */
export function updateBands(
  bands: Record<string, SignalBand>,
  signals: readonly BandedSignal[],
  observation: Observation,
): void {
  const span = spanOf(observation);
  if (span === undefined) return;
  for (const { signal, bounds, key } of signals) {
    if (signal !== span.signal) continue;
    const before = bands[key];
    if (before !== undefined && span.time < before.time) continue;
    const lowest = bandOf(bounds, span.min);
    const isOne = lowest === bandOf(bounds, span.max);
    const band = isOne ? lowest : -1;
    const isSame = isOne && before?.band === band;
    const since = isSame ? before.since : isOne ? span.start : span.time;
    bands[key] = { band, since, time: span.time };
  }
}

/** The signal of an observation, its least and greatest value, and from when to when. */
function spanOf(observation: Observation) {
  switch (observation.kind) {
    case 'event':
    case 'schedule':
      return undefined;
    case 'window': {
      const { signal, min, max, start, end: time, version } = observation;
      return version === 1 ? { signal, min, max, start, time } : undefined;
    }
    case 'features': {
      const { rpm, time } = observation;
      if (rpm === undefined) return undefined;
      return { signal: SHAFT_SPEED, min: rpm, max: rpm, start: time, time };
    }
  }
}

/** 0 below the first boundary, up to the number of boundaries; a boundary belongs to the band above it. */
function bandOf(bounds: readonly number[], value: number): number {
  return bounds.filter((bound) => value >= bound).length;
}

/** `speed 600..1200`, `speed <600`, `speed >=1200`. */
function bandName({ signal, bounds }: BandedSignal, band: number): string {
  if (band === 0) return `${signal} <${bounds[0]}`;
  if (band === bounds.length) return `${signal} >=${bounds[band - 1]}`;
  return `${signal} ${bounds[band - 1]}..${bounds[band]}`;
}
