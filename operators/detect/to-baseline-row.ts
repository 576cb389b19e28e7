import type { BaselineState } from '../model/anomaly.ts';
import { locate } from '../model/key.ts';
import type { BaselineRow } from '../model/tables.ts';
import { HOUR } from '../model/time.ts';

/** The row of `baselines` for one step of what a baseline has learnt. */
export function toBaselineRow(state: BaselineState): BaselineRow {
  const { asset, running, needed_running, ...said } = state;
  return {
    ...said,
    hours: running / HOUR,
    needed_hours: needed_running / HOUR,
    ...locate(asset),
  };
}
