/** Front door: works a schedule off, and says what is wrong in the end. */

import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { headers, type MsgHdrsImpl } from '@nats-io/transport-node';
import type { Message } from '../../operators/model/message.ts';
import { APPENDED_HEADER, appendedText } from '../../pipelines/nats/stored-message.ts';
import { ensurePartition, partitionPrefix, partitionStream } from '../../pipelines/nats/streams.ts';
import type { InternalEvent } from '../../pipelines/observe/observe.ts';
import { plant } from '../../pipelines/plant.ts';
import { differences } from '../support/crashes/compare.ts';
import { crashLog } from '../support/crashes/crash-log.ts';
import { KillableProcess } from '../support/crashes/killable-process.ts';
import { plainOracle } from '../support/crashes/plain-oracle.ts';
import { type VirtualTime, virtualTime } from '../support/crashes/virtual-time.ts';
import { randomOf } from '../support/plant-log.ts';
import { runHost, type World } from './host.ts';
import { lawsOf } from './laws.ts';
import { Network } from './network.ts';
import { CALM_AFTER, type Schedule, type Work } from './schedule.ts';
import { simulatedConnection } from './simulated-connection.ts';
import { SimulatedNats } from './simulated-nats.ts';
import { SimulatedWarehouse } from './simulated-warehouse.ts';

export type Ended = { readonly host: number; readonly work: Work; readonly end: string };

export type Simulated = {
  readonly wrong: readonly string[];
  readonly recorded: readonly InternalEvent[];
  /** How each life ended. */
  readonly ends: readonly Ended[];
};

/** Milliseconds: how often it is looked whether all is there, and when what is not there never will be. */
const LOOK = 1_000;
const NEVER = 1_800_000;
/** What is late has come by then. */
const LATE = 200_000;

type Log = { readonly work: Work; readonly messages: readonly Message[] };

