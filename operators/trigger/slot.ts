import type { Slot } from '../model/request.ts';
import type { Standstill } from '../model/standstill.ts';
import { between, type Duration, type EventTime } from '../model/time.ts';

/** What a slot must be: in the future, and long enough for the work. */
type Need = { readonly now: EventTime; readonly duration: Duration };

/**
 * The first stretch after `now` in which the machine stands anyway, long enough for the work; null when the schedule
 * knows none. `standstills` are sorted by start.
 */
export function nextGap(standstills: readonly Standstill[], need: Need): Slot | null {
  return standstills.find((stretch) => fitsInto(stretch, need)) ?? null;
}

/** A slot that was proposed, as the schedule has it now; undefined when it is no slot any more. */
export function keptSlot(
  standstills: readonly Standstill[],
  told: Slot,
  need: Need,
): Slot | undefined {
  const stretch = sameAs(standstills, told);
  return stretch?.start === told.start && fitsInto(stretch, need) ? stretch : undefined;
}

/** What became of a slot that could not be kept. */
export function fateOf(standstills: readonly Standstill[], told: Slot): string {
  const stretch = sameAs(standstills, told);
  if (stretch === undefined) return told.kind === 'gap' ? 'is gone' : 'was cancelled';
  return stretch.start === told.start ? 'is too short now' : 'was moved';
}

function sameAs(standstills: readonly Standstill[], { entry, kind }: Slot): Standstill | undefined {
  return standstills.find((stretch) => stretch.entry === entry && stretch.kind === kind);
}

function fitsInto({ start, end }: Standstill, { now, duration }: Need): boolean {
  return start > now && between(start, end) >= duration;
}
