/** A source that is a server of OPC UA: one session, one subscription, and what becomes of both when the line breaks. */

import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { DISK, openDirectory, readIfThere, writeWhole } from '../../base/disk.ts';
import { messageOf } from '../../base/problem.ts';
import type { SourceOf } from '../edge-config.ts';
import type { OpenSource, SourceContext } from '../source.ts';
import {
  checkSessionFiles,
  loadOpcua,
  type OpcuaSession,
  openOpcuaSession,
  type ServerSession,
  type SessionOptions,
} from './opcua-client.ts';
import { OpcuaIntake } from './opcua-intake.ts';
import { listenToServer } from './opcua-listen.ts';
import { resolveNodes, type WantedNode } from './opcua-nodes.ts';
import { hashOfItems, Subscription, type SubscriptionOptions } from './opcua-subscription.ts';

/** Between two tries with a server: milliseconds. */
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 10_000;
/** How often is written down where the subscription stands. */
const SAVE = 1_000;
/** How long an end waits for a server that does not answer. */
const FAREWELL = 3_000;
/** Nodes that one line of the log names. */
const MOST_NAMED = 5;

/** After these the subscription is not there any more: a new session has to begin another one. */
const GONE = /BadSubscription|BadNoSubscription|BadSession|ended the subscription/;

const stateSchema = z.object({
  id: z.number(),
  life: z.string(),
  items: z.string(),
  bad: z.array(z.number()).readonly(),
  keepAlive: z.number().positive().optional(),
  /** Up to here everything is stored, by the clock of the server: epoch milliseconds. */
  seen: z.number().optional(),
  /** What the nodes said last: a server says it again to whoever takes the subscription over. */
  last: z
    .array(
      z.tuple([
        z.string(),
        z.object({
          time: z.number().optional(),
          value: z.union([z.number(), z.string(), z.boolean(), z.array(z.number()), z.null()]),
          quality: z.enum(['good', 'uncertain', 'bad']),
        }),
      ]),
    )
    .default([]),
  /** What no subscription covered, and whose history is not read to its end. */
  unread: z
    .array(
      z.object({
        ...{ since: z.number(), to: z.number() },
        bounds: z.array(z.tuple([z.string(), z.number().nullable(), z.number().nullable()])),
      }),
    )
    .default([]),
});

/** Connects, for ever again, and subscribes. Rejects with a `Problem` when the library or a file is missing. */
export async function openOpcuaSource(
  source: SourceOf<'opcua'>,
  context: SourceContext,
): Promise<OpenSource> {
  loadOpcua();
  const application = `andon:edge:${context.config.edge}`;
  const options = { config: source.opcua, name: source.name, application };
  checkSessionFiles(options);
  if (context.listener !== undefined) return listenToServer(options, context, context.listener);
  const folder = join(source.opcua.folder, 'subscriptions');
  await openDirectory(DISK, folder);
  const server = new ServerSource(options, context, join(folder, `${source.name}.json`));
  await server.start();
  return server;
}

class ServerSource implements OpenSource {
  readonly #options: SessionOptions;
  readonly #context: SourceContext;
  readonly #file: string;
  readonly #intake: OpcuaIntake;
  readonly #over = new AbortController();
  #before: ServerSession | undefined;
  #subscription: Subscription | undefined;
  #known: z.output<typeof stateSchema> | undefined;
  #written = '';
  #away = '';
  #ended: Promise<unknown> = Promise.resolve();

  constructor(options: SessionOptions, context: SourceContext, file: string) {
    this.#options = options;
    this.#context = context;
    this.#file = file;
    this.#intake = new OpcuaIntake(options.name, options.config, context);
  }

