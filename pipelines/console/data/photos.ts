/** Pictures that people took at machines: kept in the cluster, one message each, and shown to whoever sees the machine. */

import { createHash } from 'node:crypto';
import { JetStreamApiError } from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { assetKey } from '../../../operators/model/key.ts';
import { streamClient, streamIn, streamManager, subjectIn } from '../../nats/jetstream.ts';
import { isWithoutStream, PHOTO_STREAM } from '../../nats/streams.ts';
import { ApiProblem } from '../api/api-problem.ts';

/** What a browser shows by itself, by the bytes that it begins with. */
export const PHOTO_TYPES = ['image/jpeg', 'image/png', 'image/webp'] as const;
export type PhotoType = (typeof PHOTO_TYPES)[number];

/** Bytes: one message of NATS, which takes 1 MB unless it is told otherwise. */
export const MOST_PHOTO_BYTES = 700_000;
/** Of one person in an hour. */
const MOST_AN_HOUR = 60;
const HOUR = 3_600_000;
/** Milliseconds that the log may take. */
const PATIENCE = 5_000;

export type PhotoPlace = { readonly plant: string; readonly line: string; readonly asset: string };
export type Photo = { readonly type: PhotoType; readonly bytes: Buffer };

export interface Photos {
  /** Gives its id: the same picture of the same machine is one. @throws ApiProblem where it is no picture, or cannot be kept */
  keep(place: PhotoPlace, bytes: Buffer, user: string): Promise<string>;
  /** Undefined where there is none of this machine. */
  find(place: PhotoPlace, id: string): Promise<Photo | undefined>;
}

export function createPhotos(connection: NatsConnection, now: () => number = Date.now): Photos {
  const stream = streamIn(connection, PHOTO_STREAM);
  const subjectOf = (id: string) => subjectIn(connection, `photo.${id}`);
  const taken = new Map<string, { since: number; count: number }>();

  function count(user: string): void {
    const known = taken.get(user);
    const of =
      known !== undefined && now() - known.since < HOUR ? known : { since: now(), count: 0 };
    if (of.count >= MOST_AN_HOUR) {
      const after = Math.ceil((of.since + HOUR - now()) / 1_000);
      const detail = `expected at most ${MOST_AN_HOUR} photos of one person in an hour, found more`;
      throw new ApiProblem('too-many', detail, { after });
    }
    taken.set(user, { ...of, count: of.count + 1 });
  }

  async function find(place: PhotoPlace, id: string): Promise<Photo | undefined> {
    const { streams } = await streamManager(connection);
    const stored = await streams
      .getMessage(stream, { last_by_subj: subjectOf(id) })
      .catch((error: unknown) => {
        if (isWithoutStream(error)) return null;
        throw away(error);
      });
    if (stored === null || stored.header.get('Andon-Asset') !== keyOf(place)) return undefined;
    const bytes = Buffer.from(stored.data);
    const type = typeOf(bytes);
    return type === undefined ? undefined : { type, bytes };
  }

  return {
    find,
    async keep(place, bytes, user) {
      if (typeOf(bytes) === undefined) {
        const detail = `expected a picture (${PHOTO_TYPES.join(', ')}), found other bytes`;
        throw new ApiProblem('bad-request', detail);
      }
      const id = createHash('sha256').update(keyOf(place)).update(bytes).digest('hex').slice(0, 32);
      if ((await find(place, id)) !== undefined) return id;
      count(user);
      const header = headers();
      header.set('Andon-Asset', keyOf(place));
      header.set('Andon-User', user);
      const options = { headers: header, expect: { streamName: stream }, timeout: PATIENCE };
      try {
        await streamClient(connection).publish(subjectOf(id), bytes, options);
      } catch (error) {
        // It is there by now where two send the same, or where the answer was lost.
        if ((await find(place, id)) === undefined) throw away(error);
      }
      return id;
    },
  };
}

function keyOf({ plant, line, asset }: PhotoPlace): string {
  return assetKey(plant, line, asset);
}

function typeOf(bytes: Buffer): PhotoType | undefined {
  if (bytes.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff]))) return 'image/jpeg';
  if (bytes.subarray(0, 8).toString('latin1') === '\x89PNG\r\n\x1a\n') return 'image/png';
  const isRiff = bytes.subarray(0, 4).toString('latin1') === 'RIFF';
  return isRiff && bytes.subarray(8, 12).toString('latin1') === 'WEBP' ? 'image/webp' : undefined;
}

function away(error: unknown): ApiProblem {
  const found = error instanceof Error ? error.message : String(error);
  const isOld = error instanceof JetStreamApiError || /permission|no responders/i.test(found);
  const remedy = isOld
    ? `A worker of this version makes the stream ${PHOTO_STREAM}; where NATS has permissions, make them anew.`
    : 'Send it again.';
  return new ApiProblem('away', `expected the photo to be kept, found ${found}. ${remedy}`, {
    after: 5,
  });
}
