import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CallConfig } from '../../../sinks/remote/call-config.ts';
import { createCaller } from '../../../sinks/remote/caller.ts';
import { exampleConfig } from './example-config.ts';

type Seen = {
  readonly of: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
};

let server: Server;
let base: string;
let seen: Seen[];
/** What becomes of a call that is neither for a token nor a read. */
let answer: (reply: ServerResponse, headers: IncomingMessage['headers']) => void;
/** Seconds for which a token holds. */
let lifetime: number;
const call = { priority: 'delivery', signal: new AbortController().signal } as const;
const write: CallConfig = { method: 'POST', path: '/w', query: {}, headers: {}, body: {} };

beforeEach(async () => {
  [seen, lifetime] = [[], 300];
  answer = (reply) => reply.end('{}');
  server = createServer(async (incoming, reply) => {
    let body = '';
    for await (const part of incoming) body += part;
    const { method, url = '', headers } = incoming;
    seen.push({ of: `${method} ${url}`, headers, body });
    const count = seen.filter(({ of }) => of === `${method} ${url}`).length;
    if (url === '/token') {
      reply.end(JSON.stringify({ access_token: `t${count}`, expires_in: lifetime }));
    } else if (method === 'GET') {
      reply.setHeader('x-csrf-token', `c${count}`);
      reply.setHeader('set-cookie', [`sid=s${count}; Path=/; HttpOnly`, 'lang=en']);
      reply.end('{}');
    } else answer(reply, headers);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const count = (of: string) => seen.filter((one) => one.of === of).length;
const oauth2 = { kind: 'oauth2', path: '/token', client: 'me', secret: 's:1' };

describe('a token by client credentials', () => {
  it('is asked for once, shown with every call, and renewed before it ends', async () => {
    lifetime = 0.5;
    const caller = createCaller(exampleConfig(base, { auth: oauth2 }), {});
    await caller(write, {}, call);
    await caller(write, {}, call);
    expect(count('POST /token')).toBe(1);
    expect(seen[0]?.headers.authorization).toBe(`Basic ${btoa('me:s%3A1')}`);
    expect(seen[0]?.body).toBe('grant_type=client_credentials');
    await sleep(500);
    await caller(write, {}, call);
    expect(seen.at(-1)?.headers.authorization).toBe('Bearer t2');
  });

  it('is asked for in the form where the server wants that, and anew when it was refused', async () => {
    answer = (reply, { authorization }) => {
      reply.statusCode = authorization === 'Bearer t1' ? 401 : 200;
      reply.end('{}');
    };
    const auth = { ...oauth2, in: 'form', scope: 'erp' };
    const outcome = await createCaller(exampleConfig(base, { auth }), {})(write, {}, call);
    expect(outcome.kind).toBe('ok');
    expect(seen[0]?.body).toBe(
      'grant_type=client_credentials&scope=erp&client_id=me&client_secret=s%3A1',
    );
    expect(count('POST /token')).toBe(2);
  });
});

describe('a token for writes', () => {
  const csrf = { path: '/any' };

  it('is fetched before the first write, with its cookies, and kept', async () => {
    const caller = createCaller(exampleConfig(base, { csrf }), {});
    await caller({ ...write, method: 'GET' }, {}, call);
    expect(count('GET /any')).toBe(0);
    await caller(write, {}, call);
    await caller(write, {}, call);
    expect(count('GET /any')).toBe(1);
    expect(seen.at(-1)?.headers).toMatchObject({ 'x-csrf-token': 'c1', cookie: 'sid=s1; lang=en' });
  });

  it('is fetched anew once when a write is forbidden; who is forbidden then is rejected', async () => {
    const caller = createCaller(exampleConfig(base, { csrf }), {});
    answer = (reply, headers) => {
      reply.statusCode = headers['x-csrf-token'] === 'c1' ? 403 : 200;
      reply.end('{}');
    };
    expect((await caller(write, {}, call)).kind).toBe('ok');
    answer = (reply) => {
      reply.statusCode = 403;
      reply.end('{"error":"not yours"}');
    };
    expect(await caller(write, {}, call)).toMatchObject({ kind: 'rejected', status: 403 });
    expect(count('GET /any')).toBe(3);
    expect(count('POST /w')).toBe(4);
  });
});

describe('an answer with 200 that says that it refuses', () => {
  const errors = { at: '/error', passing: ['locked'] };

  it.each([
    ['{"result":1,"error":null}', { kind: 'ok' }],
    [
      '{"error":{"message":"no such part"}}',
      { kind: 'rejected', note: expect.stringContaining('no such part') },
    ],
    ['{"error":"record is locked"}', { kind: 'unknown', answered: true }],
  ])('%s', async (body, expected) => {
    answer = (reply) => reply.end(body);
    const caller = createCaller(exampleConfig(base, { errors }), {});
    expect(await caller(write, {}, call)).toMatchObject(expected);
  });
});
