/** Every stream and bucket of an installation: its name, subjects, replicas and limits. Nothing else makes one. */

import { setTimeout as delay } from 'node:timers/promises';
import {
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { type NatsConnection, nanos, PermissionViolationError } from '@nats-io/transport-node';
import { LIVE_STREAM } from '../../sinks/live.ts';
import { REQUEST_STREAM, requestSubject } from '../../sinks/outbox.ts';
import { EXIT, Problem } from '../base/problem.ts';
import type { Bucket } from '../base/roles.ts';
import { streamClient, streamManager } from './jetstream.ts';
import {
  type StreamDifference,
  spellDifferences,
  streamDifferences,
} from './stream-differences.ts';

/** The subjects that plants publish on, and what each message is: see `docs/wire-format.md`. */
const PLAIN_SUBJECTS = [
  'telemetry.>',
  'waveform.>',
  'event.>',
  'act.>',
  'status.>',
  'finding.>',
  'schedule.>',
  'model.>',
  'rules.>',
] as const;

/**
 * What marks a stream as a replay: its description, because stream metadata needs nats-server 2.10. Whoever edits it
 * changes the append times of the whole log.
 */
const LIVE_DESCRIPTION = 'Andon log';
const REPLAY_DESCRIPTION = 'Andon replay log: append times are those of the header Andon-Appended';

/** How a stream or bucket is to be made, and what becomes of one that differs. */
export type StoreOptions = {
  /** Default 1. */
  readonly replicas?: number;
  /**
   * Called with what was different and is mended. With it, differences that lose nothing are mended; without it every
   * difference is refused.
   */
  readonly onMended?: OnMended;
};

export type OnMended = (stream: string, differences: readonly StreamDifference[]) => void;

type PartitionOptions = StoreOptions & {
  readonly partition: number;
  /** How many there are. Only with one does the stream take the plain subjects itself. */
  readonly partitions: number;
  /** Marked as a replay when it does not exist yet. An existing stream keeps its mark: see `isReplay`. */
  readonly replay?: boolean;
  /** Days. Default 7. */
  readonly days?: number;
  /** Bytes, all messages together. Default −1: as much as the server gives. */
  readonly bytes?: number;
  /** An existing stream may have other limits than these: they are the business of its worker. Default false. */
  readonly anyLimits?: boolean;
};

const LIMITS = ['max_age', 'max_bytes', 'num_replicas', 'duplicate_window'] as const;

/**
 * How long the server remembers message ids: the least that it takes. Whoever may publish into a stream can take the id
 * of somebody else's message first, and hide it for as long. `validate` removes repeats instead.
 */
const LEAST_DUPLICATE_WINDOW = 100;
/** Nobody but its owner publishes into a replay, and its answers are to be those of the recording, byte for byte. */
const REPLAY_DUPLICATE_WINDOW = 120_000;

/** The stream of one partition. */
export function partitionStream(partition: number): string {
  return `ANDON_${partition}`;
}

/** What the server, or the publisher, puts before every subject of a partition. */
export function partitionPrefix(partition: number): string {
  return `andon.${partition}.`;
}

export function isReplay(info: Pick<StreamInfo, 'config'>): boolean {
  return info.config.description === REPLAY_DESCRIPTION;
}

/**
 * Makes the stream of a partition, or checks the one that is there. Rejects with a `Problem` that spells out every
 * difference when it is configured in another way: nothing is changed then.
 */
export async function ensurePartition(
  connection: NatsConnection,
  options: PartitionOptions,
): Promise<StreamInfo> {
  const replay = options.replay === true;
  const wanted = {
    ...common(options.replicas),
    name: partitionStream(options.partition),
    description: replay ? REPLAY_DESCRIPTION : LIVE_DESCRIPTION,
    subjects: [
      `${partitionPrefix(options.partition)}>`,
      ...(options.partitions === 1 ? PLAIN_SUBJECTS : []),
    ],
    max_age: nanos((options.days ?? 7) * 86_400_000),
    max_bytes: options.bytes ?? -1,
    max_msgs_per_subject: -1,
    discard: DiscardPolicy.Old,
    discard_new_per_subject: false,
    duplicate_window: nanos(replay ? REPLAY_DUPLICATE_WINDOW : LEAST_DUPLICATE_WINDOW),
  };
  return ensure(connection, wanted, options, options.anyLimits === true ? LIMITS : []);
}

/** The outbox: `request.<id>.<revision>`, each subject once and for ever, so a revision cannot enter twice. */
export async function ensureRequests(
  connection: NatsConnection,
  options: StoreOptions = {},
): Promise<StreamInfo> {
  const wanted = {
    ...common(options.replicas),
    name: REQUEST_STREAM,
    description: 'Andon requests: one message per revision',
    subjects: [requestSubject('*', '*')],
    max_age: 0,
    max_bytes: -1,
    max_msgs_per_subject: 1,
    discard: DiscardPolicy.New,
    discard_new_per_subject: true,
    duplicate_window: nanos(LEAST_DUPLICATE_WINDOW),
  };
  return ensure(connection, wanted, options);
}

/** What changed with each epoch, for a few minutes: whoever was away for longer asks the warehouse. */
const LIVE_MINUTES = 10;
const LIVE_BYTES = 64_000_000;

/** The changes of the small tables, epoch by epoch, for screens. The oldest go first. */
export async function ensureLive(
  connection: NatsConnection,
  options: StoreOptions = {},
): Promise<StreamInfo> {
  const wanted = {
    ...common(options.replicas),
    name: LIVE_STREAM,
    description: 'Andon live: what changed with each epoch',
    subjects: ['live.>'],
    max_age: nanos(LIVE_MINUTES * 60_000),
    max_bytes: LIVE_BYTES,
    max_msgs_per_subject: -1,
    discard: DiscardPolicy.Old,
    discard_new_per_subject: false,
    duplicate_window: nanos(LEAST_DUPLICATE_WINDOW),
  };
  return ensure(connection, wanted, options);
}

/** Who did what with the installation: appended, and never changed. */
export const AUDIT_STREAM = 'ANDON_AUDIT';

/** The names of the buckets, and what is in them. */
export const BUCKETS: Readonly<Record<Bucket, { readonly name: string; readonly holds: string }>> =
  {
    leases: { name: 'ANDON_LEASES', holds: 'who works on what' },
    homes: { name: 'ANDON_HOMES', holds: 'where the state of each run is' },
    ledger: { name: 'ANDON_MAINTENANCE', holds: 'what became of each maintenance request' },
    resends: { name: 'ANDON_RESENDS', holds: 'requests that a person wants to be sent again' },
    names: { name: 'ANDON_NAMES', holds: 'the names behind user ids' },
  };

/**
 * Opens a bucket, and makes it when there is none. `term`: milliseconds after which an entry that is not renewed ends,
 * when this makes the bucket; else the bucket's own.
 */
export async function openBucket(
  connection: NatsConnection,
  bucket: Bucket,
  options: StoreOptions & { readonly term?: number } = {},
): Promise<KV> {
  const { replicas = 1, term, onMended } = options;
  const { name, holds } = BUCKETS[bucket];
  const opened = await new Kvm(streamClient(connection)).create(name, {
    description: `Andon: ${holds}`,
    history: 1,
    replicas,
    // A read from a replica may be old, and what is old would be acted upon.
    allow_direct: false,
    ...(term === undefined ? {} : { ttl: term }),
  });
  if (onMended !== undefined) {
    // Copies are all that a bucket leaves to the configuration.
    const wanted = { name: `KV_${name}`, subjects: [`$KV.${name}.>`], num_replicas: replicas };
    await ensure(connection, wanted, { onMended });
  }
  return opened;
}

/** The bucket as it is, for whoever may not make it; undefined when there is none. */
export async function findBucket(
  connection: NatsConnection,
  bucket: Bucket,
): Promise<KV | undefined> {
  const { name } = BUCKETS[bucket];
  if ((await findStream(connection, `KV_${name}`)) === undefined) return undefined;
  return new Kvm(streamClient(connection)).open(name, { allow_direct: false });
}

/**
 * Whether this user may not ask about streams. Then it publishes and hears the acknowledgements, as a gateway does: what is
 * wrong with a stream is the business of its worker.
 */
export function isNotPermitted(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error instanceof PermissionViolationError || isNotPermitted(error.cause);
}

/** The stream as it is; undefined when there is none. */
export async function findStream(
  connection: NatsConnection,
  name: string,
): Promise<StreamInfo | undefined> {
  const manager = await streamManager(connection);
  return found(manager, name);
}

type StreamSettings = Partial<StreamConfig> & Pick<StreamConfig, 'name' | 'subjects'>;

function common(replicas = 1) {
  return {
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    max_msgs: -1,
    max_msg_size: -1,
    num_replicas: replicas,
    no_ack: false,
  };
}

async function ensure(
  connection: NatsConnection,
  wanted: StreamSettings,
  { onMended }: Pick<StoreOptions, 'onMended'>,
  free: readonly string[] = [],
): Promise<StreamInfo> {
  const manager = await streamManager(connection);
  try {
    // The client writes into what it is given.
    const info = (await found(manager, wanted.name)) ?? (await manager.streams.add({ ...wanted }));
    const all = streamDifferences(wanted, info.config);
    const left = isReplay(info) ? [...free, 'duplicate_window'] : free;
    const differences = all.filter(({ field }) => !left.includes(field));
    if (differences.length === 0) return info;
    if (onMended === undefined || differences.some(({ isSafe }) => !isSafe)) {
      throw different(wanted.name, differences);
    }
    const { description: _, ...fields } = wanted;
    await manager.streams.update(wanted.name, { ...info.config, ...fields });
    onMended(wanted.name, differences);
    return await settled(connection, wanted.name);
  } catch (error) {
    throw explained(error, wanted);
  }
}

/** How long new copies may take to agree on a leader, and how long one answer may: milliseconds. */
const SETTLING = 30_000;
const ONE_ANSWER = 1_000;

/** The stream once its copies agree: until then what is written to it gets no answer. */
async function settled(connection: NatsConnection, name: string): Promise<StreamInfo> {
  const manager = await streamManager(connection, { timeout: ONE_ANSWER });
  const until = performance.now() + SETTLING;
  for (;;) {
    try {
      const info = await manager.streams.info(name);
      if (isSettled(info) || performance.now() > until) return info;
    } catch (error) {
      if (performance.now() > until) throw error;
    }
    await delay(100);
  }
}

/** One server alone has no cluster to tell of. */
function isSettled({ cluster }: StreamInfo): boolean {
  if (cluster === undefined) return true;
  const { leader = '', replicas = [] } = cluster;
  return leader !== '' && replicas.every(({ current }) => current);
}

async function found(manager: JetStreamManager, name: string): Promise<StreamInfo | undefined> {
  try {
    return await manager.streams.info(name);
  } catch (error) {
    const missing =
      error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound;
    if (missing) return undefined;
    throw error;
  }
}

function different(name: string, differences: readonly StreamDifference[]): Problem {
  return new Problem({
    where: `stream ${name}`,
    expected: spellDifferences(differences, 'expected'),
    found: spellDifferences(differences, 'found'),
    remedy: `Change it with \`nats stream edit ${name}\`, or change the configuration of Andon. Nothing was changed.`,
    exit: EXIT.outside,
  });
}

function explained(error: unknown, wanted: StreamSettings): unknown {
  if (!(error instanceof Error) || error instanceof Problem) return error;
  const off =
    error.name === 'JetStreamNotEnabled' ||
    (error instanceof JetStreamApiError &&
      error.code === JetStreamApiCodes.JetStreamNotEnabledForAccount);
  return new Problem(
    {
      where: `stream ${wanted.name}`,
      expected: off
        ? 'JetStream for this account'
        : `to find or make it on ${wanted.subjects.join(', ')}`,
      found: error.message,
      remedy: off
        ? 'Start nats-server with `-js`, or enable JetStream for the account.'
        : 'See `andon doctor` and `andon nats-config` for what the account and its streams need.',
      exit: EXIT.outside,
    },
    { cause: error },
  );
}
