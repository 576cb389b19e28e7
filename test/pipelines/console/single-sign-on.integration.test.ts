import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { eraseName, everybody } from '../../../pipelines/audit/people.ts';
import {
  type CookieBrowser,
  createCookieBrowser,
  throughProvider,
} from '../../support/cookie-jar.ts';
import { type ProvidedPeople, type SignOnStand, startSignOnStand } from './openid-stand.ts';
import { PASSWORD } from './password.ts';

const PEOPLE: ProvidedPeople = {
  mia: { name: 'Mia Brandt', groups: ['canteen', 'press-crew'] },
  tom: { name: 'Tom Okafor', groups: ['canteen'] },
};
const HOUR = 3_600_000;

let stand: SignOnStand;
let later = 0;
const realNow = Date.now.bind(Date);

beforeAll(async () => {
  // The clock of the console: renewals are hours apart. The provider has its own.
  vi.spyOn(Date, 'now').mockImplementation(() => realNow() + later);
  stand = await startSignOnStand({ people: PEOPLE });
  await stand.accounts.put('olga', PASSWORD, [{ role: 'viewer' }]);
});
afterAll(async () => {
  vi.restoreAllMocks();
  await stand?.stop();
});
beforeEach(() => {
  later = 0;
  stand.provider.change({ people: PEOPLE });
});
afterEach(() => stand.events.splice(0));

const api = (path: string) => `${stand.page}/api/v1${path}`;

type Me = { id: string; name: string; roles: object[]; by: string; csrf: string };
const me = async (browser: CookieBrowser) => {
  const response = await browser.ask(api('/me'));
  return response.ok ? ((await response.json()) as Me) : response.status;
};

/** Signs in, and says where in the page that leads. */
async function signOn(person: string, browser = createCookieBrowser(), query = '') {
  const begin = api(`/session/provider${query}`);
  const back = await throughProvider(browser, begin, person, stand.page);
  const response = await browser.ask(back.href);
  return { browser, back, location: response.headers.get('location') };
}

function localLogin(): Promise<Response> {
  return fetch(api('/session'), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: 'olga', password: PASSWORD }),
  });
}

