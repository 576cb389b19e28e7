/** Every stream of an installation: its name, subjects, replicas and limits. Nothing else makes one; buckets: buckets.ts. */

import { DiscardPolicy, type StreamConfig, type StreamInfo } from '@nats-io/jetstream';
import { type NatsConnection, nanos } from '@nats-io/transport-node';
import { FEED_STREAM, feedSubject } from '../../sinks/feed.ts';
import { LIVE_STREAM } from '../../sinks/live.ts';
import {
  COMMAND_STREAM,
  commandSubject,
  REQUEST_STREAM,
  requestSubject,
} from '../../sinks/outbox.ts';
import { streamSettings } from './buckets.ts';
import { ensureStream, type StoreOptions } from './ensure-stream.ts';
import { streamIn, subjectIn } from './jetstream.ts';

export {
  BUCKETS,
  bucketIn,
  checkpointBucket,
  ensureCheckpoints,
  findBucket,
  objectStream,
  openBucket,
} from './buckets.ts';
export {
  findStream,
  isNotPermitted,
  isWithoutStream,
  type OnMended,
  type StoreOptions,
} from './ensure-stream.ts';

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
  'mapping.>',
] as const;

/**
 * What marks a stream as a replay: its description, because stream metadata needs nats-server 2.10. Whoever edits it
 * changes the append times of the whole log.
 */
const LIVE_DESCRIPTION = 'Andon log';
const REPLAY_DESCRIPTION = 'Andon replay log: append times are those of the header Andon-Appended';

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

/** The plain name of the stream of one partition. */
export function partitionStream(partition: number): string {
  return `ANDON_${partition}`;
}

/** The stream of one partition in the installation of a connection. */
export function logStream(connection: NatsConnection, partition: number): string {
  return streamIn(connection, partitionStream(partition));
}

/** What the server, or the publisher, puts before every plain subject of a partition. */
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
    ...streamSettings(options.replicas),
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
  return ensureInstalled(connection, wanted, options, (info) => [
    ...(options.anyLimits === true ? LIMITS : []),
    ...(isReplay(info) ? ['duplicate_window'] : []),
  ]);
}

/** The outbox: `request.<id>.<revision>`, each subject once and for ever, so a revision cannot enter twice. */
export async function ensureRequests(
  connection: NatsConnection,
  options: StoreOptions = {},
): Promise<StreamInfo> {
  return ensureOutbox(connection, options, {
    name: REQUEST_STREAM,
    description: 'Andon requests: one message per revision',
    subjects: [requestSubject('*', '*')],
  });
}

/** The commands to the systems around: `command.<system>.<id>`, each once, until it is settled and taken out. */
export async function ensureCommands(
  connection: NatsConnection,
  options: StoreOptions = {},
): Promise<StreamInfo> {
  return ensureOutbox(connection, options, {
    name: COMMAND_STREAM,
    description: 'Andon commands: one message per command',
    subjects: [commandSubject('*', '*')],
  });
}

/** A stream whose subjects are each taken once. */
function ensureOutbox(
  connection: NatsConnection,
  options: StoreOptions,
  named: Pick<StreamConfig, 'name' | 'description' | 'subjects'>,
): Promise<StreamInfo> {
  const wanted = {
    ...streamSettings(options.replicas),
    ...named,
    max_age: 0,
    max_bytes: -1,
    max_msgs_per_subject: 1,
    discard: DiscardPolicy.New,
    discard_new_per_subject: true,
    duplicate_window: nanos(LEAST_DUPLICATE_WINDOW),
  };
  return ensureInstalled(connection, wanted, options);
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
    ...streamSettings(options.replicas),
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
  return ensureInstalled(connection, wanted, options);
}

/** What is committed of each partition and run: see `docs/architecture.md`. */
export const COMMIT_STREAM = 'ANDON_COMMITS';

