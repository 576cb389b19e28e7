import type { Anomaly } from '../model/anomaly.ts';
import { identity } from '../model/identity.ts';
import type { Moment } from './tell.ts';
import { toAnomalyRow } from './to-anomaly-row.ts';

type Kind = 'flood' | 'regime';
type Count = { readonly value: number; readonly limit: number; readonly reason: string };

/** Says one thing of many alarms, at the asset whose alarm made it so. `about` is the line or asset that it is about. */
export function notice(
  kind: Kind,
  about: string,
  like: Anomaly,
  count: Count,
  moment: Moment,
): Anomaly {
  const { time } = moment;
  const anomaly: Anomaly = {
    ...{ kind: 'anomaly', id: identity([kind, about, time]), phase: 'raised', revision: 1 },
    ...{ asset: like.asset, rule: kind, detector: kind, signal: 'alarms', point: '' },
    ...{ component: '', failure_mode: '', severity: 'notice', since: like.since, time },
    ...{ value: count.value, limit: count.limit, score: count.value / count.limit, unit: '' },
    ...{ situation: like.situation, reason: count.reason, sensor: '', contributions: {}, part: '' },
    advice:
      'Look at what changed for all of them: speed, load, product, supply, a restart; then at each.',
    evidence: { about },
  };
  say(anomaly, moment);
  return anomaly;
}

/** Ends a notice. */
export function endNotice(anomaly: Anomaly, reason: string, moment: Moment): void {
  const { time } = moment;
  say({ ...anomaly, phase: 'cleared', revision: anomaly.revision + 1, time, reason }, moment);
}

function say(anomaly: Anomaly, { out }: Moment): void {
  const state = anomaly.phase === 'cleared' ? 'normal' : 'unacknowledged';
  out.land('anomalies', toAnomalyRow(anomaly, state, ''));
  out.emit(anomaly, { time: anomaly.time, key: anomaly.asset });
}
