/**
 * Carries out what is decided about messages: keeps each change of the book before it counts, makes the calls, and notes what
 * they came to. It may be killed at any time: what was about to be sent is in the book, and is sent again under the same id.
 */

import type { NotificationChannel } from '../../../sinks/messages/channels.ts';
import { type CallOutcome, unclear } from '../../../sinks/remote/outcome.ts';
import type { NotifyConfig } from '../../../sinks/remote/system-config.ts';
import { createNotifier, type Notifier } from '../../base/notifier.ts';
import type { RecordEvent } from '../../observe/observe.ts';
import { errorOf } from '../context.ts';
import { afterAttempt, channelNotices, toMessage } from './attempts.ts';
import { type MessageEntry, type Notice, type NoticeBook, takeNotice } from './book.ts';
import { decideMessages, isInVain } from './decide.ts';
import type { NoticeStore } from './notice-store.ts';

export type MessengerOptions = {
  readonly config: NotifyConfig;
  readonly store: NoticeStore;
  readonly channels: ReadonlyMap<string, NotificationChannel>;
  readonly record: RecordEvent;
  readonly signal: AbortSignal;
  /** Epoch milliseconds. */
  readonly now: () => number;
};

export interface Messenger {
  /** Resolves when the notice is in the book: from then on it is told. Taken twice, nothing changes. */
  take(notice: Notice): Promise<void>;
  /** Decides once, begins what is due, and gives when to look again: epoch milliseconds. */
  step(): Promise<number>;
  /** Resolves when no call is under way. */
  settled(): Promise<void>;
  /** Until the signal aborts; then it ends what is under way. Rejects when the book cannot be kept. */
  run(): Promise<void>;
}

/** A messenger at work. */
type Work = MessengerOptions & {
  readonly book: NoticeBook;
  /** Messages whose call is under way, or waits for its turn. */
  readonly calls: Map<string, Promise<void>>;
  /** One change of the book at a time. */
  readonly exclusively: <T>(change: () => Promise<T>) => Promise<T>;
  readonly changed: Notifier;
  /** Counts what there was to look at anew: nobody may be waiting yet when it comes. */
  changes: number;
  /** A write to the store failed. What the store has is not known any more: whoever opens the book anew reads it. */
  failure: { readonly error: unknown } | undefined;
};

/** Calls of one channel at a time: more would only wait for each other. */
const WIDTH = 2;
/** Looks at least so often, whatever is due: clocks are set. Milliseconds. */
const LONGEST_SLEEP = 30_000;
const AFTER_TROUBLE = 1_000;

export async function openMessenger(options: MessengerOptions): Promise<Messenger> {
  const book = await options.store.load();
  for (const message of book.messages.values()) {
    // Killed under way: nobody knows whether it has come, so it is sent again under the same id.
    if (message.state !== 'sending') continue;
    book.messages.set(message.id, { ...message, state: 'waiting', next: options.now() });
  }
  let last: Promise<unknown> = Promise.resolve();
  const work: Work = {
    ...options,
    book,
    calls: new Map(),
    exclusively(change) {
      const next = last.then(change);
      last = next.catch(() => undefined);
      return next;
    },
    changed: createNotifier(),
    changes: 0,
    failure: undefined,
  };
  return {
    take: (notice) => take(notice, work),
    step: () => step(work),
    settled: async () => void (await Promise.allSettled(work.calls.values())),
    run: () => run(work),
  };
}

async function take(notice: Notice, work: Work): Promise<void> {
  const { book, now } = work;
  await work.exclusively(async () => {
    await keep(
      'problems',
      notice.key,
      takeNotice(book.problems.get(notice.key), notice, now()),
      work,
    );
  });
  poke(work);
}

/** Looks anew at once. */
function poke(work: Work): void {
  work.changes += 1;
  work.changed.notify();
}

/** In the store first: what is only in memory would be decided again. */
async function keep<K extends keyof NoticeBook>(
  kind: K,
  key: string,
  document: Parameters<NoticeStore['put']>[2],
  work: Work,
): Promise<void> {
  await written(work.store.put(kind, key, document as never), work);
  (work.book[kind] as Map<string, unknown>).set(key, document);
}

async function drop(kind: keyof NoticeBook, key: string, work: Work): Promise<void> {
  await written(work.store.remove(kind, key), work);
  work.book[kind].delete(key);
}

async function written(write: Promise<void>, work: Work): Promise<void> {
  try {
    await write;
  } catch (error) {
    work.failure ??= { error };
    poke(work);
    throw error;
  }
}

