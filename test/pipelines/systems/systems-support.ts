import { createHmac, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { Request } from '../../../operators/model/request.ts';
import type { MisbehaviourConfig } from '../../../pipelines/demo/misbehaviour.ts';
import { startReferenceCmms } from '../../../pipelines/demo/reference-cmms/reference-cmms.ts';
import type { WorkRequest } from '../../../pipelines/demo/reference-cmms/work-request.ts';
import type { ReferenceServer } from '../../../pipelines/demo/reference-server.ts';
import { ensurePartition, ensureRequests } from '../../../pipelines/nats/streams.ts';
import type { InternalEvent } from '../../../pipelines/observe/observe.ts';
import type { LedgerEntry } from '../../../pipelines/systems/entry.ts';
import { type Ledger, openLedger } from '../../../pipelines/systems/ledger.ts';
import { runSystems, type SystemsOptions } from '../../../pipelines/systems/systems.ts';
import type { CmmsConfig } from '../../../sinks/remote/config.ts';
import { exampleRequest } from '../../sinks/remote/example-request.ts';
import { startNats, type TestNats } from '../../stand/nats.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { quickConfig } from './systems-config.ts';

/** What was said in the log of a request or a command: the body of a `status.…` message, its subject and its number. */
export type Reply = {
  readonly subject: string;
  readonly number: number;
  readonly time: number;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
};

/** NATS, a reference CMMS and a way to run the delivery between them. */
export interface Plant {
  readonly nats: TestNats;
  readonly connection: NatsConnection;
  readonly cmms: ReferenceServer;
  readonly journal: string;
  readonly recorded: InternalEvent[];
  readonly ledger: Ledger;
  send(...requests: Request[]): Promise<void>;
  misbehave(config: MisbehaviourConfig): Promise<void>;
  works(id: string): Promise<WorkRequest[]>;
  act(remote: string, action: string): Promise<void>;
  posts(): Promise<number>;
  entry(id: string): Promise<LedgerEntry | undefined>;
  /** All `status.…` messages about a request. */
  events(id: string): Promise<readonly Reply[]>;
  /** Runs it in this process; `stop` drains. */
  run(
    changes?: Partial<CmmsConfig>,
    now?: () => number,
    more?: Partial<SystemsOptions>,
  ): { stop(): Promise<void> };
  close(): Promise<void>;
}

/** A nats-server with the log of one partition, perhaps marked as a replay, and a connection that outlives its restarts. */
export async function startLog({ replay = false } = {}): Promise<{
  readonly nats: TestNats;
  readonly connection: NatsConnection;
}> {
  const nats = await startNats();
  const connection = await connect({
    servers: nats.url,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 50,
  });
  await ensurePartition(connection, { partition: 0, partitions: 1, replay });
  return { nats, connection };
}

export async function startPlant(): Promise<Plant> {
  const { nats, connection } = await startLog();
  await ensureRequests(connection);
  const journal = join(temporaryDirectory(), 'cmms.ndjson');
  const cmms = await startReferenceCmms({ journal });
  const recorded: InternalEvent[] = [];
  const ledger = await openLedger(connection);
  const ask = askReference(cmms.url);

  return {
    nats,
    connection,
    cmms,
    journal,
    recorded,
    ledger,
    async send(...requests) {
      for (const request of requests) {
        const subject = `request.${request.id}.${request.revision}`;
        await jetstream(connection).publish(subject, JSON.stringify(request));
      }
    },
    misbehave: async (config) => void (await ask('PUT', '/admin/misbehaviour', config)),
    works: (id) => worksOf(cmms.url, id),
    act: async (remote, action) =>
      void (await ask('POST', `/api/work-requests/${remote}/${action}`, {})),
    posts: async () =>
      (await ask<{ received: unknown[] }>('GET', '/admin/received')).received.length,
    entry: async (id) => (await ledger.get(id)).entry,
    events: (id) => repliesTo(connection, id),
    run(changes, now = Date.now, more = {}) {
      const ending = new AbortController();
      const running = runSystems({
        connection,
        // Here the CMMS is in this process: when it stands still, both do, and the call must not be over before its answer.
        cmms: quickConfig(cmms.url, { timeout: 2_000, ...changes }),
        record: (internalEvent) => recorded.push(internalEvent),
        signal: ending.signal,
        ...{ term: 300, now, ...more },
      });
      return {
        async stop() {
          ending.abort();
          await running;
        },
      };
    },
    async close() {
      await connection.close();
      await cmms.close();
      await nats.stop();
    },
  };
}

/** Asks a reference system as a person with its token would. */
export function askReference(url: string, secret: object = { Authorization: 'Bearer reference' }) {
  return async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { ...secret, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`);
    return (await response.json()) as T;
  };
}

export async function worksOf(url: string, id: string): Promise<WorkRequest[]> {
  const path = `/api/work-requests?external_key=${id}`;
  return (await askReference(url)<{ items: WorkRequest[] }>('GET', path)).items;
}

/** A request with an id that no other test has. */
export function freshRequest(changes: Partial<Request> = {}): Request {
  const id = randomUUID().replaceAll('-', '').slice(0, 20).toUpperCase();
  return exampleRequest({ id, ...changes });
}

/** In the order of the log. */
export async function repliesTo(
  connection: NatsConnection,
  ...ids: readonly string[]
): Promise<readonly Reply[]> {
  const { streams } = await jetstreamManager(connection);
  const { state } = await streams.info('ANDON_0');
  const replies: Reply[] = [];
  for (let seq = 1; seq <= state.last_seq; seq += 1) {
    const message = await streams.getMessage('ANDON_0', { seq });
    const body = message?.json<Omit<Reply, 'subject' | 'number'>>();
    if (message === null || body === undefined || !ids.includes(String(body.data.id))) continue;
    const { subject, header } = message;
    replies.push({ ...body, subject, number: Number(header.get('Andon-Sequence')) });
  }
  return replies;
}

export const WEBHOOK_SECRET = 'whsec_c2VjcmV0IG9mIGEgdGVzdA==';

/** As Standard Webhooks 1.0 signs: the key is what follows `whsec_`, as Base64. */
export function signedWebhook(
  body: string,
  time = Math.floor(Date.now() / 1_000),
  secret = WEBHOOK_SECRET,
): Record<string, string> {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const hmac = createHmac('sha256', key).update(`msg_1.${time}.${body}`).digest('base64');
  return {
    ...{ 'webhook-id': 'msg_1', 'webhook-timestamp': String(time) },
    'webhook-signature': `v2,other v1,${hmac}`,
  };
}
