/** What people do by way of the log (`act.…`) is copied from there into the audit stream, each once and in its order. */

import type { StoredMsg } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { parseSubject } from '../../operators/decode/subject.ts';
import { streamIn, streamManager, subjectIn, subjectOutOf } from '../nats/jetstream.ts';
import { AUDIT_STREAM, findStream, isReplay, logStream, partitionPrefix } from '../nats/streams.ts';
import { appendEntry } from './append.ts';
import { copySubject, type EntryFacts, type LogPlace, readEntry, sha256Of } from './chain.ts';
import { openStoredChain } from './stored-chain.ts';

/** An act as the log has it. */
type LoggedAct = { readonly facts: EntryFacts; readonly subject: string };

export interface ActCopier {
  /** Copies all acts that the log has by now. Gives how many. */
  copy(signal: AbortSignal): Promise<number>;
}

/**
 * A copier of one partition's acts. Where it goes on stands in the audit stream itself: it is the place of the last copy.
 * Several at once, or one that was killed anywhere, copy nothing twice. A replay is passed over: what is in it was done
 * elsewhere.
 */
export function createActCopier(connection: NatsConnection, partition: number): ActCopier {
  const stream = logStream(connection, partition);
  const prefix = partitionPrefix(partition);
  /** Up to here the log was looked through, in this life. */
  let seen: LogPlace | undefined;

  async function nextAct(from: number): Promise<StoredMsg | undefined> {
    const { streams } = await streamManager(connection);
    const found: StoredMsg[] = [];
    for (const filter of ['act.>', `${prefix}act.>`]) {
      const next_by_subj = subjectIn(connection, filter);
      // The first such message from there on; the library's types do not know the question.
      const question = { seq: from, next_by_subj };
      const message = await streams.getMessage(stream, question);
      if (message !== null) found.push(message);
    }
    return found.sort((a, b) => a.seq - b.seq)[0];
  }

  return {
    async copy(signal) {
      const info = await findStream(connection, stream);
      if (info === undefined || isReplay(info)) return 0;
      const { created } = info;
      const { last_seq: end } = info.state;
      let count = 0;
      let at =
        seen?.created === created
          ? seen.sequence
          : await lastCopied(connection, partition, created);
      while (at < end && !signal.aborted) {
        const message = await nextAct(at + 1);
        if (message === undefined || message.seq > end) break;
        at = message.seq;
        const subject = subjectOutOf(connection, message.subject);
        const act = actOf(
          { subject, data: message.data },
          { stream, created, sequence: at },
          partition,
          prefix,
        );
        if (act !== undefined && (await append(connection, act, partition))) count += 1;
      }
      seen = { stream, created, sequence: signal.aborted ? at : Math.max(at, end) };
      return count;
    },
  };
}

/** The place in the log of the last act that was copied; 0 when there is none of this log. */
async function lastCopied(
  connection: NatsConnection,
  partition: number,
  created: string,
): Promise<number> {
  const { streams } = await streamManager(connection);
  const message = await streams.getMessage(streamIn(connection, AUDIT_STREAM), {
    last_by_subj: subjectIn(connection, copySubject(partition)),
  });
  const entry = message === null ? undefined : readEntry(message.data);
  if (entry === undefined || 'problem' in entry) return 0;
  return entry.place?.created === created ? entry.place.sequence : 0;
}

async function append(
  connection: NatsConnection,
  { facts, subject }: LoggedAct,
  partition: number,
): Promise<boolean> {
  const { created = '', sequence = 0 } = facts.place ?? {};
  const isWanted = async () => (await lastCopied(connection, partition, created ?? '')) < sequence;
  const chain = await openStoredChain(connection);
  return (await appendEntry(chain, facts, { subject, isWanted })) !== undefined;
}

/** Undefined for a subject that says nobody: the pipeline makes it a dead letter. */
function actOf(
  { subject, data }: Pick<StoredMsg, 'subject' | 'data'>,
  place: LogPlace,
  partition: number,
  prefix: string,
): LoggedAct | undefined {
  const plain = subject.startsWith(prefix) ? subject.slice(prefix.length) : subject;
  const parsed = parseSubject(plain);
  if (parsed.kind !== 'event' || parsed.attested?.kind !== 'act') return undefined;
  const { via, user } = parsed.attested;
  if (!/^[a-z]/.test(via)) return undefined;
  return {
    subject: copySubject(partition, via, user),
    facts: {
      ...{ who: user, via, act: typeOf(data), step: 'done', of: null },
      what: parsed.asset.slice(0, 256),
      place,
      before: null,
      // The words that came with it stay in the log and its tables; here is what tells whether they were changed.
      after: sha256Of(data),
      reason: null,
    },
  };
}

/** What the message says that it is: `acknowledged`, `shelved`. What cannot be a word is not repeated. */
function typeOf(data: Uint8Array): string {
  try {
    const { type } = JSON.parse(Buffer.from(data).toString());
    return typeof type === 'string' && /^[a-z][A-Za-z0-9_-]{0,63}$/.test(type) ? type : 'other';
  } catch {
    return 'unreadable';
  }
}
