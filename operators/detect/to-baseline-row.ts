import type { BaselineState } from '../model/anomaly.ts';
import { locate } from '../model/key.ts';
import type { BaselineRow } from '../model/tables.ts';

/** The row of `baselines` for one step of what a baseline has learnt. */
export function toBaselineRow(state: BaselineState): BaselineRow {
  const { asset, ...said } = state;
  return {
    ...said,
    ...locate(asset),
  };
}
