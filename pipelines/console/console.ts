/** The console: a process of its own over NATS and a ClickHouse that it only reads. It may die, and the worker does not notice. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import type { FastifyInstance } from 'fastify';
import type { NotifyConfig } from '../../sinks/remote/system-config.ts';
import { enterName as overwriteName, personById } from '../audit/people.ts';
import { type Config, secretOf } from '../base/config.ts';
import { EXIT, foundInPlace, Problem } from '../base/problem.ts';
import { connectNats } from '../nats/nats.ts';
import type { RecordEvent } from '../observe/observe.ts';
import { createWarehouseReader } from '../warehouse/reader.ts';
import { createConnectionReporter } from '../worker/report.ts';
import { type Accounts, openAccounts } from './access/accounts.ts';
import { createGuard } from './access/guard.ts';
import { createLockout, FREE_FAILURES } from './access/lockout.ts';
import { createOpenIdClient, type SignOnFailure } from './access/openid.ts';
import { openIdentityKey } from './access/sealed-text.ts';
import { openSessions } from './access/sessions.ts';
import { createSignOn } from './access/sign-on.ts';
import { createActPublisher } from './acts.ts';
import { API_PREFIX, describeApi } from './api/openapi.ts';
import type { ApiRoute } from './api/route.ts';
import { createFeedReader } from './data/feed-reader.ts';
import { createFlowState } from './data/flow-state.ts';
import { createPhotos } from './data/photos.ts';
import { createPlantModels } from './data/plant-models.ts';
import { createQuestions } from './data/questions.ts';
import { createEventStreams } from './event-stream.ts';
import { followLive } from './live.ts';
import { readPage } from './page-files.ts';
import { routesOf } from './routes/routes.ts';
import type { Services } from './routes/services.ts';
import { CALLBACK_PATH } from './routes/sign-on-routes.ts';
import { createServer } from './server.ts';

export interface Console {
  /** Where the page is. */
  readonly url: string;
  close(): Promise<void>;
}

/** Tables whose rows change plant models and rules. */
const OF_MODELS: ReadonlySet<string> = new Set(['assets', 'rules']);

/** Milliseconds that entering a name may take. */
const NAME_PATIENCE = 5_000;

/** Where accounts and sessions are kept. */
export function consoleDirectory(config: Pick<Config, 'console' | 'directory'>): string {
  return config.console.directory ?? join(config.directory, 'console');
}

/** Accounts as this configuration has them. */
export function accountsOf(config: Pick<Config, 'console' | 'directory'>): Accounts {
  return openAccounts(consoleDirectory(config));
}

/** Starts the console; `people` is the people file, for who is not told now. NATS may be away: the page says so, and the console goes on when it is back. */
export async function startConsole(
  config: Config,
  record: RecordEvent,
  signal: AbortSignal,
  people?: NotifyConfig,
): Promise<Console> {
  const page = await readPage();
  const tls = await tlsOf(config.console);
  const provider = await providerOf(config);
  const connection = await connectNats({
    ...config.nats,
    name: 'andon console',
    patience: 'wait',
    signal,
    onStatus: createConnectionReporter(record),
  });
  const over = new AbortController();
  const reader = createWarehouseReader(config);
  const questions = createQuestions(reader);
  const models = createPlantModels(connection, config.partitions);
  const flow = createFlowState(connection, config.partitions);
  const live = followLive(connection, ({ table }) => {
    if (OF_MODELS.has(table)) for (const each of [models, flow]) each.forget();
    // Before any page hears of it: whoever asks again because of it gets no answer from before.
    questions.forget();
  });
  const directory = consoleDirectory(config);
  const sessions = await openSessions(directory);
  const onSignOnFailure = (error: SignOnFailure) =>
    record({ kind: 'sign-on-failed', reason: error.reason, error });
  const enterName = createNameKeeper(connection, record);
  const services: Services = {
    ...{ questions, models, flow, live, sessions, onSignOnFailure, people },
    accounts: openAccounts(directory),
    signOn:
      provider && createSignOn({ ...provider, sessions, enterName, onFailure: onSignOnFailure }),
    lockouts: lockouts(),
    acts: createActPublisher(connection, config.partitions),
    photos: createPhotos(connection),
    feed: createFeedReader(connection),
    page: pageAddress(config, people),
  };
  const server = await serverOf(config, services, { page, tls, over: over.signal, record });
  const close = async () => {
    over.abort();
    await server.close();
    await live.close();
    await reader.close();
    await connection.close();
  };
  try {
    const { host, port, base } = config.console;
    const url = `${await server.listen({ host, port })}${base}/`;
    record({ kind: 'console-started', url });
    return { url, close };
  } catch (error) {
    await close();
    throw cannotListen(config, error);
  }
}

