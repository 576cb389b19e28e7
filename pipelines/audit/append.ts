/** Appends to a chain of which there is one, however many write to it at once. */

import { setTimeout as delay } from 'node:timers/promises';
import { EXIT, Problem } from '../base/problem.ts';
import {
  type AuditEntry,
  type AuditMessage,
  auditSubject,
  chained,
  type EntryFacts,
  FIRST_SUBJECT,
  randomId,
  readEntry,
} from './chain.ts';

/** Where a chain is stored: in JetStream, or in the memory of a test. */
export interface ChainStore {
  /** The newest entry; undefined when there is none. */
  last(): Promise<AuditMessage | undefined>;
  /** Undefined when there is none of this number. */
  read(n: number): Promise<AuditMessage | undefined>;
  /**
   * Stores the bytes as the entry behind `after`. Rejects when another entry is there already, and when no answer comes:
   * then it may be stored all the same.
   */
  append(subject: string, bytes: Uint8Array, after: number): Promise<void>;
  /** Whether trying again is of no use: who writes has no right to, or there is no stream. */
  isLasting(error: unknown): boolean;
}

export type AppendOptions = {
  /** Default: that of the facts. */
  readonly subject?: string;
  /**
   * Asked before each try, after the newest entry was read: no entry that it has not seen can come in between. With
   * `false` nothing is appended.
   */
  readonly isWanted?: () => Promise<boolean>;
  /** How long others may be quicker, or the server may be silent: milliseconds. Default 15,000. */
  readonly patience?: number;
};

const PATIENCE = 15_000;
/** For how long an empty stream is taken for a copy that is behind: milliseconds. */
const BEGINNING = 1_000;
/** Milliseconds, and as much again at random, so that writers who collide part. */
const PAUSE = 10;

/**
 * Appends one entry behind the newest one. The server takes it only while that is the newest, so nobody can fork the
 * chain; whoever was slower chains anew. When an answer is lost, what is stored tells: an entry is never there twice.
 *
 * @throws Problem when the server does not take it
 */
export async function appendEntry(
  store: ChainStore,
  facts: EntryFacts,
  options: AppendOptions = {},
): Promise<AuditEntry | undefined> {
  const { subject = auditSubject(facts), isWanted, patience = PATIENCE } = options;
  const marked = { ...facts, id: randomId(), time: new Date().toISOString() };
  // What cannot be an entry fails here, and not again and again below.
  chained(marked, undefined);
  const begun = performance.now() + BEGINNING;
  const giveUp = performance.now() + patience;
  /** The number under which it was sent last, while nobody knows what became of that. */
  let sent: number | undefined;
  for (;;) {
    try {
      const last = await store.last();
      // A chain is begun by whoever makes its stream: before that, nothing can be chained to it.
      if (last === undefined && subject !== FIRST_SUBJECT) {
        if (performance.now() > begun) throw notBegun();
        throw new Error('the chain is empty, or a copy that is behind answers');
      }
      const { n } = last ?? { n: 0 };
      // What is still on its way would be forgotten if it were sent under a smaller number.
      if (sent !== undefined && n + 1 < sent) throw new Error('a copy that is behind answers');
      if (sent !== undefined && n >= sent) {
        const there = await entryUnder(store, sent);
        if (there?.id === marked.id) return there;
        sent = undefined;
      }
      if (isWanted !== undefined && !(await isWanted())) return undefined;
      const bytes = chained(marked, last);
      sent = n + 1;
      await store.append(subject, bytes, n);
      return checked(bytes);
    } catch (error) {
      if (error instanceof Problem || store.isLasting(error)) throw error;
      if (performance.now() > giveUp) throw error;
    }
    await delay(PAUSE * (1 + Math.random()));
  }
}

/** What is stored under a number. A copy of the stream that is behind the others does not have it yet. */
async function entryUnder(store: ChainStore, n: number): Promise<AuditEntry | undefined> {
  const found = await store.read(n);
  if (found === undefined) throw new Error(`entry ${n} cannot be read yet`);
  const entry = readEntry(found.bytes);
  return 'problem' in entry ? undefined : entry;
}

function checked(bytes: Uint8Array): AuditEntry {
  const entry = readEntry(bytes);
  if ('problem' in entry) throw new Error(entry.problem);
  return entry;
}

function notBegun(): Problem {
  return new Problem({
    where: 'audit stream',
    expected: 'a chain that was begun',
    found: 'an empty stream',
    remedy: 'Start a worker (andon run): it begins the chain.',
    exit: EXIT.outside,
  });
}
