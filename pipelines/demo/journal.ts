/** What a reference system knows: a file of JSON lines that survives a kill, and the objects and calls that are in it. */

import { closeSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';

/** One call that reached the server and was about to be carried out. */
export type ReceivedCall = {
  readonly method: string;
  readonly url: string;
  readonly body: unknown;
};

/** The calls that came in to change something. */
export interface CallLog {
  readonly received: readonly ReceivedCall[];
  note(call: ReceivedCall): void;
}

/** A file of JSON lines, each on disk before `append` returns. */
export interface Journal {
  append(entry: unknown): void;
  close(): void;
}

/**
 * Opens a journal and replays what is in it. A last line without its end is what a kill left of an entry that nobody
 * was told of: it is cut off.
 */
export function openJournal(path: string, replay: (entry: unknown) => void): Journal {
  const file = openSync(path, 'a+');
  const text = readFileSync(path, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole.length < text.length) truncateSync(path, Buffer.byteLength(whole));
  for (const line of whole.split('\n')) {
    if (line !== '') replay(JSON.parse(line));
  }
  return {
    append(entry) {
      writeSync(file, `${JSON.stringify(entry)}\n`);
      fsyncSync(file);
    },
    close() {
      closeSync(file);
    },
  };
}

type Changed = { readonly changed: string };

/** Objects of several kinds, each with an id. Every change is on disk before it is answered. */
export interface ObjectStore extends CallLog {
  all<T>(kind: string): readonly (T & Changed)[];
  get<T>(kind: string, id: string): T | undefined;
  /** Notes when it changed. */
  save<T extends { readonly id: string }>(kind: string, object: T): T & Changed;
  /** As a restore from an old backup would: it is not there any more, and its number is not given again. */
  remove(kind: string, id: string): void;
  /** `RES-00001`: the next number of a kind. */
  nextId(kind: string, prefix: string): string;
  close(): void;
}

type Line =
  | { readonly kind: 'received'; readonly call: ReceivedCall }
  | { readonly kind: 'object'; readonly of: string; readonly object: { readonly id: string } }
  | { readonly kind: 'removed'; readonly of: string; readonly id: string };

export function openObjects(path: string): ObjectStore {
  const kinds = new Map<string, Map<string, unknown>>();
  const received: ReceivedCall[] = [];
  const objectsOf = (kind: string) => {
    const objects = kinds.get(kind) ?? new Map<string, unknown>();
    kinds.set(kind, objects);
    return objects;
  };
  const journal = openJournal(path, (entry) => {
    const line = entry as Line;
    if (line.kind === 'received') received.push(line.call);
    else if (line.kind === 'removed') objectsOf(line.of).set(line.id, null);
    else objectsOf(line.of).set(line.object.id, line.object);
  });
  return {
    received,
    note(call) {
      journal.append({ kind: 'received', call });
      received.push(call);
    },
    all: <T>(kind: string) =>
      [...objectsOf(kind).values()].filter((one) => one !== null) as (T & Changed)[],
    get: <T>(kind: string, id: string) => (objectsOf(kind).get(id) ?? undefined) as T | undefined,
    remove(kind, id) {
      journal.append({ kind: 'removed', of: kind, id });
      objectsOf(kind).set(id, null);
    },
    save(kind, object) {
      const saved = { ...object, changed: new Date().toISOString() };
      journal.append({ kind: 'object', of: kind, object: saved });
      objectsOf(kind).set(object.id, saved);
      return saved;
    },
    nextId: (kind, prefix) => `${prefix}-${String(objectsOf(kind).size + 1).padStart(5, '0')}`,
    close: () => journal.close(),
  };
}
