/** What each user of the log may publish and subscribe to: the table of roles as subjects of NATS. */

import type { PlantModel } from '../../operators/model/plant-model.ts';
import { FEED_STREAM, feedSubject } from '../../sinks/feed.ts';
import { installedStream, installedSubject } from '../../sinks/installation.ts';
import { LIVE_STREAM } from '../../sinks/live.ts';
import { COMMAND_STREAM, REQUEST_STREAM } from '../../sinks/outbox.ts';
import {
  actsOf,
  type LogNeed,
  type LogStore,
  logNeedsOf,
  type RoleName,
  VIA,
} from '../base/roles.ts';
import { partitionedSubject } from './partition.ts';
import {
  AUDIT_STREAM,
  BUCKETS,
  COMMIT_STREAM,
  checkpointBucket,
  commitSubject,
  objectStream,
  PHOTO_STREAM,
  partitionStream,
  REASON_STREAM,
} from './streams.ts';

/** The account of the log, or one beside it that sees of it what it imports. */
export const LOG_ACCOUNT = 'ANDON';
/** By this name accounts that import a part of the log's JetStream ask for it (`nats.domain`). */
export const IMPORTED_DOMAIN = 'andon';

/** Somebody with a key of their own. */
export type LogUser = {
  /** Of its key file: `gateway.works.line1`. */
  readonly name: string;
  readonly role: RoleName;
  readonly account: string;
  /** What it is for; every plant without it. */
  readonly plant?: PlantModel | undefined;
  /** The lines that it is for; all of its plant without it. */
  readonly lines?: readonly string[] | undefined;
  /** The opaque id by which a person acts. */
  readonly id?: string | undefined;
};

export type Extent = {
  readonly partitions: number;
  /** The ids that gateways may write behind `gateway` in the subject of an act. */
  readonly operators: readonly string[];
  /** Of the names of the installation. */
  readonly prefix?: string | undefined;
};

/** Of this user alone, also beside another installation in the account that has one of the same name. */
export function inboxOf({ name }: Pick<LogUser, 'name'>, { prefix }: Extent): string {
  return `_INBOX_${installedStream(prefix, name)}`;
}

/**
 * The subjects of the log's account that a user publishes on, as that account sees them. Assets are named one by one:
 * what nobody has declared has no subject.
 */
export function publishedBy(user: LogUser, extent: Extent): readonly string[] {
  const full = user.account === LOG_ACCOUNT;
  const subjects = logNeedsOf(user.role).flatMap((need) => subjectsOf(need, user, extent, full));
  return [...new Set(subjects)];
}

function subjectsOf(
  need: LogNeed,
  user: LogUser,
  extent: Extent,
  full: boolean,
): readonly string[] {
  const { prefix } = extent;
  if ('publish' in need) {
    return need.publish
      .flatMap((kind) => subjectsOfKind(kind, user, extent))
      .map((subject) => installedSubject(prefix, subject));
  }
  if ('change' in need) {
    return need.change.flatMap((bucket) => {
      if (bucket === 'checkpoints') return objectsOf(extent, full);
      const name = installedStream(prefix, BUCKETS[bucket].name);
      return [`$KV.${name}.>`, ...readingOf(`KV_${name}`, full)];
    });
  }
  const streamsOfAll = (stores: readonly LogStore[]) =>
    stores.flatMap((store) => streamsOf(store, extent));
  const asking = (stores: readonly LogStore[], ...verbs: readonly string[]) =>
    streamsOfAll(stores).flatMap((stream) =>
      verbs.map((verb) => `$JS.API.STREAM.${verb}.${stream}`),
    );
  if ('read' in need) return streamsOfAll(need.read).flatMap((stream) => readingOf(stream, full));
  if ('purge' in need) return asking(need.purge, 'PURGE');
  if ('erase' in need) return asking(need.erase, 'MSG.DELETE');
  if ('snapshot' in need) {
    const acknowledged = streamsOfAll(need.snapshot).map((name) => `$JS.SNAPSHOT.ACK.${name}.*`);
    return ['$JS.API.STREAM.NAMES', ...asking(need.snapshot, 'INFO', 'SNAPSHOT'), ...acknowledged];
  }
  if ('create' in need) return ['$JS.API.INFO', ...asking(need.create, 'INFO', 'CREATE')];
  return ['$JS.API.INFO', ...asking(need.make, 'INFO', 'CREATE', 'UPDATE')];
}

function streamsOf(store: LogStore, { partitions, prefix }: Extent): readonly string[] {
  const named = (name: string) => [installedStream(prefix, name)];
  switch (store) {
    case 'log':
      return Array.from({ length: partitions }, (_, partition) =>
        installedStream(prefix, partitionStream(partition)),
      );
    case 'outbox':
      return named(REQUEST_STREAM);
    case 'commands':
      return named(COMMAND_STREAM);
    case 'commits':
      return named(COMMIT_STREAM);
    case 'checkpoints':
      return checkpointBuckets({ partitions, prefix }).map(objectStream);
    case 'audit':
      return named(AUDIT_STREAM);
    case 'live':
      return named(LIVE_STREAM);
    case 'reasons':
      return named(REASON_STREAM);
    case 'photos':
      return named(PHOTO_STREAM);
    case 'feed':
      return named(FEED_STREAM);
    default:
      return [`KV_${installedStream(prefix, BUCKETS[store].name)}`];
  }
}

