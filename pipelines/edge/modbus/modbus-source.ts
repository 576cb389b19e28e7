/** A source that is a device of Modbus TCP: one connection, its registers read in turn, and what did not come told. */

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { DISK, openDirectory, readIfThere, writeWhole } from '../../base/disk.ts';
import { messageOf } from '../../base/problem.ts';
import type { SourceOf } from '../edge-config.ts';
import { type Mapper, machineEvent, TAGGED } from '../mapping.ts';
import {
  mapperOf,
  type OpenSource,
  type SourceContext,
  storeAll,
  Unsettled,
  withReceipts,
} from '../source.ts';
import type { TagReading } from '../tag-reading.ts';
import { ModbusClient } from './modbus-client.ts';
import { modbusTags } from './modbus-config.ts';
import {
  type ModbusGap,
  type ModbusGapReason,
  ModbusGaps,
  modbusGapSchema,
} from './modbus-gaps.ts';
import { type MissedTag, type ModbusGroup, PolledDevice } from './modbus-poll.ts';

/** Between two tries with a device that cannot be reached: milliseconds. */
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 10_000;
/** How often is written down up to when was read, and an end waits for what is under way: milliseconds. */
const SAVE = 1_000;
const FAREWELL = 3_000;
/** Microseconds of a duration in a millisecond. */
const MILLISECOND = 1_000;

const stateSchema = z.object({
  /** Everything that was read up to here is stored: epoch milliseconds. */
  seen: z.number(),
  /** What is missing until then, and was not told. */
  untold: z.array(modbusGapSchema),
});

/** What `andon edge status` tells of it besides the counts. */
export type ModbusStatus = {
  readonly connected: boolean;
  readonly groups: readonly {
    readonly every_ms: number;
    readonly tags: number;
    readonly reads: number;
    /** Tags that the device refuses, and why; the first ones. */
    readonly refused: Readonly<Record<string, string>>;
  }[];
  /** Answers that came when nobody waited for them any more. */
  readonly late: number;
};

/** Connects, for ever again, and reads. */
export async function openModbusSource(
  source: SourceOf<'modbus'>,
  context: SourceContext,
): Promise<OpenSource> {
  const device = new DeviceSource(source, context);
  await device.start();
  return device;
}

