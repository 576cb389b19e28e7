/** Who acts, as an opaque id; and what can be erased of people: the names behind ids, and the reasons that they gave. */

import { randomBytes } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import type { KV } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { z } from 'zod';
import { EXIT, Problem } from '../base/problem.ts';
import { streamClient, streamIn, streamManager, subjectIn } from '../nats/jetstream.ts';
import {
  bucketIn,
  findBucket,
  isNotPermitted,
  openBucket,
  REASON_STREAM,
} from '../nats/streams.ts';
import { type AuditEntry, randomId, sha256Of } from './chain.ts';

/** What is known of an id. `login`: of the operating system, by which commands find the id again. */
const personSchema = z.object({ name: z.string(), login: z.string().optional() });
type Person = z.infer<typeof personSchema>;

/**
 * The id of whoever runs a command: the configured one; else that of the user of the operating system, which is made up at
 * random the first time, so that nothing but the names leads from it to a person.
 *
 * @throws Problem where the names may not be read: then it has to be configured
 */
export async function userIdOf(
  connection: NatsConnection,
  configured: string | undefined,
): Promise<string> {
  if (configured !== undefined) return configured;
  const login = `${userInfo().username}@${hostname()}`;
  try {
    const known = await everybody(connection);
    for (const [id, person] of known) if (person.login === login) return id;
    const id = `u${randomBytes(6).toString('hex')}`;
    const bucket = await names(connection);
    await bucket.put(id, JSON.stringify({ name: userInfo().username, login } satisfies Person));
    return id;
  } catch (error) {
    if (!isNotPermitted(error)) throw error;
    throw new Problem(
      {
        where: 'user',
        expected: 'the id of whoever acts, because this user of NATS may not look it up',
        found: 'none',
        remedy: 'Set ANDON_USER, or user in the configuration, to the id of its permission.',
        exit: EXIT.input,
      },
      { cause: error },
    );
  }
}

/** What is known of one of them, without reading the others; undefined where nothing is. */
export async function personById(
  connection: NatsConnection,
  id: string,
): Promise<Person | undefined> {
  return personIn(await findBucket(connection, 'names'), id);
}

async function personIn(bucket: KV | undefined, id: string): Promise<Person | undefined> {
  const found = await bucket?.get(id);
  if (found?.operation !== 'PUT') return undefined;
  return personSchema.safeParse(parsed(found.string())).data;
}

/** Everybody whose name is known, by id. */
export async function everybody(connection: NatsConnection): Promise<ReadonlyMap<string, Person>> {
  const people = new Map<string, Person>();
  const bucket = await findBucket(connection, 'names');
  if (bucket === undefined) return people;
  const { streams } = await streamManager(connection);
  const name = bucketIn(connection, 'names');
  const prefix = `$KV.${name}.`;
  const { state } = await streams.info(`KV_${name}`, { subjects_filter: `${prefix}>` });
  for (const subject of Object.keys(state.subjects ?? {})) {
    const id = subject.slice(prefix.length);
    const person = await personIn(bucket, id);
    if (person !== undefined) people.set(id, person);
  }
  return people;
}

/** Enters a name, or another one. What was there is overwritten where it lies. */
export async function enterName(
  connection: NatsConnection,
  id: string,
  name: string,
): Promise<void> {
  const before = await personById(connection, id);
  await eraseName(connection, id);
  const bucket = await names(connection);
  await bucket.put(id, JSON.stringify({ ...before, name } satisfies Person));
}

/** Whoever may enter names may not be one who makes the bucket. */
async function names(connection: NatsConnection): Promise<KV> {
  return (await findBucket(connection, 'names')) ?? (await openBucket(connection, 'names'));
}

/** Whether there was one. The bytes are overwritten in the files of the server, not only hidden. */
export async function eraseName(connection: NatsConnection, id: string): Promise<boolean> {
  if ((await findBucket(connection, 'names')) === undefined) return false;
  const bucket = bucketIn(connection, 'names');
  return eraseMessage(connection, `KV_${bucket}`, `$KV.${bucket}.${id}`);
}

/** The text that a person gave, kept where it can be erased; and what the chain says of it. */
export async function keepReason(
  connection: NatsConnection,
  text: string,
): Promise<NonNullable<AuditEntry['reason']>> {
  const id = randomId();
  // Salted: a short text could be guessed by its hash after it was erased.
  const bytes = JSON.stringify({ text, salt: randomId() + randomId() });
  await streamClient(connection).publish(reasonSubject(connection, id), bytes, {
    expect: { streamName: streamIn(connection, REASON_STREAM) },
  });
  return { id, sha256: sha256Of(bytes) };
}

/** A text as it was kept; `erased`, or `changed` when it is not what the chain has the hash of. */
export async function readReason(
  connection: NatsConnection,
  { id, sha256 }: NonNullable<AuditEntry['reason']>,
): Promise<{ readonly text: string } | 'erased' | 'changed'> {
  const { streams } = await streamManager(connection);
  const stored = await streams.getMessage(streamIn(connection, REASON_STREAM), {
    last_by_subj: reasonSubject(connection, id),
  });
  if (stored === null) return 'erased';
  if (sha256Of(stored.data) !== sha256) return 'changed';
  const kept = z.object({ text: z.string() }).safeParse(parsed(stored.string()));
  return kept.success ? { text: kept.data.text } : 'changed';
}

/** Whether there was one. */
export function eraseReason(connection: NatsConnection, id: string): Promise<boolean> {
  const stream = streamIn(connection, REASON_STREAM);
  return eraseMessage(connection, stream, reasonSubject(connection, id));
}

function reasonSubject(connection: NatsConnection, id: string): string {
  return subjectIn(connection, `reason.${id}`);
}

async function eraseMessage(
  connection: NatsConnection,
  stream: string,
  subject: string,
): Promise<boolean> {
  const { streams } = await streamManager(connection);
  const stored = await streams.getMessage(stream, { last_by_subj: subject });
  if (stored === null) return false;
  await streams.deleteMessage(stream, stored.seq, true);
  return true;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
