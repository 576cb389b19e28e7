/**
 * Guards and actions of the tables in `state-machine.ts`, in the order of the tables. An action changes the data of an
 * episode, sets its timers and emits revisions; which state is next is the table's business.
 */

import {
  between,
  type Duration,
  type EventTime,
  formatDuration,
  plus,
  SECOND,
  toIso,
} from '../model/time.ts';
import { PRIORITIES, type Priority } from '../model/trigger-rule.ts';
import {
  addMissing,
  EPISODE_TIMERS,
  type Episode,
  type EpisodeContext,
  requestId,
  timerName,
  triggerSettings,
} from './episode.ts';
import { revise } from './revision.ts';

/** What some inputs say: `text` for people, and until when it lasts (null: nobody knows). */
export type InputDetail = { readonly text: string; readonly until: EventTime | null };

/** What was suppressed and has cleared meanwhile needs nobody; `clear-after` ends it. */
export function isGone({ suppressed_by, condition }: Episode): boolean {
  return suppressed_by.length > 0 && condition !== 'active';
}

export function isActive({ condition }: Episode): boolean {
  return condition === 'active';
}

export function isUnfinished({ finished }: Episode): boolean {
  return finished === null;
}

export function hasChanges({ changes }: Episode): boolean {
  return changes.length > 0;
}

export function mayEscalate(episode: Episode, { knowledge, out }: EpisodeContext): boolean {
  const { escalate: after } = triggerSettings(knowledge, out.key, episode);
  return after !== null && !episode.acknowledged && higher(episode.priority) !== undefined;
}

export function mayWithdraw(episode: Episode, { knowledge, out }: EpisodeContext): boolean {
  return triggerSettings(knowledge, out.key, episode).withdraw;
}

/** The stretches are over, or the problem is: nothing is to be asked for when they are. */
export function isOver(
  { condition }: Episode,
  { time }: EpisodeContext,
  { until }: InputDetail,
): boolean {
  return condition === 'clear' || (until !== null && time >= until);
}

/** A planner's no is respected for the whole cool-down, however often the anomaly comes and goes. */
export function isCooledDown(episode: Episode, { time, knowledge, out }: EpisodeContext): boolean {
  const { cooldown } = triggerSettings(knowledge, out.key, episode);
  return time >= plus(episode.finished ?? time, cooldown);
}

export function stopRearm(episode: Episode, { out }: EpisodeContext): void {
  out.cancelTimer(timerName(episode, 'clear-after'));
  episode.clear_since = null;
}

export function startRearm(episode: Episode, { out, time, knowledge }: EpisodeContext): void {
  episode.clear_since = time;
  const { rearm } = triggerSettings(knowledge, out.key, episode);
  out.setTimer(plus(time, rearm), timerName(episode, 'clear-after'));
}

export function open(episode: Episode, context: EpisodeContext): void {
  const { out, time, knowledge } = context;
  const { round, rules, history, suppressed_by } = episode;
  episode.opened = time;
  episode.revision = 0;
  episode.suppressed_by = [];
  out.cancelTimer(timerName(episode, 'suppression'));
  const why = round === 1 ? `${rules.join(', ')} spoke` : `${history.at(-1)}`;
  const during = `, held back during ${suppressed_by.join(' and ')} and still there`;
  const because = suppressed_by.length === 0 ? why : why.replace(/\.$/, '') + during;
  revise(episode, 'open', because, context);
  const { escalate: after } = triggerSettings(knowledge, out.key, episode);
  if (after !== null) out.setTimer(plus(time, after), timerName(episode, 'escalate'), true);
}

/** Asks again when the suppression may be over. */
export function suppress(
  episode: Episode,
  { out }: EpisodeContext,
  { text, until }: InputDetail,
): void {
  if (until === null) out.cancelTimer(timerName(episode, 'suppression'));
  else out.setTimer(until, timerName(episode, 'suppression'));
  if (episode.suppressed_by.includes(text)) return;
  episode.suppressed_by.push(text);
  out.deadLetter(
    'suppressed',
    `request ${episode.id} of ${out.key} is held back during ${text}${until === null ? '' : ` until ${toIso(until)}`}`,
    { id: episode.id, triggers: episode.triggers, incidents: episode.incidents },
  );
}

/** Changes within this time become one revision: a planner reads sentences, not a stream. */
const GROUP_WAIT = (60 * SECOND) as Duration;

export function noteChange(
  episode: Episode,
  { out, time }: EpisodeContext,
  { text }: InputDetail,
): void {
  const { changes } = episode;
  if (changes.includes(text)) return;
  if (changes.length === 0) out.setTimer(plus(time, GROUP_WAIT), timerName(episode, 'group-wait'));
  changes.push(text);
}

export function reportChanges(episode: Episode, context: EpisodeContext): void {
  revise(episode, 'update', episode.changes.join('; '), context);
}

/** Nobody acknowledged it in time: one priority step up, and again after as long, until the highest. */
export function escalate(episode: Episode, context: EpisodeContext): void {
  const { out, time, knowledge } = context;
  const { escalate: after } = triggerSettings(knowledge, out.key, episode);
  const next = higher(episode.priority);
  if (after === null || next === undefined) return;
  episode.priority = next;
  const why = `nobody accepted it within ${formatDuration(after)}: priority is now ${next}`;
  revise(episode, 'update', [...episode.changes, why].join('; '), context);
  if (higher(next) !== undefined) {
    out.setTimer(plus(time, after), timerName(episode, 'escalate'), true);
  }
}

