import { rulesOf } from '../model/knowledge.ts';
import { scheduledFor } from '../model/line-schedules.ts';
import { standstillsOf } from '../model/standstill.ts';
import { type Duration, type EventTime, toIso } from '../model/time.ts';
import type { Episode } from './episode.ts';
import { type Moment, revise, timerOf } from './revise.ts';
import { settingsOf } from './settings.ts';
import { fateOf, keptSlot, nextGap } from './slot.ts';
import { change, end, isAccepted, startRound } from './stages-of-life.ts';
import { suppressionOf } from './suppression.ts';
import { slotText } from './words.ts';

/**
 * What a changed schedule means for the requests that are open. One that would not be there, had the schedule been
 * known in time, is withdrawn, or explained where somebody has accepted it. A slot that is gone is proposed anew.
 */
export function followSchedule(moment: Moment): void {
  for (const episode of [...moment.state.episodes]) {
    if (episode.opened === null || episode.final !== null) continue;
    const isWithdrawn = excuse(episode, episode.opened, moment);
    if (!isWithdrawn) checkSlot(episode, moment);
  }
}

/** True when the request was withdrawn. */
function excuse(episode: Episode, opened: EventTime, moment: Moment): boolean {
  const { time, out } = moment;
  const held = heldBackFrom(opened, episode, moment);
  // What stood when the stretch was over, or later, would have been asked for then.
  const isOver = held !== undefined && time >= held.until;
  const stood = episode.standing.length > 0 || (episode.clear ?? time) > (held?.until ?? time);
  if (held === undefined || (isOver && stood)) {
    if (episode.excuse !== '') {
      change(episode, 'it lay in no planned stretch, as the schedule says now', moment);
    }
    episode.excuse = '';
    return false;
  }
  const text = `it lay in ${held.text}, as the schedule says now`;
  if (isAccepted(episode)) {
    if (episode.excuse !== text) change(episode, text, moment);
    episode.excuse = text;
    return false;
  }
  const why = isOver
    ? 'nothing stood when it was over'
    : `it is held back until ${toIso(held.until)}`;
  revise(episode, 'withdraw', `${text}: ${why}`, moment);
  if (isOver || episode.calm) {
    end(episode, moment);
    return true;
  }
  out.sleep(timerOf(episode, 'escalate'));
  startRound(episode, `Request ${episode.id} was withdrawn: ${text}.`, moment);
  return true;
}

/** The planned stretches that would have held a request back from `opened` on without a break, by today's schedule. */
function heldBackFrom(opened: EventTime, { signals }: Episode, { shared, out }: Moment) {
  const rules = rulesOf(shared.knowledge, out.key)?.suppress ?? [];
  const entries = scheduledFor(shared.schedules, out.key);
  // What the machine said of itself was known in time.
  const situation = { state: '', started: null };
  const stretches: string[] = [];
  let until = opened;
  for (;;) {
    const found = suppressionOf(rules, { signals, time: until, situation, entries });
    if (found?.entry === undefined || found.until === null) break;
    stretches.push(slotText({ ...found.entry, entry: found.entry.id }));
    until = found.until;
  }
  return stretches.length === 0 ? undefined : { until, text: stretches.join(' and ') };
}

function checkSlot(episode: Episode, moment: Moment): void {
  const { shared, out, time: now } = moment;
  const settings = settingsOf(shared, out.key, episode);
  if (settings.slot === 'none' || episode.status === 'started') return;
  const need = { now, duration: settings.duration ?? (0 as Duration) };
  const standstills = standstillsOf(shared.schedules, out.key);
  const told = episode.slot;
  if (told === null) {
    if (nextGap(standstills, need) === null) return;
    change(episode, 'the schedule has a slot for it now', moment);
    return;
  }
  // One that has begun is used or past: nobody can move it any more.
  if (told.start <= now || keptSlot(standstills, told, need) !== undefined) return;
  const fate = fateOf(standstills, told);
  change(episode, `the proposed slot (${slotText(told)}) ${fate}`, moment);
}
