/** Entries of the audit stream for people, newest first. */

import type { NatsConnection } from '@nats-io/transport-node';
import { isNotPermitted } from '../nats/streams.ts';
import { type AuditEntry, type AuditMessage, readEntry } from './chain.ts';
import { everybody, readReason } from './people.ts';
import { chainExtent, readEntries } from './stored-chain.ts';
import { type Verification, withoutChain } from './verify.ts';

/** An entry, and what else is known of it where the reader may see that. */
export type ListedEntry = AuditEntry & {
  readonly appended: string;
  /** Null: unknown, erased, or not for this reader. */
  readonly name: string | null;
  readonly text: string | null;
};

export type ListOptions = {
  /** Only what the server took since then: epoch milliseconds. */
  readonly since: number;
  readonly who: string | undefined;
  readonly most: number;
};

/** Entries that are read at a time. */
const PART = 256;

/** The newest entries that are asked for, newest first. Read from the end: the chain may be long. */
export async function listEntries(
  connection: NatsConnection,
  { since, who, most }: ListOptions,
): Promise<readonly ListedEntry[]> {
  const extent = await chainExtent(connection);
  if (extent === undefined) throw withoutChain(connection);
  const people = await permitted(() => everybody(connection), new Map());
  const listed: ListedEntry[] = [];
  for await (const { bytes, appended } of entriesFrom(connection, extent.last)) {
    if (appended < since || listed.length === most) return listed;
    const entry = readEntry(bytes);
    if ('problem' in entry || (who !== undefined && entry.who !== who)) continue;
    const { reason } = entry;
    const text =
      reason === null
        ? undefined
        : await permitted(() => readReason(connection, reason), undefined);
    listed.push({
      ...entry,
      appended: new Date(appended).toISOString(),
      name: people.get(entry.who)?.name ?? null,
      text: text === undefined ? null : typeof text === 'string' ? `(${text})` : text.text,
    });
  }
  return listed;
}

/** The entries up to a number, the newest first. */
export async function* entriesFrom(
  connection: NatsConnection,
  last: number,
): AsyncGenerator<AuditMessage> {
  for (let to = last; to > 0; to -= PART) {
    const part: AuditMessage[] = [];
    for await (const one of readEntries(connection, Math.max(1, to - PART + 1), to)) part.push(one);
    yield* part.reverse();
  }
}

/** What this user may not read is left out. */
async function permitted<T>(read: () => Promise<T>, instead: T): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (isNotPermitted(error)) return instead;
    throw error;
  }
}

export function describeEntry(entry: ListedEntry): string {
  const { n, appended, who, name, via, act, step, of, what, place, after, text } = entry;
  const person = name === null ? who : `${who} (${name})`;
  const end = step === 'done' && of === null ? '' : step === 'intent' ? ' …' : ` ${step} (${of})`;
  return [
    `${String(n).padStart(6)}  ${appended}  ${person} by ${via}  ${act}${end}  ${what}`,
    ...(place === null ? [] : [`        message ${place.sequence} of ${place.stream}`]),
    ...(after === null ? [] : [`        sha256 ${after}`]),
    ...(text === null ? [] : [`        “${text.replaceAll('\n', ' ')}”`]),
  ].join('\n');
}

/** `compared`: with what, beside the stream itself. */
export function describeVerification(
  { head, entries, faults, accepted }: Verification,
  compared: readonly string[],
): string {
  const [first] = faults;
  const extent =
    head === undefined ? 'no entry' : `${entries} entries, head ${head.n}:${head.sha256}`;
  const known = accepted.map(({ n, found }) => `entry ${n} does not fit, as accepted: ${found}`);
  const lines = [extent, ...compared.map((each) => `compared with ${each}`), ...known];
  if (first === undefined) {
    const whole = known.length === 0 ? 'the chain is whole' : 'beside that the chain is whole';
    return [...lines, whole].join('\n');
  }
  const more = faults.length === 1 ? '' : ` (${faults.length - 1} more behind it)`;
  return [
    ...lines,
    `entry ${first.n} does not fit: expected ${first.expected}, found ${first.found}${more}`,
    ...(first.accept === undefined
      ? []
      : [`If it is known who wrote this, and why: --accept ${first.accept}`]),
  ].join('\n');
}
