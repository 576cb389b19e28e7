/** Whether the centre is there, takes what this edge brings, and how far behind it is. */

import { setTimeout as delay } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import { z } from 'zod';
import { edgeApi } from '../nats/leaf-config.ts';
import { partitionOf } from '../nats/partition.ts';
import { EDGE_STREAM, partitionStream } from '../nats/streams.ts';
import type { RecordEvent } from '../observe/observe.ts';
import type { EdgeConfig } from './edge-config.ts';

export type CentreOptions = {
  readonly connection: NatsConnection;
  readonly config: Pick<EdgeConfig, 'edge' | 'centre' | 'assets'>;
  readonly record: RecordEvent;
  readonly signal: AbortSignal;
  /** Called with every change. */
  readonly onAway: (away: boolean) => void;
};

export type CentreStatus = {
  readonly away: boolean;
  /** Why; empty when it is there. */
  readonly reason: string;
  /** Messages of this edge that the centre has not got yet, all partitions together. */
  readonly lag: number;
};

export interface Centre {
  readonly status: CentreStatus;
  /** Whether held messages may go up now. */
  takesMore(): boolean;
  readonly ended: Promise<void>;
}

/** How often it is asked, and how long one answer may take: milliseconds. */
const BETWEEN = 1_000;
const ONE_ANSWER = 3_000;

const answerSchema = z.object({
  error: z.object({ description: z.string() }).optional(),
  sources: z
    .array(
      z.object({
        name: z.string(),
        lag: z.number().default(0),
        external: z.object({ api: z.string() }).nullish(),
      }),
    )
    .nullish(),
});

/** Asks the centre's streams about their source, over the leaf node, until it is told to stop. */
export async function watchCentre(options: CentreOptions): Promise<Centre> {
  const watch = new CentreWatch(options);
  await watch.ask();
  return {
    get status() {
      return watch.status;
    },
    takesMore: () => watch.takesMore(),
    ended: watch.run(),
  };
}

class CentreWatch {
  readonly #options: CentreOptions;
  readonly #streams: readonly string[];
  #answered = Number.NEGATIVE_INFINITY;
  #reason = 'it was not asked yet';
  #lag = 0;
  #away: boolean | undefined;

  constructor(options: CentreOptions) {
    this.#options = options;
    const { assets, centre } = options.config;
    const partitions = Object.values(assets).map((asset) => {
      const [plant = '', line = ''] = asset.split('.');
      return partitionOf(plant, line, centre.partitions);
    });
    this.#streams = [...new Set(partitions)].map(partitionStream);
  }

  get status(): CentreStatus {
    return { away: this.#away ?? true, reason: this.#reason, lag: this.#lag };
  }

  /** What is on its way counts: the centre is not given more than it takes in a few seconds. */
  takesMore(): boolean {
    return this.#away === false && this.#lag < 2 * this.#options.config.centre.catch_up;
  }

  async run(): Promise<void> {
    const { signal } = this.#options;
    while (!signal.aborted) {
      await delay(BETWEEN, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await this.ask();
    }
  }

  async ask(): Promise<void> {
    const { config, record, onAway } = this.#options;
    const answers = await Promise.all(this.#streams.map((stream) => this.#askStream(stream)));
    const reason = answers.find((answer) => typeof answer === 'string');
    const now = performance.now();
    if (reason === undefined) {
      this.#answered = now;
      this.#reason = '';
      this.#lag = answers.reduce<number>((sum, answer) => sum + Number(answer), 0);
    } else this.#reason = reason;
    const away = reason !== undefined && now - this.#answered > config.centre.away / 1_000;
    if (away === this.#away) return;
    this.#away = away;
    record(
      away
        ? { kind: 'centre-away', reason: this.#reason }
        : { kind: 'centre-back', domain: config.centre.domain },
    );
    onAway(away);
  }

  /** How far this stream is behind, or why that is not known. */
  async #askStream(stream: string): Promise<number | string> {
    const { connection, config } = this.#options;
    const { domain } = config.centre;
    try {
      const subject = `$JS.${domain}.API.STREAM.INFO.${stream}`;
      const answer = await connection.request(subject, '', { timeout: ONE_ANSWER });
      const { error, sources } = answerSchema.parse(answer.json());
      if (error !== undefined) return `${stream} at the centre: ${error.description}`;
      const own = sources?.find(
        ({ name, external }) => name === EDGE_STREAM && external?.api === edgeApi(config.edge),
      );
      return own?.lag ?? `${stream} does not source this edge: andon edge join ${config.edge}`;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return `no answer from the domain ${domain} (${why})`;
    }
  }
}