class DeviceSource implements OpenSource {
  readonly #source: SourceOf<'modbus'>;
  readonly #context: SourceContext;
  readonly #file: string;
  readonly #mapper: Mapper;
  readonly #device: PolledDevice;
  readonly #gaps = new ModbusGaps();
  readonly #unsettled = new Unsettled<{
    readonly time: number;
    readonly told: readonly ModbusGap[];
  }>();
  readonly #over = new AbortController();
  #client: ModbusClient | undefined;
  #seen: number | undefined;
  #written = '';
  /** Gaps that the life before this one has not told, and those that are not stored for certain. */
  #resumed: readonly ModbusGap[] = [];
  #telling: readonly ModbusGap[] = [];
  #away = '';
  #values = 0;
  #ended: Promise<unknown> = Promise.resolve();

  constructor(source: SourceOf<'modbus'>, context: SourceContext) {
    this.#source = source;
    this.#context = context;
    this.#file = join(source.modbus.folder, `${source.name}.json`);
    this.#mapper = mapperOf(context);
    this.#device = new PolledDevice(source.modbus, () => performance.now());
  }

  async start(): Promise<void> {
    const { listener, onFailure } = this.#context;
    const works = [this.#live()];
    if (listener === undefined) {
      await openDirectory(DISK, this.#source.modbus.folder);
      await this.#resume();
      works.push(this.#saveAgain());
    } else {
      for (const { machine, tag, type, unit } of modbusTags(this.#source.modbus).flat()) {
        listener.describe(machine, tag, { type, unit });
      }
    }
    this.#ended = Promise.all(works).catch(onFailure);
  }

  acknowledge(): void {
    for (const { time, told } of this.#unsettled.settle(this.#context.memory.stored)) {
      this.#seen = time;
      this.#telling = this.#telling.filter((gap) => !told.includes(gap));
    }
  }

  get details(): ModbusStatus {
    const connected = this.#client !== undefined;
    return { connected, groups: this.#device.status, late: this.#client?.late ?? 0 };
  }

  async close(): Promise<void> {
    this.#over.abort();
    this.#client?.close();
    await Promise.race([this.#ended, delay(FAREWELL, undefined, { ref: false })]);
    await this.#save();
  }

  /** What was due since the life before this one was not read. */
  async #resume(): Promise<void> {
    const bytes = await readIfThere(DISK, this.#file);
    const parsed = stateSchema.safeParse(jsonIn(bytes));
    // Of another version, or torn: it is not known then.
    if (!parsed.success) return;
    const from = parsed.data.seen;
    this.#seen = from;
    this.#resumed = parsed.data.untold;
    const now = Date.now();
    for (const group of this.#device.groups) {
      const count = Math.floor((now - from) / group.every);
      if (count < 1) continue;
      const missed = group.tags.map((tag) => ({ tag, why: 'the edge did not run', count }));
      this.#miss(group, missed, { from, to: now, reason: 'stopped' });
    }
  }

  async #live(): Promise<void> {
    const { modbus, name } = this.#source;
    const { signal } = this.#over;
    const { host, port, answer } = modbus;
    let pause = FIRST_PAUSE;
    while (!signal.aborted) {
      let reason: string;
      try {
        const client = await ModbusClient.connect({ host, port, patience: answer / MILLISECOND });
        if (signal.aborted) client.close();
        this.#client = client;
        this.#away = '';
        this.#context.record({ kind: 'source-connected', source: name, kept: false });
        await this.#pass('there was no connection');
        const before = this.#values;
        reason = await this.#poll(client);
        // One that answers nonsense is not asked at once again.
        if (this.#values > before) pause = FIRST_PAUSE;
      } catch (error) {
        if (this.#client !== undefined) throw error;
        reason = messageOf(error);
      }
      this.#client?.close();
      this.#client = undefined;
      if (signal.aborted) return;
      if (reason !== this.#away) {
        this.#away = reason;
        this.#context.record({ kind: 'source-away', source: name, reason });
      }
      await delay(pause, undefined, { signal }).catch(() => undefined);
      pause = Math.min(2 * pause, LONGEST_PAUSE);
      await this.#pass(reason);
    }
  }

  async #pass(reason: string): Promise<void> {
    for (const { group, missed } of this.#device.pass(reason)) await this.#take(group, [], missed);
  }

  /** Until the connection is of no use any more; resolves with why. */
  async #poll(client: ModbusClient): Promise<string> {
    const { signal } = this.#over;
    this.#device.begin();
    while (!signal.aborted) {
      const wait = this.#device.due - performance.now();
      if (wait > 0) await delay(wait, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) break;
      const before = client.bytes;
      const polled = await this.#device.poll(client);
      // What was not read because everything ends is due again after the next start.
      if (signal.aborted) break;
      if (client.bytes > before) this.#context.tally.took(client.bytes - before);
      await this.#take(polled.group, polled.readings, polled.missed, polled.time);
      if (polled.broken !== undefined) return polled.broken;
    }
    return 'it was stopped';
  }

  async #take(
    group: ModbusGroup,
    readings: readonly TagReading[],
    missed: readonly MissedTag[],
    time = Date.now(),
  ): Promise<void> {
    const { listener, memory } = this.#context;
    const { name } = this.#source;
    this.#values += readings.length;
    if (readings.length > 0) {
      const receipt = { id: randomUUID(), lasting: false };
      const messages = withReceipts(this.#mapper.map(TAGGED, readings, {}, time), receipt);
      await storeAll(messages, this.#context, { origin: name });
    }
    this.#gaps.begin(group.number);
    this.#miss(group, missed, { from: group.before ?? time - group.every, to: time });
    group.before = time;
    if (listener !== undefined) return;
    const told = [...this.#resumed, ...this.#gaps.due(performance.now())];
    this.#telling = [...this.#telling, ...told];
    this.#resumed = [];
    for (const gap of told) await this.#storeGap(gap);
    this.#unsettled.add(memory.taken, { time, told });
    this.acknowledge();
  }

  /** `reason`: of all of them. */
  #miss(
    { number: group }: ModbusGroup,
    missed: readonly MissedTag[],
    { from, to, reason }: { from: number; to: number; reason?: ModbusGapReason },
  ): void {
    for (const { tag, why, count, isRefused } of missed) {
      const counted = isRefused ? 'no-node' : 'missed';
      this.#context.tally.refuse(counted, `${tag.tag} of ${tag.machine}: ${why}`, count);
      const own = reason ?? (isRefused ? 'refused' : 'missed');
      this.#gaps.miss({
        ...{ group, machine: tag.machine, reason: own, tag: tag.tag, why, from, to, count },
      });
    }
  }

  /** Of machines that are in `assets` alone: nobody else asked for it. */
  async #storeGap({ machine, ...gap }: ModbusGap): Promise<void> {
    const { name } = this.#source;
    const { assets } = this.#context.config;
    const asset = Object.hasOwn(assets, machine) ? assets[machine] : undefined;
    if (asset === undefined) return;
    const receipt = { id: `gap/${randomUUID()}`, lasting: false };
    const message = machineEvent(asset, 'gap', gap.to, { source: name, machine, ...gap });
    await storeAll([{ ...message, receipt }], this.#context, { origin: name });
  }

  async #saveAgain(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      await delay(SAVE, undefined, { signal }).catch(() => undefined);
      await this.#save();
    }
  }

  async #save(): Promise<void> {
    const seen = this.#seen;
    if (seen === undefined || this.#context.listener !== undefined) return;
    const untold = [...this.#resumed, ...this.#telling, ...this.#gaps.untold];
    const text = JSON.stringify({ seen, untold });
    if (text === this.#written) return;
    try {
      await writeWhole(DISK, this.#file, [Buffer.from(text)]);
      this.#written = text;
    } catch (error) {
      const where = `source ${this.#source.name}: ${this.#file}`;
      this.#context.record({ kind: 'edge-trouble', where, error: new Error(messageOf(error)) });
    }
  }
}

function jsonIn(bytes: Buffer | undefined): unknown {
  try {
    return JSON.parse(bytes?.toString() ?? '');
  } catch {
    return undefined;
  }
}
