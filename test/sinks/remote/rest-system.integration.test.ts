import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRestSystem } from '../../../sinks/remote/rest-system.ts';
import type { System } from '../../../sinks/remote/system.ts';
import { systemConfigSchema } from '../../../sinks/remote/system-config.ts';
import { exampleCommand } from '../../pipelines/systems/example-command.ts';

/** A server of JSON-RPC: every call is a POST to one address, and refusals are answers with 200. */
let server: Server;
let base: string;
let seen: { readonly authorization: string | undefined; readonly body: unknown }[];
let sessions: number;

beforeAll(async () => {
  [seen, sessions] = [[], 0];
  server = createServer(async (incoming, reply) => {
    let text = '';
    for await (const part of incoming) text += part;
    const body = JSON.parse(text);
    const { authorization } = incoming.headers;
    seen.push({ authorization, body });
    if (body.method === 'login') {
      sessions += 1;
      reply.end(JSON.stringify({ result: [7, `token${sessions}`] }));
    } else {
      reply.end(JSON.stringify(ANSWERS[body.method]));
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const ANSWERS: Readonly<Record<string, unknown>> = {
  stock: { result: [{ quantity: 3, price: { decimal: '4.9' } }] },
  nothing: { result: [] },
  refused: { error: ['UserError', ['There is no such part.', '']] },
  locked: { error: ['database is locked', ''] },
  state: { result: [{ state: 'moved', start: '2026-12-01' }] },
};

const ask = (method: string, more: object = {}) => ({
  kind: 'query',
  ask: [{ method: 'POST', path: '/rpc', body: { method }, ...more }],
});

/** A system of these verbs, whose token is made of three parts. */
function systemOf(verbs: object, more: object = {}): System {
  const config = systemConfigSchema.parse({
    ...{ name: 'erp', base, verbs },
    auth: {
      ...{ kind: 'login', path: '/rpc', token: '/result/1', values: { user: '/result/0' } },
      body: { method: 'login', params: ['andon', { password: { env: 'PASSWORD' } }, 1] },
      ...{ show: 'andon:{{user}}:{{token}}', encode: 'base64', prefix: 'Session ' },
    },
    errors: { at: '/error', refusing: ['"UserError"'] },
    ...more,
  });
  if (config.kind !== 'http') throw new Error('expected a system with HTTP');
  return createRestSystem(config, { PASSWORD: 'secret' });
}

const call = { priority: 'delivery', signal: new AbortController().signal } as const;

async function asked(verb: object, payload: object = { part: 'P', quantity: 5 }) {
  const system = systemOf({ verb });
  const command = exampleCommand({ verb: 'verb', payload: { ...payload } });
  const [first] = system.verbs.get('verb')?.ask ?? [];
  return first?.({ command, remote: null, values: { before: 1 } }, call);
}

describe('a log-in', () => {
  it('is a body with secrets at any depth, and its token is shown as the system wants it', async () => {
    await asked(ask('stock'));
    const [login, question] = seen.slice(-2);
    expect(login?.body).toEqual({
      method: 'login',
      params: ['andon', { password: 'secret' }, 1],
    });
    const shown = Buffer.from(`andon:7:token${sessions}`).toString('base64');
    expect(question?.authorization).toBe(`Session ${shown}`);
  });

  it('says what its answer lacks, and nothing was sent', async () => {
    const auth = {
      kind: 'login',
      path: '/rpc',
      body: { method: 'stock' },
      token: '/result/0/quantity',
    };
    const values = { user: '/result/0/user' };
    const system = systemOf(
      { verb: ask('stock') },
      { auth: { ...auth, values, show: '{{user}}' } },
    );
    const [first] = system.verbs.get('verb')?.ask ?? [];
    const outcome = await first?.({ command: exampleCommand(), remote: null, values: {} }, call);
    expect(outcome).toMatchObject({
      ...{ kind: 'retryable', note: 'login: expected user at /result/0/user, found none' },
    });
  });

  it('is described with names that its answer gives', () => {
    const wrong = { kind: 'login', path: '/', body: {}, token: '/t', show: '{{user}}:{{token}}' };
    const parsed = systemConfigSchema.safeParse({ name: 'erp', base, verbs: {}, auth: wrong });
    expect(parsed.error?.issues[0]?.message).toBe(
      'expected placeholders of token instead of {{user}}',
    );
  });
});

describe('an answer', () => {
  it('gives what CEL makes of it and of what is known', async () => {
    const gives = {
      short: {
        cel: 'payload.quantity > answer.result[0].quantity ? payload.quantity - answer.result[0].quantity : 0',
      },
      price: { cel: 'double(answer.result[0].price.decimal) * values.before' },
      missing: { cel: 'answer.result[1].quantity' },
      quantity: '/result/0/quantity',
    };
    expect(await asked(ask('stock', { gives }))).toMatchObject({
      ...{ kind: 'ok', value: { gives: { short: 2, price: 4.9, missing: null, quantity: 3 } } },
    });
  });

  it('is a refusal without what is expected of it, and the sentence says what that is', async () => {
    const note = 'expected a product with the code {{payload.part}}';
    const expects = (more: object) => ({ expect: { note, ...more } });
    expect(await asked(ask('nothing', expects({ at: '/result/0' })))).toMatchObject({
      ...{ kind: 'rejected', note: 'expected a product with the code P: found nothing' },
    });
    expect(await asked(ask('stock', expects({ at: '/result/0' })))).toMatchObject({ kind: 'ok' });
    const words = { at: '/result/0/state', contains: ['assigned', 'done'] };
    expect(await asked(ask('state', expects(words)))).toMatchObject({
      ...{
        kind: 'rejected',
        note: `${note.replace('{{payload.part}}', 'P')}: found moved (expected assigned or done)`,
      },
    });
    // `equals` is the whole of it, and may be what the command says.
    const same = (...equals: string[]) =>
      asked(ask('state', expects({ at: '/result/0/state', equals })));
    expect(await same('moved', 'done')).toMatchObject({ kind: 'ok' });
    expect(await same('move', '{{payload.part}}')).toMatchObject({
      ...{ kind: 'rejected', note: expect.stringContaining('found moved (expected move or P)') },
    });
  });

  it('with an error is a refusal where the system says so to its users, and passes otherwise', async () => {
    expect(await asked(ask('refused'))).toMatchObject({ kind: 'rejected' });
    expect(await asked(ask('locked'))).toMatchObject({ kind: 'unknown', answered: true });
  });

  it('about a state gives values too', async () => {
    const effect = {
      ...{ kind: 'effect', search: { path: '/s', key: '/key' }, create: { path: '/c' } },
      state: {
        ...{ method: 'POST', path: '/rpc', body: { method: 'state' }, at: '/result/0/state' },
        ...{ words: { moved: 'moved' }, final: ['moved'], gives: { start: '/result/0/start' } },
      },
    };
    const state = systemOf({ verb: effect }).verbs.get('verb')?.state;
    expect(await state?.read('id', '1', call)).toMatchObject({
      ...{ kind: 'ok', value: { status: 'moved', gives: { start: '2026-12-01' } } },
    });
  });
});

describe('a description is refused', () => {
  const issue = (verb: object) =>
    JSON.stringify(
      systemConfigSchema.safeParse({ name: 'erp', base, verbs: { verb } }).error?.issues,
    );

  it('with CEL that cannot be read, or names what is not known', () => {
    expect(issue(ask('stock', { gives: { a: { cel: 'answer.' } } }))).toContain('expected CEL: ');
    expect(issue(ask('stock', { gives: { a: { cel: 'reply.result' } } }))).toContain('found reply');
  });

  it('with two ways to say what is expected', () => {
    const expected = { at: '', note: 'expected something', contains: ['a'], equals: ['a'] };
    expect(issue(ask('stock', { expect: expected }))).toContain('either `contains` or `equals`');
  });

  it('with something expected of a call that changes', () => {
    const then = [{ method: 'POST', path: '/a', expect: { at: '', note: 'expected something' } }];
    expect(issue({ kind: 'effect', then })).toContain('expected `expect` at a call that reads');
  });
});
