import { FEATURE_PREFIX, type Features } from '../model/features.ts';
import type { Asset } from '../model/plant-model.ts';
import type { Enriched, Observation, Situation } from '../model/situation.ts';
import type { EventTime } from '../model/time.ts';
import type { Window } from '../model/window.ts';

/** What a detector judges: one feature of a waveform, or one window of a signal. */
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

/** The samples in an observation at its event's time. Early and corrected windows give none: they are judged once. */
export function samplesOf(
  { value, situation }: Enriched<Observation>,
  time: EventTime,
  asset: Asset,
): Sample[] {
  switch (value.kind) {
    case 'event':
    case 'schedule':
      return [];
    case 'window': {
      if (value.version !== 1) return [];
      const { signal, start } = value;
      const unit = asset.signals[signal]?.unit ?? '';
      return [{ signal, point: '', component: '', start, time, unit, situation, measured: value }];
    }
    case 'features': {
      const { point, component = '', time: start, values } = value;
      return Object.entries(values).map(([name, measured]) => {
        const unit = FEATURE_UNITS[name] ?? '';
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
          features: value,
        };
      });
    }
  }
}
