import type { BaselineState } from '../model/anomaly.ts';
import { lineOf, nameOf, plantOf } from '../model/key.ts';
import type { BaselineRow } from '../model/tables.ts';

/** The row of `baselines` for one step of what a baseline has learnt. */
export function toBaselineRow(state: BaselineState): BaselineRow {
  const { asset, ...said } = state;
  return {
    ...said,
    plant: plantOf(asset),
    line: nameOf(lineOf(asset)),
    asset: nameOf(asset),
  };
}