function lockouts(): Services['lockouts'] {
  const { name, address } = FREE_FAILURES;
  return { name: createLockout(name), address: createLockout(address) };
}

/** As people open it: links that leave the page lead there. Empty where nobody has said it. */
function pageAddress({ console: { oidc } }: Config, people: NotifyConfig | undefined): string {
  return (people?.console ?? oidc?.page ?? '').replace(/\/+$/, '');
}

type Served = Pick<Parameters<typeof createServer>[0], 'page' | 'tls'> & {
  readonly over: AbortSignal;
  readonly record: RecordEvent;
};

function serverOf(
  { console: settings }: Config,
  services: Services,
  { page, tls, over, record }: Served,
): Promise<FastifyInstance> {
  const { base, proxies, rate, frames } = settings;
  let routes: readonly ApiRoute[] = [];
  routes = routesOf(services, () => describeApi(routes));
  const cookie = 'andon';
  return createServer({
    ...{ base, proxies, rate, frames, tls, cookie, routes, page },
    guard: createGuard({ ...services, cookie }),
    streams: createEventStreams(services.live, over),
    onDefect: (error, request) => record({ kind: 'console-defect', request, error }),
  });
}

/** The provider that is configured, and the key by which its people get their ids. */
async function providerOf({ console: settings, directory }: Config) {
  const { oidc } = settings;
  if (oidc === undefined) return undefined;
  const { secret } = oidc;
  const now = secret === undefined ? undefined : secretOf('console.oidc.secret', secret);
  const key = await openIdentityKey(consoleDirectory({ console: settings, directory }));
  const callback = `${API_PREFIX}${CALLBACK_PATH}`;
  return { settings: oidc, client: createOpenIdClient(oidc, now), key, callback };
}

/** Enters a name that is new. Where NATS is away people get in all the same, and the name comes at the next renewal. */
function createNameKeeper(connection: NatsConnection, record: RecordEvent) {
  const enter = async (id: string, name: string) => {
    if ((await personById(connection, id))?.name !== name) {
      await overwriteName(connection, id, name);
    }
  };
  return async (id: string, name: string): Promise<boolean> => {
    const over = new AbortController();
    const late = pause(NAME_PATIENCE, undefined, { signal: over.signal }).then(() => {
      throw new Error(`the names were not reached within ${NAME_PATIENCE} ms`);
    });
    try {
      await Promise.race([enter(id, name), late]);
      return true;
    } catch (error) {
      record({
        kind: 'name-not-entered',
        id,
        error: error instanceof Error ? error : new Error(String(error)),
      });
      return false;
    } finally {
      over.abort();
      late.catch(() => undefined);
    }
  };
}

async function tlsOf({ tls }: Config['console']) {
  if (tls === undefined) return undefined;
  const read = (path: string) =>
    readFile(path, 'utf8').catch((cause: unknown) => {
      const found = foundInPlace(cause);
      const remedy = 'Correct the path, or let the user of the console read the file.';
      const expected = `the file ${path}, in PEM form`;
      throw new Problem(
        { where: 'console.tls', expected, found, remedy, exit: EXIT.input },
        { cause },
      );
    });
  return { cert: await read(tls.certificate), key: await read(tls.privateKey) };
}

function cannotListen({ console: { host, port } }: Config, cause: unknown): unknown {
  if (!(cause instanceof Error && 'code' in cause)) return cause;
  const found = cause.code === 'EADDRINUSE' ? 'that another program does' : cause.message;
  return new Problem(
    {
      where: 'console',
      expected: `to listen on ${host}:${port}`,
      found,
      remedy: 'Set console.port (ANDON_CONSOLE_PORT; 0 takes any free port).',
      exit: EXIT.outside,
    },
    { cause },
  );
}
