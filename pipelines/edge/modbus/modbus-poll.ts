/** Which registers of a device are read next, and what becomes of those that it refuses or does not answer for. */

import type { TagReading } from '../tag-reading.ts';
import { type ModbusClient, ModbusError } from './modbus-client.ts';
import { type ModbusConfig, type ModbusTag, modbusTags } from './modbus-config.ts';
import { type ModbusBlock, modbusValue, planBlocks } from './modbus-values.ts';

/** Answers that may fail to come one after the other before the connection is given up. */
const MOST_SILENT = 3;
/** Before a unit that was silent twice is asked again: milliseconds, twice as long each time. */
const FIRST_PAUSE = 1_000;
/** Refused tags that a status names. */
const MOST_NAMED = 20;
/** Microseconds of a duration in a millisecond. */
const MILLISECOND = 1_000;

type Refused = { readonly tag: ModbusTag; readonly why: string; readonly due: number };

/** Tags that are read together. Times are milliseconds. */
export type ModbusGroup = {
  readonly number: number;
  readonly every: number;
  readonly tags: readonly ModbusTag[];
  /** When its last poll was, by the wall clock. */
  before: number | undefined;
};

type PlannedGroup = ModbusGroup & {
  readonly gap: number;
  due: number;
  blocks: readonly ModbusBlock[];
  refused: readonly Refused[];
};

export type MissedTag = {
  readonly tag: ModbusTag;
  readonly why: string;
  /** Polls without it. */
  readonly count: number;
  readonly isRefused?: boolean;
};

export type Polled = {
  readonly group: ModbusGroup;
  /** When it began, by the wall clock: the time of all its readings. */
  readonly time: number;
  readonly readings: readonly TagReading[];
  readonly missed: readonly MissedTag[];
  /** Why the connection is of no use any more. */
  readonly broken: string | undefined;
};

/** Of a unit that does not answer. */
type Silence = { readonly until: number; readonly pause: number; readonly why: string };

/** What one poll has brought so far. */
type Poll = {
  readonly client: Pick<ModbusClient, 'read'>;
  readonly group: PlannedGroup;
  readonly time: number;
  readonly readings: TagReading[];
  readonly missed: MissedTag[];
  /** Blocks of the next poll. */
  readonly blocks: ModbusBlock[];
  readonly refused: Refused[];
  /** Units that did not answer in it, and why. */
  readonly silent: Map<number, string>;
  broken: string | undefined;
};

export class PolledDevice {
  readonly #config: ModbusConfig;
  /** Milliseconds by a clock that does not jump. */
  readonly #now: () => number;
  readonly #groups: readonly PlannedGroup[];
  #silent = new Map<number, Silence>();
  /** Answers that did not come since the last one that did. */
  #unanswered = 0;

