/**
 * One thing that is brought into a remote system, try by try: what is about to happen is in its entry of the ledger before
 * it happens, so that whoever comes after a kill knows that it may have happened.
 */

import { type CallFailure, placeOf } from '../../sinks/remote/outcome.ts';
import type { DeliveryTiming, SystemContext } from './context.ts';
import { type HistoryLine, type LedgerEntry, withHistory } from './entry.ts';
import type { EntryStore } from './ledger.ts';

/** What an entry keeps of its calls. `sending`: written before one that has an effect, which may still be carried out. */
export type Attempted<S extends { readonly until: number }> = Pick<
  LedgerEntry,
  'faults' | 'attempts' | 'history' | 'dropped'
> & { readonly sending: S | null };

/** One entry of the ledger while it is worked on. `save` rejects when somebody else has changed it. */
export interface EntryHandle<E> {
  readonly entry: E;
  save(changes: Partial<E>): Promise<void>;
}

export function openEntry<E>(
  store: Pick<EntryStore<E>, 'put'>,
  initial: E,
  from: number,
): EntryHandle<E> {
  let entry = initial;
  let version = from;
  return {
    get entry() {
      return entry;
    },
    async save(changes) {
      const changed = { ...entry, ...changes };
      version = await store.put(changed, version);
      entry = changed;
    },
  };
}

/** How long a call may go on over there once it has left, in milliseconds. */
export function longestCall({ timeout, settle }: DeliveryTiming): number {
  return timeout + settle;
}

/** How long an earlier call may still be carried out over there, in milliseconds. */
export async function pendingCall<S extends { readonly until: number }>(
  handle: EntryHandle<{ readonly sending: S | null }>,
  { timing, now }: Pick<SystemContext, 'timing' | 'now'>,
): Promise<number> {
  const { sending } = handle.entry;
  if (sending === null) return 0;
  const pending = sending.until - now();
  const longest = longestCall(timing);
  if (pending <= longest) return pending;
  // The clock was set back since: nothing is waited for that long.
  await handle.save({ sending: { ...sending, until: now() + longest } });
  return longest;
}

/** What a call that failed means for what it was made for: it is refused, or tried again after `wait` milliseconds. */
export type Failure<S extends { readonly until: number }> =
  | { readonly kind: 'refused'; readonly note: string }
  | {
      readonly kind: 'again';
      readonly wait: number;
      readonly changes: Pick<Attempted<S>, 'sending' | 'faults' | 'history' | 'dropped'>;
    };

/** The call that failed. `effect`: it may have changed something. */
export type FailedCall = {
  readonly what: HistoryLine['what'];
  readonly revision: number;
  readonly effect: boolean;
  readonly outcome: CallFailure;
};

export function failureOf<S extends { readonly until: number }>(
  entry: Attempted<S>,
  { what, revision, effect, outcome }: FailedCall,
  { timing, now }: Pick<SystemContext, 'timing' | 'now'>,
): Failure<S> {
  const { kind, note } = outcome;
  if (kind === 'rejected') return { kind: 'refused', note };
  const answered = kind === 'unknown' && outcome.answered;
  const faults = entry.faults + (answered ? 1 : 0);
  if (!effect && faults >= timing.faults) {
    return { kind: 'refused', note: `${note} (${faults} times)` };
  }
  // An answer, of whatever kind, ends the call over there. Without one it may go on for a while.
  const settling = answered || !effect ? 0 : timing.settle;
  const wait = kind === 'retryable' ? (outcome.after ?? 0) : settling;
  const { sending } = entry;
  const left =
    !effect || sending === null
      ? sending
      : kind === 'retryable'
        ? null
        : { ...sending, until: now() + wait };
  const line = { time: now(), revision, what, outcome: kind, note, place: placeOf(outcome) };
  return { kind: 'again', wait, changes: { ...withHistory(entry, line), faults, sending: left } };
}
