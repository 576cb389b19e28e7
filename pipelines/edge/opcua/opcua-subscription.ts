/** A subscription: what is asked for, what comes, what is acknowledged once it is stored, and what is asked for again. */

import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type {
  ExtensionObject,
  NotificationMessage,
  PublishResponse,
  TransferSubscriptionsResponse,
} from 'node-opcua-client';
import { within } from '../../base/within.ts';
import { Unsettled } from '../source.ts';
import { BOTH_TIMES, loadOpcua, type ServerSession, VALUE_ATTRIBUTE } from './opcua-client.ts';
import type { OpcuaConfig } from './opcua-config.ts';
import type { WantedNode } from './opcua-nodes.ts';
import { instantOf, type ServerValue } from './opcua-readings.ts';

/** By which a subscription is found again, by another session or another process. */
export type SubscriptionKey = {
  readonly id: number;
  /** Of this subscription alone: ids of a server come again. */
  readonly life: string;
  /** What it watches, as a hash: with other nodes it is another one. */
  readonly items: string;
  /** Items that the server did not take, by their handles. */
  readonly bad: readonly number[];
  /** After so many milliseconds without news the server says so, as it was agreed. */
  readonly keepAlive?: number | undefined;
};

/** A message of the server, with values by the handles of their items. */
export type Delivery = {
  readonly sequence: number;
  /** By the clock of the server, epoch milliseconds, or of this machine where it says none. */
  readonly published: number;
  readonly values: readonly { readonly handle: number; readonly value: ServerValue }[];
};

export type SubscriptionOptions = {
  readonly config: OpcuaConfig;
  readonly wanted: readonly WantedNode[];
  /** Takes a message in; resolves with the number up to which all has to be stored before it is acknowledged. */
  readonly take: (delivery: Delivery) => Promise<number>;
  readonly stored: () => number;
  /** A message that the server does not have any more. */
  readonly onMissed: (sequence: number) => void;
};

/** Requests that wait at the server for something to tell. */
const WAITING_REQUESTS = 2;
/** After this the server says that there is nothing new: milliseconds. */
const KEEP_ALIVE = 5_000;
/** Values of one message: what the log takes in one, with all their names. */
const MOST_VALUES = 2_000;
const ITEMS_AT_ONCE = 100;
/** How often a value may change that is reported with each change, for the length of its queue: milliseconds. */
const FASTEST = 10;
const LAST_SEQUENCE = 4_294_967_295;

export function hashOfItems(wanted: readonly WantedNode[], config: OpcuaConfig): string {
  const content = wanted.map(({ nodeId, labels, entry }) => [nodeId, labels, entry]);
  const { sampling, queue, discard, publishing, lifetime } = config;
  return createHash('sha1')
    .update(JSON.stringify([content, sampling, queue, discard, publishing, lifetime]))
    .digest('base64url');
}

export class Subscription {
  readonly #options: SubscriptionOptions;
  readonly #key: SubscriptionKey;
  readonly #bad: Set<number>;
  /** Stored or not, and not acknowledged. */
  readonly #waiting = new Unsettled<number>();
  #ready: number[] = [];
  #expected: number | undefined;
  readonly #keepAlive: number;
  #run = 0;
  /** One message after the other, in the order in which they came. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(options: SubscriptionOptions, key: SubscriptionKey) {
    this.#options = options;
    this.#key = key;
    this.#bad = new Set(key.bad);
    const publishing = options.config.publishing / 1_000;
    this.#keepAlive = key.keepAlive ?? 2 * Math.max(KEEP_ALIVE, publishing);
  }

  /** A new one. Its items are made by `addItems`. */
  static async create(session: ServerSession, options: SubscriptionOptions): Promise<Subscription> {
    const { config, wanted } = options;
    const publishing = config.publishing / 1_000;
    const made = await session.createSubscription({
      requestedPublishingInterval: publishing,
      requestedLifetimeCount: Math.ceil(config.lifetime / config.publishing),
      requestedMaxKeepAliveCount: Math.max(1, Math.round(KEEP_ALIVE / publishing)),
      maxNotificationsPerPublish: MOST_VALUES,
      ...{ publishingEnabled: true, priority: 0 },
    });
    const items = hashOfItems(wanted, config);
    const life = randomUUID().slice(0, 8);
    const bad = wanted.map((_, handle) => handle);
    const { subscriptionId: id } = made;
    const keepAlive = made.revisedPublishingInterval * made.revisedMaxKeepAliveCount;
    const subscription = new Subscription(options, { id, life, items, bad, keepAlive });
    subscription.#expected = 1;
    return subscription;
  }

