/**
 * What happens, for whoever subscribes: CloudEvents 1.0 in the binary mode of their NATS binding, one message each, with its
 * id as the id of the message. The stream keeps them, so a subscriber reads what it missed.
 */

import {
  type JetStreamClient,
  type JetStreamManager,
  type JetStreamOptions,
  jetstream,
  jetstreamManager,
} from '@nats-io/jetstream';
import { headers, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import { z } from 'zod';
import { identity } from '../operators/model/canonical.ts';
import { type EventTime, toIso } from '../operators/model/time.ts';
import { installedStream, installedSubject } from './installation.ts';
import { COMMAND_STREAM, commandSubject } from './outbox.ts';
import type { EpochContent, Sink } from './sink.ts';

export const FEED_STREAM = 'ANDON_FEED';

/** Every kind, and what it tells. A change that breaks a subscriber is another version. */
export const FEED_KINDS = {
  anomaly: 'A detector found something, or finds it no more.',
  alarm: 'The state of an alarm changed (ISA-18.2), or somebody answered it.',
  'downtime-begun': 'A machine that ran or waited is stopped, held or aborted.',
  'downtime-ended': 'It runs or waits again.',
  'production-exception': 'A stop for the work of a request would make a production order late.',
  request: 'A revision of a maintenance request.',
  'parts-used': 'A system has posted parts of a request as used.',
  'work-completed': 'The maintenance system says that the work of a request is done.',
} as const;
export type FeedKind = keyof typeof FEED_KINDS;

/** `feed.v1.<plant>.<line>.<asset>.<kind>`; `*` stands for all. */
export function feedSubject(place: string, kind: FeedKind | '*'): string {
  return `feed.v1.${place}.${kind}`;
}

const text = z.string();
const time = z.iso.datetime();
const state = {
  ...{ state: text.describe('PackML.'), mode: text, order: text, product: text },
};
const said = {
  ...{ request: text, system: text, remote: text.nullable(), note: text.nullable() },
};

/** The data of each kind; those of `request` are the revision as it is published for the CMMS. */
export const FEED_DATA = {
  anomaly: z.object({
    ...{ id: text, phase: text.describe('raised, updated or cleared.'), revision: z.number() },
    ...{ rule: text, signal: text, point: text, component: text, failure_mode: text },
    ...{ severity: text, since: time, value: z.number(), limit: z.number(), unit: text },
    ...{ reason: text, advice: text, alarm: text, withheld: text, cause: text },
  }),
  alarm: z.object({
    ...{ rule: text, signal: text, point: text, anomaly: text, reason: text },
    cause: text.describe('raised, cleared, acknowledged, shelved …'),
    ...{ before: text.describe('State before (ISA-18.2).'), after: text },
  }),
  'downtime-begun': z.object(state),
  'downtime-ended': z.object(state),
  'production-exception': z.object({
    ...{ order: text, operation: text, product: text, due: time.nullable() },
    stop_cost: z.number().nullable(),
    ...{ request: text, revision: z.number() },
  }),
  'parts-used': z.object({
    ...{ command: text, ...said },
    used: z.record(text, z.unknown()).nullable().describe('Of the command, while that is kept.'),
  }),
  'work-completed': z.object(said),
} as const satisfies Readonly<Record<Exclude<FeedKind, 'request'>, z.ZodObject>>;

/** An extension attribute: stream of the log, when it was created, and the message of it that caused the event. */
const POSITION = 'ce-andonposition';

function positionOf({ stream, created }: EpochContent): string {
  return `${stream} ${created}`;
}

type FeedEvent = {
  readonly kind: FeedKind;
  readonly plant: string;
  readonly line: string;
  readonly asset: string;
  readonly time: EventTime;
  readonly sequence: number;
  readonly data: Readonly<Record<string, unknown>>;
};
/** A row as it lands: its times are microseconds. */
type Row = Readonly<Record<string, unknown>> & {
  readonly plant: string;
  readonly line: string;
  readonly asset: string;
  readonly sequence: number;
  readonly time: EventTime;
};

const TABLES = ['machine_states', 'machine_events', 'anomalies', 'alarms', 'requests'] as const;
/** Messages that are on their way at a time. */
const AT_ONCE = 100;
/** Bytes of a message: nats-server takes 1 MB unless it is told otherwise. */
const MOST_BYTES = 900_000;

/** PackML states in which a machine is down, and those in which it is not; all others leave it as it was. */
const DOWN = new Set(['STOPPED', 'STOPPING', 'HELD', 'HOLDING', 'ABORTED', 'ABORTING']);
const UP = new Set(['EXECUTE', 'COMPLETING', 'COMPLETE', 'IDLE']);

type FeedOptions = JetStreamOptions & { readonly prefix?: string | undefined };
type Stored = { readonly seq: number; readonly header: MsgHdrs; string(): string };
/** The last message of a stream under a subject. */
type LookUp = (stream: string, subject: string) => Promise<Stored | null>;

export function createFeed(connection: NatsConnection, options: FeedOptions = {}): Sink {
  const { prefix, ...reach } = options;
  const client = jetstream(connection, reach);
  const last = createLookUp(connection, options);
  const downtime = createDowntime(last);

  async function eventsOf(table: (typeof TABLES)[number], row: Row, log: string) {
    if (table === 'machine_states') return downtime.eventsOf(row, log);
    if (table !== 'machine_events') return plainEvents(table, row);
    const data = dataOf(String(row.data));
    return row.type === 'command' ? partsOf(row, data, last) : completed(row, data);
  }

  async function writeTable(table: (typeof TABLES)[number], content: EpochContent): Promise<void> {
    const { stream, created, run } = content;
    // One after the other, where the last one says how far it was told.
    const most = table === 'machine_states' ? 1 : AT_ONCE;
    const going: Promise<void>[] = [];
    for (const [at, row] of rowsOf(content, table).entries()) {
      for (const event of await eventsOf(table, row, positionOf(content))) {
        const id = identity([stream, created, run, table, row.sequence, at, event.kind]);
        const published = publishEvent(client, event, { id, content, prefix });
        // Heard of below, also where another one fails before it.
        published.catch(() => undefined);
        going.push(published);
        if (going.length >= most) await Promise.all(going.splice(0));
      }
    }
    await Promise.all(going);
  }

  return {
    name: 'feed',
    takesBatches: false,
    async write(content, signal) {
      try {
        for (const table of TABLES) {
          signal.throwIfAborted();
          await writeTable(table, content);
        }
      } catch (error) {
        // What was told is what the stream has.
        downtime.forget();
        throw error;
      }
    },
  };
}

function createLookUp(connection: NatsConnection, { prefix, ...options }: FeedOptions): LookUp {
  let manager: Promise<JetStreamManager> | undefined;
  return async (stream, subject) => {
    manager ??= jetstreamManager(connection, { ...options, checkAPI: false }).catch(
      (error: unknown) => {
        manager = undefined;
        throw error;
      },
    );
    const { streams } = await manager;
    return streams.getMessage(installedStream(prefix, stream), {
      last_by_subj: installedSubject(prefix, subject),
    });
  };
}

/** What was told of a machine's downtime: of which time, and up to which message of the log. */
type Told = { readonly down: boolean; readonly time: number; readonly sequence: number };

/** Tells downtime from states. What was told last is in the stream: nothing else remembers it over a start. */
function createDowntime(last: LookUp) {
  const told = new Map<string, Told>();

  async function lastTold(place: string, log: string): Promise<Told> {
    const known = told.get(place);
    if (known !== undefined) return known;
    const [begun, ended] = await Promise.all([
      last(FEED_STREAM, feedSubject(place, 'downtime-begun')),
      last(FEED_STREAM, feedSubject(place, 'downtime-ended')),
    ]);
    const down = (begun?.seq ?? 0) > (ended?.seq ?? 0);
    const header = (down ? begun : ended)?.header;
    const position = header?.get(POSITION) ?? '';
    // Of another log nothing is to be compared.
    if (!position.startsWith(`${log} `)) return { down, time: 0, sequence: 0 };
    const time = Date.parse(header?.get('ce-time') ?? '') * 1_000;
    return { down, time, sequence: Number(position.slice(log.length + 1)) };
  }

  return {
    forget: () => told.clear(),
    async eventsOf(row: Row, log: string): Promise<readonly FeedEvent[]> {
      const { plant, line, asset, sequence, order, product, mode } = row;
      const state = String(row.state);
      const down = DOWN.has(state);
      if (!down && !UP.has(state)) return [];
      const place = `${plant}.${line}.${asset}`;
      const before = await lastTold(place, log);
      // Of an epoch that is written again: what came of it was told, up to there.
      if (sequence <= before.sequence) return [];
      // What a source had stored says nothing of now.
      if (row.time < before.time) return [];
      told.set(place, { down, time: row.time, sequence });
      if (before.down === down) return [];
      const kind = down ? 'downtime-begun' : 'downtime-ended';
      return [{ ...placed(kind, row), data: { state, mode, order, product } }];
    },
  };
}

/** The first reply to it; later ones have a state. What was to be used stands in the command, while that is kept. */
async function partsOf(row: Row, reply: Data, last: LookUp): Promise<readonly FeedEvent[]> {
  const { verb, outcome, state, id, request, remote = null, note = null } = reply;
  const isFirst = outcome === 'done' && state === undefined;
  if (row.kind !== 'status' || verb !== 'consume' || !isFirst) return [];
  const stored = await last(COMMAND_STREAM, commandSubject(String(row.system), String(id)));
  const used = stored === null ? null : (dataOf(stored.string()).payload ?? null);
  const data = { command: id, request, system: row.system, remote, note, used };
  return [{ ...placed('parts-used', row), data }];
}

type Publishing = {
  readonly id: string;
  readonly content: EpochContent;
  readonly prefix: string | undefined;
};

async function publishEvent(
  client: JetStreamClient,
  { plant, line, asset, kind, time, sequence, data }: FeedEvent,
  { id, content, prefix }: Publishing,
): Promise<void> {
  const header = headers();
  const fields = {
    'Content-Type': 'application/json',
    'ce-specversion': '1.0',
    'ce-id': id,
    'ce-source': `/andon/${content.pipeline}/${content.stream}`,
    'ce-type': `andon.${kind}.v1`,
    'ce-subject': `${plant}/${line}/${asset}`,
    'ce-time': toIso(time),
    [POSITION]: `${positionOf(content)} ${sequence}`,
  };
  for (const [name, value] of Object.entries(fields)) header.set(name, value);
  const whole = JSON.stringify(data);
  const size = Buffer.byteLength(whole);
  const bytes = size > MOST_BYTES ? JSON.stringify({ too_large: size }) : whole;
  const subject = installedSubject(prefix, feedSubject(`${plant}.${line}.${asset}`, kind));
  await client.publish(subject, bytes, {
    ...{ headers: header, msgID: id },
    expect: { streamName: installedStream(prefix, FEED_STREAM) },
  });
}

type Data = Readonly<Record<string, unknown>>;

function rowsOf({ blocks }: EpochContent, table: string): readonly Row[] {
  const block = blocks.find((each) => each.table === table && each.format === 'JSONEachRow');
  const lines = block === undefined ? [] : Buffer.from(block.data).toString().split('\n');
  return lines.flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Row]));
}

