import { formatDuration } from '../model/duration.ts';
import { rulesOf } from '../model/knowledge.ts';
import { scheduledFor } from '../model/line-schedules.ts';
import type { Situation } from '../model/situation.ts';
import { between, type Duration, plus, SECOND, toIso } from '../model/time.ts';
import { type Episode, remember, requestId } from './episode.ts';
import { type Moment, revise, timerOf } from './revise.ts';
import { raised, settingsOf } from './settings.ts';
import { suppressionOf } from './suppression.ts';

/** Changes within this time become one revision: a planner reads sentences, not a stream. */
const FOLD = (60 * SECOND) as Duration;

const EVIDENCE_LIMIT = 20;

/** Opens the request of a problem, unless a suppression holds it back: then it asks again when that may be over. */
export function consider(episode: Episode, moment: Moment, situation: Situation): void {
  const { shared, out, time } = moment;
  if (episode.opened !== null) return;
  const found = suppressionOf(rulesOf(shared.knowledge, out.key)?.suppress ?? [], {
    ...{ signals: episode.signals, time, situation },
    entries: scheduledFor(shared.schedules, out.key),
  });
  if (found === undefined) {
    // What was held back and has cleared meanwhile needs nobody; its timer ends it.
    const gone = episode.changes.length > 0 && episode.standing.length === 0;
    if (!gone) open(episode, moment);
    return;
  }
  if (found.until === null) out.sleep(timerOf(episode, 'suppressed'));
  else out.wakeAt(found.until, timerOf(episode, 'suppressed'));
  if (episode.changes.includes(found.kind)) return;
  episode.changes.push(found.kind);
  const until = found.until === null ? '' : ` until ${toIso(found.until)}`;
  out.deadLetter(
    'suppressed',
    `request ${episode.id} of ${out.key} is held back during ${found.kind}${until}`,
    { id: episode.id, triggers: episode.triggers, incidents: episode.incidents },
  );
}

function open(episode: Episode, moment: Moment): void {
  const { out, time, shared } = moment;
  const held = episode.changes;
  episode.opened = time;
  episode.revision = 0;
  out.sleep(timerOf(episode, 'suppressed'));
  const after = held.length > 0 ? `, held back during ${held.join(' and ')} and still there` : '';
  const said = episode.round === 1 ? `${episode.rules.join(', ')} spoke` : episode.history.at(-1);
  revise(episode, 'open', after === '' ? `${said}` : `${said?.replace(/\.$/, '')}${after}`, moment);
  const { escalate } = settingsOf(shared, out.key, episode);
  if (escalate !== null) out.wakeAt(plus(time, escalate), timerOf(episode, 'escalate'), true);
}

/** Something that a planner would want to know: told within a minute, together with what else happens in it. */
export function change(episode: Episode, what: string, { out, time }: Moment): void {
  if (episode.opened === null || episode.final !== null || episode.changes.includes(what)) return;
  if (episode.changes.length === 0) out.wakeAt(plus(time, FOLD), timerOf(episode, 'fold'));
  episode.changes.push(what);
}

export function fold(episode: Episode, moment: Moment): void {
  if (episode.changes.length === 0 || episode.opened === null || episode.final !== null) return;
  revise(episode, 'update', episode.changes.join('; '), moment);
}

/** Nobody took notice in time: one priority step up, and again after as long, until the highest. */
export function escalate(episode: Episode, moment: Moment): void {
  const { out, time, shared } = moment;
  const after = settingsOf(shared, out.key, episode).escalate;
  const next = raised(episode.priority);
  if (after === null || episode.noticed || episode.final !== null || next === episode.priority) {
    return;
  }
  episode.priority = next;
  const news = `nobody accepted it within ${formatDuration(after)}: priority is now ${next}`;
  revise(episode, 'update', [...episode.changes, news].join('; '), moment);
  if (raised(next) !== next) out.wakeAt(plus(time, after), timerOf(episode, 'escalate'), true);
}

