import type { Statistics, Window } from '../model/window.ts';

const NAMES: ReadonlySet<string> = new Set<keyof Statistics>([
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
  return NAMES.has(name);
}

const QUANTILE = /^p(\d+(?:\.\d+)?)$/;

export function isStatistic(name: string): boolean {
  return isExact(name) || QUANTILE.test(name);
}

/** A statistic of a window by name, or `p95` for its quantile 0.95; undefined where the window has no such. */
export function statistic(window: Window, name: string): number | undefined {
  if (isExact(name)) return window[name];
  const percent = Number(QUANTILE.exec(name)?.[1] ?? Number.NaN);
  return window.quantiles.find(([quantile]) => Math.abs(quantile * 100 - percent) < 1e-6)?.[1];
}