  async start(): Promise<void> {
    this.#known = await readState(this.#file);
    const { seen, last = [], unread = [] } = this.#known ?? {};
    this.#intake.resume(
      seen,
      last.map(([key, { time, value, quality }]) => [key, { time, value, quality }]),
      unread,
    );
    this.#ended = Promise.all([this.#live(), this.#saveAgain()]).catch((error: unknown) =>
      this.#context.onFailure(error),
    );
  }

  acknowledge(): void {
    this.#subscription?.acknowledge();
    this.#intake.settle();
  }

  async close(): Promise<void> {
    this.#over.abort();
    await Promise.race([this.#ended, delay(FAREWELL, undefined, { ref: false })]);
    await this.#save();
  }

  async #live(): Promise<void> {
    let pause = FIRST_PAUSE;
    while (!this.#over.signal.aborted) {
      let opened: OpcuaSession | undefined;
      let reason: string;
      try {
        opened = await openOpcuaSession(this.#options, this.#before);
        reason = await this.#serve(opened);
        pause = FIRST_PAUSE;
      } catch (error) {
        reason = messageOf(error);
      }
      const isOver = this.#over.signal.aborted;
      const isGone = GONE.test(reason);
      if (!isOver) this.#tellAway(reason);
      await opened?.close({ keepsSession: !isOver && !isGone });
      if (isGone) this.#before = undefined;
      await delay(pause, undefined, { signal: this.#over.signal }).catch(() => undefined);
      pause = Math.min(2 * pause, LONGEST_PAUSE);
    }
  }

  #tellAway(reason: string): void {
    if (reason === this.#away) return;
    this.#away = reason;
    this.#context.record({ kind: 'source-away', source: this.#options.name, reason });
  }

  /** Until the connection or the subscription is gone; resolves with why. */
  async #serve(opened: OpcuaSession): Promise<string> {
    const { session, kept, lost } = opened;
    const stop = new AbortController();
    const { signal } = stop;
    const broken = lost.then((reason) => {
      stop.abort();
      throw new Error(reason);
    });
    broken.catch(() => undefined);
    this.#before = session;
    this.#intake.follow(opened);
    const subscription = await Promise.race([this.#subscribed(session, kept), broken]);
    this.#away = '';
    this.#context.record({ kind: 'source-connected', source: this.#options.name, kept });
    if (this.#over.signal.aborted) return 'it was stopped';
    const over = new Promise<string>((resolve) => {
      this.#over.signal.addEventListener('abort', () => resolve('it was stopped'), { signal });
    });
    try {
      this.#retry(session, subscription, signal).catch(this.#context.onFailure);
      this.#intake.readAgain(session, signal).catch(this.#context.onFailure);
      return await Promise.race([subscription.run(session), lost, over]);
    } finally {
      stop.abort();
    }
  }

  /** The one that was before, of this process or the one before it, or a new one. */
  async #subscribed(session: ServerSession, kept: boolean): Promise<Subscription> {
    if (kept && this.#subscription !== undefined) {
      await this.#subscription.catchUp(session);
      return this.#subscription;
    }
    const { wanted, missing } = await resolveNodes(session, this.#options.config.nodes);
    for (const sentence of missing) this.#context.tally.refuse('no-node', sentence);
    this.#tellNodes(missing);
    const options = this.#optionsFor(wanted);
    const known = this.#subscription?.key ?? this.#known;
    const items = hashOfItems(wanted, this.#options.config);
    if (known?.items === items) {
      this.#intake.begin(wanted, known.life);
      const taken = await Subscription.takeOver(session, known, options).catch(messageOf);
      if (typeof taken !== 'string') {
        this.#subscription = taken;
        return taken;
      }
      this.#tell(new Error(`another subscription is begun: ${taken}`));
    }
    const made = await Subscription.create(session, options);
    this.#intake.begin(wanted, made.key.life);
    await this.#addItems(session, made, wanted);
    // Written down together: what has to be read, and what goes on from there.
    this.#intake.miss(Date.now());
    this.#subscription = made;
    return made;
  }

  #optionsFor(wanted: readonly WantedNode[]): SubscriptionOptions {
    const { memory, tally, onFailure } = this.#context;
    return {
      ...{ config: this.#options.config, wanted, stored: () => memory.stored },
      take: (delivery) =>
        this.#intake.take(delivery).catch((error: unknown) => {
          // What cannot be stored ends the edge; it is not acknowledged.
          onFailure(error);
          throw error;
        }),
      onMissed: (sequence) => {
        tally.refuse('missed', `message ${sequence} of the subscription`);
        this.#intake.tellGap('missed', `message ${sequence}`);
      },
    };
  }

  async #addItems(
    session: ServerSession,
    subscription: Subscription,
    wanted: readonly WantedNode[],
  ): Promise<void> {
    const problems = [...(await subscription.addItems(session))].map(
      ([handle, why]) => `${wanted[handle]?.nodeId} (${wanted[handle]?.labels.tag}): ${why}`,
    );
    for (const sentence of problems) this.#context.tally.refuse('no-node', sentence);
    this.#tellNodes(problems);
  }

  #tellNodes(problems: readonly string[]): void {
    if (problems.length === 0) return;
    const more = problems.length > MOST_NAMED ? ` and ${problems.length - MOST_NAMED} more` : '';
    const named = problems.slice(0, MOST_NAMED).join('; ');
    this.#tell(new Error(`nodes without values: ${named}${more}`));
  }

  #tell(error: Error): void {
    this.#context.record({ kind: 'edge-trouble', where: `source ${this.#options.name}`, error });
  }

  /** Nodes that the server did not take are tried again by themselves, beside all others. */
  async #retry(session: ServerSession, subscription: Subscription, signal: AbortSignal) {
    const { retry } = this.#options.config;
    while (!signal.aborted) {
      await delay(retry / 1_000, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted || subscription.key.bad.length === 0) continue;
      // A connection that is gone is somebody else's business.
      await subscription.addItems(session).catch(() => undefined);
    }
  }

  async #saveAgain(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      await delay(SAVE, undefined, { signal }).catch(() => undefined);
      await this.#save();
      await this.#intake.tellGaps();
    }
  }

  /** What a next life of this process needs in order to go on with the subscription. */
  async #save(): Promise<void> {
    if (this.#subscription === undefined) return;
    const text = JSON.stringify({
      ...this.#subscription.key,
      ...{ seen: this.#intake.seen, last: this.#intake.lastSaid, unread: this.#intake.unread },
    });
    if (text === this.#written) return;
    try {
      await writeWhole(DISK, this.#file, [Buffer.from(text)]);
      this.#written = text;
    } catch (error) {
      const where = `source ${this.#options.name}: ${this.#file}`;
      this.#context.record({ kind: 'edge-trouble', where, error: new Error(messageOf(error)) });
    }
  }
}

async function readState(file: string) {
  const bytes = await readIfThere(DISK, file);
  if (bytes === undefined) return undefined;
  try {
    return stateSchema.parse(JSON.parse(bytes.toString()));
  } catch {
    // Of another version, or torn: a new subscription is begun.
    return undefined;
  }
}
