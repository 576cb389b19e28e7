/** What a person needs beside the numbers of an anomaly: sensor, part, advice. */

import { formatNumber } from '../model/canonical.ts';
import type { DetectorRule } from '../model/detector-rule.ts';
import { FEATURE_PREFIX, type Features } from '../model/observation.ts';
import type { Asset } from '../model/plant-model.ts';
import type { DetectorState } from './detector-state.ts';

/** What a person needs beside value and limit: what measured it, which part it points at, what to look at. */
type Explanation = {
  readonly sensor: string;
  readonly part: string;
  /** Its lines in words: harmonics with their signal to noise; '' without a part. */
  readonly lines: string;
  readonly advice: string;
};

/** Scores from which a comb of lines points at a part (see operators/spectrum): a cage modulates what other parts do. */
const LEAST_SCORES: Readonly<Record<string, number>> = {
  outer_race: 2.8,
  inner_race: 2.8,
  rolling_element: 2.8,
  cage: 3.5,
};

/** Explains an anomaly of a rule and signal; the features are those of the very waveform that was evaluated. */
export function explain(
  rule: DetectorRule,
  state: Pick<DetectorState, 'signal' | 'point'>,
  asset: Asset | undefined,
  features: Features | undefined,
  contributions: Readonly<Record<string, number>>,
): Explanation {
  const part = features === undefined ? '' : partOf(features.values);
  const lines = features === undefined || part === '' ? '' : linesOf(features.values, part);
  const advice =
    part === '' ? adviceOn(rule, state.signal, contributions) : adviceOnPart(part, state);
  return { sensor: sensorOf(asset, state), part, lines, advice };
}

/** `horizontal acceleration at motor_de (stud)`, or what the plant model calls the signal. */
function sensorOf(
  asset: Asset | undefined,
  { signal, point }: Pick<DetectorState, 'signal' | 'point'>,
): string {
  const known = asset?.points.find(({ id }) => id === point);
  if (known !== undefined) {
    const { direction, quantity, id, mounting } = known;
    const what = [direction, quantity, 'at', id].filter((word) => word !== undefined).join(' ');
    return mounting === undefined ? what : `${what} (${mounting})`;
  }
  if (asset === undefined || !Object.hasOwn(asset.signals, signal)) return signal;
  const { description, range, unit = '' } = asset.signals[signal] ?? {};
  const words = description === undefined ? signal : `${signal} (${description})`;
  return range === undefined ? words : `${words}, ${range.join(' to ')} ${unit}`.trimEnd();
}

/** The part with the highest score; '' when none is high enough, and when parts with the same lines share it. */
function partOf(values: Features['values']): string {
  let [best, most] = ['', 0];
  for (const [part, least] of Object.entries(LEAST_SCORES)) {
    const score = values[`bearing_${part}`] ?? 0;
    if (score < least || score < most) continue;
    [best, most] = [score === most ? '' : part, score];
  }
  return best;
}

function linesOf(values: Features['values'], part: string): string {
  const ratios = [1, 2, 3].map((order) => values[`bearing_${part}_${order}x`]);
  const lines = ratios.flatMap((ratio, at) =>
    ratio === undefined ? [] : [`${at + 1}x ${formatNumber(ratio)}`],
  );
  return `score ${formatNumber(values[`bearing_${part}`] ?? 0)}, times the noise: ${lines.join(', ')}`;
}

function adviceOnPart(part: string, { point }: Pick<DetectorState, 'point'>): string {
  return `Look at the ${part.replace('_', ' ')} of the bearing at ${point}: temperature, noise, play, grease; plan its replacement.`;
}

const ON_FEATURES: readonly (readonly [RegExp, string])[] = [
  [/_1x$/, 'Look at the balance of the rotor: deposits, a lost weight, a bent shaft.'],
  [/_2x$|_3x$/, 'Look at alignment and coupling, then at loose feet.'],
  [
    /kurtosis|crest|bearing_|envelope_/,
    'Look at the bearings: listen, check temperature and grease, diagnose the waveform.',
  ],
  [/acceleration/, 'Look at bearings, lubrication and gear mesh; diagnose the waveform.'],
  [
    /velocity|displacement/,
    'Look at balance, alignment, coupling and loose feet, then at the bearings.',
  ],
];

function adviceOn(
  rule: DetectorRule,
  signal: string,
  contributions: Readonly<Record<string, number>>,
): string {
  switch (rule.kind) {
    case 'silence':
      return 'Look at sensor, cable, power and gateway.';
    case 'event':
      return 'Look up what the controller says of it, and at the machine.';
    case 'stuck':
      return 'Look at the sensor: compare it with a second measurement.';
    case 'noise-floor':
      return 'Look at the mounting, cable and connector of the sensor, and at machines beside it.';
    case 'usage':
      return 'Do what the service plan says for this count.';
    case 'drift':
      return 'If the machine is well as it is, have its baseline learnt anew (event "repaired"); if not, find what changed slowly.';
    case 'multivariate': {
      const most = Object.entries(contributions).sort(([, a], [, b]) => b - a);
      const names = most.slice(0, 2).map(([name]) => name);
      return `Begin with ${names.join(' and ')}: these moved away from the others.`;
    }
    case 'limit':
    case 'iso20816':
    case 'iso20816-change':
    case 'baseline':
    case 'ewma':
    case 'cusum':
    case 'range':
    case 'rate':
    case 'trend': {
      const known = signal.startsWith(FEATURE_PREFIX)
        ? ON_FEATURES.find(([pattern]) => pattern.test(signal))
        : undefined;
      return (
        known?.[1] ??
        `Compare ${signal} with order and recipe, then look at what drives it, then at its sensor.`
      );
    }
  }
}
