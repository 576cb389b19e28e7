/** What the centre's log has of the lines of an edge, brought into the log of its own judge: models, rules, schedules, acts, statuses. */

import { setTimeout as delay } from 'node:timers/promises';
import { type JetStreamManager, jetstreamManager, type StoredMsg } from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { installedSubject } from '../../sinks/installation.ts';
import { streamClient, streamIn, streamManager } from '../nats/jetstream.ts';
import { edgeInbox } from '../nats/leaf-config.ts';
import { connectNats } from '../nats/nats.ts';
import { partitionOf } from '../nats/partition.ts';
import {
  EDGE_LOG_PREFIX,
  ensurePartition,
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

/** Of a copy: the stream of the centre, and the sequence number there. */
const FOLLOWED = 'Andon-Followed';
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
  await ensurePartition(connection, { partition: 0, partitions: 1, days, bytes }).catch(
    async (error: unknown) => {
      await connection.close();
      throw error;
    },
  );
  const follower = new CentreFollower(connection, options);
  return {
    get status() {
      return follower.status;
    },
    ended: follower.run().finally(() => connection.close()),
  };
}

/** Subjects of one kind in one stream of the centre, and up to where they are here. */
type Followed = {
  readonly stream: string;
  readonly filter: string;
  readonly plain: string;
  /** Undefined: it was not looked for yet. */
  after: number | undefined;
  /** The next one, when it was asked for. */
  next: StoredMsg | null;
};

class CentreFollower {
  readonly #connection: NatsConnection;
  readonly #options: CentreFollowing;
  readonly #followed: readonly Followed[];
  #status: FollowedStatus = { messages: 0, last: undefined };

  constructor(connection: NatsConnection, options: CentreFollowing) {
    this.#connection = connection;
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
      for (const each of followed) each.after ??= await this.#placeOf(each);
      const { state } = await centre.streams.info(stream);
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

  /** Up to where the log here has it: the last copy says so. */
  async #placeOf({ plain, stream }: Followed): Promise<number> {
    const { streams } = await streamManager(this.#connection);
    const last_by_subj = installedSubject(EDGE_LOG_PREFIX, plain);
    const copy = await streams.getMessage(streamIn(this.#connection, partitionStream(0)), {
      last_by_subj,
    });
    const [of, sequence] = (copy?.header.get(FOLLOWED) ?? '').split(' ');
    return of === stream ? Number(sequence) : 0;
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
    header.set(FOLLOWED, `${stream} ${message.seq}`);
    const subject = message.subject.replace(/^andon\.\d+\./, '');
    await streamClient(this.#connection).publish(
      installedSubject(EDGE_LOG_PREFIX, subject),
      message.data,
      { headers: header, expect: { streamName: streamIn(this.#connection, partitionStream(0)) } },
    );
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
    return filters.map((filter) => ({ stream, filter, plain, after: undefined, next: null }));
  });
}
