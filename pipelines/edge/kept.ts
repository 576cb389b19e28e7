/** Readings of machines that `assets` does not name: kept beside the machines within a bound, and given back when it does. */

import { setTimeout as delay } from 'node:timers/promises';
import type { JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { streamManager } from '../nats/jetstream.ts';
import { UNKNOWN_PREFIX, UNKNOWN_STREAM } from '../nats/streams.ts';
import { keptMachine, keptReadings } from './kept-message.ts';
import { createMapper, type Mapper, TAGGED } from './mapping.ts';
import { type SourceContext, storeAll, withReceipts } from './source.ts';

/** What waits for its machine to be known. */
export type KeptStatus = {
  readonly messages: number;
  readonly bytes: number;
  /** Messages by machine, the first ones by name. */
  readonly machines: Readonly<Record<string, number>>;
  /** Messages that went up since the start, because their machine is known now. */
  readonly given: number;
};

const MOST_NAMED = 100;
/** How long a stored message is waited for, between two looks: milliseconds. */
const SETTLE = 50;

export type KeptOptions = Pick<SourceContext, 'config' | 'memory' | 'tally' | 'record'> & {
  readonly connection: NatsConnection;
  readonly signal: AbortSignal;
  /** Milliseconds between two looks what there is. Default 1,000. */
  readonly every?: number;
};

export class KeptReadings {
  readonly #options: KeptOptions;
  readonly #mapper: Mapper;
  #status: KeptStatus = { messages: 0, bytes: 0, machines: {}, given: 0 };

  constructor(options: KeptOptions) {
    const { config, tally } = options;
    this.#options = options;
    this.#mapper = createMapper(config, (reason, detail) => tally.refuse(reason, detail));
  }

  get status(): KeptStatus {
    return this.#status;
  }

  /** Gives back, and then looks what there is. Never rejects: trouble is told, and tried again. */
  async run(): Promise<void> {
    const { signal, record, connection, every = 1_000 } = this.#options;
    while (!signal.aborted) {
      try {
        const manager = await streamManager(connection);
        for (const subject of await this.#look(manager)) await this.#giveBack(manager, subject);
      } catch (error) {
        const cause = error instanceof Error ? error : new Error(String(error));
        record({ kind: 'edge-trouble', where: 'kept readings', error: cause });
      }
      await delay(every, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Subjects of machines that are known now. */
  async #look(manager: JetStreamManager): Promise<readonly string[]> {
    const { state } = await manager.streams.info(UNKNOWN_STREAM, {
      subjects_filter: `${UNKNOWN_PREFIX}>`,
    });
    const { messages, bytes, subjects = {} } = state;
    const counts = Object.entries(subjects).map(
      ([subject, count]) => [keptMachine(subject), count] as const,
    );
    const named = counts.sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, MOST_NAMED);
    this.#status = { ...this.#status, messages, bytes, machines: Object.fromEntries(named) };
    const { assets } = this.#options.config;
    return Object.keys(subjects).filter((subject) => Object.hasOwn(assets, keptMachine(subject)));
  }

  /** As backfill. What is stored is removed; what comes twice, after a crash between the two, is a repeat. */
  async #giveBack(manager: JetStreamManager, subject: string): Promise<void> {
    const { memory, tally, signal, record } = this.#options;
    let [next, count, number] = [1, 0, 0];
    while (!signal.aborted) {
      const query = { seq: next, next_by_subj: subject };
      const message = await manager.streams.getMessage(UNKNOWN_STREAM, query);
      if (message === null) break;
      const readings = keptReadings(message.data);
      const id = `kept/${message.seq}/${message.time.getTime()}`;
      const mapped = this.#mapper.map(TAGGED, readings, {}, 0);
      const messages = withReceipts(mapped, { id, lasting: true });
      number = await storeAll(messages, { memory, tally }, { origin: 'kept', late: 'late' });
      [next, count] = [message.seq + 1, count + 1];
    }
    while (memory.stored < number && memory.failure === undefined && !signal.aborted) {
      await delay(SETTLE, undefined, { signal }).catch(() => undefined);
    }
    if (count === 0 || memory.stored < number) return;
    await manager.streams.purge(UNKNOWN_STREAM, { filter: subject, seq: next });
    this.#status = { ...this.#status, given: this.#status.given + count };
    tally.flush();
    record({ kind: 'edge-given-back', machine: keptMachine(subject), count });
  }
}
