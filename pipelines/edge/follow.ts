/** What the centre's log has of the lines of an edge, brought into the log of its own judge: models, rules, schedules, acts, statuses. */

import { setTimeout as delay } from 'node:timers/promises';
import { type JetStreamManager, jetstreamManager, type StoredMsg } from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { z } from 'zod';
import { lookup } from '../../operators/model/plain.ts';
import { installedSubject } from '../../sinks/installation.ts';
import { streamClient, streamIn, streamManager } from '../nats/jetstream.ts';
import { edgeInbox } from '../nats/leaf-config.ts';
import { connectNats } from '../nats/nats.ts';
import { partitionOf } from '../nats/partition.ts';
import {
  EDGE_LOG_PREFIX,
  ensurePartition,
  openBucket,
  partitionPrefix,
  partitionStream,
} from '../nats/streams.ts';
import type { RecordEvent } from '../observe/observe.ts';
import type { EdgeConfig } from './edge-config.ts';

export type CentreFollowing = {
  readonly config: EdgeConfig;
  /** Whether the centre is there. */
  readonly mayAsk: () => boolean;
  readonly record: RecordEvent;
  readonly signal: AbortSignal;
};

export type FollowedStatus = {
  /** Messages that came down since the start. */
  readonly messages: number;
  /** When the last one of them was stored at the centre, epoch milliseconds. */
  readonly last: number | undefined;
};

export interface Follower {
  readonly status: FollowedStatus;
  /** Resolves when it has stopped. Never rejects: trouble is told, and tried again. */
  readonly ended: Promise<void>;
}

/** Of a copy: the stream of the centre, when that was made, and the sequence number there. */
const FOLLOWED = 'Andon-Followed';
/** In the bucket of homes beside the log of the judge: up to where each part of the centre's log was brought. */
const PLACES = 'followed';
const BETWEEN = 1_000;
const ONE_ANSWER = 5_000;

/** Opens the log of the judge, and follows the centre until it is told to stop. */
export async function followCentre(options: CentreFollowing): Promise<Follower> {
  const { config, signal } = options;
  const connection = await connectNats({
    ...{ inbox: edgeInbox(config.edge), ...config.nats, prefix: EDGE_LOG_PREFIX },
    ...{ name: `andon edge ${config.edge} follow`, patience: 'wait', signal },
  });
  const { days, bytes } = config.memory;
  const places = await ensurePartition(connection, { partition: 0, partitions: 1, days, bytes })
    .then(() => openBucket(connection, 'homes'))
    .catch(async (error: unknown) => {
      await connection.close();
      throw error;
    });
  const follower = new CentreFollower(connection, places, options);
  return {
    get status() {
      return follower.status;
    },
    ended: follower.run().finally(() => connection.close()),
  };
}

/** `created`: of the stream, since another one of the same name begins at 1 again. */
type Place = { readonly created: string; readonly sequence: number };
const placesSchema = z.record(z.string(), z.object({ created: z.string(), sequence: z.number() }));

/** Subjects of one kind in one stream of the centre, and up to where they are here. */
type Followed = {
  readonly stream: string;
  readonly filter: string;
  readonly plain: string;
  /** Undefined: it was not looked for yet. */
  after: number | undefined;
  /** The next one, when it was asked for. */
  next: StoredMsg | null;
  /** When the stream was made; '' until it was looked at. */
  created: string;
};

class CentreFollower {
  readonly #connection: NatsConnection;
  readonly #bucket: KV;
  readonly #options: CentreFollowing;
  readonly #followed: readonly Followed[];
  /** As they stand in the bucket; undefined: they were not read yet. */
  #places: Record<string, Place> | undefined;
  #status: FollowedStatus = { messages: 0, last: undefined };

  constructor(connection: NatsConnection, bucket: KV, options: CentreFollowing) {
    this.#connection = connection;
    this.#bucket = bucket;
    this.#options = options;
    this.#followed = followedBy(options.config);
  }

  get status(): FollowedStatus {
    return this.#status;
  }