/** `commit.<pipeline>.<partition>.<run>`: each entry is appended behind the last one that its writer knows. */
export function commitSubject(pipeline: string, partition: number | '*', run: string): string {
  return `commit.${pipeline}.${partition}.${run}`;
}

/**
 * Entries of a run, the oldest go first. A start needs those behind the oldest epoch that a sink has not taken; the last
 * one is needed for ever, so no age removes it.
 */
const COMMITS_KEPT = 20_000;

/** The log of commits, the fence between owners of a partition. */
export async function ensureCommits(
  connection: NatsConnection,
  options: StoreOptions = {},
): Promise<StreamInfo> {
  const wanted = {
    ...streamSettings(options.replicas),
    name: COMMIT_STREAM,
    description: 'Andon commits: what each partition has committed',
    subjects: [commitSubject('*', '*', '*')],
    max_age: 0,
    max_bytes: -1,
    max_msgs_per_subject: COMMITS_KEPT,
    discard: DiscardPolicy.Old,
    discard_new_per_subject: false,
    duplicate_window: nanos(LEAST_DUPLICATE_WINDOW),
  };
  return ensureInstalled(connection, wanted, options);
}

/** What an edge brings, beside the machines: the centre sources this stream. */
export const EDGE_STREAM = 'ANDON_EDGE';
/** What an edge could not bring while the centre was away, until it has gone into the other one. */
export const HELD_STREAM = 'ANDON_EDGE_HELD';
/** What a subject begins with while its message is held. */
export const HELD_PREFIX = 'held.';

/** What an edge reads of machines that it does not know: it stays beside the machines. */
export const UNKNOWN_STREAM = 'ANDON_EDGE_UNKNOWN';
/** Before the name of a machine. Leaf nodes let nothing out that begins like what is held. */
export const UNKNOWN_PREFIX = `${HELD_PREFIX}unknown.`;

/** The installation of an edge's own judge, beside the machines: its log, its commits. */
export const EDGE_LOG_PREFIX = 'judge';

/** The streams of an edge, on its own server. Ids are remembered for two minutes: nobody else publishes there. */
export async function ensureEdgeStreams(
  connection: NatsConnection,
  options: Pick<PartitionOptions, 'days' | 'bytes' | 'onMended'> & { readonly unknown?: number },
): Promise<void> {
  const { days, bytes, unknown, onMended } = options;
  const streams = [
    [EDGE_STREAM, 'Andon edge: sourced by the centre', 'andon.>', bytes],
    [HELD_STREAM, 'Andon edge: held for the centre', `${HELD_PREFIX}andon.>`, bytes],
    [UNKNOWN_STREAM, 'Andon edge: of unknown machines', `${UNKNOWN_PREFIX}>`, unknown],
  ] as const;
  for (const [name, description, subject, most] of streams) {
    const wanted = {
      ...streamSettings(),
      ...{ name, description, subjects: [subject] },
      max_age: nanos((days ?? 7) * 86_400_000),
      max_bytes: most ?? -1,
      max_msgs_per_subject: -1,
      discard: DiscardPolicy.Old,
      discard_new_per_subject: false,
      duplicate_window: nanos(REPLAY_DUPLICATE_WINDOW),
    };
    await ensureStream(connection, wanted, { ...(onMended === undefined ? {} : { onMended }) });
  }
}

/** Who did what with the installation: appended, and never changed. */
export const AUDIT_STREAM = 'ANDON_AUDIT';
/** What people gave as their reasons: the chain has the hash of each, and the text can be erased. */
export const REASON_STREAM = 'ANDON_REASONS';

/** Bytes: an entry has at most some 3,000. What may append could otherwise fill the disk with few messages, for ever. */
const LARGEST_ENTRY = 8_192;

