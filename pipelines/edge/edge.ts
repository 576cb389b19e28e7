/** Front door: one process beside the machines, from its sources into the memory that the centre sources. */

import { setTimeout as delay } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import { edgeInbox } from '../nats/leaf-config.ts';
import { connectNats } from '../nats/nats.ts';
import { startHttp } from '../observe/http.ts';
import type { InternalEvents } from '../observe/observe.ts';
import { type CentreStatus, watchCentre } from './centre.ts';
import {
  type EdgeConfig,
  type EdgeSource,
  type SourceKind,
  type SourceOf,
  sourceKind,
} from './edge-config.ts';
import {
  type CentreFollowing,
  type FollowedStatus,
  type Follower,
  followCentre,
} from './follow.ts';
import { type HeldStatus, moveHeld } from './held.ts';
import { openHttpSource } from './http/http-source.ts';
import { KeptReadings, type KeptStatus } from './kept.ts';
import { type MemoryStatus, openMemory } from './memory.ts';
import { openModbusSource } from './modbus/modbus-source.ts';
import { createIntake } from './mqtt-intake.ts';
import { brokerClient, openMqttSource } from './mqtt-source.ts';
import { openOpcuaSource } from './opcua/opcua-source.ts';
import type { OpenSource, SourceContext } from './source.ts';
import { openSparkplugSource } from './sparkplug/source.ts';
import { createTally, type Tally, type TallyStatus } from './tally.ts';
import { parseTopic } from './topic.ts';

export type EdgeStatus = {
  readonly edge: string;
  readonly centre: CentreStatus;
  readonly memory: MemoryStatus;
  readonly held: HeldStatus;
  readonly unknown: KeptStatus;
  /** Of an edge that judges: what came down for it. */
  readonly judge?: FollowedStatus;
  readonly sources: Readonly<Record<string, TallyStatus & { readonly details?: object }>>;
};

export type EdgeOptions = {
  readonly config: EdgeConfig;
  readonly events: InternalEvents;
  readonly signal: AbortSignal;
};

/** How often counts are told: milliseconds. */
const TELL = 1_000;

/** Runs an edge until the signal fires. Rejects with a `Problem` when it cannot go on. */
export async function runEdge({ config, events, signal }: EdgeOptions): Promise<void> {
  const { record, metrics } = events;
  const over = new AbortController();
  const stop = AbortSignal.any([signal, over.signal]);
  let trouble = 'the leaf node did not answer yet';
  let edge: Parts | undefined;
  const http = await startHttp({
    ...{ ...config.http, metrics },
    unready: () => (trouble === '' ? [] : [trouble]),
    status: () => edge?.status() ?? { edge: config.edge, waiting: trouble },
  });
  let connection: NatsConnection | undefined;
  try {
    connection = await connectNats({
      // Over the leaf node answers come to inboxes of its own alone.
      ...{ inbox: edgeInbox(config.edge), ...config.nats },
      ...{ name: `andon edge ${config.edge}`, patience: 'wait', signal },
      onStatus: ({ type }) => {
        if (type === 'reconnect') trouble = '';
        if (type !== 'absent' && type !== 'disconnect') return;
        if (trouble === '') record({ kind: 'disconnected', server: 'leaf node', reason: type });
        trouble = 'the leaf node is away';
      },
    });
    trouble = '';
    edge = await startParts(connection, { config, events, signal: stop });
    await edge.openSources();
    if (stop.aborted) return;
    const { length } = config.sources;
    record({ kind: 'edge-started', edge: config.edge, sources: length, url: http.url });
    await runParts(edge, stop);
  } finally {
    over.abort();
    await edge?.close();
    await http.close();
    await connection?.close();
  }
}

/** Tells counts until it is over, or nothing can go on. */
async function runParts({ tallies, failure }: Parts, stop: AbortSignal): Promise<void> {
  while (!stop.aborted && failure() === undefined) {
    await delay(TELL, undefined, { signal: stop }).catch(() => undefined);
    for (const tally of tallies.values()) tally.flush();
  }
  const failed = failure();
  if (failed !== undefined) throw failed;
}

type Parts = {
  /** Rejects with a `Problem`; `close` is due then, too. */
  readonly openSources: () => Promise<void>;
  readonly tallies: ReadonlyMap<string, Tally>;
  readonly status: () => EdgeStatus;
  readonly close: () => Promise<void>;
  /** What ended it. */
  readonly failure: () => unknown;
};