/** The bucket of each partition: its chunks and descriptions are published, and read by consumers. */
function objectsOf(extent: Extent, full: boolean): readonly string[] {
  return checkpointBuckets(extent).flatMap((bucket) => [
    `$O.${bucket}.>`,
    ...readingOf(objectStream(bucket), full),
  ]);
}

function checkpointBuckets({
  partitions,
  prefix,
}: Pick<Extent, 'partitions' | 'prefix'>): readonly string[] {
  return Array.from({ length: partitions }, (_, partition) =>
    installedStream(prefix, checkpointBucket(partition)),
  );
}

/**
 * Message by message; in the log's own account by consumers too. Elsewhere there are none: who makes a consumer says
 * where its messages go.
 */
function readingOf(stream: string, full: boolean): readonly string[] {
  const direct = [`$JS.API.STREAM.INFO.${stream}`, `$JS.API.STREAM.MSG.GET.${stream}`];
  if (!full) return direct;
  return [
    ...direct,
    ...['CREATE', 'DELETE', 'INFO', 'MSG.NEXT'].map(
      (verb) => `$JS.API.CONSUMER.${verb}.${stream}.>`,
    ),
    `$JS.API.CONSUMER.CREATE.${stream}`,
    `$JS.FC.${stream}.>`,
  ];
}

/** `subject` as it is published, and as the mapping of the account turns it. */
function both(subject: string, partitions: number): readonly string[] {
  return [subject, partitionedSubject(subject, partitions)];
}

function everywhere(subject: string): readonly string[] {
  return [subject, `andon.*.${subject}`];
}

function subjectsOfKind(kind: string, user: LogUser, extent: Extent): readonly string[] {
  const { role, plant, id } = user;
  const { partitions } = extent;
  switch (kind) {
    case 'tick':
      return ['andon.*.tick'];
    case 'request':
      return ['request.*.*'];
    case 'live':
      return ['live.*.*'];
    case 'commit':
      return [commitSubject('*', '*', '*')];
    case 'command':
      return ['command.*.*'];
    case 'status':
      return everywhere('status.*.*.*.*');
    case 'audit':
      return [`audit.${role}.${id ?? '*'}`];
    case 'audit-copy':
      return ['audit.chain.begin', 'audit.log.*.*.*'];
    case 'reason':
      return ['reason.*'];
    case 'photo':
      return ['photo.*'];
    case 'feed':
      return [feedSubject('*.*.*', '*')];
    case 'mapping': {
      // Of no line: all of them are in partition 0, in one order.
      const subject = `mapping.${plant?.id ?? '*'}.${VIA[role] ?? role}.${id ?? '*'}`;
      return [subject, `andon.0.${subject}`];
    }
    case 'model':
    case 'rules':
      return everywhere(`${kind}.${plant?.id ?? '*'}`);
  }
  if (plant === undefined) {
    if (kind === 'act') return everywhere(`act.*.*.*.${VIA[role]}.*`);
    return everywhere(`${kind}.*.*.*${kind === 'waveform' ? '.*' : ''}`);
  }
  const lines = plant.lines.filter((line) => user.lines?.includes(line.id) ?? true);
  return lines.flatMap((line) => {
    const path = `${plant.id}.${line.id}`;
    if (kind === 'schedule') return both(`schedule.${path}`, partitions);
    return line.assets.flatMap((asset) => {
      const of = `${path}.${asset.id}`;
      const named =
        kind === 'waveform'
          ? asset.points.map((point) => `waveform.${of}.${point.id}`)
          : kind === 'act'
            ? idsOf(user, extent).map((each) => `act.${of}.${VIA[role]}.${each}`)
            : [`${kind}.${of}`];
      return named.flatMap((subject) => both(subject, partitions));
    });
  });
}

/** A gateway attests that somebody stood at the machine; who that was it cannot know, unless it is told of ids. */
function idsOf({ role, id }: LogUser, { operators }: Extent): readonly string[] {
  return role === 'gateway' ? operators : id === undefined ? [] : [id];
}

/** Whether a user asks JetStream of the log by its name, since it is in an account beside that of the log. */
export function needsDomain(user: LogUser, extent: Extent): boolean {
  if (user.account === LOG_ACCOUNT) return false;
  return publishedBy(user, extent).some((subject) => subject.startsWith('$JS.API.'));
}

/** Roles that log in to NATS at all. */
export function isLogRole(role: RoleName): boolean {
  return logNeedsOf(role).length > 0 && actsOf(role).length > 0;
}
