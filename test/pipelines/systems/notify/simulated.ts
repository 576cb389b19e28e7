/** The messenger over a clock that the test moves, a store that can be killed, and channels that keep what they are given. */

import type { InternalEvent } from '../../../../pipelines/observe/observe.ts';
import {
  emptyBook,
  type Notice,
  type NoticeBook,
} from '../../../../pipelines/systems/notify/book.ts';
import { type Messenger, openMessenger } from '../../../../pipelines/systems/notify/messenger.ts';
import type { NoticeStore } from '../../../../pipelines/systems/notify/notice-store.ts';
import type { NotificationChannel } from '../../../../sinks/messages/channels.ts';
import type { OutgoingMessage } from '../../../../sinks/messages/message.ts';
import { type CallOutcome, success } from '../../../../sinks/remote/outcome.ts';
import type { NotifyConfig } from '../../../../sinks/remote/system-config.ts';

/** A message as somebody got it. */
export type Received = {
  readonly channel: string;
  readonly at: number;
  readonly message: OutgoingMessage;
};

/** What a channel answers to a message at a time. */
export type Answers = (
  channel: string,
  at: number,
  message: OutgoingMessage,
) => CallOutcome<string>;

export const DOWN: CallOutcome<never> = {
  ...{ kind: 'retryable', note: 'away', status: 503, after: null, down: true },
};

export type Event = { readonly at: number; readonly notice: Notice };

type Simulation = {
  readonly config: NotifyConfig;
  readonly events: readonly Event[];
  readonly from: number;
  readonly until: number;
  readonly answers?: Answers;
  /** After so many writes to the store everything is killed, and begun anew from what is there. */
  readonly kills?: readonly number[];
};

export type Simulated = {
  /** In their order, each whenever it came, also when nobody noted it. */
  readonly received: readonly Received[];
  /** `12m mail ann press`: minutes, channel, address, requests; a message that comes again under its id is there once. */
  readonly told: readonly string[];
  readonly book: NoticeBook;
  readonly recorded: readonly InternalEvent[];
};

class Killed extends Error {}

export async function simulate(simulation: Simulation): Promise<Simulated> {
  const { config, events, from, until, answers = () => success(''), kills = [] } = simulation;
  const received: Received[] = [];
  const recorded: InternalEvent[] = [];
  const stored = emptyStored();
  const clock = { now: from };
  const life = { alive: true, writes: 0, kills: [...kills] };
  const store = storeOver(stored, life);
  const channels = new Map(
    Object.keys(config.channels).map((name): [string, NotificationChannel] => [
      name,
      {
        async send(message, call) {
          await call.sending?.();
          const answer = answers(name, clock.now, message);
          if (answer.kind === 'ok') received.push({ channel: name, at: clock.now, message });
          return answer;
        },
      },
    ]),
  );
  const open = () => {
    life.alive = true;
    return openMessenger({
      ...{ config, store, channels, record: (event) => recorded.push(event) },
      ...{ signal: new AbortController().signal, now: () => clock.now },
    });
  };
  let messenger: Messenger = await open();
  /** Does it, and after a kill again from what is stored: as whoever starts the process anew. */
  const surely = async <T>(work: (one: Messenger) => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await work(messenger);
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
      }
      messenger = await open();
    }
  };
  const steps = async (): Promise<number> => {
    for (let turn = 0; turn < 100; turn += 1) {
      const wake = await surely(async (one) => {
        const next = await one.step();
        await one.settled();
        if (!life.alive) throw new Killed();
        return next;
      });
      if (wake > clock.now + 1_000) return wake;
      const due = [...(stored.messages.values() as Iterable<{ next: number; state: string }>)];
      if (!due.some(({ next, state }) => state !== 'waiting' || next <= clock.now)) return wake;
    }
    throw new Error(`nothing comes to rest at ${clock.now}`);
  };
  const left = [...events].sort((a, b) => a.at - b.at);
  while (clock.now < until) {
    while (left[0] !== undefined && left[0].at <= clock.now) {
      const event = left.shift() as Event;
      await surely((one) => one.take(event.notice));
    }
    const wake = await steps();
    clock.now = Math.max(clock.now + 1, Math.min(wake, left[0]?.at ?? until, until));
  }
  return {
    received,
    told: linesOf(received, from),
    book: stored as unknown as NoticeBook,
    recorded,
  };
}

function storeOver(
  stored: Stored,
  life: { alive: boolean; writes: number; kills: number[] },
): NoticeStore {
  return storeIn(stored, (change) => {
    if (!life.alive) throw new Killed();
    life.writes += 1;
    if (life.kills.includes(life.writes)) {
      life.alive = false;
      // Half of them are in the store already when it happens.
      if (life.writes % 2 === 0) change();
      throw new Killed();
    }
    change();
  });
}

/** What a store has, by what it is. */
type Stored = Readonly<Record<keyof NoticeBook, Map<string, unknown>>>;

export function emptyStored(): Stored {
  return { problems: new Map(), messages: new Map(), channels: new Map() };
}

/** A store in memory, each write of which goes through `write`. */
export function storeIn(stored: Stored, write: (change: () => void) => void): NoticeStore {
  return {
    async load() {
      const book = emptyBook();
      for (const kind of ['problems', 'messages', 'channels'] as const) {
        for (const [key, value] of stored[kind]) {
          (book[kind] as Map<string, unknown>).set(key, structuredClone(value));
        }
      }
      return book;
    },
    async put(kind, key, document) {
      write(() => void stored[kind].set(key, structuredClone(document)));
    },
    async remove(kind, key) {
      write(() => void stored[kind].delete(key));
    },
  };
}

export function linesOf(received: readonly Received[], from: number): string[] {
  const known = new Set<string>();
  return received
    .filter(({ message: { id } }) => !known.has(id) && known.add(id))
    .map(({ at, channel, message: { to, kind, problems } }) => {
      const minutes = Math.floor((at - from) / 60_000);
      const what = problems
        .map(({ key }) => key)
        .sort()
        .join('+');
      return `${minutes}m ${channel} ${to ?? '-'} ${what}${kind === 'open' ? '' : ` ${kind}`}`;
    });
}
