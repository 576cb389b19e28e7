import type { Anomaly } from '../model/anomaly.ts';
import { locate } from '../model/key.ts';
import type { AnomalyRow } from '../model/tables.ts';
import type { AlarmState } from './alarm-state.ts';

/** The row of `anomalies` for one phase of an anomaly, with the alarm state after it, and why it was withheld. */
export function toAnomalyRow(anomaly: Anomaly, alarm: AlarmState, withheld: string): AnomalyRow {
  const { kind: _, asset, situation, evidence, ...said } = anomaly;
  const { state, mode, order, product } = situation;
  return {
    ...said,
    ...locate(asset),
    state,
    mode,
    order,
    product,
    evidence: JSON.stringify(evidence),
    alarm,
    withheld,
  };
}
