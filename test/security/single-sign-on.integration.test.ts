import { createHmac, generateKeyPairSync, randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openIdSchema } from '../../pipelines/base/console-settings.ts';
import { createGuard } from '../../pipelines/console/access/guard.ts';
import { createOpenIdClient, type SignOnFailure } from '../../pipelines/console/access/openid.ts';
import { openSessions } from '../../pipelines/console/access/sessions.ts';
import { createSignOn } from '../../pipelines/console/access/sign-on.ts';
import type { Services } from '../../pipelines/console/routes/services.ts';
import { sessionRoutes } from '../../pipelines/console/routes/session.ts';
import { CALLBACK_PATH, signOnRoutes } from '../../pipelines/console/routes/sign-on-routes.ts';
import { createServer } from '../../pipelines/console/server.ts';
import { tries } from '../support/long.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import {
  CLIENT,
  type JsonObject,
  type LyingProvider,
  signedToken,
  startLyingProvider,
} from './lying-provider.ts';

const TRIES = tries(20, 3_000);
const PAGE = 'https://andon.example.com/andon';
const BASE = '/andon';

let provider: LyingProvider;
let server: FastifyInstance;
const failures: SignOnFailure[] = [];
const names: string[] = [];

beforeAll(async () => {
  provider = await startLyingProvider();
  server = await consoleOf(randomBytes(32));
});
afterAll(async () => {
  await server?.close();
  await provider?.stop();
});
beforeEach(() => {
  provider.lies = {};
  for (const each of [failures, names, provider.asked]) each.length = 0;
});

/** What of the console lets people in, without a page and without what they would see. */
async function consoleOf(key: Buffer, more: object = {}): Promise<FastifyInstance> {
  const settings = openIdSchema.parse({
    ...{ issuer: provider.issuer, client: CLIENT.id, secret: CLIENT.secret, page: PAGE },
    roles: [{ claim: 'groups', value: 'press-crew', role: 'operator@p1/l1' }],
    ...more,
  });
  const sessions = await openSessions(temporaryDirectory());
  const onFailure = (failure: SignOnFailure) => void failures.push(failure);
  const signOn = createSignOn({
    ...{ settings, sessions, key, onFailure, callback: `/api/v1${CALLBACK_PATH}` },
    client: createOpenIdClient(settings, () => CLIENT.secret),
    enterName: async (_id, name) => names.push(name) > 0,
  });
  const services = { sessions, signOn, onSignOnFailure: onFailure } as unknown as Services;
  const cookie = 'andon';
  return createServer({
    ...{ base: BASE, proxies: ['127.0.0.1'], frames: [], tls: undefined, rate: 1_000_000, cookie },
    routes: [...sessionRoutes(services), ...signOnRoutes(services)],
    guard: createGuard({ ...services, cookie }),
    streams: undefined as never,
    page: new Map(),
    onDefect: (error) => {
      throw error;
    },
  });
}

const headers = { 'X-Forwarded-Proto': 'https' };

async function begin(query = '', at = server, more: Record<string, string> = {}) {
  const url = `${BASE}/api/v1/session/provider${query}`;
  const response = await at.inject({ url, headers: { ...headers, ...more } });
  const cookie = response.cookies.find(({ name }) => name === 'andon-sign-in')?.value ?? '';
  return { location: String(response.headers.location), cookie };
}

async function finish(answer: URLSearchParams | string, cookie: string, at = server) {
  const response = await at.inject({
    url: `${BASE}/api/v1${CALLBACK_PATH}?${answer}`,
    headers,
    cookies: cookie === '' ? {} : { 'andon-sign-in': cookie },
  });
  const session = response.cookies.find(({ name }) => name === 'andon');
  return { location: String(response.headers.location), session, status: response.statusCode };
}

/** A whole sign-in, bent by the lies that are set. */
async function attempt(at = server) {
  const { location, cookie } = await begin('', at);
  return finish(provider.answerTo(location), cookie, at);
}

const outcome = (reason: string) => ({
  location: `${PAGE}/#/sign-in/${reason}`,
  session: undefined,
});
const now = () => Math.floor(Date.now() / 1_000);