describe('by the provider', () => {
  test('a person gets in with the roles of their claims, and comes to the place that they wanted', async () => {
    const ways = await (await fetch(api('/session/ways'))).json();
    const begin = api('/session/provider');
    expect(ways).toEqual({
      local: true,
      provider: { name: 'Works SSO', begin, claims: ['groups'] },
    });
    const place = '/machine/p1/l1/press?tab=spectra';
    const { browser, location } = await signOn(
      'mia',
      createCookieBrowser(),
      `?place=${encodeURIComponent(place)}`,
    );
    expect(location).toBe(`${stand.page}/#${place}`);
    expect(await me(browser)).toMatchObject({
      id: expect.stringMatching(/^[a-z0-9]{20,32}$/),
      name: 'Mia Brandt',
      roles: [{ role: 'operator', plant: 'p1', line: 'l1' }],
      by: 'provider',
    });
  });

  test('the request has PKCE, state and nonce, and says nothing of the person', async () => {
    const response = await createCookieBrowser().ask(api('/session/provider?again=true'));
    const { searchParams } = new URL(response.headers.get('location') ?? '');
    expect(Object.fromEntries(searchParams)).toMatchObject({
      ...{ response_type: 'code', code_challenge_method: 'S256', prompt: 'login' },
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
    });
    const [cookie = ''] = response.headers.getSetCookie();
    expect(cookie).toMatch(/^andon-sign-in=.*HttpOnly; SameSite=Lax$/);
    expect(cookie).not.toContain(searchParams.get('state') ?? '');
  });

  test('it is the same person each time; the name is where it can be erased, and nowhere else', async () => {
    const [first, second] = [await signOn('mia'), await signOn('mia')];
    const [one, two] = [(await me(first.browser)) as Me, (await me(second.browser)) as Me];
    expect(two.id).toBe(one.id);
    expect((await everybody(stand.connection)).get(one.id)?.name).toBe('Mia Brandt');
    const kept = readFileSync(join(stand.directory, 'console/sessions.json'), 'utf8');
    expect(kept).toContain(one.id);
    expect(kept).not.toContain('Mia');
    expect(kept).not.toContain('press-crew');
    expect(kept).not.toContain(first.browser.cookie('andon'));
  });

  test('acts need the word of the page, as those of local accounts do', async () => {
    const { browser } = await signOn('mia');
    const { csrf } = (await me(browser)) as Me;
    const act = (headers: Record<string, string>) =>
      browser.ask(api('/assets/p1/l1/press/reports'), {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'Idempotency-Key': 'report-1', ...headers },
        body: JSON.stringify({ text: 'It rattles' }),
      });
    expect((await act({})).status).toBe(403);
    // The word is right: what is missing is the plant, for there is no worker here.
    expect((await act({ 'X-Andon-CSRF': csrf })).status).not.toBe(403);
  });

  test('claims at the userinfo endpoint count too', async () => {
    stand.provider.change({ people: PEOPLE, userinfo: true });
    await stand.provider.kill();
    await stand.provider.start();
    expect(await me((await signOn('mia')).browser)).toMatchObject({ name: 'Mia Brandt' });
    stand.provider.change({ people: PEOPLE });
    await stand.provider.kill();
    await stand.provider.start();
  });

  test('whose claims give no role gets in nowhere, and no name is kept', async () => {
    const { browser, location } = await signOn('tom');
    expect(location).toBe(`${stand.page}/#/sign-in/no-role`);
    expect(browser.cookie('andon')).toBeUndefined();
    expect(await me(browser)).toBe(401);
    const names = [...(await everybody(stand.connection)).values()].map(({ name }) => name);
    expect(names).not.toContain('Tom Okafor');
    expect(stand.events).toContainEqual(
      expect.objectContaining({ kind: 'sign-on-failed', reason: 'no-role' }),
    );
  });

  test('who says no at the provider is led back to the page', async () => {
    const browser = createCookieBrowser();
    const begun = await browser.ask(api('/session/provider'));
    const state = new URL(begun.headers.get('location') ?? '').searchParams.get('state');
    const { issuer } = stand.provider;
    const answer = new URLSearchParams({ error: 'access_denied', state: state ?? '', iss: issuer });
    const response = await browser.ask(api(`/session/provider/callback?${answer}`));
    expect(response.headers.get('location')).toBe(`${stand.page}/#/sign-in/denied`);
  });

  test('leaving ends the session here, and leads to where it ends at the provider', async () => {
    const { browser } = await signOn('mia');
    const { csrf } = (await me(browser)) as Me;
    const headers = { 'X-Andon-CSRF': csrf };
    expect((await browser.ask(api('/session/provider/end'), { method: 'POST' })).status).toBe(403);
    const left = await browser.ask(api('/session/provider/end'), { method: 'POST', headers });
    const { next } = (await left.json()) as { next: string };
    expect(await me(browser)).toBe(401);
    const { origin, searchParams } = new URL(next);
    expect(origin).toBe(stand.provider.issuer);
    expect(searchParams.get('post_logout_redirect_uri')).toBe(`${stand.page}/`);
    const asked = await browser.ask(next);
    expect([asked.status, await asked.text()]).toEqual([200, expect.stringContaining('logout')]);
  });
});

