/** Where things are on their way: how far the log goes, and what became of requests and commands in other systems. */

import type { NatsConnection } from '@nats-io/transport-node';
import { openAuditor } from '../../audit/audit.ts';
import { entriesFrom } from '../../audit/audit-text.ts';
import { type AuditEntry, readEntry, sha256Of } from '../../audit/chain.ts';
import { personById, readReason } from '../../audit/people.ts';
import { chainExtent, readEntries } from '../../audit/stored-chain.ts';
import { findStream, isReplay, logStream } from '../../nats/streams.ts';
import type { CommandEntry } from '../../systems/command-entry.ts';
import type { LedgerEntry } from '../../systems/entry.ts';
import { checkRequest } from '../../systems/inspect.ts';
import { resendName } from '../../systems/inspect-commands.ts';
import {
  askResend,
  findCommandLedger,
  findLedger,
  type LedgerReader,
} from '../../systems/ledger.ts';

/** The end of one partition's log. */
export type LogEnd = {
  readonly stream: string;
  readonly messages: number;
  readonly last_sequence: number;
  /** When its latest message was stored, RFC 3339; null in an empty log. */
  readonly latest: string | null;
  readonly bytes: number;
  readonly is_replay: boolean;
};

/** What somebody asks to be sent again, and why. */
export type Resend = {
  readonly kind: 'request' | 'command';
  readonly id: string;
  readonly user: string;
  readonly reason: string | undefined;
};

/** Who applied a model or rules, and the message of the log that it is. */
export type AppliedChange = {
  readonly what: string;
  readonly sequence: number;
  readonly who: string;
};

export type AuditQuestion = {
  /** Only entries with a lower number; without it from the newest on. */
  readonly below: number | undefined;
  readonly most: number;
  readonly who: string;
  readonly act: string;
  readonly what: string;
};

/** An entry of the audit stream, and when the broker took it. */
type AuditFound = AuditEntry & { readonly appended: string; readonly sha256: string };

/** What is read of many things at once (`logs`, `requests`, `commands`, `applied`) is some seconds old. */
export interface FlowState {
  /** From the newest entries of the audit stream. */
  applied(): Promise<readonly AppliedChange[]>;
  /** One for each partition whose stream is there. */
  logs(): Promise<readonly LogEnd[]>;
  /** What became of a request, as it is now; undefined where nothing was tried yet. Rejects when it cannot be read. */
  request(id: string): Promise<LedgerEntry | undefined>;
  /** What became of requests, in the order of the ids; undefined where nothing was tried yet. */
  requests(ids: readonly string[]): Promise<readonly (LedgerEntry | undefined)[]>;
  /** The same of commands, by `<system>.<id>`. */
  commands(names: readonly string[]): Promise<readonly (CommandEntry | undefined)[]>;
  /** Has the delivery send it again, and writes into the audit stream who asked. @throws Problem where there is none */
  resend(resend: Resend): Promise<void>;
  /** The name behind an opaque id; undefined where none is known, or where it was erased. */
  nameOf(id: string): Promise<string | undefined>;
  /** What somebody gave as a reason; undefined where it was erased, or cannot be read. */
  reasonOf(kept: { readonly id: string; readonly sha256: string }): Promise<string | undefined>;
  /** Entries of the audit stream, newest first; `next`: where older ones go on, null at the beginning. */
  audit(asked: AuditQuestion): Promise<{ entries: readonly AuditFound[]; next: number | null }>;
  /** What was answered before is old. */
  forget(): void;
}

/** `now` gives milliseconds of a clock. */
export function createFlowState(
  connection: NatsConnection,
  partitions: number,
  now: () => number = () => performance.now(),
): FlowState {
  const ledger = foundOnce(() => findLedger(connection));
  const commandLedger = foundOnce(() => findCommandLedger(connection));
  const requests = keptAnswer(
    async (ids: readonly string[]) => entriesIn(await ledger(), ids),
    now,
  );
  const commands = keptAnswer(
    async (names: readonly string[]) => entriesIn(await commandLedger(), names),
    now,
  );
  const logs = keptAnswer(() => logEnds(connection, partitions), now);
  const applied = keptAnswer(() => appliedChanges(connection), now);
  const forget = () => {
    for (const each of [logs, requests, commands, applied]) each.forget();
  };
  return {
    logs: logs.ask,
    request: async (id) => (await (await ledger())?.get(id))?.entry,
    requests: requests.ask,
    commands: commands.ask,
    applied: applied.ask,
    async resend({ kind, id, user, reason }) {
      if (kind === 'request') await checkRequest(connection, id);
      const name = kind === 'request' ? id : await resendName(connection, id);
      const auditor = await openAuditor(connection, { via: 'console', user });
      const act = { act: 'resend', what: name, reason };
      await auditor.around([act], () => askResend(connection, name));
      forget();
    },
    // Without the names everything else is still true.
    nameOf: (id) =>
      personById(connection, id).then(
        (person) => person?.name,
        () => undefined,
      ),
    reasonOf: (kept) =>
      readReason(connection, kept).then(
        (found) => (typeof found === 'string' ? undefined : found.text),
        () => undefined,
      ),
    audit: (asked) => auditEntries(connection, asked),
    forget,
  };
}