async function run(work: Work): Promise<void> {
  const { signal, now, changed } = work;
  try {
    while (!signal.aborted) {
      const { changes } = work;
      const wake = await step(work);
      if (work.changes !== changes) continue;
      await changed.wait(Math.min(LONGEST_SLEEP, Math.max(5, wake - now())), signal);
    }
  } finally {
    await Promise.allSettled(work.calls.values());
  }
}

async function step(work: Work): Promise<number> {
  if (work.failure !== undefined) throw work.failure.error;
  const wake = await work.exclusively(() => decideAndKeep(work));
  begin(work);
  return wake;
}

/** In this order, so that whoever is killed between two of them decides the rest again. */
async function decideAndKeep(work: Work): Promise<number> {
  const { book, config, now } = work;
  const decided = decideMessages(book, config, now());
  for (const message of decided.messages) await keep('messages', message.id, message, work);
  for (const problem of decided.problems) await keep('problems', problem.key, problem, work);
  for (const id of decided.drop) if (!work.calls.has(id)) await drop('messages', id, work);
  for (const channel of decided.channels) await keep('channels', channel.name, channel, work);
  for (const key of decided.forget) await drop('problems', key, work);
  const begun = decided.messages.length > 0 ? now() : Number.POSITIVE_INFINITY;
  // What is due now, and waits for a place, is looked at when a call ends.
  return Math.min(begun, decided.wake <= now() ? now() + AFTER_TROUBLE : decided.wake);
}

function begin(work: Work): void {
  const { book, calls, now } = work;
  const due = [...book.messages.values()]
    .filter(({ id, state, next }) => state === 'waiting' && next <= now() && !calls.has(id))
    .sort((a, b) => a.at - b.at);
  for (const message of due) {
    const busy = [...calls.keys()].filter(
      (id) => book.messages.get(id)?.channel === message.channel,
    );
    if (busy.length >= WIDTH) continue;
    const call = attempt(message, work).finally(() => {
      calls.delete(message.id);
      poke(work);
    });
    calls.set(message.id, call);
  }
}

/** Tries one message once. Never rejects: a write that failed ends the messenger at its next step. */
async function attempt({ id, channel: name }: MessageEntry, work: Work): Promise<void> {
  const { book, record, signal, channels, config } = work;
  const message = book.messages.get(id);
  if (message === undefined) return;
  const told = toMessage(message, book, config);
  const priority = message.group.startsWith('danger ') ? 'urgent' : 'delivery';
  try {
    const outcome: CallOutcome<string> = (await channels.get(name)?.send(told, {
      ...{ priority, signal },
      sending: () => work.exclusively(() => noteSending(id, work)),
    })) ?? { kind: 'rejected', note: `no channel ${name} in the people file`, status: null };
    await work.exclusively(() => noteOutcome(id, outcome, work));
  } catch (error) {
    if (signal.aborted || work.failure !== undefined || error instanceof NotNeeded) return;
    record({ kind: 'maintenance-trouble', where: `messages by ${name}`, error: errorOf(error) });
    // It may have left: as after any call without an answer, it is sent again under the same id.
    const outcome = unclear(errorOf(error).message, null);
    await work.exclusively(() => noteOutcome(id, outcome, work)).catch(() => undefined);
  }
}

/** Its turn came after what it was to tell was over: the next look takes it out. */
class NotNeeded extends Error {}

/** Before the call leaves. A message that is not needed any more does not. */
async function noteSending(id: string, work: Work): Promise<void> {
  const message = work.book.messages.get(id);
  if (message === undefined || isInVain(message, work.book)) throw new NotNeeded();
  await keep(
    'messages',
    id,
    { ...message, state: 'sending', attempts: message.attempts + 1 },
    work,
  );
}

async function noteOutcome(id: string, outcome: CallOutcome<string>, work: Work): Promise<void> {
  const { book, config, now, record } = work;
  const message = book.messages.get(id);
  const channel = config.channels[message?.channel ?? ''];
  if (message === undefined) return;
  const after = afterAttempt(message, outcome, channel?.retry, now());
  const { channel: name, kind, note, state, problems } = after;
  if (state === 'sent')
    record({ kind: 'notice-sent', channel: name, message: kind, problems: problems.length });
  else if (state === 'failed')
    record({ kind: 'notice-failed', channel: name, message: kind, note });
  else record({ kind: 'notice-delayed', channel: name, note, after: after.next - now() });
  // What it says of the channel is kept first: the message is the reason, and goes.
  for (const notice of channelNotices(after, outcome, book, config, now())) {
    const known = book.problems.get(notice.key);
    await keep('problems', notice.key, takeNotice(known, notice, now()), work);
  }
  await keep('messages', id, after, work);
}