describe('as time goes by', () => {
  test('roles that changed hold from the next renewal on; with the last one the session ends', async () => {
    const { browser } = await signOn('mia');
    const groups = (...all: string[]) =>
      stand.provider.change({ people: { mia: { name: 'Mia Brandt-Ito', groups: all } } });
    groups('engineers');
    expect(await me(browser)).toMatchObject({ roles: [{ role: 'operator' }] });
    later = HOUR + 1_000;
    // A page asks several things at once: the refresh token is used once.
    const answers = await Promise.all([me(browser), me(browser), me(browser)]);
    for (const answer of answers) {
      expect(answer).toMatchObject({ name: 'Mia Brandt-Ito', roles: [{ role: 'engineer' }] });
    }
    const { id } = answers[0] as Me;
    expect((await everybody(stand.connection)).get(id)?.name).toBe('Mia Brandt-Ito');
    groups('canteen');
    later = 2 * HOUR + 2_000;
    expect(await me(browser)).toBe(401);
    groups('engineers');
    expect(await me(browser)).toBe(401);
  });

  test('a name that was erased comes back when the person signs in, or is called otherwise', async () => {
    const { browser } = await signOn('mia');
    const { id } = (await me(browser)) as Me;
    const nameNow = async () => (await everybody(stand.connection)).get(id)?.name;
    expect(await eraseName(stand.connection, id)).toBe(true);
    later = HOUR + 1_000;
    expect(await me(browser)).toMatchObject({ name: 'Mia Brandt' });
    expect(await nameNow()).toBeUndefined();
    later = 0;
    const again = await signOn('mia');
    expect(await nameNow()).toBe('Mia Brandt');
    await eraseName(stand.connection, id);
    stand.provider.change({ people: { mia: { name: 'Mia Ito', groups: ['press-crew'] } } });
    later = HOUR + 1_000;
    expect(await me(again.browser)).toMatchObject({ name: 'Mia Ito' });
    expect(await nameNow()).toBe('Mia Ito');
  });

  test('without a refresh token a person signs in again', async () => {
    stand.provider.change({ people: PEOPLE, brief: true });
    await stand.provider.kill();
    await stand.provider.start();
    const { browser } = await signOn('mia');
    expect(await me(browser)).toMatchObject({ by: 'provider' });
    later = HOUR + 1_000;
    expect(await me(browser)).toBe(401);
    stand.provider.change({ people: PEOPLE });
    await stand.provider.kill();
    await stand.provider.start();
  });

  test('sessions outlive the console; under another table of roles everybody signs in again', async () => {
    const { browser } = await signOn('mia');
    await stand.restart({});
    expect(await me(browser)).toMatchObject({ name: expect.stringContaining('Mia') });
    const roles = [{ claim: 'groups', value: 'press-crew', role: 'viewer' }];
    await stand.restart({ roles });
    expect(await me(browser)).toBe(401);
    await stand.restart({});
    expect(await me(browser)).toBe(401);
  });

  test('a provider that changed its keys is understood at once', async () => {
    expect((await signOn('mia')).location).toBe(`${stand.page}/`);
    stand.provider.change({ people: PEOPLE }, 'new');
    await stand.provider.kill();
    await stand.provider.start();
    expect((await signOn('mia')).location).toBe(`${stand.page}/`);
  });

  test('while the provider is away local accounts go on, and its people for one renewal more', async () => {
    const { browser } = await signOn('mia');
    await stand.provider.kill();
    const begun = await createCookieBrowser().ask(api('/session/provider'));
    expect(begun.headers.get('location')).toBe(`${stand.page}/#/sign-in/away`);
    expect((await localLogin()).status).toBe(200);
    later = HOUR + 1_000;
    expect(await me(browser)).toMatchObject({ roles: [{ role: 'operator' }] });
    later = 2 * HOUR + 1_000;
    expect(await me(browser)).toBe(401);
    await stand.provider.start();
    later = 2 * HOUR + 60_000;
    // It kept its grants in memory, and says no now.
    expect(await me(browser)).toBe(401);
    expect(stand.events).toContainEqual(expect.objectContaining({ reason: 'away' }));
    expect(stand.events).toContainEqual(expect.objectContaining({ reason: 'refused' }));
  });
});

test('without local accounts a password is refused, and so is a session that it began', async () => {
  const login = await localLogin();
  const [cookie = ''] = (login.headers.get('set-cookie') ?? '').split(';');
  await stand.restart({ local: false });
  const asked = await fetch(api('/me'), { headers: { Cookie: cookie } });
  expect([asked.status, (await localLogin()).status]).toEqual([401, 403]);
  const key = await stand.accounts.addKey('historian', [{ role: 'analyst' }]);
  const program = await fetch(api('/me'), { headers: { Authorization: `Bearer ${key}` } });
  expect(await program.json()).toMatchObject({ by: 'key' });
  expect(await (await fetch(api('/session/ways'))).json()).toMatchObject({ local: false });
  await stand.restart({});
});
