import type { AssetKey } from './key.ts';
import type { MachineEvent } from './machine-event.ts';
import type { ScheduleEvent } from './schedule.ts';
import type { EventTime } from './time.ts';

// What is observed of a machine, and the situation in which it was: the input of detectors and patterns.

/** What the machine was doing, as of an event time, by all that is known of it. */
export type Situation = {
  /** PackML state; `UNDEFINED` before the first state event. */
  readonly state: string;
  readonly since: EventTime;
  readonly mode: string;
  readonly order: string;
  /** Segment of the order that runs at this machine, where the schedule has operations. */
  readonly operation: string;
  readonly product: string;
  /** When the order must be done; null where the schedule does not say. */
  readonly due: EventTime | null;
  readonly shift: string;
  /** The planned thing that goes on: `changeover`, `planned-stop`, `maintenance`, `startup`, or nothing. */
  readonly planned: string;
  /** Minutes from the end of what was observed to the next standstill of the machine; 0 in one, null without. */
  readonly next_stop: number | null;
  /** When the machine last stopped being in a start-up state; null if it never did. */
  readonly started: EventTime | null;
  /** The state, mode, product or operation changed inside the window: no detector evaluates it. */
  readonly mixed: boolean;
};

/** A value with the situation of its machine; for rules that compare machines, by `detectorKey`, what their peers did. */
export type Enriched<T> = {
  readonly observation: T;
  readonly situation: Situation;
  readonly peers?: Readonly<Record<string, PeersChange>>;
};

/**
 * What the peers of a machine did meanwhile: the median of their changes from what is usual for each, as a factor where
 * a rule's scale is logarithmic, else as a difference. `count`: of how many.
 */
export type PeersChange = { readonly change: number; readonly count: number };

/** What is observed of a machine: what was measured, and what happened to it. */
export type Observed = Window | Features | MachineEvent;

/** What `enrich` gives to detectors and patterns: what was observed, and what happened in the schedule. */
export type Observation = Observed | ScheduleEvent;

/** The aggregate of a window. `slope` is per second; the others are in the signal's unit. */
export type Statistics = {
  readonly count: number;
  readonly first: number;
  readonly last: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly mean: number;
  /** Sample standard deviation; 0 for a single value. */
  readonly deviation: number;
  readonly rms: number;
  readonly peak_to_peak: number;
  /** Largest magnitude over rms; 0 when all values are 0. */
  readonly crest: number;
  /** Least squares over time, per second; 0 when all values share one time. */
  readonly slope: number;
};

/** One fired window of one signal of one asset: [start, end), evaluated once, corrected by rows of a higher version. */
export type Window = Statistics & {
  readonly kind: 'window';
  readonly asset: AssetKey;
  readonly signal: string;
  /** Id of the window rule. */
  readonly window: string;
  readonly start: EventTime;
  readonly end: EventTime;
  /** 1 when it fired; n + 1 for each correction; 0 for an early firing. */
  readonly version: number;
  readonly quantiles: readonly (readonly [quantile: number, value: number])[];
};

/**
 * The features of one waveform.
 *
 * `values` holds, by name:
 *
 * - in g: `acceleration_rms`, `acceleration_peak`, `acceleration_peak_to_peak`, and rms by band: `acceleration_low_rms` (10 to
 *   1000 Hz), `acceleration_middle_rms` (1 to 5 kHz), `acceleration_high_rms` (5 to 10 kHz);
 * - without unit: `crest`, `skew`, `kurtosis` (Pearson, a normal distribution has 3);
 * - 10 to 1000 Hz, from 2 Hz on below 600 rpm: `velocity_rms` (mm/s), `displacement_rms` (µm);
 * - mm/s rms at multiples of the shaft speed: `velocity_1x`, `velocity_2x`, `velocity_3x`; the five strongest lines as
 *   `line_<n>_frequency` (Hz) and `line_<n>_velocity`;
 * - of points with a bearing: `bearing_<part>` (score), `bearing_<part>_<harmonic>x` (signal to noise),
 *   `envelope_<part>_<harmonic>x` (amplitude), `envelope_low`, `envelope_high` (Hz), `envelope_kurtosis`; where the speed
 *   was read from the spectrum `shaft_rpm` and `shaft_confidence`.
 *
 * `absent` says of each feature that could not be computed why.
 */
export type Features = {
  readonly kind: 'features';
  readonly asset: AssetKey;
  readonly point: string;
  readonly component?: string;
  /** Start of the waveform; it lasted `samples / rate` seconds. */
  readonly time: EventTime;
  readonly rate: number;
  readonly samples: number;
  readonly rpm?: number;
  readonly values: Readonly<Record<string, number>>;
  readonly absent: Readonly<Record<string, string>>;
};

/** Detectors name the feature `velocity_rms` as `vibration_velocity_rms`. */
export const FEATURE_PREFIX = 'vibration_';