test('told the truth, it lets in: what follows fails by the lie alone', async () => {
  const { location, session } = await attempt();
  expect(location).toBe(`${PAGE}/`);
  expect(session).toMatchObject({ httpOnly: true, secure: true, sameSite: 'Strict', path: BASE });
  expect(names).toEqual(['Mia Brandt']);
});

describe('answers that are not for this browser', () => {
  test.each<[string, (answer: URLSearchParams) => void]>([
    ['another state', (answer) => answer.set('state', 'guessed')],
    ['no state', (answer) => answer.delete('state')],
    ['an empty state', (answer) => answer.set('state', '')],
  ])('%s', async (_what, bend) => {
    const { location, cookie } = await begin();
    const answer = provider.answerTo(location);
    bend(answer);
    expect(await finish(answer, cookie)).toMatchObject(outcome('stale'));
    expect(provider.asked).not.toContain('/token');
  });

  test('no cookie, a cookie of another console, and one with any sign changed', async () => {
    const { location, cookie } = await begin();
    const answer = provider.answerTo(location);
    const other = await consoleOf(randomBytes(32));
    const foreign = (await begin('', other)).cookie;
    await other.close();
    const at = Math.floor(cookie.length / 2);
    const bent = cookie.slice(0, at) + (cookie[at] === 'A' ? 'B' : 'A') + cookie.slice(at + 1);
    for (const wrong of ['', foreign, bent, 'A', 'A'.repeat(4_000)]) {
      expect(await finish(answer, wrong)).toMatchObject(outcome('stale'));
    }
    expect(provider.asked).not.toContain('/token');
  });

  test('an answer counts once, also with the cookie that was kept', async () => {
    const { location, cookie } = await begin();
    const answer = provider.answerTo(location);
    expect((await finish(answer, cookie)).session).toBeDefined();
    expect(await finish(answer, cookie)).toMatchObject(outcome('stale'));
    expect(provider.asked.filter((path) => path === '/token')).toHaveLength(1);
  });

  test('a code of somebody else, put into one’s own answer', async () => {
    const theirs = provider.answerTo((await begin()).location);
    const { location, cookie } = await begin();
    const answer = provider.answerTo(location);
    answer.set('code', theirs.get('code') ?? '');
    expect(await finish(answer, cookie)).toMatchObject(outcome('refused'));
  });

  test('an answer in the name of another provider', async () => {
    for (const iss of ['https://other.example.com', '']) {
      const { location, cookie } = await begin();
      const answer = provider.answerTo(location);
      answer.set('iss', iss);
      expect(await finish(answer, cookie)).toMatchObject(outcome('refused'));
    }
  });

  test('parameters twice are no answer', async () => {
    const { location, cookie } = await begin();
    const answer = provider.answerTo(location);
    answer.append('code', 'second');
    expect(await finish(answer, cookie)).toMatchObject({ status: 400, session: undefined });
  });
});