/** Data of a machine event are JSON, whoever sent them. */
function dataOf(text: string): Data {
  const value: unknown = JSON.parse(text);
  return typeof value === 'object' && value !== null ? (value as Data) : {};
}

function placed(kind: FeedKind, { plant, line, asset, time, sequence }: Row) {
  return { kind, plant, line, asset, time, sequence };
}

/** Columns of an anomaly that say what it is; the others say how it was found. */
const OF_ANOMALY = [
  ...[
    'id',
    'phase',
    'revision',
    'rule',
    'signal',
    'point',
    'component',
    'failure_mode',
    'severity',
  ],
  ...['value', 'limit', 'unit', 'reason', 'advice', 'alarm', 'withheld', 'cause'],
];
const OF_ALARM = [...['rule', 'signal', 'point', 'anomaly', 'cause', 'before', 'after', 'reason']];
const OF_LATE_ORDER = ['order', 'operation', 'product', 'stop_cost'];

function plainEvents(table: 'anomalies' | 'alarms' | 'requests', row: Row): readonly FeedEvent[] {
  switch (table) {
    case 'anomalies': {
      const since = toIso(row.since as EventTime);
      return [{ ...placed('anomaly', row), data: { ...picked(row, OF_ANOMALY), since } }];
    }
    case 'alarms':
      return [{ ...placed('alarm', row), data: picked(row, OF_ALARM) }];
    case 'requests': {
      const request = { ...placed('request', row), data: dataOf(String(row.request)) };
      if (row.order_late !== true || !['open', 'update'].includes(String(row.action))) {
        return [request];
      }
      const due = row.due === null ? null : toIso(row.due as EventTime);
      const data = { ...picked(row, OF_LATE_ORDER), due, request: row.id, revision: row.revision };
      return [request, { ...placed('production-exception', row), data }];
    }
  }
}

/** What the maintenance system says of a request, or of an order that it made itself. */
function completed(row: Row, data: Data): readonly FeedEvent[] {
  const isOfWork = row.kind === 'status' && (row.type === 'request' || row.type === 'order');
  if (!isOfWork || data.status !== 'completed') return [];
  const { id, remote = null, note = null } = data;
  const about = { request: id, system: row.system, remote, note };
  return [{ ...placed('work-completed', row), data: about }];
}

function picked(row: Row, names: readonly string[]): Data {
  return Object.fromEntries(names.map((name) => [name, row[name] ?? null]));
}
