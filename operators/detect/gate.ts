import type { DetectorRule } from '../model/detector-rule.ts';
import type { Enriched, Observation } from '../model/situation.ts';
import { BEGINNING, type EventTime, later } from '../model/time.ts';
import { bandName, type Gauge, type Reading } from './gauge.ts';
import type { Sample } from './sample.ts';

/** What the asset did lately, as far as gates ask for it. */
type Lately = {
  readonly readings: Readonly<Record<string, Reading>>;
  /** When it was last in a planned stretch or a start-up. */
  readonly unsettled: EventTime;
};

type Gauges = { readonly within: readonly Gauge[]; readonly bands: readonly Gauge[] };

/** `bands`: names of the bands that the rule's signals are in, or undefined when the sample is not to be judged. */
type Passage = { readonly bands: string | undefined; readonly unknown?: string };

/**
 * Whether a sample came in a situation that its rule judges (`when`). A band is that of the last value heard before the
 * sample: where speed and vibration change together, `steady` keeps the sample of the change out.
 */
export function gate(
  { when }: DetectorRule,
  { within, bands }: Gauges,
  { readings, unsettled }: Lately,
  { start, situation }: Sample,
): Passage {
  const closed = { bands: undefined };
  if (when?.settle !== undefined) {
    const started = situation.started ?? BEGINNING;
    if (situation.planned !== '' || start < later(unsettled, started) + when.settle) return closed;
  }
  const steady = when?.steady ?? 0;
  const isSteady = (since: EventTime) => start - since >= steady;
  if (steady > 0 && !isSteady(situation.since)) return closed;
  const names: string[] = [];
  for (const gauge of [...within, ...bands]) {
    const reading = readings[gauge.key];
    if (reading === undefined) {
      return { bands: undefined, unknown: `${gauge.signal} has not been heard yet` };
    }
    if (reading.band === -1 || (steady > 0 && !isSteady(reading.since))) return closed;
    if (within.includes(gauge) && reading.band !== 1) return closed;
    if (bands.includes(gauge)) names.push(bandName(gauge, reading.band));
  }
  return { bands: names.join(', ') };
}

/** A changeover, planned stop, maintenance or start-up goes on, or has just ended. */
export function isUnsettled({ value, situation }: Enriched<Observation>): boolean {
  if (situation.planned !== '') return true;
  return value.kind === 'schedule' && value.type === 'ended' && value.entry.kind !== 'order';
}