describe('tokens that are not for this console, or not of this provider', () => {
  const { privateKey: otherKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const bent: readonly (readonly [string, (honest: JsonObject) => JsonObject])[] = [
    ['another nonce', (claims) => ({ ...claims, nonce: 'other' })],
    ['no nonce', ({ nonce: _, ...claims }) => claims],
    ['another issuer', (claims) => ({ ...claims, iss: 'https://other.example.com' })],
    ['another audience', (claims) => ({ ...claims, aud: 'other' })],
    [
      'several audiences, for another party',
      (claims) => ({ ...claims, aud: ['andon', 'x'], azp: 'x' }),
    ],
    ['expired', (claims) => ({ ...claims, exp: now() - 60, iat: now() - 360 })],
    ['not valid yet', (claims) => ({ ...claims, nbf: now() + 600 })],
    ['no end', ({ exp: _, ...claims }) => claims],
    ['no subject', ({ sub: _, ...claims }) => claims],
    ['a subject that is no text', (claims) => ({ ...claims, sub: 7 })],
  ];
  test.each(bent)('%s', async (_what, claims) => {
    provider.lies = { claims };
    expect(await attempt()).toMatchObject(outcome('refused'));
  });

  test.each<[string, (head: JsonObject, claims: JsonObject) => string]>([
    ['signed by another key', (head, claims) => signedToken(otherKey, head, claims)],
    [
      'signed by a key that is not published',
      (head, claims) => signedToken(otherKey, { ...head, kid: 'two' }, claims),
    ],
    [
      'not signed',
      (head, claims) => {
        const parts = [{ ...head, alg: 'none' }, claims].map((part) =>
          Buffer.from(JSON.stringify(part)).toString('base64url'),
        );
        return `${parts.join('.')}.`;
      },
    ],
    [
      'signed by the public key as if it were a secret',
      (head, claims) => {
        const body = [{ ...head, alg: 'HS256' }, claims]
          .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
          .join('.');
        const pem = provider.publicKey.export({ format: 'pem', type: 'spki' });
        return `${body}.${createHmac('sha256', pem).update(body).digest('base64url')}`;
      },
    ],
  ])('%s', async (_what, sign) => {
    provider.lies = { sign };
    expect(await attempt()).toMatchObject(outcome('refused'));
  });

  test('clocks may differ by the tolerance, and by no more', async () => {
    provider.lies = { claims: (claims) => ({ ...claims, exp: now() - 15 }) };
    expect((await attempt()).session).toBeDefined();
    provider.lies = { claims: (claims) => ({ ...claims, exp: now() - 45 }) };
    expect(await attempt()).toMatchObject(outcome('refused'));
  });

  test('who showed the provider too long ago who they are does so again', async () => {
    const strict = await consoleOf(randomBytes(32), { maxAge: 300 });
    provider.lies = { claims: (claims) => ({ ...claims, auth_time: now() - 600 }) };
    expect(await attempt(strict)).toMatchObject(outcome('refused'));
    provider.lies = {};
    expect((await attempt(strict)).session).toBeDefined();
    await strict.close();
  });

  test('no token at all, and claims of another person at the userinfo endpoint', async () => {
    provider.lies = { answer: ({ id_token: _, ...answer }) => answer };
    expect(await attempt()).toMatchObject(outcome('refused'));
    provider.lies = {
      claims: ({ groups: _, ...claims }) => claims,
      userinfo: (honest) => ({ ...honest, sub: 'boss' }),
    };
    expect(await attempt()).toMatchObject(outcome('refused'));
  });

  test(`${TRIES} tokens with one sign changed`, { timeout: 600_000 }, async () => {
    let through = 0;
    for (let at = 0; at < TRIES; at += 1) {
      provider.lies = {
        token(signed) {
          // The last sign of a part may hold bits that mean nothing; each other one counts.
          const place = (at * 7_919) % (signed.length - 1);
          const old = signed[place] ?? '';
          const isLast = signed[place + 1] === '.' || old === '.';
          const sign = isLast ? '!' : String.fromCharCode(old === 'A' ? 66 : 65);
          return signed.slice(0, place) + sign + signed.slice(place + 1);
        },
      };
      if ((await attempt()).session !== undefined) through += 1;
    }
    expect(through).toBe(0);
  });
});

describe('claims', () => {
  test.each([
    ['another value', ['press-crew-of-another-plant']],
    ['a part of the value', ['press']],
    ['other letters', ['Press-Crew']],
    ['an object', { 'press-crew': true }],
    ['a list in a list', [['press-crew']]],
    ['true', true],
    ['nothing', null],
  ])('%s gives no role', async (_what, groups) => {
    provider.lies = { claims: (claims) => ({ ...claims, groups }) };
    expect(await attempt()).toMatchObject(outcome('no-role'));
    expect(names).toEqual([]);
  });

  test('a name hides nothing and has an end', async () => {
    const name = `Mia\u202e\u0000\u001b[2J${'x'.repeat(1_000)}`;
    provider.lies = { claims: (claims) => ({ ...claims, name }) };
    expect((await attempt()).session).toBeDefined();
    expect(names[0]).toMatch(/^Mia \[2Jx{50,60}$/);
  });
});

describe('a provider that misleads', () => {
  test.each<[string, (honest: JsonObject) => JsonObject]>([
    ['calls itself otherwise', (honest) => ({ ...honest, issuer: 'https://other.example.com' })],
    [
      'sends browsers to a script',
      (honest) => ({ ...honest, authorization_endpoint: 'javascript:alert(1)' }),
    ],
    [
      'sends browsers over the network in the clear',
      (honest) => ({
        ...honest,
        authorization_endpoint: 'http://login.example.com/authorize',
      }),
    ],
  ])('%s', async (_what, metadata) => {
    provider.lies = { metadata };
    expect((await begin()).location).toBe(`${PAGE}/#/sign-in/refused`);
  });

  test('answers without end are cut off', async () => {
    provider.lies = {
      instead(_path, response: ServerResponse) {
        response.setHeader('Content-Type', 'application/json');
        const more = () => {
          while (response.writable && response.write(' '.repeat(65_536)));
          if (response.writable) response.once('drain', more);
        };
        more();
        return true;
      },
    };
    expect((await begin()).location).toBe(`${PAGE}/#/sign-in/refused`);
  });

  test('its faults are told apart from a no', async () => {
    provider.lies = {
      instead(_path, response) {
        response.statusCode = 503;
        response.end();
        return true;
      },
    };
    expect((await begin()).location).toBe(`${PAGE}/#/sign-in/away`);
    expect(failures).toMatchObject([{ reason: 'away' }]);
  });

  const says = (status: number, error?: string) => (response: ServerResponse) => {
    if (error !== undefined) response.setHeader('Content-Type', 'application/json');
    response.writeHead(status).end(error === undefined ? '' : JSON.stringify({ error }));
  };
  const breaksOff = (response: ServerResponse) => {
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '500' });
    response.write('{"access_token":', () => response.destroy());
  };
  test.each<[string, SignOnFailure['reason'], (response: ServerResponse) => void]>([
    ['too many requests', 'away', says(429)],
    ['a time-out', 'away', says(408)],
    ['too many requests, in its own words', 'away', says(429, 'slow_down')],
    ['an answer that breaks off', 'away', breaksOff],
    ['a no', 'refused', says(400, 'invalid_grant')],
  ])('a renewal that gets %s is %s', async (_what, reason, answer) => {
    provider.lies = {
      instead(path, response) {
        if (path !== '/token') return false;
        answer(response);
        return true;
      },
    };
    const roles = [{ claim: 'groups', value: 'press-crew', role: 'viewer' }];
    const settings = openIdSchema.parse({
      ...{ issuer: provider.issuer, client: CLIENT.id, secret: CLIENT.secret, page: PAGE, roles },
    });
    const client = createOpenIdClient(settings, () => CLIENT.secret);
    await expect(client.renew('mia', 'refresh')).rejects.toMatchObject({ reason });
  });
});

describe('nobody is led elsewhere', () => {
  test.each([
    'https://evil.example.com/',
    '//evil.example.com/',
    '/\\evil.example.com',
    'javascript:alert(1)',
    '/a\r\nSet-Cookie: x=y',
    '@evil.example.com',
    '.evil.example.com',
    '/#/../..//evil.example.com',
    '/%0d%0aLocation:%20https://evil.example.com',
  ])('by the place %j', async (place) => {
    const { location, cookie } = await begin(`?place=${encodeURIComponent(place)}`);
    const back = await finish(provider.answerTo(location), cookie);
    const { origin, pathname } = new URL(back.location);
    expect([origin, pathname]).toEqual(['https://andon.example.com', '/andon/']);
    expect(back.session).toBeDefined();
  });

  test('nor by the name of a host', async () => {
    const evil = { Host: 'evil.example.com', 'X-Forwarded-Host': 'evil.example.com' };
    const { location, cookie } = await begin('', server, evil);
    expect(new URL(location).searchParams.get('redirect_uri')).toBe(
      `${PAGE}/api/v1${CALLBACK_PATH}`,
    );
    expect((await finish(provider.answerTo(location), cookie)).location).toBe(`${PAGE}/`);
  });
});
