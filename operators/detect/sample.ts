/** The samples in an observation, and the value that a rule reads from one. */

import type { ValueRule } from '../model/detector-rule.ts';
import {
  type Enriched,
  FEATURE_PREFIX,
  type Features,
  type Observation,
  type PeersChange,
  type Situation,
  type Statistics,
  type Window,
} from '../model/observation.ts';
import { lookup } from '../model/plain.ts';
import type { Asset } from '../model/plant-model.ts';
import type { EventTime } from '../model/time.ts';

/** What a detector evaluates: one feature of a waveform, or one window of a signal. */
export type Sample = {
  readonly signal: string;
  /** Measuring point of a feature; '' for windows. */
  readonly point: string;
  readonly component: string;
  /** Begin and end of the window or waveform. */
  readonly start: EventTime;
  readonly time: EventTime;
  readonly unit: string;
  readonly situation: Situation;
  /** A window's value is whichever statistic a rule names; a feature has one of its own. */
  readonly measured: number | Window;
  /** The other features of the same waveform. */
  readonly features?: Features;
  /** By `detectorKey`: what the peers of its machine did meanwhile. */
  readonly peers?: Readonly<Record<string, PeersChange>> | undefined;
};

const FEATURE_UNITS: Readonly<Record<string, string>> = {
  acceleration_rms: 'g',
  acceleration_peak: 'g',
  acceleration_peak_to_peak: 'g',
  acceleration_low_rms: 'g',
  acceleration_middle_rms: 'g',
  acceleration_high_rms: 'g',
  velocity_rms: 'mm/s',
  velocity_1x: 'mm/s',
  velocity_2x: 'mm/s',
  velocity_3x: 'mm/s',
  displacement_rms: 'µm',
};

/** The unit of a feature of waveforms; undefined where it has none. */
export function unitOfFeature(name: string): string | undefined {
  return lookup(FEATURE_UNITS, name);
}

/** The samples in an observation at its event's time. Early and corrected windows give none: a window is evaluated once. */
export function samplesOf(
  { observation, situation, peers }: Enriched<Observation>,
  time: EventTime,
  asset: Asset,
): Sample[] {
  switch (observation.kind) {
    case 'event':
    case 'schedule':
      return [];
    case 'window': {
      if (observation.version !== 1) return [];
      const { signal, start } = observation;
      const unit = lookup(asset.signals, signal)?.unit ?? '';
      const measured = observation;
      return [{ signal, point: '', component: '', start, time, unit, situation, measured, peers }];
    }
    case 'features': {
      const { point, component = '', time: start, values } = observation;
      return Object.entries(values).map(([name, measured]) => {
        const unit = unitOfFeature(name) ?? '';
        const signal = FEATURE_PREFIX + name;
        return {
          signal,
          point,
          component,
          start,
          time,
          unit,
          situation,
          measured,
          features: observation,
          peers,
        };
      });
    }
  }
}

const STATISTICS: ReadonlySet<string> = new Set<keyof Statistics>([
  'count',
  'first',
  'last',
  'min',
  'max',
  'sum',
  'mean',
  'deviation',
  'rms',
  'peak_to_peak',
  'crest',
  'slope',
]);

function isExact(name: string): name is keyof Statistics {
  return STATISTICS.has(name);
}

const QUANTILE = /^p(\d+(?:\.\d+)?)$/;

/** Whether a window may have a statistic of this name; which quantiles it has is its rule's word. */
export function isStatistic(name: string): boolean {
  return isExact(name) || QUANTILE.test(name);
}

/** The value of a sample under a rule; undefined where its window does not have the statistic that the rule names. */
export function valueOfSample(rule: ValueRule, { measured }: Sample): number | undefined {
  if (typeof measured === 'number') return measured;
  return rule.kind === 'stuck' ? measured.last : statisticOf(measured, rule.of);
}

/** A statistic of a window by name, or `p95` for its quantile 0.95. */
function statisticOf(window: Window, name: string): number | undefined {
  if (isExact(name)) return window[name];
  const percent = Number(QUANTILE.exec(name)?.[1] ?? Number.NaN);
  return window.quantiles.find(([quantile]) => Math.abs(quantile * 100 - percent) < 1e-6)?.[1];
}
