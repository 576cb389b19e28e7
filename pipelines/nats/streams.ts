/** The streams: their names, subjects, limits and replicas; made where they are missing, else compared. */

import {
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream';
import { type NatsConnection, nanos } from '@nats-io/transport-node';
import { type Duration, formatDuration } from '../../operators/model/time.ts';

import { REQUEST_STREAM, requestSubject } from '../../sinks/outbox.ts';
import { EXIT, Problem } from '../base/problem.ts';

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

type PartitionOptions = {
  readonly partition: number;
  /** How many there are. Only with one does the stream take the plain subjects itself. */
  readonly partitions: number;
  /** Marked as a replay when it does not exist yet. An existing stream keeps its mark: see `isReplay`. */
  readonly replay?: boolean;
  /** Days. Default 7. */
  readonly days?: number;
  /** Bytes, all messages together. Default −1: as much as the server gives. */
  readonly bytes?: number;
  /** Default 1. */
  readonly replicas?: number;
  /** An existing stream may have other limits than these: they are the business of its worker. Default false. */
  readonly anyLimits?: boolean;
};

const LIMITS = ['max_age', 'max_bytes', 'num_replicas'] as const;

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
  const wanted = {
    ...common(options.replicas),
    name: partitionStream(options.partition),
    description: options.replay === true ? REPLAY_DESCRIPTION : LIVE_DESCRIPTION,
    subjects: [
      `${partitionPrefix(options.partition)}>`,
      ...(options.partitions === 1 ? PLAIN_SUBJECTS : []),
    ],
    max_age: nanos((options.days ?? 7) * 86_400_000),
    max_bytes: options.bytes ?? -1,
    max_msgs_per_subject: -1,
    discard: DiscardPolicy.Old,
    discard_new_per_subject: false,
  };
  return ensure(connection, wanted, options.anyLimits === true ? LIMITS : []);
}

/** The outbox: `request.<id>.<revision>`, each subject once and for ever, so a revision cannot enter twice. */
export async function ensureRequests(
  connection: NatsConnection,
  options: { readonly replicas?: number } = {},
): Promise<StreamInfo> {
  return ensure(connection, {
    ...common(options.replicas),
    name: REQUEST_STREAM,
    description: 'Andon requests: one message per revision',
    subjects: [requestSubject('*', '*')],
    max_age: 0,
    max_bytes: -1,
    max_msgs_per_subject: 1,
    discard: DiscardPolicy.New,
    discard_new_per_subject: true,
  });
}

/** The stream as it is; undefined when there is none. */
export async function findStream(
  connection: NatsConnection,
  name: string,
): Promise<StreamInfo | undefined> {
  const manager = await jetstreamManager(connection, { checkAPI: false });
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
  free: readonly string[] = [],
): Promise<StreamInfo> {
  const manager = await jetstreamManager(connection, { checkAPI: false });
  try {
    // The client writes into what it is given.
    const info = (await found(manager, wanted.name)) ?? (await manager.streams.add({ ...wanted }));
    const all = differencesOf(wanted, info.config);
    const differences = all.filter(({ field }) => !free.includes(field));
    if (differences.length > 0) throw different(wanted.name, differences);
    return info;
  } catch (error) {
    throw explained(error, wanted);
  }
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

function different(name: string, differences: readonly Difference[]): Problem {
  const spelt = (side: 'expected' | 'found') =>
    differences.map((difference) => `${difference.field} ${difference[side]}`).join('; ');
  return new Problem({
    where: `stream ${name}`,
    expected: spelt('expected'),
    found: spelt('found'),
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

type Difference = {
  readonly field: string;
  readonly expected: string;
  readonly found: string;
};

/** Its mark is read, not compared: a stream keeps what it was made as. */
const NOT_COMPARED: ReadonlySet<string> = new Set(['description']);

/**
 * Where a stream's configuration is not the wanted one. Only wanted fields are compared, so what newer servers add is
 * no difference; fields that a server leaves out have their zero value.
 */
function differencesOf(wanted: Partial<StreamConfig>, config: StreamConfig): readonly Difference[] {
  const actual = new Map<string, unknown>(Object.entries(config));
  const differences: Difference[] = [];
  for (const [field, value] of Object.entries(wanted)) {
    if (NOT_COMPARED.has(field)) continue;
    const expected = spell(field, value);
    const found = spell(field, actual.get(field) ?? zeroOf(value));
    if (expected !== found) differences.push({ field, expected, found });
  }
  return differences;
}

function zeroOf(like: unknown): unknown {
  if (typeof like === 'boolean') return false;
  return typeof like === 'number' ? 0 : '';
}

function spell(field: string, value: unknown): string {
  if (Array.isArray(value)) return value.map(String).sort().join(', ');
  if (field === 'max_age' && typeof value === 'number') {
    return value === 0 ? 'unlimited' : formatDuration(Math.round(value / 1_000) as Duration);
  }
  if (typeof value === 'number' && value <= 0 && field.startsWith('max_')) return 'unlimited';
  return String(value);
}
