import { lineOf, nameOf, plantOf } from '../model/key.ts';
import type { WindowRow } from '../model/tables.ts';
import type { Window } from '../model/window.ts';

/** A window as its row; a quantile of 0.95 becomes `p95`, one of 0.999 `p99.9`. */
export function toWindowRow(window: Window): WindowRow {
  const { kind: _, asset, quantiles, ...columns } = window;
  return {
    plant: plantOf(asset),
    line: nameOf(lineOf(asset)),
    asset: nameOf(asset),
    ...columns,
    quantiles: Object.fromEntries(
      quantiles.map(([quantile, value]) => [`p${Number((quantile * 100).toPrecision(12))}`, value]),
    ),
  };
}