/** Entries that one question looks at: what is asked for may be far back. */
const MOST_LOOKED_AT = 5_000;

async function auditEntries(
  connection: NatsConnection,
  { below, most, who, act, what }: AuditQuestion,
): ReturnType<FlowState['audit']> {
  const extent = await chainExtent(connection);
  const last = Math.min(extent?.last ?? 0, (below ?? Number.POSITIVE_INFINITY) - 1);
  const entries: AuditFound[] = [];
  let looked = 0;
  for await (const { n, bytes, appended } of entriesFrom(connection, last)) {
    const isEnough = entries.length === most || looked === MOST_LOOKED_AT;
    if (isEnough) return { entries, next: n + 1 };
    looked += 1;
    const entry = readEntry(bytes);
    if ('problem' in entry) continue;
    const isMeant =
      (who === '' || entry.who === who) &&
      (act === '' || entry.act === act) &&
      (what === '' || entry.what === what);
    if (!isMeant) continue;
    entries.push({
      ...entry,
      ...{ appended: new Date(appended).toISOString(), sha256: sha256Of(bytes) },
    });
  }
  return { entries, next: null };
}

/** The bucket is made by the first delivery: until then it is looked for again and again. */
function foundOnce<T>(find: () => Promise<T | undefined>): () => Promise<T | undefined> {
  let known: T | undefined;
  return async () => {
    known ??= await find();
    return known;
  };
}

/** Milliseconds that an answer is good for: however many look on, NATS is asked once. */
const GOOD_FOR = 5_000;

/** Asks once for all who ask the same. What failed is asked again by the next one. */
function keptAnswer<Asked extends unknown[], T>(
  question: (...asked: Asked) => Promise<T>,
  now: () => number,
) {
  let kept: { readonly key: string; readonly at: number; readonly answer: Promise<T> } | undefined;
  return {
    ask(...asked: Asked): Promise<T> {
      const key = JSON.stringify(asked);
      if (kept?.key === key && now() - kept.at < GOOD_FOR) return kept.answer;
      const asking = { key, at: now(), answer: question(...asked) };
      kept = asking;
      asking.answer.catch(() => {
        if (kept === asking) kept = undefined;
      });
      return asking.answer;
    },
    forget() {
      kept = undefined;
    },
  };
}

async function logEnds(connection: NatsConnection, partitions: number): Promise<readonly LogEnd[]> {
  const ends: LogEnd[] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    const stream = logStream(connection, partition);
    const info = await findStream(connection, stream);
    if (info === undefined) continue;
    const { messages, last_seq: last, last_ts: time, bytes } = info.state;
    ends.push({
      ...{ stream, messages, last_sequence: last, bytes, is_replay: isReplay(info) },
      latest: last === 0 ? null : String(time),
    });
  }
  return ends;
}

/** How far the audit stream is read back. */
const NEWEST_ENTRIES = 512;

async function appliedChanges(connection: NatsConnection): Promise<readonly AppliedChange[]> {
  const extent = await chainExtent(connection);
  if (extent === undefined) return [];
  const found: AppliedChange[] = [];
  const from = Math.max(extent.first, extent.last - NEWEST_ENTRIES + 1);
  for await (const message of readEntries(connection, from, extent.last)) {
    const entry = readEntry(message.bytes);
    if ('problem' in entry || entry.place === null) continue;
    if (entry.act !== 'apply' || entry.step !== 'done') continue;
    // With several partitions a subject has the prefix of its own.
    const what = entry.what.replace(/^andon\.\d+\./, '');
    found.push({ what, sequence: entry.place.sequence, who: entry.who });
  }
  return found;
}

/** How many entries are asked for at once. */
const AT_ONCE = 32;

async function entriesIn<E>(
  ledger: LedgerReader<E> | undefined,
  names: readonly string[],
): Promise<readonly (E | undefined)[]> {
  if (ledger === undefined) return names.map(() => undefined);
  const found: (E | undefined)[] = [];
  for (let from = 0; from < names.length; from += AT_ONCE) {
    const some = names.slice(from, from + AT_ONCE);
    // An entry that cannot be read is said by the delivery itself; here it is as if there were none.
    const entries = await Promise.all(
      some.map((name) =>
        ledger.get(name).then(
          ({ entry }) => entry,
          () => undefined,
        ),
      ),
    );
    found.push(...entries);
  }
  return found;
}
