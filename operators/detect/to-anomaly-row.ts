import type { Anomaly } from '../model/anomaly.ts';
import { locate } from '../model/key.ts';
import type { AnomalyRow } from '../model/tables.ts';

/** The row of `anomalies` for one phase of an anomaly. */
export function toAnomalyRow(anomaly: Anomaly): AnomalyRow {
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
  };
}
