/** What an entry of the audit stream is, and how each is chained to the one before it. Pure: bytes in, bytes out. */

import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, 'expected a sha256 in hexadecimal');
const userSchema = z.string().regex(/^[a-z0-9]{1,32}$/, 'expected an id of a to z and 0 to 9');
const wordSchema = z.string().regex(/^[a-z][A-Za-z0-9_-]{0,63}$/, 'expected a word');

/** A message of the log that an entry is about. `created`: of its stream; null where the writer may not know it. */
const placeSchema = z.strictObject({
  stream: z.string().max(64),
  created: z.string().max(64).nullable(),
  sequence: z.int().positive(),
});
export type LogPlace = z.infer<typeof placeSchema>;

/** One entry. No free text and no name is in it: it can never be erased. */
const entrySchema = z.strictObject({
  /** Dense from 1: its number in the stream. */
  n: z.int().positive(),
  /** Random: by it a writer knows its own entry again when the answer of the server was lost. */
  id: z.string().regex(/^[0-9a-f]{16}$/),
  /** By the clock of the writer. */
  time: z.iso.datetime(),
  /** Opaque: the name behind it can be erased. */
  who: userSchema,
  /** The role that attests who it was: the permissions of the server decide who writes under it. */
  via: wordSchema,
  act: wordSchema,
  /** An act is written before it is done, and afterwards what became of it. */
  step: z.enum(['intent', 'done', 'failed']),
  /** The intent that this is the end of. */
  of: z.int().positive().nullable(),
  /** What it was done to: `rules.works`, the id of a request, the id of a user. */
  what: z.string().max(256),
  place: placeSchema.nullable(),
  before: sha256Schema.nullable(),
  after: sha256Schema.nullable(),
  /** A text that a person gave, kept elsewhere, where it can be erased. */
  reason: z
    .strictObject({ id: z.string().regex(/^[0-9a-f]{16}$/), sha256: sha256Schema })
    .nullable(),
  /** The sha256 of all bytes of the entry before. */
  previous: sha256Schema,
});
export type AuditEntry = z.infer<typeof entrySchema>;

/** What is told of an act; the chain adds the rest. */
export type EntryFacts = Omit<AuditEntry, 'n' | 'id' | 'time' | 'previous'>;

/** An entry as it is stored. */
export type AuditMessage = {
  readonly n: number;
  readonly subject: string;
  readonly bytes: Uint8Array;
  /** When the server took it: epoch milliseconds. */
  readonly appended: number;
};

/** What the first entry has instead of a hash. */
const NOTHING = '0'.repeat(64);

export function sha256Of(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Sixteen hexadecimal digits that nobody can guess, and nobody has had. */
export function randomId(): string {
  return randomBytes(8).toString('hex');
}

/** The bytes of the entry that follows `last`. The order of the fields is that of the schema. */
export function chained(
  facts: EntryFacts & Pick<AuditEntry, 'id' | 'time'>,
  last: Pick<AuditMessage, 'n' | 'bytes'> | undefined,
): Uint8Array {
  const entry = entrySchema.parse({
    ...facts,
    n: (last?.n ?? 0) + 1,
    previous: last === undefined ? NOTHING : sha256Of(last.bytes),
  });
  return new TextEncoder().encode(JSON.stringify(entry));
}

/** The entry in these bytes, or what is wrong with them. */
export function readEntry(bytes: Uint8Array): AuditEntry | { readonly problem: string } {
  try {
    const parsed = entrySchema.safeParse(JSON.parse(Buffer.from(bytes).toString()));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    return { problem: `${issue?.path.join('.')}: ${issue?.message}` };
  } catch {
    return { problem: 'no JSON' };
  }
}

/** A place at which the chain is not whole. */
export type ChainFault = {
  /** The entry that does not fit. */
  readonly n: number;
  readonly expected: string;
  readonly found: string;
};

/**
 * What does not fit between two entries that are stored one behind the other; undefined when all does. `before`:
 * undefined ahead of the first.
 */
export function faultBetween(
  before: Pick<AuditMessage, 'n' | 'bytes'> | undefined,
  stored: AuditMessage,
): ChainFault | undefined {
  const n = (before?.n ?? 0) + 1;
  if (stored.n !== n) {
    const missing = stored.n - 1 > n ? `entries ${n} to ${stored.n - 1}` : `entry ${n}`;
    return { n, expected: missing, found: `entry ${stored.n} behind entry ${n - 1}` };
  }
  const entry = readEntry(stored.bytes);
  if ('problem' in entry) {
    const found = `${entry.problem}, published on ${stored.subject}`;
    return { n, expected: 'an entry', found };
  }
  if (entry.n !== n) return { n, expected: `number ${n}`, found: `number ${entry.n} in it` };
  const previous = before === undefined ? NOTHING : sha256Of(before.bytes);
  if (entry.previous !== previous) {
    return {
      n: Math.max(1, n - 1),
      expected: `the entry that entry ${n} is chained to, sha256 ${entry.previous}`,
      found: before === undefined ? 'none before it' : `sha256 ${previous}`,
    };
  }
  if (!isOwnSubject(stored.subject, entry)) {
    return { n, expected: `a subject of ${entry.via} and ${entry.who}`, found: stored.subject };
  }
  return undefined;
}

/** The first entry of a chain, under a subject that takes one message first and never a second one. */
export const FIRST_SUBJECT = 'audit.chain.begin';

/** Where an entry is published: the subject says who it is of, and permissions of the server attest it. */
export function auditSubject({ via, who }: Pick<EntryFacts, 'via' | 'who'>): string {
  return `audit.${via}.${who}`;
}

/** Where what people did by way of the log is published again: `via` and `who` as the log's own subject has them. */
export function copySubject(partition: number | '*', via = '*', who = '*'): string {
  return `audit.log.${partition}.${via}.${who}`;
}

function isOwnSubject(subject: string, entry: AuditEntry): boolean {
  const { via, who } = entry;
  if (subject === auditSubject(entry)) return true;
  const [, , partition = ''] = subject.split('.');
  return /^\d+$/.test(partition) && subject === copySubject(Number(partition), via, who);
}
