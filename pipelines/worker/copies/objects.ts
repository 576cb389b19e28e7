/** The bucket of objects of one partition in JetStream, where copies of its checkpoints are. */

import { type ObjectInfo, Objm } from '@nats-io/obj';
import type { NatsConnection } from '@nats-io/transport-node';
import { messageOf } from '../../base/problem.ts';
import { within } from '../../base/within.ts';
import { streamClient, streamIn, streamManager } from '../../nats/jetstream.ts';
import { checkpointBucket, objectStream } from '../../nats/streams.ts';

export type StoredObject = {
  readonly name: string;
  /** In hex, as it was when it was put. */
  readonly sha256: string;
};

/** What was put is not what is there: to ask again is of no use. */
export class DamagedObjectError extends Error {
  override name = 'DamagedObjectError' as const;
}

/** What copies are kept in. Every call may fail, also after it took effect. */
export interface Objects {
  /** Those that are whole and whose names begin so, by name. */
  list(prefix: string): Promise<readonly StoredObject[]>;
  /** Another one after each put; 0 when there is none. */
  revisionOf(name: string): Promise<number>;
  /** Its bytes; undefined when there is none. Rejects with a `DamagedObjectError` when they are not those that were put. */
  get(name: string): Promise<Buffer | undefined>;
  /** Gives its revision. `previous`: rejects when it has another one; 0: when there is one. */
  put(name: string, bytes: Uint8Array, previous?: number): Promise<number>;
  remove(name: string): Promise<void>;
  /** Removes what is left of objects that are not whole: whoever put them was killed amid that, or heard no answer. */
  tidy(): Promise<void>;
}

/** Milliseconds: so long one answer, or one piece of an object, may take. */
const ANSWER = 10_000;
/** Bytes of a piece, where its description does not say it. */
const PIECE = 128 * 1_024;
/** Milliseconds: a piece that came in so long ago is of no object that is still under way. */
export const UNDER_WAY = 600_000;

/** @throws when there is no such bucket: see `ensureCheckpoints` */
export async function openCheckpointObjects(
  connection: NatsConnection,
  partition: number,
): Promise<Objects> {
  const bucket = streamIn(connection, checkpointBucket(partition));
  const stream = objectStream(bucket);
  const store = await new Objm(streamClient(connection)).open(bucket, false);
  const { streams } = await streamManager(connection);
  const all = () => within(ANSWER, store.list());
  /** How many pieces there are, by their subjects, which are those of the objects. */
  async function countPieces(): Promise<Readonly<Record<string, number>>> {
    const { state } = await streams.info(stream, { subjects_filter: `$O.${bucket}.C.>` });
    return state.subjects ?? {};
  }
  async function forget(name: string): Promise<void> {
    const encoded = Buffer.from(name).toString('base64url');
    const padding = '='.repeat((4 - (encoded.length % 4)) % 4);
    await streams.purge(stream, { filter: `$O.${bucket}.M.${encoded}${padding}` });
  }

  return {
    async list(prefix) {
      const found = (await all()).filter(({ name }) => name.startsWith(prefix));
      const pieces = found.length === 0 ? {} : await countPieces();
      return found
        .filter((object) => isWhole(object, pieces))
        .map(({ name, digest }) => ({ name, sha256: hexOf(digest) }))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    async revisionOf(name) {
      // The library's list says none (3.4.0).
      return (await within(ANSWER, store.info(name)))?.revision ?? 0;
    },
    async get(name) {
      const found = await within(ANSWER, store.get(name));
      return found === null ? undefined : readAll(found);
    },
    async put(name, bytes, previous) {
      const options = previous === undefined ? undefined : { previousRevision: previous };
      return (await store.putBlob({ name }, bytes, options)).revision;
    },
    async remove(name) {
      await store.delete(name);
      // Else a description of each object that ever was would stay.
      await forget(name);
    },
    async tidy() {
      const pieces = await countPieces();
      const described = await all();
      for (const object of described) {
        if (!isWhole(object, pieces) && isOver(new Date(object.mtime))) await forget(object.name);
      }
      const known = new Set(described.map(piecesSubject));
      for (const subject of Object.keys(pieces).filter((each) => !known.has(each))) {
        const last = await streams.getMessage(stream, { last_by_subj: subject });
        if (last === null || isOver(last.time)) await streams.purge(stream, { filter: subject });
      }
    },
  };
}

function isOver(at: Date): boolean {
  return Date.now() - at.getTime() >= UNDER_WAY;
}

function piecesSubject({ bucket, nuid }: ObjectInfo): string {
  return `$O.${bucket}.C.${nuid}`;
}

/**
 * When a description is stored and its answer lost, the library takes the pieces for those of nobody and removes them: then
 * it describes what is not there. Its count of pieces is not that of those that it has sent (3.4.0 counts the last one twice).
 */
function isWhole(object: ObjectInfo, pieces: Readonly<Record<string, number>>): boolean {
  const { size, options } = object;
  const needed = Math.ceil(size / (options?.max_chunk_size ?? PIECE));
  return (pieces[piecesSubject(object)] ?? 0) >= needed;
}

/** As the library has it: `SHA-256=` and base64url. */
function hexOf(digest: string): string {
  return Buffer.from(digest.replace(/^SHA-256=/, ''), 'base64url').toString('hex');
}

type Read = {
  readonly data: ReadableStream<Uint8Array>;
  readonly error: Promise<Error | null>;
};

/** An object whose pieces are gone would be waited for for ever. */
async function readAll({ data, error }: Read): Promise<Buffer> {
  // The reader hears of it.
  error.catch(() => undefined);
  const reader = data.getReader();
  const pieces: Uint8Array[] = [];
  try {
    for (;;) {
      const { done, value } = await within(ANSWER, reader.read());
      if (done) return Buffer.concat(pieces);
      pieces.push(value);
    }
  } catch (failure) {
    await reader.cancel().catch(() => undefined);
    // Its own word for it (3.4.0); it has no class for it.
    if (/digest/.test(messageOf(failure))) throw new DamagedObjectError(messageOf(failure));
    throw failure;
  }
}
