import type { FastifyInstance } from 'fastify';
import { afterEach, expect, test } from 'vitest';
import { type Accounts, openAccounts } from '../../../pipelines/console/access/accounts.ts';
import { createGuard } from '../../../pipelines/console/access/guard.ts';
import type { SessionStore } from '../../../pipelines/console/access/sessions.ts';
import { createEventStreams } from '../../../pipelines/console/event-stream.ts';
import type { LiveChanges } from '../../../pipelines/console/live.ts';
import { LIVE_PATH, routesOf } from '../../../pipelines/console/routes/routes.ts';
import type { Services } from '../../../pipelines/console/routes/services.ts';
import { createServer } from '../../../pipelines/console/server.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const live = {
  caughtUp: Promise.resolve(),
  latest: 1,
  since: () => [],
  follow: () => () => undefined,
} as unknown as LiveChanges;

let server: FastifyInstance | undefined;
const over = new AbortController();
afterEach(async () => {
  await server?.close();
});

/** A stream of somebody with a key, and what ends it. */
async function streamOf(accounts: Accounts, key: string): Promise<Response> {
  const cookie = 'andon';
  server = await createServer({
    ...{ base: '', proxies: [], frames: [], tls: undefined, rate: 1_000, cookie },
    routes: routesOf({} as Services, () => ({})).filter(({ path }) => path === LIVE_PATH),
    guard: createGuard({ accounts, sessions: {} as SessionStore, cookie }),
    streams: createEventStreams(live, over.signal, 20),
    page: new Map(),
    onDefect: (error) => {
      throw error;
    },
  });
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  return fetch(`${url}/api/v1/live`, { headers: { Authorization: `Bearer ${key}` } });
}

test('a stream ends with the account that it was for', async () => {
  const accounts = openAccounts(temporaryDirectory());
  const key = await accounts.addKey('board', [{ role: 'viewer' }]);
  const response = await streamOf(accounts, key);
  expect(response.status).toBe(200);
  await accounts.remove('board');
  // Without an end this would hang.
  expect(await response.text()).toContain('event: ready');
});

test('and when its roles reach elsewhere: the page comes again with those of now', async () => {
  let plant = 'p1';
  const accounts = {
    program: async () => ({
      ...{ id: 'board', name: 'board', isProgram: true },
      roles: [{ role: 'viewer', plant }],
    }),
  } as unknown as Accounts;
  const response = await streamOf(accounts, 'any');
  expect(response.status).toBe(200);
  plant = 'p2';
  expect(await response.text()).toContain('event: ready');
});
