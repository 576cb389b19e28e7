/**
 * Reports and comments that could not be sent: kept in the browser with the key of the act, and sent again under it when
 * there is a network, so that each is one act however often it goes out.
 */

import { signal } from '@preact/signals';
import { call, RefusedByApi } from '../api/client.ts';
import type { Operations } from '../api/operations.ts';
import { say } from '../text/pages/words.ts';
import { me } from './session.ts';

type Place = Operations['report']['path'];
type Told<Kind extends 'report' | 'comment'> = {
  readonly kind: Kind;
  readonly body: Omit<Operations[Kind]['body'], 'photo'>;
};

export type Words = (Told<'report'> | Told<'comment'>) & {
  readonly path: Place;
  readonly photo?: Blob | undefined;
};

/** As it is kept. It is of the person who wrote it, and nobody else's account sends it. */
export type UnsentWords = Words & {
  readonly key: string;
  readonly user: string;
  readonly written: number;
  /** Why it was not taken; then only its writer lets it go. */
  readonly refused?: string;
};

/** Those of whoever is signed in, the oldest first. */
export const unsent = signal<readonly UnsentWords[]>([]);

const [DATABASE, STORE] = ['andon-unsent', 'words'];
/** Milliseconds between two attempts. */
const AGAIN = 15_000;
/** No answer, or one that says later. */
const LATER: ReadonlySet<number> = new Set([0, 401, 429, 502, 503, 504]);
/** Then the words would not arrive either. */
const WITHOUT_NETWORK: ReadonlySet<number> = new Set([0, 401, 429, 502, 504]);
/** Letters that the API takes. */
const MOST_TEXT = 4_096;

/** Sends it, or keeps it where nobody answers. @throws RefusedByApi where it is not taken, or cannot be kept either */
export async function sendWords(words: Words, key: string): Promise<'sent' | 'kept'> {
  try {
    await send(words, key);
    return 'sent';
  } catch (error) {
    const user = me.value?.id;
    if (user === undefined || !isForLater(error)) throw error;
    const kept = { ...words, key, user, written: Date.now() };
    // A browser that keeps nothing: the person still has the form.
    await inStore('readwrite', (store) => store.put(kept)).catch(() => {
      throw error;
    });
    await readUnsent();
    return 'kept';
  }
}

async function send({ kind, path, body, photo }: Words, key: string): Promise<void> {
  const shown = photo === undefined ? {} : await keptPhoto(path, photo, body.text);
  if (kind === 'report') await call('report', { path, key, body: { ...body, ...shown } });
  else await call('comment', { path, key, body: { ...body, ...shown } });
}

/** What goes with the words. They do not wait for a photo that nobody keeps: they say that there was one. */
async function keptPhoto(
  path: Place,
  photo: Blob,
  text: string,
): Promise<{ readonly photo: string } | { readonly text: string }> {
  try {
    return await call('keepPhoto', { path, body: photo });
  } catch (error) {
    const status = error instanceof RefusedByApi ? error.problem.status : 0;
    if (WITHOUT_NETWORK.has(status)) throw error;
    return { text: `${text}\n${say('photoLost')}`.slice(0, MOST_TEXT) };
  }
}

function isForLater(error: unknown): boolean {
  return error instanceof RefusedByApi && LATER.has(error.problem.status);
}

export async function forgetUnsent(key: string): Promise<void> {
  await inStore('readwrite', (store) => store.delete(key));
  await readUnsent();
}

/** What was not taken, once more: what hindered it may be over. */
export async function sendAgain(key: string): Promise<void> {
  const words = unsent.value.find((each) => each.key === key);
  if (words === undefined) return;
  const { refused: _, ...waiting } = words;
  await inStore('readwrite', (store) => store.put(waiting));
  await sendUnsent();
}

/** Sends what waits for as long as somebody is signed in. Call the returned function to stop. */
export function keepSending(): () => void {
  const attempt = () => void sendUnsent().catch(() => undefined);
  const timer = setInterval(() => {
    if (unsent.value.length > 0) attempt();
  }, AGAIN);
  addEventListener('online', attempt);
  attempt();
  return () => {
    clearInterval(timer);
    removeEventListener('online', attempt);
    unsent.value = [];
  };
}

let sending = false;

async function sendUnsent(): Promise<void> {
  if (sending) return;
  sending = true;
  try {
    await readUnsent();
    for (const words of unsent.value.filter(({ refused }) => refused === undefined)) {
      try {
        await send(words, words.key);
        await forgetUnsent(words.key);
      } catch (error) {
        if (isForLater(error)) return;
        const refused = error instanceof RefusedByApi ? error.problem.detail : String(error);
        await inStore('readwrite', (store) => store.put({ ...words, refused }));
        await readUnsent();
      }
    }
  } finally {
    sending = false;
  }
}

async function readUnsent(): Promise<void> {
  const all = (await inStore('readonly', (store) => store.getAll())) as UnsentWords[];
  unsent.value = all
    .filter(({ user }) => user === me.value?.id)
    .toSorted((a, b) => a.written - b.written);
}

function inStore(
  mode: IDBTransactionMode,
  ask: (store: IDBObjectStore) => IDBRequest,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: 'key' });
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const database = opening.result;
      const transaction = database.transaction(STORE, mode);
      const asked = ask(transaction.objectStore(STORE));
      transaction.oncomplete = () => {
        database.close();
        resolve(asked.result);
      };
      transaction.onabort = () => {
        database.close();
        reject(transaction.error);
      };
    };
  });
}
