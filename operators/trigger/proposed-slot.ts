import type { AssetKey } from '../model/key.ts';
import type { Knowledge } from '../model/knowledge.ts';
import type { Work } from '../model/machine-plan.ts';
import { type Standstill, standstillsOf } from '../model/machine-plan.ts';
import type { Slot, StopImpact } from '../model/request.ts';
import { between, type Duration, type EventTime, HOUR, later, plus, toIso } from '../model/time.ts';
import type { TriggerSettings } from './episode.ts';
import { type Episode, type EpisodeContext, triggerSettings } from './episode.ts';

/**
 * The slot that a request proposes for the work (planners say maintenance window): a stretch in which the machine stands
 * anyway, in the future and long enough for the work. One that was proposed stays as long as it can be used: planners
 * do not want another with every revision. Null when the schedule knows none.
 */
export function proposedSlot(
  { slot: proposed }: Episode,
  settings: TriggerSettings,
  key: AssetKey,
  now: EventTime,
  { schedules }: Knowledge,
): Slot | null {
  if (settings.slot === 'none') return null;
  const standstills = standstillsOf(schedules, key);
  const need = { now, duration: settings.duration ?? (0 as Duration) };
  const kept = proposed === null ? undefined : unchanged(standstills, proposed, need);
  return kept ?? nextSlot(standstills, need);
}

/** What a changed schedule means for the slot that was proposed, for people; undefined for nothing. */
export function slotChange(
  episode: Episode,
  { knowledge, out, time: now }: EpisodeContext,
): string | undefined {
  const settings = triggerSettings(knowledge, out.key, episode);
  if (settings.slot === 'none' || episode.status === 'started') return undefined;
  const need = { now, duration: settings.duration ?? (0 as Duration) };
  const standstills = standstillsOf(knowledge.schedules, out.key);
  const proposed = episode.slot;
  if (proposed === null) {
    return nextSlot(standstills, need) === null ? undefined : 'the schedule has a slot for it now';
  }
  // One that has begun is used or past: nobody can move it any more.
  if (proposed.start <= now) return undefined;
  if (unchanged(standstills, proposed, need) !== undefined) return undefined;
  return `the proposed slot (${stretchText(proposed)}) ${whyUnusable(standstills, proposed)}`;
}

/** `changeover c1, 2026-11-22T08:00:00Z to 2026-11-22T09:00:00Z` */
export function stretchText({ kind, entry, start, end }: Slot): string {
  const what = kind === 'gap' ? `free time after ${entry}` : `${kind} ${entry}`;
  return `${what}, ${toIso(start)} to ${toIso(end)}`;
}

/** What a stop of `duration` would mean, now and in the slot. `hourly`: the asset's `stop_cost`. */
export function stopOf(
  figures: { readonly hourly: number | undefined; readonly currency: string },
  duration: Duration | null,
  slot: Slot | null,
  { end, due }: Work,
  now: EventTime,
): StopImpact {
  const { hourly, currency } = figures;
  const known = hourly !== undefined && duration !== null;
  const done = duration === null || end === null ? null : plus(later(end, now), duration);
  return {
    cost: known ? Math.round((100 * hourly * duration) / HOUR) / 100 : null,
    cost_in_slot: slot === null ? null : 0,
    currency,
    done,
    late: done === null || due === null ? null : done > due,
  };
}

/** What a slot must be: in the future, and long enough for the work. */
type Need = { readonly now: EventTime; readonly duration: Duration };

/** The first one after `now`. `standstills` are sorted by start. */
function nextSlot(standstills: readonly Standstill[], need: Need): Slot | null {
  return standstills.find((stretch) => isUsable(stretch, need)) ?? null;
}

/** A slot that was proposed, as the schedule has it now; undefined when it is none any more. */
function unchanged(
  standstills: readonly Standstill[],
  proposed: Slot,
  need: Need,
): Slot | undefined {
  const stretch = sameAs(standstills, proposed);
  return stretch?.start === proposed.start && isUsable(stretch, need) ? stretch : undefined;
}

function whyUnusable(standstills: readonly Standstill[], proposed: Slot): string {
  const stretch = sameAs(standstills, proposed);
  if (stretch === undefined) return proposed.kind === 'gap' ? 'is gone' : 'was cancelled';
  return stretch.start === proposed.start ? 'is too short now' : 'was moved';
}

function sameAs(standstills: readonly Standstill[], { entry, kind }: Slot): Standstill | undefined {
  return standstills.find((stretch) => stretch.entry === entry && stretch.kind === kind);
}

function isUsable({ start, end }: Standstill, { now, duration }: Need): boolean {
  return start > now && between(start, end) >= duration;
}
