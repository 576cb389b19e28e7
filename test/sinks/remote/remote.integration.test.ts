import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCmms } from '../../../sinks/remote/remote.ts';
import { exampleConfig } from './example-config.ts';
import { exampleRequest } from './example-request.ts';

type Handler = (request: IncomingMessage, reply: ServerResponse) => void;
type Seen = {
  method: string | undefined;
  url: string | undefined;
  headers: IncomingMessage['headers'];
};

let server: Server;
let handler: Handler;
let calls: Seen[];
let base: string;
const call = { priority: 'delivery', signal: new AbortController().signal } as const;
const request = exampleRequest();

beforeEach(async () => {
  calls = [];
  server = createServer((incoming, reply) => {
    const { method, url, headers } = incoming;
    calls.push({ method, url, headers });
    incoming.resume();
    handler(incoming, reply);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const json =
  (status: number, body: unknown, headers = {}): Handler =>
  (_, reply) =>
    reply.writeHead(status, headers).end(JSON.stringify(body));

describe('a CMMS described by configuration', () => {
  it('gives the objects that carry the key, and no others', async () => {
    const items = [
      { id: 7, key: request.id },
      { id: 8, key: 'other' },
      { id: '9', key: request.id },
    ];
    handler = json(200, items);
    const cmms = createCmms(exampleConfig(base), {});
    expect(await cmms.search(request, call)).toEqual({ kind: 'ok', value: ['7', '9'] });
    expect(calls[0]?.url).toBe(`/api/w?key=${request.id}`);
  });

  it('finds a key inside a longer text where it is told to', async () => {
    handler = json(200, {
      content: [
        { id: 7, title: `Check [${request.id}]` },
        { id: 8, title: 'x' },
      ],
    });
    const search = { path: '/w', hits: '/content', key: '/title', match: 'contains' };
    const cmms = createCmms(exampleConfig(base, { search }), {});
    expect(await cmms.search(request, call)).toEqual({ kind: 'ok', value: ['7'] });
  });

  it('shows with a change which state of the object it has read, where that is to be matched', async () => {
    handler = (incoming, reply) => {
      if (incoming.method === 'GET') json(200, {}, { etag: '"v7"' })(incoming, reply);
      else json(incoming.headers['if-match'] === '"v7"' ? 200 : 412, {})(incoming, reply);
    };
    const update = { method: 'PATCH', path: '/w/{{remote}}', match: { path: '/w/{{remote}}' } };
    const cmms = createCmms(exampleConfig(base, { update }), {});
    const changed = { ...request, revision: 2, action: 'update' } as const;
    expect(await cmms.write(changed, '7', call)).toEqual({ kind: 'ok', value: 'written' });
    expect(calls.map(({ method }) => method)).toEqual(['GET', 'PATCH']);
    // Without an ETag nobody knows what would be overwritten.
    handler = json(200, {});
    expect(await cmms.write(changed, '7', call)).toMatchObject({ kind: 'unknown' });
    expect(calls.map(({ method }) => method)).toEqual(['GET', 'PATCH', 'GET']);
  });

  it('does not take an answer that it cannot read for "nothing there"', async () => {
    handler = json(200, { items: [] });
    const cmms = createCmms(exampleConfig(base), {});
    expect(await cmms.search(request, call)).toMatchObject({ kind: 'retryable', door: true });
  });

  it.each<[string, Handler]>([
    ['a way to a log-in', (_, reply) => void reply.writeHead(302, { Location: '/login' }).end()],
    ['forbidden', json(403, { error: 'no' })],
    ['no such place', json(404, { message: 'no Route matched' })],
    ['a page for people', (_, reply) => void reply.end('<!doctype html><p>Welcome')],
  ])('takes "%s" for a wrong door, and leaves it alone for a while', async (_, answer) => {
    handler = answer;
    const cmms = createCmms(exampleConfig(base), {});
    for (let time = 0; time < 2; time += 1) {
      expect(await cmms.search(request, call)).toMatchObject({ kind: 'retryable', door: true });
    }
    expect(await cmms.search(request, call)).toMatchObject({
      note: expect.stringMatching(/left alone/),
    });
    expect(calls).toHaveLength(2);
  });

  it('does not create beside a page of a gateway, which may have let the call through', async () => {
    handler = (_, reply) => void reply.writeHead(403).end('<html><p>Forbidden');
    const cmms = createCmms(exampleConfig(base), {});
    const created = await cmms.create(request, call);
    expect(created).toMatchObject({ kind: 'unknown', answered: false, door: true });
  });

  it('reads the whole answer, page by page, by size or by address', async () => {
    const all = Array.from({ length: 7 }, (_, at) => ({
      id: at,
      key: at === 6 ? request.id : 'x',
    }));
    handler = (incoming, reply) => {
      const { searchParams: query } = new URL(incoming.url ?? '', base);
      const from = Number(query.get('from'));
      const items = all.slice(from, from + 3);
      const next = from + 3 < all.length ? `${base}w?key=k&from=${from + 3}` : undefined;
      reply.end(JSON.stringify({ items, ...(next === undefined ? {} : { next }) }));
    };
    const common = { path: '/w', hits: '/items', key: '/key', fuzzy: true };
    const query = { key: '{{id}}', from: '{{offset}}' };
    const bySize = { ...common, query, pages: { size: 3 } };
    const byAddress = { ...common, query: { from: '0' }, pages: { next: '/next' } };
    for (const search of [bySize, byAddress]) {
      const cmms = createCmms(exampleConfig(base, { search }), {});
      expect(await cmms.search(request, call)).toEqual({ kind: 'ok', value: ['6'] });
    }
    expect(calls.map(({ url }) => new URL(url ?? '', base).searchParams.get('from'))).toEqual([
      '0',
      '3',
      '6',
      '0',
      '3',
      '6',
    ]);
  });

  it('does not believe a search that has ignored its filter, and never reads on without end', async () => {
    handler = json(200, [{ id: 1, key: 'other' }]);
    const told = await createCmms(exampleConfig(base), {}).search(request, call);
    expect(told).toMatchObject({
      kind: 'retryable',
      door: true,
      note: expect.stringMatching(/the first with other: the filter was ignored/),
    });
    const search = { path: '/w', key: '/key', fuzzy: true, pages: { size: 1 } };
    const endless = createCmms(exampleConfig(base, { search }), {});
    expect(await endless.search(request, call)).toMatchObject({
      note: expect.stringMatching(/at most 100 pages/),
    });
    expect(calls).toHaveLength(101);
    expect(() => exampleConfig(base, { search: { path: '/w', key: '/key', fuzzy: true } })).toThrow(
      /expected `pages` beside `fuzzy`/,
    );
  });

  it('reads the status of many by one list, and of who is not in it alone', async () => {
    handler = (incoming, reply) => {
      const one = /\/w\/(\d+)$/.exec(incoming.url ?? '')?.[1];
      const open = [1, 2, 3].map((id) => ({ id, state: 'OPEN' }));
      reply.end(JSON.stringify(one === undefined ? open : { id: one, state: 'DONE' }));
    };
    const status = {
      ...{ path: '/w/{{remote}}', at: '/state', words: { OPEN: 'accepted', DONE: 'completed' } },
      list: { path: '/w', query: { state: 'OPEN' } },
      every: '60s',
    };
    const { status: ask } = createCmms(exampleConfig(base, { status }), {});
    const words = [];
    for (const remote of ['1', '2', '3', '4']) {
      const answer = await ask?.('id', remote, call);
      words.push(answer?.kind === 'ok' ? answer.value.word : answer);
    }
    expect(words).toEqual(['OPEN', 'OPEN', 'OPEN', 'DONE']);
    expect(calls.map(({ url }) => url)).toEqual(['/api/w?state=OPEN', '/api/w/4']);
  });

  it('takes the id from the body or from a header, and looks for it otherwise', async () => {
    handler = json(201, { id: 12 }, { Location: 'http://x/12' });
    const remote = async (where: object) => {
      const create = { path: '/w', ...where };
      return createCmms(exampleConfig(base, { create }), {}).create(request, call);
    };
    expect(await remote({ remote: '/id' })).toEqual({ kind: 'ok', value: '12' });
    expect(await remote({ remote: { header: 'location' } })).toMatchObject({
      value: 'http://x/12',
    });
    expect(await remote({ remote: '/uuid' })).toMatchObject({ kind: 'unknown', answered: true });
    expect(await remote({})).toMatchObject({ kind: 'unknown', answered: true });
    handler = json(409, { error: 'exists' });
    expect(await remote({ remote: '/id' })).toMatchObject({ kind: 'unknown', answered: true });
  });

  it('tells silence, a cut and a closed port apart', async () => {
    const silent = createCmms(exampleConfig(base, { timeout: '200ms' }), {});
    const cmms = () => createCmms(exampleConfig(base), {}).create(request, call);
    handler = () => undefined;
    expect(await silent.create(request, call)).toMatchObject({
      kind: 'unknown',
      answered: false,
      note: 'no answer in time',
    });
    handler = (incoming) => incoming.socket.destroy();
    expect(await cmms()).toMatchObject({ kind: 'unknown', answered: false });
    handler = (_, reply) => reply.writeHead(201, { 'Content-Length': 50 }).write('{"id":');
    expect(await silent.create(request, call)).toMatchObject({ kind: 'unknown', answered: false });
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    expect(await cmms()).toMatchObject({
      kind: 'retryable',
      down: true,
      note: expect.stringMatching(/ECONNREFUSED/),
    });
  });

  it('is left alone after failures in a row, and tried again after the pause', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance'] });
    try {
      handler = json(503, {});
      const cmms = createCmms(exampleConfig(base), {});
      for (let attempt = 0; attempt < 4; attempt += 1) await cmms.search(request, call);
      expect(calls).toHaveLength(2);
      handler = json(200, []);
      expect(await cmms.search(request, call)).toMatchObject({ kind: 'retryable' });
      vi.advanceTimersByTime(200);
      expect(await cmms.search(request, call)).toMatchObject({ kind: 'ok' });
      expect(calls).toHaveLength(3);
    } finally {
      vi.useRealTimers();
    }
  });

  it('is not left alone for longer when the clock is set back', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      handler = json(503, {});
      const cmms = createCmms(exampleConfig(base), {});
      for (let attempt = 0; attempt < 3; attempt += 1) await cmms.search(request, call);
      vi.setSystemTime(Date.now() - 5 * 3_600_000);
      handler = json(200, []);
      await expect
        .poll(() => cmms.search(request, call), { interval: 50 })
        .toMatchObject({ kind: 'ok' });
    } finally {
      vi.useRealTimers();
    }
  });

  it('logs in once, and again when the token is refused, without repeating what was carried out', async () => {
    let token = 'one';
    handler = (incoming, reply) => {
      if (incoming.url === '/api/login') return json(200, { access: { token } })(incoming, reply);
      const known = incoming.headers.authorization === `Bearer ${token}`;
      return json(known ? 200 : 401, known ? [] : {})(incoming, reply);
    };
    const auth = {
      kind: 'login',
      path: '/login',
      body: { user: { env: 'U' } },
      token: '/access/token',
    };
    const cmms = createCmms(exampleConfig(base, { auth }), { U: 'me' });
    expect(await cmms.search(request, call)).toMatchObject({ kind: 'ok' });
    token = 'two';
    expect(await cmms.search(request, call)).toMatchObject({ kind: 'ok' });
    expect(calls.map(({ url }) => url?.slice(4, 10))).toEqual([
      '/login',
      '/w?key',
      '/w?key',
      '/login',
      '/w?key',
    ]);
  });

  it.each([
    [{ kind: 'basic', user: 'u', password: { env: 'P' } }, 'authorization', 'Basic dTpw'],
    [{ kind: 'bearer', token: { env: 'P' } }, 'authorization', 'Bearer p'],
    [{ kind: 'header', name: 'apikey', value: { env: 'P' } }, 'apikey', 'p'],
  ])('shows who we are with %o', async (auth, header, value) => {
    handler = json(200, []);
    await createCmms(exampleConfig(base, { auth }), { P: 'p' }).search(request, call);
    expect(calls[0]?.headers[header]).toBe(value);
  });

  it('sends nothing when the request lacks what the template needs', async () => {
    const create = { path: '/w', body: { asset: '{{ids.sap}}' } };
    const cmms = createCmms(exampleConfig(base, { create }), {});
    expect(await cmms.create(request, call)).toMatchObject({
      kind: 'rejected',
      note: expect.stringMatching(/nothing was sent.*ids.sap/),
    });
    expect(calls).toEqual([]);
  });

  it('never takes its credentials to another server', async () => {
    const update = { method: 'PATCH', path: '{{remote|raw}}' };
    const cmms = createCmms(exampleConfig(base, { update }), {});
    expect(await cmms.write(request, 'http://127.0.0.1:1/w/1', call)).toMatchObject({
      kind: 'rejected',
      note: expect.stringMatching(/nothing was sent: expected an address on/),
    });
    handler = json(200, {});
    expect(await cmms.write(request, `${base}w/1`, call)).toEqual({ kind: 'ok', value: 'written' });
  });

  it('reads the status from the first place whose word is mapped', async () => {
    const status = {
      path: '/w/{{remote}}',
      at: ['/cancelled', '/order/status'],
      words: { true: 'cancelled', OPEN: 'accepted' },
      absent: 'requested',
      gone: 'cancelled',
    };
    const read = () => createCmms(exampleConfig(base, { status }), {}).status?.('ID', 'a/b', call);
    handler = json(200, { cancelled: false, order: { status: 'OPEN' } });
    expect(await read()).toMatchObject({ value: { word: 'OPEN', status: 'accepted' } });
    handler = json(200, { cancelled: false, order: null });
    expect(await read()).toMatchObject({ value: { status: 'requested' } });
    handler = json(200, { cancelled: true });
    expect(await read()).toMatchObject({ value: { status: 'cancelled' } });
    handler = json(404, {});
    expect(await read()).toMatchObject({ value: { status: 'cancelled' } });
    expect(calls[0]?.url).toBe('/api/w/a%2Fb');
  });

  it('keeps to its rate, deliveries before looks', async () => {
    handler = json(200, []);
    const cmms = createCmms(exampleConfig(base, { rate: { per_minute: 600, burst: 1 } }), {});
    const order: string[] = [];
    const begun = performance.now();
    await Promise.all([
      cmms.search(request, call).then(() => order.push('first')),
      cmms.search(request, { ...call, priority: 'poll' }).then(() => order.push('poll')),
      cmms.search(request, call).then(() => order.push('delivery')),
    ]);
    expect(order).toEqual(['first', 'delivery', 'poll']);
    expect(performance.now() - begun).toBeGreaterThan(180);
  });
});
