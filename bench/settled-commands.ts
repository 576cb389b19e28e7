import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { jetstream } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { type Command, commandId, commandKey } from '../operators/model/command.ts';
import { assetKey } from '../operators/model/key.ts';
import type { EventTime } from '../operators/model/time.ts';
import { freePort } from '../pipelines/base/free-port.ts';
import { startReferenceErp } from '../pipelines/demo/reference-erp/reference-erp.ts';
import { streamIn, streamManager } from '../pipelines/nats/jetstream.ts';
import { bucketIn } from '../pipelines/nats/streams.ts';
import { type CommandEntry, newCommandEntry } from '../pipelines/systems/command-entry.ts';
import { ABSENT } from '../pipelines/systems/command-owner.ts';
import { openCommands } from '../pipelines/systems/command-reader.ts';
import { commandName, openCommandLedger } from '../pipelines/systems/ledger.ts';
import { COMMAND_STREAM, commandSubject } from '../sinks/outbox.ts';
import { loadAverage, useOf } from './process-use.ts';
import { type BenchStand, startBenchStand } from './stand.ts';

/** Seconds that are asked for, with all commands that are over. */
const BAR = 5;
/** Commands that are on their way to the server at once, while the streams are filled. */
const WIDTH = 2_000;
/** Milliseconds between two looks, and after which nobody waits any more. */
const LOOK = 20;
const MOST = 300_000;

/**
 * `npm run bench -- settled-commands [--commands 1000000] [--json FILE]`: how long after its start `andon run` has carried
 * out a command that waits for it, in an installation without commands and in one where so many are over; and what
 * nats-server keeps in memory for them. False when the latter start takes longer than 5 s.
 */
export async function settledCommands(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: { commands: { type: 'string', default: '1000000' }, json: { type: 'string' } },
  });
  const count = Number(values.commands);
  const port = await freePort();
  const profile = fileURLToPath(new URL('../examples/systems/erp.yaml', import.meta.url));
  const stand = await startBenchStand({
    cmms: true,
    systems: { erp: { profile, base: `http://127.0.0.1:${port}` } },
    env: { ERP_SECRET: 'reference' },
  });
  const erp = await startReferenceErp({ journal: join(stand.folder, 'erp.ndjson'), port });
  try {
    await stand.worker.start();
    await stand.worker.stop();
    const without = [await timedStart(stand), await timedStart(stand)];
    const empty = memoryOf(stand);
    const begun = performance.now();
    await withConnection(stand, (connection) => fill(connection, count));
    console.error(`filled in ${seconds(begun).toFixed(0)} s`);
    const filled = memoryOf(stand);
    await stand.nats.stop();
    const restarted = performance.now();
    await stand.nats.start();
    const server = { restart: seconds(restarted), empty, filled, restarted: memoryOf(stand) };
    await settleIn(stand);
    const settled = [await timedStart(stand), await timedStart(stand)];
    const kept = { 'started within 5 s': Math.max(...settled.map(({ done }) => done)) <= BAR };
    const report = { commands: count, without, settled, server, kept, load: loadAverage() };
    console.error(JSON.stringify(report, null, 2));
    if (values.json !== undefined) {
      writeFileSync(values.json, JSON.stringify({ settledCommands: report }, null, 2));
    }
    return Object.values(kept).every(Boolean);
  } finally {
    await erp.close();
    await stand.stop();
  }
}

/** Seconds from the start of the process until it answers, and until the command that waited for it is over. */
type Started = { readonly answers: number; readonly done: number; readonly resident: number };

let asked = 0;

async function timedStart(stand: BenchStand): Promise<Started> {
  return withConnection(stand, async (connection) => {
    const ledger = await openCommandLedger(connection, 'erp');
    asked += 1;
    const command = commandOf(-asked, 'check-stock');
    await jetstream(connection).publish(
      commandSubject(command.system, command.id),
      JSON.stringify(command),
    );
    const begun = performance.now();
    const starting = stand.worker.start().then(() => seconds(begun));
    let done = 0;
    while (done === 0) {
      const { entry } = await ledger.get(commandName(command));
      if (entry?.outcome === 'done') done = seconds(begun);
      else if (performance.now() - begun > MOST) throw new Error('the command was not carried out');
      else await pause(LOOK);
    }
    const answers = await starting;
    const resident = megabytes(useOf(stand.worker.pid() ?? 0)?.resident ?? 0);
    await stand.worker.stop();
    return { answers, done, resident };
  });
}

