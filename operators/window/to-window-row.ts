import { lineOf, nameOf, plantOf } from '../model/key.ts';
import type { WindowRow } from '../model/tables.ts';
import type { Window } from '../model/window.ts';

/** A window as its row; a quantile of 0.95 becomes `p95`, one of 0.999 `p99.9`. */
export function toWindowRow(window: Window): WindowRow {
  const { asset } = window;
  // Named one by one: there is a row for every window of every signal, and spreading costs more than the window.
  return {
    plant: plantOf(asset),
    line: nameOf(lineOf(asset)),
    asset: nameOf(asset),
    signal: window.signal,
    window: window.window,
    start: window.start,
    end: window.end,
    version: window.version,
    count: window.count,
    first: window.first,
    last: window.last,
    min: window.min,
    max: window.max,
    sum: window.sum,
    mean: window.mean,
    deviation: window.deviation,
    rms: window.rms,
    peak_to_peak: window.peak_to_peak,
    crest: window.crest,
    slope: window.slope,
    quantiles: named(window.quantiles),
  };
}

const NO_QUANTILES = {};

function named(quantiles: Window['quantiles']): WindowRow['quantiles'] {
  if (quantiles.length === 0) return NO_QUANTILES;
  return Object.fromEntries(
    quantiles.map(([quantile, value]) => [`p${Number((quantile * 100).toPrecision(12))}`, value]),
  );
}
