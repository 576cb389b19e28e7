/** The bucket of objects of one partition in JetStream, where copies of its checkpoints are. */

import { Objm } from '@nats-io/obj';
import type { NatsConnection } from '@nats-io/transport-node';
import { within } from '../../base/within.ts';
import { streamClient, streamIn, streamManager } from '../../nats/jetstream.ts';
import { checkpointBucket, objectStream } from '../../nats/streams.ts';

export type StoredObject = {
  readonly name: string;
  /** In hex, as it was when it was put. */
  readonly sha256: string;
};

/** What copies are kept in. Every call may fail, also after it took effect. */
export interface Objects {
  /** Those whose names begin so, by name. */
  list(prefix: string): Promise<readonly StoredObject[]>;
  /** Its bytes; undefined when there is none. Rejects when they are not those that were put. */
  get(name: string): Promise<Buffer | undefined>;
  put(name: string, bytes: Uint8Array): Promise<void>;
  remove(name: string): Promise<void>;
  /** Removes what is left of objects that were never whole: whoever put them was killed amid that. */
  tidy(): Promise<void>;
}

/** Milliseconds: so long one answer, or one piece of an object, may take. */
const ANSWER = 10_000;
/** Milliseconds: a piece that came in so long ago is of no object that is still under way. */
const UNDER_WAY = 600_000;

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

  return {
    async list(prefix) {
      const found = (await all()).filter(({ name }) => name.startsWith(prefix));
      return found
        .map(({ name, digest }) => ({ name, sha256: hexOf(digest) }))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    async get(name) {
      const found = await within(ANSWER, store.get(name));
      return found === null ? undefined : readAll(found);
    },
    async put(name, bytes) {
      await store.putBlob({ name }, bytes);
    },
    async remove(name) {
      await store.delete(name);
      // Else a description of each object that ever was would stay.
      const encoded = Buffer.from(name).toString('base64url');
      const padding = '='.repeat((4 - (encoded.length % 4)) % 4);
      await streams.purge(stream, { filter: `$O.${bucket}.M.${encoded}${padding}` });
    },
    async tidy() {
      const subjects_filter = `$O.${bucket}.C.>`;
      const { state } = await streams.info(stream, { subjects_filter });
      const known = new Set((await all()).map(({ nuid }) => `$O.${bucket}.C.${nuid}`));
      for (const subject of Object.keys(state.subjects ?? {})) {
        if (known.has(subject)) continue;
        const last = await streams.getMessage(stream, { last_by_subj: subject });
        if (last !== null && Date.now() - last.time.getTime() < UNDER_WAY) continue;
        await streams.purge(stream, { filter: subject });
      }
    },
  };
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
    throw failure;
  }
}
