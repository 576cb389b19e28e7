/**
 * Guards and actions of the tables in `state-machine.ts`, in the order of the tables. An action changes the data of an
 * episode, sets its timers and emits revisions; which state is next is the table's business.
 */

import { rulesOf } from '../model/knowledge.ts';
import {
  between,
  type Duration,
  type EventTime,
  formatDuration,
  later,
  plus,
  SECOND,
  toIso,
} from '../model/time.ts';
import { PRIORITIES, type Priority } from '../model/trigger-rule.ts';
import {
  EPISODE_TIMERS,
  type Episode,
  type EpisodeContext,
  requestId,
  timerName,
  triggerSettings,
} from './episode.ts';
import { describeAnew, describeUncovered, standingTriggers } from './findings.ts';
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
export function isCooledDown({ cooled }: Episode, { time }: EpisodeContext): boolean {
  return cooled === null || time >= cooled;
}

const MOMENT = 1 as Duration;

function longer(a: Duration, b: Duration): Duration {
  return a > b ? a : b;
}

export function stopClearing(episode: Episode, { out }: EpisodeContext): void {
  out.cancelTimer(timerName(episode, 'clear-after'));
  episode.clear_since = null;
}

/** At least a moment: a timer cannot set another for its own time. */
export function startClearing(episode: Episode, { out, time, knowledge }: EpisodeContext): void {
  episode.clear_since = time;
  const { rearm } = triggerSettings(knowledge, out.key, episode);
  out.setTimer(plus(time, longer(rearm, MOMENT)), timerName(episode, 'clear-after'));
}

export function open(episode: Episode, context: EpisodeContext): void {
  const { out, time, knowledge } = context;
  const { round, report, rules, history, suppressed_by } = episode;
  episode.opened = time;
  episode.revision = 0;
  episode.suppressed_by = [];
  out.cancelTimer(timerName(episode, 'suppression'));
  // A recording may hold an answer from before it was opened: it covers what is reported now.
  if (episode.answered !== null) episode.answered = later(episode.answered, time);
  const first = report === '' ? `${rules.join(', ')} spoke` : 'an operator reported it';
  const why = round === 1 ? first : `${history.at(-1)}`;
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
  const verb = episode.request === 'accepted' ? 'acknowledged' : 'accepted';
  const why = `nobody ${verb} it within ${formatDuration(after)}: priority is now ${next}`;
  revise(episode, 'update', [...episode.changes, why].join('; '), context);
  if (higher(next) !== undefined) {
    out.setTimer(plus(time, after), timerName(episode, 'escalate'), true);
  }
}

function higher(priority: Priority): Priority | undefined {
  return PRIORITIES[PRIORITIES.indexOf(priority) + 1];
}

/** An answer covers at least what its request was opened with, whatever clock it comes from. */
export function acknowledge(episode: Episode, { out, happened }: EpisodeContext): void {
  if (episode.opened === null) return;
  episode.acknowledged = true;
  episode.answered = later(happened, episode.opened);
  out.cancelTimer(timerName(episode, 'escalate'));
}

/** Something came that nobody has answered: its priority may rise again. */
export function awaitAnswer(episode: Episode, { out, time, knowledge }: EpisodeContext): void {
  episode.acknowledged = false;
  episode.answered = null;
  const { escalate: after } = triggerSettings(knowledge, out.key, episode);
  if (after !== null) out.setTimer(plus(time, after), timerName(episode, 'escalate'), true);
}

export function accept(episode: Episode, context: EpisodeContext): void {
  acknowledge(episode, context);
  episode.finished = null;
  episode.cooled = null;
  context.out.cancelTimer(timerName(episode, 'cooldown'));
}

