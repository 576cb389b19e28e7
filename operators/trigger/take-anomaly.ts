import type { Anomaly } from '../model/anomaly.ts';
import { addEvidence, remember } from './episode.ts';
import type { Moment } from './revise.ts';
import { beginClear, stir } from './stages-of-life.ts';
import { isWorse, sharpen } from './take-incident.ts';

/** Standing anomalies of one asset; beyond it the oldest is forgotten and counted. */
const STANDING_LIMIT = 2_000;
const EPISODE_LIMIT = 1_000;

/** Follows an anomaly through its phases, for the problems that it belongs to. */
export function takeAnomaly(anomaly: Anomaly, moment: Moment): void {
  const { id, phase, rule, signal, point, time, severity, reason } = anomaly;
  const { state, out } = moment;
  if (phase === 'cleared') {
    delete state.standing[id];
    settle(id, moment);
    return;
  }
  const source = `${rule} ${signal} ${point}`;
  const text = `${severity}: ${reason}`;
  state.standing[id] = { source, time, text };
  const ids = Object.keys(state.standing);
  const [oldest] = ids;
  if (ids.length > STANDING_LIMIT && oldest !== undefined) {
    delete state.standing[oldest];
    const detail = `more than ${STANDING_LIMIT} anomalies stand at one asset: the oldest is taken for cleared`;
    out.deadLetter('overflow', detail, oldest);
    settle(oldest, moment);
  }
  for (const episode of state.episodes) {
    const isMember = episode.standing.includes(id);
    if (!isMember && !episode.sources.includes(source)) continue;
    if (!isMember) {
      remember(episode.standing, [id], EPISODE_LIMIT);
      remember(episode.anomalies, [id], EPISODE_LIMIT);
      stir(episode, moment);
    }
    if (isWorse(severity, episode.severity)) {
      addEvidence(episode, { stage: phase, time, kind: 'anomaly', about: id, text });
    }
    sharpen(episode, anomaly, false, moment);
  }
}

function settle(id: string, moment: Moment): void {
  for (const episode of moment.state.episodes) {
    if (!episode.standing.includes(id)) continue;
    episode.standing = episode.standing.filter((other) => other !== id);
    if (episode.standing.length === 0) beginClear(episode, moment);
  }
}