function higher(priority: Priority): Priority | undefined {
  return PRIORITIES[PRIORITIES.indexOf(priority) + 1];
}

export function acknowledge(episode: Episode, { out }: EpisodeContext): void {
  if (episode.opened === null) return;
  episode.acknowledged = true;
  out.cancelTimer(timerName(episode, 'escalate'));
}

export function accept(episode: Episode, context: EpisodeContext): void {
  acknowledge(episode, context);
  episode.finished = null;
  context.out.cancelTimer(timerName(episode, 'cooldown'));
}

export function finish(episode: Episode, context: EpisodeContext): void {
  const { out, time, knowledge } = context;
  acknowledge(episode, context);
  episode.finished = time;
  episode.changes = [];
  episode.suppressed_by = [];
  out.cancelTimer(timerName(episode, 'group-wait'));
  const { cooldown } = triggerSettings(knowledge, out.key, episode);
  out.setTimer(plus(time, cooldown), timerName(episode, 'cooldown'));
}

/** It would not have been sent, had the schedule been known in time, and is not needed later either. */
export function withdrawLate(
  episode: Episode,
  context: EpisodeContext,
  { text, until }: InputDetail,
): void {
  const isPast = until === null || context.time >= until;
  const why = isPast ? 'nothing stood when it was over' : `it is held back until ${toIso(until)}`;
  revise(episode, 'withdraw', `${text}: ${why}`, context);
}

/** It should have been sent later: the next round does. */
export function postpone(episode: Episode, context: EpisodeContext, detail: InputDetail): void {
  withdrawLate(episode, context, detail);
  context.out.cancelTimer(timerName(episode, 'escalate'));
  nextRound(episode, `Request ${episode.id} was withdrawn: ${detail.text}.`, context);
}

export function noteLatePlan(episode: Episode, context: EpisodeContext, detail: InputDetail): void {
  if (episode.late_plan !== detail.text) noteChange(episode, context, detail);
  episode.late_plan = detail.text;
}

export function dropLatePlan(episode: Episode, context: EpisodeContext, detail: InputDetail): void {
  if (episode.late_plan === '') return;
  const text = 'it lay in no planned stretch, as the schedule says now';
  noteChange(episode, context, { ...detail, text });
  episode.late_plan = '';
}

export function withdraw(episode: Episode, context: EpisodeContext): void {
  const because = `clear since ${clearSince(episode, context)} before anyone accepted it`;
  revise(episode, 'withdraw', because, context);
}

export function noteClear(episode: Episode, context: EpisodeContext, detail: InputDetail): void {
  const text = `all its anomalies are clear since ${clearSince(episode, context)}`;
  noteChange(episode, context, { ...detail, text });
}

export function close(episode: Episode, context: EpisodeContext): void {
  const because = `${episode.status}, and clear since ${clearSince(episode, context)}`;
  revise(episode, 'close', because, context);
}

function clearSince({ clear_since }: Episode, { time }: EpisodeContext): string {
  return toIso(clear_since ?? time);
}

const EVIDENCE_LIMIT = 20;

/** The problem stands after the cool-down: what is active now is the evidence of the next round. */
export function requestAgain(episode: Episode, context: EpisodeContext): void {
  const { state, time } = context;
  const { id, status, finished } = episode;
  const note = episode.note === '' ? '' : ` ("${episode.note}")`;
  const end = finished ?? time;
  const outcome = `${status}${note} at ${toIso(end)}, and the anomaly stands`;
  const after = formatDuration(between(end, time));
  nextRound(episode, `Recurred after ${after}: request ${id} was ${outcome}.`, context);
  const evidence = episode.active.flatMap((about) => {
    const found = state.active[about];
    if (found === undefined) return [];
    return [{ stage: 'stands', time: found.time, kind: 'anomaly', about, text: found.text }];
  });
  episode.evidence = evidence.slice(0, EVIDENCE_LIMIT);
  episode.evidence_count = evidence.length;
  episode.situation = state.situation ?? episode.situation;
}

/** The problem gets a new request, with an id of its own, which is not open yet. `line`: what became of the last one. */
function nextRound(episode: Episode, line: string, { out }: EpisodeContext): void {
  addMissing(episode.history, [line], EVIDENCE_LIMIT);
  Object.assign(episode, {
    ...{ round: episode.round + 1, opened: null, changes: [], suppressed_by: [] },
    ...{ status: '', status_time: null, finished: null, note: '', acknowledged: false },
    ...{ slot: null, late_plan: '' },
  } satisfies Partial<Episode>);
  episode.id = requestId(out.key, episode);
}

/** A problem that is over is no state any more. */
export function removeEpisode(episode: Episode, { state, out }: EpisodeContext): void {
  state.episodes = state.episodes.filter((other) => other !== episode);
  for (const timer of EPISODE_TIMERS) out.cancelTimer(timerName(episode, timer));
}