async function startParts(
  connection: NatsConnection,
  { config, events: { record }, signal }: EdgeOptions,
): Promise<Parts> {
  let isThere = false;
  const patient = { record, signal };
  const follower = await whenThere('judge', patient, () => {
    return followerOf({ config, record, signal, mayAsk: () => isThere });
  });
  const memory = await whenThere('memory', patient, () => {
    return openMemory({ connection, config, record });
  });
  const onAway = (away: boolean) => {
    isThere = !away;
    memory.setAway(away);
  };
  const centre = await watchCentre({ connection, config, record, signal, onAway });
  const held = moveHeld({
    ...{ connection, record, signal, rate: config.centre.catch_up },
    mayGo: () => centre.takesMore(),
  });
  const tally = createTally('kept', record);
  const kept = new KeptReadings({ connection, config, memory, tally, record, signal });
  const keptEnded = kept.run();
  const tallies = new Map(config.sources.map(({ name }) => [name, createTally(name, record)]));
  let failed: unknown;
  const onFailure = (error: unknown) => {
    failed ??= error;
  };
  const sources: OpenSource[] = [];
  memory.onStored(() => {
    for (const source of sources) source.acknowledge();
  });
  return {
    tallies,
    failure: () => failed ?? memory.failure,
    async openSources() {
      for (const source of config.sources) {
        const tally = tallies.get(source.name) ?? createTally(source.name, record);
        sources.push(await openSource(source, { config, memory, tally, record, onFailure }));
      }
    },
    async close() {
      await Promise.all(sources.map((source) => source.close()));
      await Promise.all([centre.ended, held.ended, keptEnded, follower?.ended]);
      memory.close();
    },
    status: () => ({
      ...{ edge: config.edge, centre: centre.status, memory: memory.status, held: held.status },
      unknown: kept.status,
      ...(follower === undefined ? {} : { judge: follower.status }),
      sources: Object.fromEntries(
        [...tallies].map(([name, { status }], at) => {
          const details = sources[at]?.details;
          return [name, details === undefined ? status : { ...status, details }];
        }),
      ),
    }),
  };
}

/** Only an edge that judges follows the centre. */
async function followerOf(options: CentreFollowing): Promise<Follower | undefined> {
  return options.config.judge === undefined ? undefined : followCentre(options);
}

/** Each kind of source, and what opens it. It rejects with a `Problem` where the configuration cannot be used. */
const OPENERS: {
  readonly [Kind in SourceKind]: (
    source: SourceOf<Kind>,
    context: SourceContext,
  ) => Promise<OpenSource>;
} = {
  mqtt: openBroker,
  opcua: openOpcuaSource,
  sparkplug: openSparkplugSource,
  http: openHttpSource,
  modbus: openModbusSource,
};

/** Rejects with a `Problem` where the configuration cannot be used. */
export function openSource(source: EdgeSource, context: SourceContext): Promise<OpenSource> {
  // What the kind of a source says the table has the opener of.
  const open = OPENERS[sourceKind(source)] as (
    source: EdgeSource,
    context: SourceContext,
  ) => Promise<OpenSource>;
  return open(source, context);
}

function openBroker(source: SourceOf<'mqtt'>, context: SourceContext): Promise<OpenSource> {
  const { record, onFailure, listener } = context;
  const { name, mqtt } = source;
  const { take, stored } = createIntake({ source, context });
  const subscriptions = subscriptionsOf(source, listener !== undefined);
  return openMqttSource({
    ...{ name, subscriptions, record, take, stored, onFailure },
    ...brokerClient(name, mqtt, context),
  });
}

function subscriptionsOf(
  { mqtt: { topics, share, version } }: SourceOf<'mqtt'>,
  onlyListens: boolean,
) {
  // What comes to one of a group does not come to the others: who only listens is in none.
  const group = share === undefined || onlyListens ? '' : `$share/${share}/`;
  return Object.fromEntries(
    topics.map(({ topic, qos }) => [
      `${group}${parseTopic(topic)?.filter ?? topic}`,
      // Retained messages are no news; 3.1.1 sends them, marked. A listener hears of machines by them.
      { qos, ...(version === 5 && group === '' && !onlyListens ? { rh: 2 as const } : {}) },
    ]),
  );
}

/** Opens what is on the leaf node, however often that goes away meanwhile. */
async function whenThere<T>(
  where: string,
  { record, signal }: Pick<CentreFollowing, 'record' | 'signal'>,
  open: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof Error) || !isPassing(error)) throw error;
      record({ kind: 'edge-trouble', where, error });
    }
    await delay(TELL, undefined, { signal }).catch(() => undefined);
    signal.throwIfAborted();
  }
}

/** A server that goes, or has not read its streams yet. */
const PASSING: ReadonlySet<string> = new Set([
  ...['TimeoutError', 'NoRespondersError', 'RequestError', 'ConnectionError'],
  ...['JetStreamNotEnabled', 'JetStreamStatusError', 'JetStreamError'],
]);

function isPassing(error: Error): boolean {
  if (PASSING.has(error.name)) return true;
  return error.cause instanceof Error && isPassing(error.cause);
}
