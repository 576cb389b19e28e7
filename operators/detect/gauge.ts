import type { DetectorRule } from '../model/detector-rule.ts';
import type { Observation } from '../model/situation.ts';
import type { EventTime } from '../model/time.ts';

/** A signal that rules tell bands of: speed, load. `key` is what its state is kept by. */
export type Gauge = {
  readonly signal: string;
  readonly bounds: readonly number[];
  readonly key: string;
};

/** Which band a signal was in when it was heard last, and since when. `band` −1: it crossed a boundary inside its window. */
export type Reading = { band: number; value: number; since: EventTime; time: EventTime };

/** Not a signal's name, but what waveforms carry. */
const SHAFT = 'rpm';

/** The ranges that a rule asks for, and the bands that make its modes. */
export function gaugesOf(rule: DetectorRule): { within: Gauge[]; bands: Gauge[] } {
  const gauges = (named: Readonly<Record<string, readonly number[]>> = {}) => {
    return Object.entries(named).map(([signal, bounds]) => {
      return { signal, bounds, key: `${signal} ${bounds.join(' ')}` };
    });
  };
  return {
    within: gauges(rule.when?.within),
    bands: 'bands' in rule ? gauges(rule.bands) : [],
  };
}

/** Takes what an observation says of the signals that rules look at. An older one than was heard changes nothing. */
export function readGauges(
  readings: Record<string, Reading>,
  gauges: readonly Gauge[],
  observation: Observation,
): void {
  const span = spanOf(observation);
  if (span === undefined) return;
  for (const { signal, bounds, key } of gauges) {
    if (signal !== span.signal) continue;
    const before = readings[key];
    if (before !== undefined && span.time < before.time) continue;
    const band = bandOf(bounds, span.min);
    const isOne = band === bandOf(bounds, span.max);
    const now = isOne ? band : -1;
    const isSame = isOne && before?.band === now;
    const since = isSame ? before.since : isOne ? span.start : span.time;
    readings[key] = { band: now, value: span.last, since, time: span.time };
  }
}

function spanOf(observation: Observation) {
  switch (observation.kind) {
    case 'event':
    case 'schedule':
      return undefined;
    case 'window': {
      const { signal, min, max, last, start, end: time, version } = observation;
      return version === 1 ? { signal, min, max, last, start, time } : undefined;
    }
    case 'features': {
      const { rpm, time } = observation;
      if (rpm === undefined) return undefined;
      return { signal: SHAFT, min: rpm, max: rpm, last: rpm, start: time, time };
    }
  }
}

/** 0 below the first boundary, up to the number of boundaries; a boundary belongs to the band above it. */
function bandOf(bounds: readonly number[], value: number): number {
  return bounds.filter((bound) => value >= bound).length;
}

/** `speed 600..1200`, `speed <600`, `speed >=1200`. */
export function bandName({ signal, bounds }: Gauge, band: number): string {
  if (band === 0) return `${signal} <${bounds[0]}`;
  if (band === bounds.length) return `${signal} >=${bounds[band - 1]}`;
  return `${signal} ${bounds[band - 1]}..${bounds[band]}`;
}