/** The audit stream: no limit trims it, and neither a message nor all of them can be removed, whoever asks. */
export async function ensureAudit(
  connection: NatsConnection,
  options: StoreOptions = {},
): Promise<StreamInfo> {
  const wanted = {
    ...streamSettings(options.replicas),
    name: AUDIT_STREAM,
    description: 'Andon: who did what, chained by hash',
    subjects: ['audit.>'],
    max_age: 0,
    max_bytes: -1,
    max_msg_size: LARGEST_ENTRY,
    max_msgs_per_subject: -1,
    discard: DiscardPolicy.New,
    deny_delete: true,
    deny_purge: true,
    allow_rollup_hdrs: false,
    duplicate_window: nanos(LEAST_DUPLICATE_WINDOW),
  };
  // Nobody of Andon may change the stream, so one that was made without the bound goes on without it.
  return ensureInstalled(connection, wanted, options, () => [
    ...copiesOfOthers(options),
    'max_msg_size',
  ]);
}

/** `ensureStream` with the names of the installation of this connection. */
function ensureInstalled(
  connection: NatsConnection,
  wanted: Parameters<typeof ensureStream>[1],
  options: StoreOptions,
  free?: (info: StreamInfo) => readonly string[],
): Promise<StreamInfo> {
  const name = streamIn(connection, wanted.name);
  const subjects = wanted.subjects.map((subject) => subjectIn(connection, subject));
  return ensureStream(connection, { ...wanted, name, subjects }, options, free);
}

/** Whoever has no word on copies takes those that are there. */
function copiesOfOthers({ replicas }: StoreOptions): readonly string[] {
  return replicas === undefined ? ['num_replicas'] : [];
}

/** Texts that can be erased one by one, and are never written over: each has a subject of its own. */
export async function ensureReasons(
  connection: NatsConnection,
  options: StoreOptions = {},
): Promise<StreamInfo> {
  const wanted = {
    ...streamSettings(options.replicas),
    name: REASON_STREAM,
    description: 'Andon: reasons that the audit stream names by their hash',
    subjects: ['reason.*'],
    max_age: 0,
    max_bytes: -1,
    max_msgs_per_subject: 1,
    discard: DiscardPolicy.New,
    discard_new_per_subject: true,
    deny_purge: true,
    duplicate_window: nanos(LEAST_DUPLICATE_WINDOW),
  };
  return ensureInstalled(connection, wanted, options, () => copiesOfOthers(options));
}

/** Pictures that people took at machines. */
export const PHOTO_STREAM = 'ANDON_PHOTOS';
/** As long as rows of requests are kept. */
const PHOTO_DAYS = 1_100;

/** Each picture has a subject of its own, and is never written over. */
export async function ensurePhotos(
  connection: NatsConnection,
  options: StoreOptions = {},
): Promise<StreamInfo> {
  const wanted = {
    ...streamSettings(options.replicas),
    name: PHOTO_STREAM,
    description: 'Andon: photos of machines',
    subjects: ['photo.*'],
    max_age: nanos(PHOTO_DAYS * 86_400_000),
    max_bytes: -1,
    max_msgs_per_subject: 1,
    discard: DiscardPolicy.New,
    discard_new_per_subject: true,
    duplicate_window: nanos(LEAST_DUPLICATE_WINDOW),
  };
  return ensureInstalled(connection, wanted, options);
}

/** So long a subscriber may be away and still read what it missed. */
const FEED_DAYS = 30;

/** What happens, for whoever subscribes. The id of a message is known for two minutes, for repeats after a lost answer. */
export async function ensureFeed(
  connection: NatsConnection,
  options: StoreOptions = {},
): Promise<StreamInfo> {
  const wanted = {
    ...streamSettings(options.replicas),
    name: FEED_STREAM,
    description: 'Andon feed: what happens, as CloudEvents',
    subjects: [feedSubject('*.*.*', '*')],
    max_age: nanos(FEED_DAYS * 86_400_000),
    max_bytes: -1,
    max_msgs_per_subject: -1,
    discard: DiscardPolicy.Old,
    discard_new_per_subject: false,
    duplicate_window: nanos(REPLAY_DUPLICATE_WINDOW),
  };
  return ensureInstalled(connection, wanted, options);
}
