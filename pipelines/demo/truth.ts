import type { AssetKey } from '../../operators/model/key.ts';
import type { DeadLetterReason } from '../../operators/model/tables.ts';
import { type EventTime, toIso } from '../../operators/model/time.ts';

/** A fault that the simulated plant has, and what Andon should say of it. */
export type PlantedFault = {
  readonly id: string;
  readonly kind: string;
  readonly asset: AssetKey;
  readonly component: string;
  /** Measuring point whose waveforms show it; null where signals do. */
  readonly point: string | null;
  /** What the request should name. */
  readonly failure_mode: string;
  readonly begins: EventTime;
  /** From when on it exceeds what `because` says, at a machine that runs steadily. By the physics, not by any detector. */
  readonly detectable: EventTime;
  readonly because: string;
};

/** Something that goes wrong with the data and not with a machine. No request may come of it. */
export type PlantedNuisance = {
  readonly id: string;
  readonly kind: string;
  /** A subject, or the line that fell silent. */
  readonly source: string;
  readonly from: EventTime;
  readonly to: EventTime;
  /** How many readings or messages it leaves in `dead_letters`, exactly, by reason; {} for none. */
  readonly dead_letters: Readonly<Partial<Record<DeadLetterReason, number>>>;
  readonly because: string;
};

/** Machines that do not produce, for a reason that is no fault: nothing in it may make a request. */
export type QuietStretch = {
  readonly kind: 'changeover' | 'startup' | 'planned-stop' | 'stop' | 'maintenance';
  readonly assets: readonly AssetKey[];
  readonly from: EventTime;
  readonly to: EventTime;
};

/** What was planted among the messages appended up to `ends`; counts are exact for exactly these messages. */
export type Truth = {
  readonly seed: number;
  readonly begins: EventTime;
  readonly ends: EventTime;
  readonly messages: number;
  /** Readings that must land: those set aside before they are written down are not in it. */
  readonly readings: number;
  /** Those that must have been found by `ends`. */
  readonly faults: readonly PlantedFault[];
  /** Those that have begun and need not have been found yet: a request for one is neither missing nor false. */
  readonly growing: readonly PlantedFault[];
  readonly nuisances: readonly PlantedNuisance[];
  readonly quiet: readonly QuietStretch[];
};

const TIMES = new Set(['begins', 'ends', 'detectable', 'from', 'to']);

/** The truth as a JSON text for people and scripts: its times are ISO 8601. */
export function truthFile(truth: Truth): string {
  const text = JSON.stringify(
    truth,
    (name, value: unknown) => {
      return TIMES.has(name) && typeof value === 'number' ? toIso(value as EventTime) : value;
    },
    2,
  );
  return `${text}\n`;
}