  constructor(config: ModbusConfig, now: () => number) {
    this.#config = config;
    this.#now = now;
    this.#groups = modbusTags(config).map((tags, number) => {
      const { every, gap } = config.groups[number] ?? { every: 0, gap: 0 };
      const times = { every: every / MILLISECOND, due: now(), before: undefined };
      return { number, gap, tags, ...times, blocks: [], refused: [] };
    });
  }

  get groups(): readonly ModbusGroup[] {
    return this.#groups;
  }

  /** When something has to be read again. */
  get due(): number {
    return Math.min(...this.#groups.map(({ due }) => due));
  }

  get status() {
    return this.#groups.map(({ every, tags, blocks, refused }) => ({
      ...{ every_ms: every, tags: tags.length, reads: blocks.length },
      refused: Object.fromEntries(
        refused.slice(0, MOST_NAMED).map(({ tag, why }) => [`${tag.machine}: ${tag.tag}`, why]),
      ),
    }));
  }

  /** A new connection: perhaps to another program of the device, which has other registers. */
  begin(): void {
    this.#silent = new Map();
    this.#unanswered = 0;
    for (const group of this.#groups) {
      group.blocks = planBlocks(group.tags, { ...this.#config, gap: group.gap });
      group.refused = [];
    }
  }

  /** What was due while there was no connection, and is not due any more: the next poll has taken its place. */
  pass(why: string): readonly { readonly group: ModbusGroup; readonly missed: MissedTag[] }[] {
    return this.#groups.flatMap((group) => {
      const count = this.#pass(group);
      if (count === 0) return [];
      return [{ group, missed: group.tags.map((tag) => ({ tag, why, count })) }];
    });
  }

  /** Reads the group that is due, or will be next. */
  async poll(client: Pick<ModbusClient, 'read'>): Promise<Polled> {
    const { due } = this;
    const group = this.#groups.find((each) => each.due === due);
    if (group === undefined) throw new Error('expected a group of tags');
    const skipped = this.#pass(group);
    group.due += group.every;
    const why = `not read in time: every ${group.every} ms is more often than it answers`;
    const poll: Poll = {
      ...{ client, group, time: Date.now(), readings: [], blocks: [], refused: [] },
      silent: new Map(),
      missed: skipped > 0 ? group.tags.map((tag) => ({ tag, why, count: skipped })) : [],
      broken: undefined,
    };
    for (const block of group.blocks) await this.#readBlock(block, poll);
    for (const each of group.refused) await this.#tryAgain(each, poll);
    const { time, readings, missed, broken } = poll;
    Object.assign(group, { blocks: poll.blocks, refused: poll.refused });
    return { group, time, readings, missed, broken };
  }

  /** How many polls were due before the one that can still be made. */
  #pass(group: PlannedGroup): number {
    const count = Math.max(0, Math.floor((this.#now() - group.due) / group.every));
    group.due += count * group.every;
    return count;
  }

  async #readBlock(block: ModbusBlock, poll: Poll): Promise<void> {
    try {
      this.#add(block, await this.#ask(block, poll), poll);
      poll.blocks.push(block);
    } catch (error) {
      if (!(error instanceof ModbusError)) throw error;
      if (error.fault !== 'refused') {
        poll.blocks.push(block);
        this.#miss(block.tags, error, poll);
        return;
      }
      const { tags } = block;
      const [only] = tags;
      if (only === undefined) return;
      if (tags.length === 1) {
        this.#refuse(only, error, poll);
        return;
      }
      // One address that there is not spoils all of them: it is found by halves, and left out from now on.
      const middle = Math.ceil(tags.length / 2);
      for (const half of [tags.slice(0, middle), tags.slice(middle)]) {
        const limits = { ...this.#config, gap: poll.group.gap };
        for (const part of planBlocks(half, limits)) await this.#readBlock(part, poll);
      }
    }
  }

  async #tryAgain(refused: Refused, poll: Poll): Promise<void> {
    const { tag, why, due } = refused;
    if (this.#now() < due) {
      poll.refused.push(refused);
      poll.missed.push({ tag, why, count: 1, isRefused: true });
      return;
    }
    for (const block of planBlocks([tag], { ...this.#config, gap: 0 })) {
      await this.#readBlock(block, poll);
    }
  }

  #refuse(tag: ModbusTag, { message: why }: ModbusError, poll: Poll): void {
    poll.refused.push({ tag, why, due: this.#now() + this.#config.retry / MILLISECOND });
    poll.missed.push({ tag, why, count: 1, isRefused: true });
  }

  /** Does not ask a unit that was silent in this poll, or just before it. */
  async #ask(block: ModbusBlock, poll: Poll): Promise<Buffer> {
    if (poll.broken !== undefined) throw new ModbusError('closed', poll.broken);
    const { unitId } = block;
    const silence = this.#silent.get(unitId);
    const isSilent = silence !== undefined && this.#now() < silence.until;
    const why = poll.silent.get(unitId) ?? (isSilent ? silence.why : undefined);
    if (why !== undefined) throw new ModbusError('timeout', why);
    try {
      const values = await poll.client.read(block);
      this.#silent.delete(unitId);
      this.#unanswered = 0;
      return values;
    } catch (error) {
      if (error instanceof ModbusError) this.#heed(error, unitId, poll);
      throw error;
    }
  }

  #heed({ fault, message }: ModbusError, unitId: number, poll: Poll): void {
    if (fault === 'closed') poll.broken = message;
    else if (fault === 'timeout') this.#unanswered += 1;
    else this.#unanswered = 0;
    if (this.#unanswered >= MOST_SILENT) poll.broken = `${message}, ${MOST_SILENT} times`;
    if (fault !== 'timeout' && fault !== 'unreachable') {
      this.#silent.delete(unitId);
      return;
    }
    // Once is an accident: the next poll asks again. Others behind the same address shall not wait for this one for ever.
    const { pause } = this.#silent.get(unitId) ?? { pause: 0 };
    const longer = Math.min(Math.max(2 * pause, FIRST_PAUSE), this.#config.retry / MILLISECOND);
    const why = `unit ${unitId}: ${message}`;
    poll.silent.set(unitId, why);
    this.#silent.set(unitId, { until: this.#now() + pause, pause: longer, why });
  }

  #miss(tags: readonly ModbusTag[], { message: why }: ModbusError, poll: Poll): void {
    for (const tag of tags) poll.missed.push({ tag, why, count: 1 });
  }

  #add(block: ModbusBlock, bytes: Buffer, { readings, time }: Poll): void {
    for (const tag of block.tags) {
      const value = modbusValue(bytes, block, tag);
      const quality = value === undefined ? 'bad' : 'good';
      const labels = { machine: tag.machine, tag: tag.tag };
      readings.push({ labels, time, value: value ?? null, quality, unit: tag.unit });
    }
  }
}