  async run(): Promise<void> {
    const { signal, mayAsk, record } = this.#options;
    while (!signal.aborted) {
      try {
        if (mayAsk()) await this.#follow();
      } catch (error) {
        // What was published last is looked for again: it may be there.
        for (const each of this.#followed) Object.assign(each, { after: undefined, next: null });
        this.#places = undefined;
        const cause = error instanceof Error ? error : new Error(String(error));
        if (mayAsk())
          record({ kind: 'edge-trouble', where: 'the log of the centre', error: cause });
      }
      await delay(BETWEEN, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Takes what there is of each stream, in its order there. */
  async #follow(): Promise<void> {
    const { config, signal, mayAsk } = this.#options;
    const { domain } = config.centre;
    const centre = await jetstreamManager(this.#connection, {
      ...{ domain, checkAPI: false, timeout: ONE_ANSWER },
    });
    for (const stream of new Set(this.#followed.map((each) => each.stream))) {
      const followed = this.#followed.filter((each) => each.stream === stream);
      const { state, created } = await centre.streams.info(stream);
      for (const each of followed) {
        if (each.created !== created) each.after = undefined;
        each.created = created;
        each.after ??= await this.#placeOf(each, created);
      }
      while (!signal.aborted && mayAsk()) {
        for (const each of followed) await this.#look(centre, each, state.last_seq);
        const first = followed
          .filter(({ next }) => next !== null)
          .sort((a, b) => (a.next?.seq ?? 0) - (b.next?.seq ?? 0))[0];
        if (first === undefined) break;
        await this.#bring(first);
      }
    }
  }

  /**
   * Up to where it was brought. The last copy may be newer than the bucket, where a life ended between the two; and it may be
   * gone, where the log here keeps less than the centre: the bucket knows all the same.
   */
  async #placeOf({ plain, stream, filter }: Followed, created: string): Promise<number> {
    this.#places ??= await this.#readPlaces();
    const place = lookup(this.#places, `${stream} ${filter}`);
    if (place !== undefined && place.created !== created) {
      const error = new Error(`${stream} was made anew: all that it has of ${plain} comes down`);
      this.#options.record({ kind: 'edge-trouble', where: 'the log of the centre', error });
    }
    const kept = place?.created === created ? place.sequence : 0;
    const { streams } = await streamManager(this.#connection);
    const last_by_subj = installedSubject(EDGE_LOG_PREFIX, plain);
    const copy = await streams.getMessage(streamIn(this.#connection, partitionStream(0)), {
      last_by_subj,
    });
    const [of, made, sequence] = (copy?.header.get(FOLLOWED) ?? '').split(' ');
    return of === stream && made === created ? Math.max(kept, Number(sequence)) : kept;
  }

  async #readPlaces(): Promise<Record<string, Place>> {
    const entry = await this.#bucket.get(PLACES);
    return entry?.operation === 'PUT' ? placesSchema.parse(entry.json()) : {};
  }

  async #keepPlace({ stream, filter, created }: Followed, sequence: number): Promise<void> {
    this.#places = { ...this.#places, [`${stream} ${filter}`]: { created, sequence } };
    await this.#bucket.put(PLACES, JSON.stringify(this.#places));
  }

  async #look(centre: JetStreamManager, each: Followed, last: number): Promise<void> {
    const { after = 0, next, stream, filter } = each;
    if (next !== null || after >= last) return;
    const query = { seq: after + 1, next_by_subj: filter };
    each.next = await centre.streams.getMessage(stream, query);
    if (each.next === null) each.after = last;
  }

  async #bring(each: Followed): Promise<void> {
    const { next: message, stream } = each;
    if (message === null) return;
    const header = headers();
    for (const [name, [value = '']] of message.header ?? []) {
      if (!name.startsWith('Nats-')) header.set(name, value);
    }
    header.set(FOLLOWED, `${stream} ${each.created} ${message.seq}`);
    const subject = message.subject.replace(/^andon\.\d+\./, '');
    await streamClient(this.#connection).publish(
      installedSubject(EDGE_LOG_PREFIX, subject),
      message.data,
      { headers: header, expect: { streamName: streamIn(this.#connection, partitionStream(0)) } },
    );
    await this.#keepPlace(each, message.seq);
    each.after = message.seq;
    each.next = null;
    const { messages } = this.#status;
    this.#status = { messages: messages + 1, last: message.time.getTime() };
  }
}

/** What concerns the lines of an edge, in the streams of the centre that have it. */
function followedBy({ assets, centre: { partitions } }: EdgeConfig): readonly Followed[] {
  const lines = new Set(Object.values(assets).map((path) => path.split('.', 2).join('.')));
  const ofPlant = new Map<string, string>();
  for (const line of [...lines].sort()) ofPlant.set(line.split('.')[0] ?? '', line);
  const wanted = [
    ...[...ofPlant].flatMap(([plant, line]) =>
      [`model.${plant}`, `rules.${plant}`].map((plain) => ({ plain, line })),
    ),
    ...[...lines].flatMap((line) =>
      [`schedule.${line}`, `act.${line}.>`, `status.*.${line}.>`].map((plain) => ({ plain, line })),
    ),
  ];
  return wanted.flatMap(({ plain, line }) => {
    const [plant = '', name = ''] = line.split('.');
    const partition = partitionOf(plant, name, partitions);
    const placed = `${partitionPrefix(partition)}${plain}`;
    // A log of one partition takes what is published without its prefix, too.
    const filters = partitions === 1 ? [placed, plain] : [placed];
    const stream = partitionStream(partition);
    return filters.map((filter) => {
      return { stream, filter, plain, after: undefined, next: null, created: '' };
    });
  });
}