export async function simulate(schedule: Schedule, folder: string): Promise<Simulated> {
  const time = virtualTime();
  time.draw(randomOf(schedule.seed), 0);
  try {
    return await time.until(simulated(schedule, folder, time));
  } finally {
    time.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function simulated(
  schedule: Schedule,
  folder: string,
  time: VirtualTime,
): Promise<Simulated> {
  const { seed, weather, cuts, restarts } = schedule;
  const random = randomOf(seed);
  const network = new Network(weather, cuts, CALM_AFTER, random);
  const nats = new SimulatedNats();
  const warehouse = new SimulatedWarehouse();
  const laws = lawsOf(nats, warehouse);
  const recorded: InternalEvent[] = [];
  const ends: Ended[] = [];
  const world = {
    ...{ folder, time, network, nats, warehouse, random, calmAt: Date.now() + CALM_AFTER },
    record(event: InternalEvent, owner: string) {
      recorded.push(event);
      laws.onEvent(event, owner);
    },
    onEnd(host: number, work: Work, end: string) {
      ends.push({ host, work, end });
      laws.onEnd(host, end);
    },
  };
  for (const at of restarts) setTimeout(() => nats.restart(), at);
  const logs = Array.from({ length: schedule.partitions }, (_, partition): Log => {
    const work = { partition, run: '1', sends: partition === 0 };
    return { work, messages: crashLog(seed + partition, schedule.seconds) };
  });
  for (const log of logs) await publishLog(log, schedule, world);
  const wrong: string[] = [];
  const first = logs[0];
  const again = first === undefined || !schedule.again ? [] : [second(first)];
  for (const round of [logs, again]) {
    const missing = await workedOff(round, schedule, world);
    wrong.push(...missing);
    if (missing.length > 0) break;
    await delay(LATE);
  }
  wrong.push(...laws.broken());
  if (wrong.length === 0)
    for (const log of [...logs, ...again]) wrong.push(...compared(log, world));
  return { wrong, recorded, ends };
}

function second({ work, messages }: Log): Log {
  return { work: { ...work, run: '2', sends: false }, messages };
}

type Shared = Omit<World, 'over'>;

/** The log as a recording, so that its append times are those of the schedule whenever it comes. */
async function publishLog({ work, messages }: Log, schedule: Schedule, world: Shared) {
  const { partition } = work;
  const { partitions, seconds } = schedule;
  const process = new KillableProcess({
    ...{ death: undefined, onTold: () => undefined, busy: world.time.busy, pause: () => 0 },
  });
  const network = new Network({ lost: 0, late: 0, doubled: 0 }, [], 0, world.random);
  const connection = simulatedConnection({ server: world.nats, network, host: 0, process });
  await ensurePartition(connection, { partition, partitions, replay: true });
  await connection.close();
  void publishAll(messages, (seconds * 1_000) / messages.length, (message) => {
    const { subject, headers: told, payload, appended } = message;
    const head = headers() as MsgHdrsImpl;
    for (const [name, value] of Object.entries(told)) head.set(name, value);
    head.set(APPENDED_HEADER, appendedText(appended));
    const publication = {
      subject: `${partitionPrefix(partition)}${subject}`,
      head: Uint8Array.from(head.encode()),
      data: Uint8Array.from(payload),
    };
    world.nats.publish(publication, () => undefined);
  });
}

/** One by one: as many timers as there are messages would be looked through at every step. */
async function publishAll(
  messages: readonly Message[],
  every: number,
  publish: (message: Message) => void,
): Promise<void> {
  for (const message of messages) {
    await delay(every);
    publish(message);
  }
}

/** Runs the hosts until all has landed; what is missing when it never will. */
async function workedOff(logs: readonly Log[], schedule: Schedule, world: Shared) {
  const over = new AbortController();
  const hosts = Array.from({ length: schedule.hosts }, (_, host) => host);
  const running = hosts.flatMap((host) =>
    logs.map(({ work }) => {
      const lives = work.run === '1' ? schedule.lives : [];
      const own = lives.filter((life) => life.host === host && life.work === work.partition);
      return runHost(host, work, own, schedule.partitions, { ...world, over: over.signal });
    }),
  );
  const until = Date.now() + CALM_AFTER + NEVER;
  const missing = () => logs.filter((log) => !isThere(log, world));
  while (missing().length > 0 && Date.now() < until) await delay(LOOK);
  const wrong = missing().map(({ work, messages }) => {
    const { partition, run } = work;
    return `partition ${partition}, run ${run}: stands still at ${reached(work, world)} of ${messages.length}`;
  });
  over.abort(new Error('over'));
  if (wrong.length === 0) await Promise.all(running);
  return wrong;
}

function reached({ partition, run }: Work, { warehouse }: Shared): number {
  const stream = partitionStream(partition);
  return warehouse
    .rows('epochs')
    .filter((row) => row.stream === stream && row.run === run)
    .reduce((most, row) => Math.max(most, Number(row.last_sequence)), 0);
}

function isThere({ work, messages }: Log, world: Shared): boolean {
  return reached(work, world) >= messages.length;
}

/** What has landed beside what an undisturbed pass gives. */
function compared({ work, messages }: Log, { warehouse, nats }: Shared): string[] {
  const stream = partitionStream(work.partition);
  const { run, sends } = work;
  const requests = nats.streams.get('ANDON_REQUESTS')?.messages ?? [];
  const landed = {
    contradictions: warehouse.contradictions,
    tables: warehouse.tables,
    rows: (table: string) =>
      warehouse.rows(table).filter((row) => row.stream === stream && row.run === run),
    revisions: sends ? requests.map(({ data }) => ({ content: Buffer.from(data).toString() })) : [],
  };
  const of = { pipeline: 'plant', run, stream, created: '' };
  const expected = plainOracle(messages, (states) => plant(states), new Set(), of);
  const wanted = sends ? expected : { ...expected, revisions: [] };
  return differences(landed, wanted, messages.length).map(
    (each) => `partition ${work.partition}, run ${run}: ${each}`,
  );
}