export function finish(episode: Episode, context: EpisodeContext): void {
  const { out, time, knowledge } = context;
  acknowledge(episode, context);
  episode.answered ??= context.happened;
  episode.finished = time;
  episode.changes = [];
  episode.suppressed_by = [];
  out.cancelTimer(timerName(episode, 'group-wait'));
  const { cooldown } = triggerSettings(knowledge, out.key, episode);
  episode.cooled = plus(time, cooldown);
  out.setTimer(episode.cooled, timerName(episode, 'cooldown'));
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

export function withdrawEnded(
  episode: Episode,
  context: EpisodeContext,
  { text }: InputDetail,
): void {
  revise(episode, 'withdraw', text, context);
}

export function closeEnded(episode: Episode, context: EpisodeContext, { text }: InputDetail): void {
  revise(episode, 'close', text, context);
}

/** What ended the anomalies that nobody judges any more, for people. */
export function unjudgedText(episode: Episode, { knowledge, out }: EpisodeContext): string {
  const detectors = rulesOf(knowledge, out.key)?.detectors ?? [];
  const { rearm } = triggerSettings(knowledge, out.key, episode);
  const texts = Object.values(episode.unjudged).map(({ rule, signal, cause, time }) => {
    const when = toIso(time);
    if (cause === 'signal removed') {
      return `${signal} was removed at ${when}, and nothing judges it any more`;
    }
    if (!detectors.some(({ id }) => id === rule)) {
      return `the rule ${rule} was removed at ${when}, and nothing judges ${signal} by it any more`;
    }
    return `the rule ${rule} was changed at ${when}, and what it judges now is no anomaly: nothing was raised within ${formatDuration(rearm)}`;
  });
  return [...new Set(texts)].join('; ');
}

function clearSince({ clear_since }: Episode, { time }: EpisodeContext): string {
  return toIso(clear_since ?? time);
}

const EVIDENCE_LIMIT = 20;

/** The problem stands after the cool-down: what is active now is the evidence of the next round. */
export function requestAgain(episode: Episode, context: EpisodeContext): void {
  const { state, time } = context;
  const { id, finished } = episode;
  const after = formatDuration(between(finished ?? time, time));
  const outcome = `${outcomeOf(episode, context)}, and the anomaly stands`;
  nextRound(episode, `Recurred after ${after}: request ${id} was ${outcome}.`, context);
  episode.again = 'recurred: ';
  const evidence = episode.active.flatMap((about) => {
    const found = state.active[about];
    if (found === undefined) return [];
    return [{ stage: 'stands', time: found.time, kind: 'anomaly', about, text: found.text }];
  });
  episode.evidence = evidence.slice(0, EVIDENCE_LIMIT);
  episode.evidence_count = evidence.length;
}

/** Something stands that the answer does not cover: the next round begins at once. */
export function requestMore(episode: Episode, context: EpisodeContext): void {
  const { text, worse } = describeUncovered(episode);
  const outcome = `${outcomeOf(episode, context)}, and that is not all any more`;
  nextRound(episode, `Request ${episode.id} was ${outcome}: ${text}.`, context);
  episode.again = worse ? 'worse than answered: ' : '';
}

/** `rejected ("is fine") at 2026-11-22T08:00:00Z` */
function outcomeOf({ status, note, finished }: Episode, { time }: EpisodeContext): string {
  return `${status}${note === '' ? '' : ` ("${note}")`} at ${toIso(finished ?? time)}`;
}

/** The problem gets a new request, with an id of its own, which is not open yet. `line`: what became of the last one. */
function nextRound(episode: Episode, line: string, context: EpisodeContext): void {
  const { state, out } = context;
  leadAnew(episode, context);
  describeAnew(episode);
  episode.history = [...episode.history, line].slice(-EVIDENCE_LIMIT);
  Object.assign(episode, {
    ...{ round: episode.round + 1, opened: null, changes: [], suppressed_by: [] },
    ...{ status: '', status_time: null, finished: null, cooled: null, note: '' },
    ...{ answered: null, acknowledged: false, lag: 0 as Duration, slot: null, late_plan: '' },
    ...{ again: '', situation: state.situation ?? episode.situation },
  } satisfies Partial<Episode>);
  episode.id = requestId(out.key, episode);
  out.cancelTimer(timerName(episode, 'cooldown'));
}

/** What asks for what stands now leads, by priority: parts and urgency of what is well again are not asked for. */
function leadAnew(episode: Episode, { knowledge, out }: EpisodeContext): void {
  const rules = rulesOf(knowledge, out.key)?.triggers ?? [];
  const rank = (id: string) => {
    const rule = rules.find((trigger) => trigger.id === id);
    return rule === undefined ? -1 : PRIORITIES.indexOf(rule.request.priority);
  };
  const asking = standingTriggers(episode).sort((a, b) => rank(b) - rank(a));
  const [lead] = asking;
  const priority = lead === undefined ? undefined : PRIORITIES[rank(lead)];
  if (priority === undefined) return;
  episode.triggers = asking;
  episode.priority = priority;
}

/** A problem that is over is no state any more. */
export function removeEpisode(episode: Episode, { state, out }: EpisodeContext): void {
  state.episodes = state.episodes.filter((other) => other !== episode);
  for (const timer of EPISODE_TIMERS) out.cancelTimer(timerName(episode, timer));
}