/** None of its anomalies stands any more: after `rearm` the problem is over as far as the machine goes. */
export function beginClear(episode: Episode, { out, time, shared }: Moment): void {
  episode.clear = time;
  const { rearm } = settingsOf(shared, out.key, episode);
  out.wakeAt(plus(time, rearm), timerOf(episode, 'clear'));
}

/** An anomaly of the problem stands (again). */
export function stir(episode: Episode, moment: Moment): void {
  moment.out.sleep(timerOf(episode, 'clear'));
  if (episode.calm) change(episode, 'it shows again', moment);
  episode.clear = null;
  episode.calm = false;
}

/** Decides about a problem that has been clear for `rearm`. */
export function calmDown(episode: Episode, moment: Moment): void {
  const { out, time, shared } = moment;
  if (episode.clear === null || episode.standing.length > 0) return;
  episode.calm = true;
  const { withdraw, cooldown } = settingsOf(shared, out.key, episode);
  if (episode.opened === null) {
    end(episode, moment);
  } else if (episode.final !== null) {
    // A planner's no is respected for the whole cool-down, however often the anomaly comes and goes.
    const refused = episode.status === 'rejected' || episode.status === 'cancelled';
    if (refused && time < plus(episode.final, cooldown)) return;
    revise(episode, 'close', `${episode.status}, and clear since ${toIso(episode.clear)}`, moment);
    end(episode, moment);
  } else if (withdraw && !isAccepted(episode)) {
    const since = toIso(episode.clear);
    revise(episode, 'withdraw', `clear since ${since} before anyone accepted it`, moment);
    end(episode, moment);
  } else {
    change(episode, `all its anomalies are clear since ${toIso(episode.clear)}`, moment);
  }
}

/** Somebody said yes to the request. */
export function isAccepted({ status }: Episode): boolean {
  return status !== '' && status !== 'requested';
}

/** Forgets a problem. */
export function end(episode: Episode, { state, out }: Moment): void {
  state.episodes = state.episodes.filter((other) => other !== episode);
  for (const purpose of ['clear', 'cooldown', 'escalate', 'fold', 'suppressed'] as const) {
    out.sleep(timerOf(episode, purpose));
  }
}

/** The cool-down after the request's end is over: a problem that stands gets a new round, one that is gone ends. */
export function coolDown(episode: Episode, moment: Moment): void {
  const { state, time } = moment;
  if (episode.final === null) return;
  if (episode.standing.length === 0) {
    if (episode.calm) calmDown(episode, moment);
    return;
  }
  const after = formatDuration(between(episode.final, time));
  const note = episode.note === '' ? '' : ` ("${episode.note}")`;
  const fate = `${episode.status}${note} at ${toIso(episode.final)}, and the anomaly stands`;
  startRound(episode, `Recurred after ${after}: request ${episode.id} was ${fate}.`, moment);
  const standing = episode.standing.flatMap((id) => {
    const { time, text } = state.standing[id] ?? {};
    if (time === undefined || text === undefined) return [];
    return [{ stage: 'stands', time, kind: 'anomaly', about: id, text }];
  });
  episode.evidence = standing.slice(0, EVIDENCE_LIMIT);
  episode.evidence_count = standing.length;
  const situation = state.situation ?? episode.situation;
  episode.situation = situation;
  consider(episode, moment, situation);
}

/** The problem gets a new request, with an id of its own, which is not open yet. `line`: what became of the last one. */
export function startRound(episode: Episode, line: string, { out }: Moment): void {
  remember(episode.history, [line], EVIDENCE_LIMIT);
  Object.assign(episode, { round: episode.round + 1, opened: null, changes: [] });
  Object.assign(episode, { status: '', told: null, final: null, note: '', noticed: false });
  Object.assign(episode, { slot: null, excuse: '' });
  episode.id = requestId(out.key, episode);
}
