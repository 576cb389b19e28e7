import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { WorkRequest } from '../../pipelines/demo/reference-cmms/work-request.ts';
import {
  type CmmsAddress,
  presetOrders,
  presetStatus,
  type Ran,
  andon as runAndon,
} from '../../pipelines/stand/programs.ts';
import type { Service, Variables } from '../../pipelines/stand/service.ts';
import {
  type Stand as ProductStand,
  type StandOptions as ProductStandOptions,
  startStand as startProductStand,
} from '../../pipelines/stand/stand.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { CODE } from './code.ts';
import { startNats, type TestNats } from './nats.ts';

export type { Service } from '../../pipelines/stand/service.ts';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Runs a command of `andon` to its end. */
export function andon(args: readonly string[], env?: Variables): Promise<Ran> {
  return runAndon(args, env, CODE);
}

export type StandOptions = Omit<ProductStandOptions, 'folder' | 'nats' | 'cmms' | 'node'> & {
  /** Of another stand, whose log this one works too. */
  readonly nats?: TestNats;
  /** The CMMS says what became of requests, so the log depends on when it is asked. Default false. */
  readonly status?: boolean;
  /** It is asked for orders that people or plans of it made. Default false. */
  readonly orders?: boolean;
  /** How many requests are worked on at a time. Default: as the preset says. */
  readonly concurrency?: number;
  /** Modules that are loaded ahead of the worker. */
  readonly preload?: readonly string[];
};

/** A stand of a test: without patience, in folders that go away with the test. */
export interface Stand extends ProductStand {
  readonly nats: TestNats;
  readonly cmms: Service & CmmsAddress;
  /** What the worker's metrics say now; undefined while there is no answer or no such metric. */
  metric(name: string): Promise<number | undefined>;
}

export async function startStand(options: StandOptions = {}): Promise<Stand> {
  const nats = options.nats ?? (await startNats({ config: 'max_payload: 8MB' }));
  const modules = options.preload ?? [];
  const preload = modules.length === 0 ? [] : [import.meta.resolve('tsx'), ...modules];
  const stand = await startProductStand({
    ...options,
    ...{ code: CODE, folder: temporaryDirectory(), nats, cmms: impatient(options) },
    node: preload.flatMap((module) => ['--import', module]),
    config: { epoch: { seconds: 0.3, checkpointEvery: 4 }, ...options.config },
  });
  const { cmms } = stand;
  if (cmms === undefined) throw new Error('expected a stand with a CMMS');
  return {
    ...stand,
    ...{ nats, cmms },
    async metric(name) {
      try {
        const text = await (await fetch(`${stand.worker.url}/metrics`)).text();
        const [, value] = new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'm').exec(text) ?? [];
        return value === undefined ? undefined : Number(value);
      } catch {
        return undefined;
      }
    },
    async stop() {
      await stand.stop();
      if (options.nats === undefined) await nats.stop();
    },
  };
}

function impatient({ status, orders, concurrency }: StandOptions): object {
  return {
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(status === true ? { status: { ...presetStatus(), every: '200ms' } } : {}),
    ...(orders === true ? { orders: { ...presetOrders(), every: '200ms' } } : {}),
    timeout: '1s',
    settle: '1s',
    retry: { first: '50ms', most: '500ms' },
    breaker: { failures: 5, pause: '500ms' },
  };
}

/** Asks until the answer is yes. Fails with the name of what was waited for. */
export async function until(
  what: string,
  limit: number,
  question: () => Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + limit;
  while (!(await question())) {
    if (performance.now() > deadline) throw new Error(`waited ${limit} ms for ${what}`);
    await pause(20);
  }
}

/** Waits for the log of a stand: a worker that comes before a replay would make a live one. */
export async function untilPublished({ nats }: Pick<Stand, 'nats'>): Promise<void> {
  const connection = await connect({ servers: nats.url });
  try {
    const manager = await jetstreamManager(connection);
    await until('the stream', 30_000, () =>
      manager.streams.info('ANDON_0').then(
        () => true,
        () => false,
      ),
    );
  } finally {
    await connection.close();
  }
}

/** What the CMMS of a stand holds. */
export async function worksAt(stand: Stand): Promise<WorkRequest[]> {
  const found = await askCmms<{ items: WorkRequest[] }>(stand, 'GET', '/api/work-requests');
  return found.items;
}

/** Asks the CMMS as a person with its token would. */
export async function askCmms<T>(
  { cmms }: Stand,
  method: string,
  path: string,
  body?: object,
): Promise<T> {
  const ask = () =>
    fetch(`${cmms.url}${path}`, {
      method,
      headers: { Authorization: 'Bearer reference', 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  // A kept connection may be closed from the other side just as it is used: a question can be asked again.
  const response = await (method === 'GET' ? ask().catch(ask) : ask());
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`);
  return (await response.json()) as T;
}
