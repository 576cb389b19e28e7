/** Who is signed in: sessions outlive the process, and their tokens are in no file. */

import { createHash, createHmac, randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { DISK, writeWhole } from '../../base/disk.ts';

/** Milliseconds: the longest that a session lasts, and the longest without a request. */
const LONGEST = 7 * 86_400_000;
const LONGEST_IDLE = 12 * 3_600_000;
/** Use is written down this often at most: a file per request would be too much. */
const WRITE_EVERY = 600_000;
/** Of one account; the oldest go. */
const MOST_SESSIONS = 20;

/** What a session has of somebody whom a provider vouches for. It is for who has the token alone to read. */
const vouchedSchema = z.strictObject({
  /** The settings under which they were let in: under others they sign in again. */
  policy: z.string(),
  /** When the provider was asked last. */
  checked: z.number(),
  /** Name, roles and tokens of the provider, sealed by the token of the session. */
  sealed: z.string(),
});
export type VouchedSession = z.infer<typeof vouchedSchema>;

const sessionSchema = z.strictObject({
  digest: z.string(),
  user: z.string(),
  begun: z.number(),
  used: z.number(),
  vouched: vouchedSchema.optional(),
});
type Session = z.infer<typeof sessionSchema>;

export interface SessionStore {
  /** Begins a session; gives its token, for the cookie. `vouch`: of whom a provider vouches for. */
  begin(user: string, vouch?: (token: string) => VouchedSession): Promise<string>;
  /** The account of a session; undefined when it is over, or never was. */
  user(token: string): Promise<string | undefined>;
  /** Of a session that is not over; undefined for a local account. */
  vouched(token: string): VouchedSession | undefined;
  /** Writes down what a provider says now. */
  keep(token: string, vouched: VouchedSession): Promise<void>;
  end(token: string): Promise<void>;
}

/** What a page has to send with each act: nobody knows it who does not know the token of the session. */
export function csrfOf(token: string): string {
  return createHmac('sha256', token).update('andon acts').digest('base64url');
}

/** `now` gives milliseconds of the clock. */
export async function openSessions(
  directory: string,
  now: () => number = Date.now,
): Promise<SessionStore> {
  const path = join(directory, 'sessions.json');
  const sessions = new Map<string, Session>();
  for (const session of await stored(path)) sessions.set(session.digest, session);
  let writing: Promise<void> = Promise.resolve();
  let written = now();

  const isOver = ({ begun, used }: Session) =>
    now() - begun > LONGEST || now() - used > LONGEST_IDLE;

  function write(): Promise<void> {
    written = now();
    for (const [digest, session] of sessions) if (isOver(session)) sessions.delete(digest);
    const text = JSON.stringify([...sessions.values()]);
    writing = writing
      .catch(() => undefined)
      .then(async () => {
        await mkdir(directory, { recursive: true, mode: 0o700 });
        await writeWhole(DISK, path, [Buffer.from(text)]);
      });
    return writing;
  }

  return {
    async begin(user, vouch) {
      const token = randomBytes(32).toString('base64url');
      const digest = digestOf(token);
      const vouched = vouch === undefined ? {} : { vouched: vouch(token) };
      sessions.set(digest, { digest, user, begun: now(), used: now(), ...vouched });
      const own = [...sessions.values()].filter((each) => each.user === user);
      own.sort((a, b) => b.used - a.used);
      for (const old of own.slice(MOST_SESSIONS)) sessions.delete(old.digest);
      await write();
      return token;
    },
    async user(token) {
      const session = sessions.get(digestOf(token));
      if (session === undefined || isOver(session)) return undefined;
      session.used = now();
      if (now() - written > WRITE_EVERY) await write();
      return session.user;
    },
    vouched: (token) => sessions.get(digestOf(token))?.vouched,
    async keep(token, vouched) {
      const session = sessions.get(digestOf(token));
      if (session === undefined) return;
      session.vouched = vouched;
      await write();
    },
    async end(token) {
      if (sessions.delete(digestOf(token))) await write();
    },
  };
}

function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

/** What a file that is damaged held is lost: people sign in again. */
async function stored(path: string): Promise<readonly Session[]> {
  try {
    return z.array(sessionSchema).parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return [];
  }
}