/** One life of a worker, until what stands for absent systems has read all that it was made of. */
async function settleIn(stand: BenchStand): Promise<void> {
  const begun = performance.now();
  await stand.worker.start();
  await withConnection(stand, async (connection) => {
    const ledger = await openCommandLedger(connection, ABSENT);
    const { streams } = await streamManager(connection);
    const { last_seq } = (await streams.info(streamIn(connection, COMMAND_STREAM))).state;
    while (((await ledger.lowWater())?.sequence ?? 0) < last_seq) {
      if (performance.now() - begun > MOST) throw new Error('the commands were not all read');
      await pause(LOOK);
    }
  });
  await stand.worker.stop();
}

/** What an installation has of commands that are over: each in the outbox and in the ledger, and the low-water mark. */
async function fill(connection: NatsConnection, count: number): Promise<void> {
  const ledger = await openCommandLedger(connection, 'erp');
  const { stream } = await openCommands(connection, 'erp');
  const { streams } = await streamManager(connection);
  const bucket = `$KV.${bucketIn(connection, 'outcomes')}.command`;
  for (let from = 0; from < count; from += WIDTH) {
    for (let number = from; number < Math.min(from + WIDTH, count); number += 1) {
      const command = commandOf(number, 'reserve');
      const { system, id } = command;
      connection.publish(commandSubject(system, id), JSON.stringify(command));
      const entry = JSON.stringify(settledEntry(command, number));
      connection.publish(`${bucket}.${system}.${id}`, entry);
    }
    // Not one by one: acknowledgements would take most of the time. What came in is counted at the end.
    await connection.flush();
  }
  const { messages, last_seq } = (await streams.info(streamIn(connection, COMMAND_STREAM))).state;
  if (messages < count) throw new Error(`expected ${count} commands, found ${messages}`);
  await ledger.keepLowWater({ of: `${stream} `, sequence: last_seq });
}

function commandOf(number: number, verb: string): Command {
  const of = { request: `made-up-${number}`, step: 'reserve-bearing', n: 1 };
  return {
    kind: 'command',
    ...of,
    ...{ verb, id: commandId(of), key: commandKey({ ...of, verb }) },
    asset: assetKey('berlin', 'packing', 'filler-1'),
    ...{ workflow: 'bearing', system: 'erp', payload: { part: '6205-2RS', quantity: 1 } },
    ...{ not_after: null, undoes: null, priority: 'high' },
    because: 'a bearing is wearing out: "zone C" for 30 s',
    time: (Date.now() * 1_000) as EventTime,
  };
}

/** As a reservation leaves it that was made, picked and used. */
function settledEntry(command: Command, at: number): CommandEntry {
  const time = Date.now();
  const line = { time, last: time, count: 1, revision: 1, note: '' };
  return {
    ...newCommandEntry(command),
    ...{ outcome: 'done', remote: `RES-${at}`, values: { short: 0 }, state: 'done', word: 'DONE' },
    ...{ made: 1, attempts: 3, reports: 3 },
    history: [
      { ...line, what: 'search', outcome: 'ok' },
      { ...line, what: 'create', outcome: 'ok' },
      { ...line, what: 'status', outcome: 'done' },
    ],
  };
}

async function withConnection<T>(
  stand: BenchStand,
  use: (connection: NatsConnection) => Promise<T>,
): Promise<T> {
  const connection = await connect({ servers: stand.nats.url });
  try {
    return await use(connection);
  } finally {
    await connection.close();
  }
}

function memoryOf(stand: BenchStand): number {
  return megabytes(useOf(stand.nats.pid() ?? 0)?.resident ?? 0);
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e6);
}

function seconds(since: number): number {
  return (performance.now() - since) / 1_000;
}
