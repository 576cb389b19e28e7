import { FEATURE_PREFIX } from '../model/features.ts';
import type { Asset } from '../model/plant-model.ts';
import type { Observation, Situated, Situation } from '../model/situation.ts';
import type { EventTime } from '../model/time.ts';
import type { Window } from '../model/window.ts';

/** What a detector judges: one feature of a waveform, or one window of a signal. */
export type Sample = {
  readonly signal: string;
  /** Measuring point of a feature; '' for windows. */
  readonly point: string;
  readonly component: string;
  /** End of the window or waveform. */
  readonly time: EventTime;
  readonly unit: string;
  readonly situation: Situation;
  /** A window's value is whichever statistic a rule names; a feature has one of its own. */
  readonly measured: number | Window;
};

const FEATURE_UNITS: Readonly<Record<string, string>> = {
  acceleration_rms: 'g',
  acceleration_peak: 'g',
  velocity_rms: 'mm/s',
};

/** The samples in an observation at its event's time. Early and corrected windows give none: they are judged once. */
export function samplesOf(
  { value, situation }: Situated<Observation>,
  time: EventTime,
  asset: Asset,
): Sample[] {
  switch (value.kind) {
    case 'event':
    case 'schedule':
      return [];
    case 'window': {
      if (value.version !== 1) return [];
      const { signal } = value;
      const unit = asset.signals[signal]?.unit ?? '';
      return [{ signal, point: '', component: '', time, unit, situation, measured: value }];
    }
    case 'features': {
      const { point, component = '', values } = value;
      return Object.entries(values).map(([name, measured]) => {
        const unit = FEATURE_UNITS[name] ?? '';
        const signal = FEATURE_PREFIX + name;
        return { signal, point, component, time, unit, situation, measured };
      });
    }
  }
}