  /** One that another session began. Rejects where the server does not have it, or does not give it. */
  static async takeOver(
    session: ServerSession,
    key: SubscriptionKey,
    options: SubscriptionOptions,
  ): Promise<Subscription> {
    // Of two forms the types show the one with a callback alone.
    const answer: unknown = await session.transferSubscriptions({
      ...{ subscriptionIds: [key.id], sendInitialValues: false },
    });
    const [result] = (answer as TransferSubscriptionsResponse).results ?? [];
    if (result?.statusCode.isGood() !== true) {
      throw new Error(result?.statusCode.name ?? 'no answer');
    }
    const subscription = new Subscription(options, key);
    const kept = [...(result.availableSequenceNumbers ?? [])].sort((a, b) => a - b);
    for (const sequence of kept) await subscription.#republish(session, sequence);
    const last = kept.at(-1);
    subscription.#expected = last === undefined ? undefined : following(last);
    return subscription;
  }

  get key(): SubscriptionKey {
    return { ...this.#key, bad: [...this.#bad] };
  }

  /** Why items are not watched, by their handles. Tries those again that the server did not take. */
  async addItems(session: ServerSession): Promise<ReadonlyMap<number, string>> {
    const problems = new Map<number, string>();
    const handles = [...this.#bad];
    for (let at = 0; at < handles.length; at += ITEMS_AT_ONCE) {
      const some = handles.slice(at, at + ITEMS_AT_ONCE).flatMap((handle) => {
        const item = this.#itemOf(handle);
        if (typeof item !== 'string') return [{ handle, item }];
        problems.set(handle, item);
        return [];
      });
      if (some.length === 0) continue;
      const { results } = await session.createMonitoredItems({
        ...{ subscriptionId: this.#key.id, timestampsToReturn: BOTH_TIMES },
        itemsToCreate: some.map(({ item }) => item),
      });
      for (const [index, { handle }] of some.entries()) {
        const status = results?.[index]?.statusCode;
        if (status?.isGoodish() === true) this.#bad.delete(handle);
        else problems.set(handle, status?.name ?? 'no answer');
      }
    }
    return problems;
  }

  #itemOf(handle: number) {
    const { config, wanted } = this.#options;
    const { coerceNodeId, DataChangeFilter, DataChangeTrigger, DeadbandType } = loadOpcua();
    const { nodeId, entry } = wanted[handle] as WantedNode;
    const sampling = (entry.sampling ?? config.sampling ?? config.publishing) / 1_000;
    const each = sampling === 0 ? FASTEST : sampling;
    const enough = Math.max(10, 2 * Math.ceil(config.publishing / 1_000 / each));
    const { deadband } = entry;
    try {
      return {
        itemToMonitor: { nodeId: coerceNodeId(nodeId), attributeId: VALUE_ATTRIBUTE },
        monitoringMode: REPORTING,
        requestedParameters: {
          ...{ clientHandle: handle, samplingInterval: sampling },
          queueSize: entry.queue ?? config.queue ?? enough,
          discardOldest: (entry.discard ?? config.discard ?? 'oldest') === 'oldest',
          filter:
            deadband === undefined
              ? null
              : new DataChangeFilter({
                  trigger: DataChangeTrigger.StatusValue,
                  deadbandType:
                    typeof deadband === 'number' ? DeadbandType.Absolute : DeadbandType.Percent,
                  deadbandValue: Number.parseFloat(String(deadband)),
                }),
        },
      };
    } catch (error) {
      return `no node id: ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  /** To be called whenever more is stored. */
  acknowledge(): void {
    this.#ready.push(...this.#waiting.settle(this.#options.stored()));
  }

  /** After a break: asks for what was sent and did not arrive. */
  async catchUp(session: ServerSession): Promise<void> {
    await this.#turn;
    while (this.#expected !== undefined) {
      if (!(await this.#republish(session, this.#expected))) return;
      this.#expected = following(this.#expected);
    }
  }

  /** Asks for messages until none can come any more; resolves with why. */
  async run(session: ServerSession): Promise<string> {
    this.#run += 1;
    const asking = Array.from({ length: WAITING_REQUESTS }, () => this.#ask(session, this.#run));
    return Promise.race(asking);
  }

  async #ask(session: ServerSession, run: number): Promise<string> {
    while (run === this.#run) {
      const acknowledged = this.#ready.splice(0);
      try {
        const response = await this.#publish(session, acknowledged);
        const turn = this.#turn.then(() => this.#onResponse(session, response));
        this.#turn = turn.catch(() => undefined);
        const over = await turn;
        if (over !== undefined) return over;
      } catch (error) {
        // They were not heard, or are known already: both do no harm.
        this.#ready.push(...acknowledged);
        const why = error instanceof Error ? error.message : String(error);
        if (!/BadTooManyPublishRequests/.test(why)) return why;
        await delay(KEEP_ALIVE);
      }
    }
    return 'another session goes on';
  }

  #publish(session: ServerSession, acknowledged: readonly number[]) {
    const { PublishRequest } = loadOpcua();
    const patience = WAITING_REQUESTS * this.#keepAlive + this.#options.config.answer / 1_000;
    const request = new PublishRequest({
      requestHeader: { timeoutHint: patience },
      subscriptionAcknowledgements: acknowledged.map((sequenceNumber) => ({
        ...{ subscriptionId: this.#key.id, sequenceNumber },
      })),
    });
    const answer = new Promise<PublishResponse>((resolve, reject) => {
      session.publish(request, (error, response) => {
        if (response === undefined) reject(error ?? new Error('no answer'));
        else resolve(response);
      });
    });
    return within(patience, answer);
  }

  async #onResponse(
    session: ServerSession,
    { subscriptionId, notificationMessage: message }: PublishResponse,
  ): Promise<string | undefined> {
    if (subscriptionId !== this.#key.id) return undefined;
    const { sequenceNumber } = message;
    while (this.#expected !== undefined && isBefore(this.#expected, sequenceNumber)) {
      const missed = this.#expected;
      if (!(await this.#republish(session, missed))) this.#options.onMissed(missed);
      this.#expected = following(missed);
    }
    if ((message.notificationData ?? []).length === 0) {
      // Nothing new. It says which number the next message will have.
      this.#expected = sequenceNumber;
      return undefined;
    }
    this.#expected = following(sequenceNumber);
    return this.#take(message);
  }

  async #take(message: NotificationMessage): Promise<string | undefined> {
    const { notificationData, sequenceNumber: sequence, publishTime } = message;
    const values: { handle: number; value: ServerValue }[] = [];
    for (const one of notificationData ?? []) {
      const gone = statusIn(one);
      if (gone !== undefined) return `the server ended the subscription: ${gone}`;
      values.push(...valuesIn(one));
    }
    // Some servers say no time of what they send.
    const published = instantOf(publishTime) ?? Date.now();
    const number = await this.#options.take({ sequence, published, values });
    this.#waiting.add(number, sequence);
    this.acknowledge();
    return undefined;
  }

  /** Whether the server still had it. */
  async #republish(session: ServerSession, sequence: number): Promise<boolean> {
    const { RepublishRequest } = loadOpcua();
    const request = new RepublishRequest({
      ...{ subscriptionId: this.#key.id, retransmitSequenceNumber: sequence },
    });
    const message = await new Promise<NotificationMessage | undefined>((resolve, reject) => {
      session.republish(request, (error, response) => {
        const why = error?.message ?? '';
        if (/BadMessageNotAvailable/.test(why)) resolve(undefined);
        else if (response === undefined) reject(error ?? new Error('no answer'));
        else resolve(response.notificationMessage);
      });
    });
    if (message === undefined) return false;
    await this.#take(message);
    return true;
  }
}

/** `MonitoringMode.Reporting` (part 4, 7.23). */
const REPORTING = 2;

/** Numbers begin again at 1 after the greatest one (part 4, 7.26). */
function following(sequence: number): number {
  return sequence >= LAST_SEQUENCE ? 1 : sequence + 1;
}

/** Within half of the circle. */
function isBefore(one: number, other: number): boolean {
  const ahead = (other - one + LAST_SEQUENCE) % LAST_SEQUENCE;
  return ahead > 0 && ahead < LAST_SEQUENCE / 2;
}

function statusIn(data: ExtensionObject | null): string | undefined {
  const { StatusChangeNotification } = loadOpcua();
  if (!(data instanceof StatusChangeNotification)) return undefined;
  // Said to the session that had it, and kept for the one that has it now. Without a subscription it is told otherwise.
  return data.status.name === 'GoodSubscriptionTransferred' ? undefined : data.status.name;
}

function valuesIn(data: ExtensionObject | null) {
  const { DataChangeNotification } = loadOpcua();
  if (!(data instanceof DataChangeNotification)) return [];
  return (data.monitoredItems ?? []).map(({ clientHandle, value }) => ({
    ...{ handle: clientHandle, value },
  }));
}
