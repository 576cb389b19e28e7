import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { routesOf } from '../../../pipelines/console/routes/routes.ts';
import type { Services } from '../../../pipelines/console/routes/services.ts';
import { rowsOf } from '../../stand/landed.ts';
import { until } from '../../stand/stand.ts';
import {
  type Client,
  type ConsoleStand,
  START,
  signIn,
  startConsoleStand,
} from './console-stand.ts';
import { describeMoreRoutes } from './more-routes.ts';
import { PASSWORD } from './password.ts';
import { describeWords } from './words-routes.ts';

let plant: ConsoleStand;
let url = '';
let eva: Client;
let vic: Client;
let olga: Client;
const routes = routesOf({} as Services, () => ({}));

beforeAll(async () => {
  plant = await startConsoleStand();
  url = plant.stand.console.url;
  [eva, vic] = [await signIn(url, 'eva'), await signIn(url, 'vic')];
  olga = await signIn(url, 'olga');
}, 120_000);
afterAll(() => plant?.stop());

type Entries = { entries: Record<string, unknown>[]; next: string | null };
const json = async <T = Entries>(response: Promise<Response>) =>
  (await (await response).json()) as T;

async function hotAnomaly(): Promise<{ anomaly: string; revision: number; state: string }> {
  const { entries } = await json(eva.get('/alarms?plant=p1&line=l1&asset=press'));
  const found = entries.find(({ rule }) => rule === 'hot');
  return z.object({ anomaly: z.string(), revision: z.number(), state: z.string() }).parse(found);
}

describe('what is read', () => {
  const id = async () => String((await json(eva.get('/requests'))).entries[0]?.id);
  const stretch = `from=${START}&to=${START + 180_000}`;
  const press = '/assets/p1/l1/press';
  test.each([
    ['getMe', async () => '/me'],
    ['getPlants', async () => '/plants'],
    ['getAssets', async () => '/assets?plant=p1'],
    ['getSituation', async () => '/situation'],
    ['getSignal', async () => `${press}/signals/temperature?${stretch}`],
    ['getTimeline', async () => `${press}/timeline?${stretch}`],
    ['getAnomalies', async () => '/anomalies'],
    ['getAlarms', async () => '/alarms'],
    ['getIncidents', async () => '/incidents'],
    ['getRequests', async () => '/requests'],
    ['getRequest', async () => `/requests/${await id()}`],
    ['getSchedule', async () => `/schedule?from=0&to=${Date.now() + 86_400_000}`],
    ['getDeadLetters', async () => '/dead-letters'],
  ])('%s answers as it is described, with something in it', async (name, pathOf) => {
    const answer = routes.find((route) => route.id === name)?.answer;
    const response = await eva.get(await pathOf());
    expect(response.status).toBe(200);
    const body = await response.json();
    const parsed = answer?.safeParse(body);
    expect(parsed?.error).toBeUndefined();
    // What is not described would be lost in the parsed answer.
    expect(parsed?.data).toEqual(body);
    const [list] = Object.values(body as object).filter(Array.isArray);
    if (list !== undefined) expect(list.length).toBeGreaterThan(0);
  });

  test('the board says which machine first, why, and what is being done', async () => {
    type Board = { machines: Record<string, unknown>[] };
    const { machines } = await json<Board>(eva.get('/situation?plant=p1&line=l1&asset=press'));
    expect(machines).toHaveLength(1);
    expect(machines[0]).toMatchObject({
      doing: { state: 'EXECUTE', kind: 'running', order: '4711' },
      headline: { rule: 'hot', severity: 'warning', reason: expect.stringContaining('95') },
      priority: 3,
      request: { priority: 'high', cost_in_slot: null },
    });
  });

  test('a curve has never more points than asked, and keeps a spike of one sample', async () => {
    type Curve = { times: number[]; greatest: number[]; limits: object[] };
    const path = `${press}/signals/temperature?${stretch}`;
    for (const points of [1, 3, 50, 4_000]) {
      const curve = await json<Curve>(eva.get(`${path}&points=${points}`));
      expect(curve.times.length).toBeGreaterThan(0);
      expect(curve.times.length).toBeLessThanOrEqual(points);
      expect(Math.max(...curve.greatest)).toBe(140);
    }
    const wide = await json<Curve & { source: string }>(
      eva.get(
        `${press}/signals/temperature?from=${START - 7 * 86_400_000}&to=${START + 180_000}&points=500`,
      ),
    );
    expect(wide.source).toBe('minutes');
    expect(Math.max(...wide.greatest)).toBe(140);
    expect(wide.limits).toMatchObject([{ rule: 'hot', kind: 'above', value: 80 }]);
  });

  test('pages follow each other by their cursors, and miss nothing', async () => {
    const all = await json(eva.get('/dead-letters?reason=unknown'));
    expect(all.entries.length).toBeGreaterThanOrEqual(3);
    const seen: unknown[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const more: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const page: Entries = await json(eva.get(`/dead-letters?reason=unknown&limit=1${more}`));
      seen.push(...page.entries);
      cursor = page.next;
    }
    expect(seen).toEqual(all.entries);
  });

  test('an answer that has not changed is not sent again', async () => {
    const first = await eva.get('/assets');
    const tag = first.headers.get('etag') ?? '';
    expect(first.headers.get('cache-control')).toBe('private, no-cache');
    const again = await eva.get('/assets', { 'If-None-Match': tag });
    expect([again.status, await again.text()]).toEqual([304, '']);
    expect((await vic.get('/assets', { 'If-None-Match': tag })).status).toBe(200);
  });

  test('what is wrong with a question is said with its place', async () => {
    const response = await eva.get('/anomalies?limit=0&severity=awful');
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    const problem = await response.json();
    expect(problem).toMatchObject({
      status: 400,
      title: expect.any(String),
      instance: response.headers.get('x-request-id'),
      errors: [{ where: 'query.limit' }, { where: 'query.severity' }],
    });
  });

  test.each([
    ['/nothing', 404],
    ['/assets/p1/l1/ghost/timeline', 404],
    ['/requests/none', 404],
    [`/assets/p1/l1/press/signals/temperature?from=2&to=1`, 400],
    ['/requests?cursor=made-up', 400],
  ])('%s is answered with %i', async (path, status) => {
    const response = await eva.get(path);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ status, detail: expect.any(String) });
  });
});

describe('who may what', () => {
  test('a viewer of one line sees that line alone', async () => {
    const lineOf = (path: string, name: string) =>
      json<Record<string, { line: string }[]>>(vic.get(path)).then((body) => [
        ...new Set(body[name]?.map(({ line }) => line)),
      ]);
    expect(await lineOf('/assets', 'assets')).toEqual(['l1']);
    expect(await lineOf('/situation', 'machines')).toEqual(['l1']);
    expect(await lineOf('/anomalies', 'entries')).toEqual(['l1']);
    expect((await vic.get('/assets/p1/l2/fan/timeline')).status).toBe(403);
    expect((await vic.get('/dead-letters')).status).toBe(403);
    expect((await eva.get('/assets/p1/l2/fan/timeline')).status).toBe(200);
  });

  test("an act needs the role, the word of the page, a key, and a page of one's own", async () => {
    const path = '/assets/p1/l1/press/reports';
    const body = { text: 'It rattles' };
    const key = { 'Idempotency-Key': 'not-permitted-1' };
    expect((await vic.post(path, body, key)).status).toBe(403);
    expect((await eva.post(path, body)).status).toBe(400);
    expect((await eva.post(path, body, { ...key, 'X-Andon-CSRF': 'guessed' })).status).toBe(403);
    const elsewhere = { ...key, 'Sec-Fetch-Site': 'cross-site' };
    expect((await eva.post(path, body, elsewhere)).status).toBe(403);
    expect((await olga.post('/assets/p1/l2/fan/reports', body, key)).status).toBe(403);
    expect(
      await rowsOf(plant.stand, "SELECT 1 FROM {db}.machine_events WHERE type = 'report'"),
    ).toEqual([]);
  });

  test('wrong passwords are answered alike, and the sixth has to wait', async () => {
    const attempt = (name: string, password: string) =>
      fetch(`${url}/api/v1/session`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ name, password }),
      });
    const [known, unknown] = [await attempt('olga', 'wrong'), await attempt('nobody', 'wrong')];
    const strip = ({ instance: _, ...rest }: { instance: string }) => rest;
    expect(strip(await json(Promise.resolve(known)))).toEqual(
      strip(await json(Promise.resolve(unknown))),
    );
    for (let at = 0; at < 4; at += 1) await attempt('olga', 'wrong');
    const late = await attempt('olga', PASSWORD);
    expect(late.status).toBe(429);
    expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  test('a program reads with its key, and signing out ends a session', async () => {
    const key = await plant.accounts.addKey('historian', [{ role: 'analyst' }]);
    const asked = (token: string) =>
      fetch(`${url}/api/v1/dead-letters`, { headers: { Authorization: `Bearer ${token}` } });
    expect((await asked(key)).status).toBe(200);
    expect((await asked('andon_wrong')).status).toBe(401);
    const tom = await signIn(url, 'vic');
    expect((await tom.get('/me')).status).toBe(200);
    const headers = { Cookie: tom.cookie, 'X-Andon-CSRF': tom.csrf };
    const out = await fetch(`${url}/api/v1/session`, { method: 'DELETE', headers });
    expect(out.status).toBe(204);
    expect((await tom.get('/me')).status).toBe(401);
  });

  test('the page begins with few bytes, and few requests', async () => {
    const get = (path: string) =>
      fetch(`${url}/${path}`, { headers: { 'Accept-Encoding': 'gzip' } });
    const sizeOf = async (path: string) =>
      gzipSync(Buffer.from(await (await get(path)).arrayBuffer())).length;
    const page = await (await get('')).text();
    const linked = [...page.matchAll(/(?:src|href)="\.\/([^"]+)"/g)].map(([, path = '']) => path);
    // What the first view waits for: scripts and styles; pages that come later are no part of it.
    const needed = linked.filter((path) => /\.(?:js|css)$/.test(path));
    expect(needed.length).toBeGreaterThanOrEqual(2);
    expect(needed.length).toBeLessThanOrEqual(5);
    const sizes = await Promise.all(['', ...linked].map(sizeOf));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(200_000);
    const { headers } = await get(linked.find((path) => path.endsWith('.js')) ?? '');
    expect(headers.get('cache-control')).toContain('immutable');
    expect(headers.get('content-encoding')).toBe('gzip');
  });

  test('every answer has the headers that keep other pages out', async () => {
    for (const path of ['/', '/api/v1/me', '/api/v1/nothing', '/healthz']) {
      const { headers } = await fetch(`${url}${path}`);
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(headers.get('content-security-policy')).not.toContain('unsafe');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }
    const page = await (await fetch(`${url}/`)).text();
    expect(page).toMatch(/<script type="module"[^>]* src="\.\/assets\//);
    expect(page.replaceAll(/<script[^>]*src=[^>]*><\/script>/g, '')).not.toContain('<script');
  });
});

describe('acts', () => {
  const press = '/assets/p1/l1/press';
  const acted = () =>
    rowsOf<{ type: string; user: string; via: string; data: string }>(
      plant.stand,
      "SELECT type, user, via, data FROM {db}.machine_events FINAL WHERE kind = 'act' ORDER BY sequence",
    );

  test('an acknowledgement that is sent three times is one, and says who', async () => {
    const { anomaly, revision, state } = await hotAnomaly();
    expect(state).toBe('unacknowledged');
    const body = { anomaly, seen: revision, reason: 'on my way' };
    const key = { 'Idempotency-Key': 'acknowledge-1' };
    const answers = await Promise.all(
      [1, 2, 3].map(() => eva.post(`${press}/acknowledgements`, body, key)),
    );
    const bodies = await Promise.all(answers.map((answer) => answer.json()));
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202]);
    expect(
      new Set(bodies.map((body) => z.object({ sequence: z.number() }).parse(body).sequence)).size,
    ).toBe(1);
    await until(
      'the alarm to be acknowledged',
      20_000,
      async () => (await hotAnomaly()).state === 'acknowledged',
    );
    const me = await json<{ id: string }>(eva.get('/me'));
    expect(await acted()).toEqual([
      {
        type: 'acknowledged',
        user: me.id,
        via: 'console',
        data: JSON.stringify({ anomaly, reason: 'on my way' }),
      },
    ]);
    const other = await eva.post(`${press}/acknowledgements`, { anomaly }, key);
    expect(other.status).toBe(409);
  });

  test('a key is known after the console was killed: the log removes the repeat', async () => {
    const body = { anomaly: (await hotAnomaly()).anomaly, verdict: 'confirmed' };
    const key = { 'Idempotency-Key': 'feedback-1' };
    expect((await eva.post(`${press}/feedback`, body, key)).status).toBe(202);
    await plant.stand.console.kill();
    await plant.stand.console.start();
    // The session is as it was.
    expect((await eva.post(`${press}/feedback`, body, key)).status).toBe(202);
    const repeats = () => json(eva.get('/dead-letters?reason=duplicate'));
    await until('the repeat to land', 20_000, async () => (await repeats()).entries.length > 0);
    expect((await acted()).filter(({ type }) => type === 'feedback')).toHaveLength(1);
  });

  test('a report becomes a request of its own, with who reported in its story', async () => {
    const key = { 'Idempotency-Key': 'report-1' };
    const body = { text: 'It smells of burnt rubber', component: 'belt' };
    expect((await eva.post(`${press}/reports`, body, key)).status).toBe(202);
    const found = async () =>
      (await json(eva.get('/requests?open=true'))).entries.find(
        ({ component }) => component === 'belt',
      );
    await until('the request to be opened', 20_000, async () => (await found()) !== undefined);
    type Story = { moments: { kind: string; text: string; who: string }[] };
    const { moments } = await json<Story>(eva.get(`/requests/${(await found())?.id}`));
    const me = await json<{ id: string }>(eva.get('/me'));
    expect(moments).toContainEqual(
      expect.objectContaining({ kind: 'act', text: body.text, who: me.id }),
    );
  });

  test('shelving needs an end and a reason; what is shelved is withheld, until somebody ends it', async () => {
    const send = (path: string, key: string, body: object) =>
      eva.post(`${press}/${path}`, body, { 'Idempotency-Key': key });
    expect((await send('shelvings', 'shelving-0', { rule: 'hot' })).status).toBe(400);
    const until_ = new Date(Date.now() + 3_600_000).toISOString();
    const body = { rule: 'hot', until: until_, reason: 'sensor is being changed' };
    expect((await send('shelvings', 'shelving-1', body)).status).toBe(202);
    await until('it to be shelved', 20_000, async () => (await hotAnomaly()).state === 'shelved');
    expect((await send('shelvings/end', 'shelving-2', { rule: 'hot' })).status).toBe(202);
    await until('it to be shown', 20_000, async () => (await hotAnomaly()).state !== 'shelved');
  });
});

describeMoreRoutes(() => ({ eva, vic, olga, plant }));
describeWords(() => ({ eva, vic, olga, plant }));

describe('changes', () => {
  /** Reads events until one is found, or as long as nothing came for a while. */
  async function events(
    headers: Readonly<Record<string, string>>,
    enough: (all: readonly { id: number; event: string; data: unknown }[]) => boolean,
  ) {
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(), 20_000);
    const all: { id: number; event: string; data: unknown }[] = [];
    try {
      const response = await fetch(`${url}/api/v1/live`, {
        headers: { Cookie: eva.cookie, ...headers },
        signal: over.signal,
      });
      expect(response.headers.get('content-type')).toContain('text/event-stream');
      let text = '';
      const decoder = new TextDecoder();
      for await (const chunk of response.body ?? []) {
        text += decoder.decode(chunk as Uint8Array, { stream: true });
        const parts = text.split('\n\n');
        text = parts.pop() ?? '';
        for (const part of parts) {
          const [, id, event, data] = /^id: (\d+)\nevent: (\w+)\ndata: (.*)$/s.exec(part) ?? [];
          if (data === undefined) continue;
          all.push({ id: Number(id), event: event ?? '', data: JSON.parse(data) });
        }
        if (enough(all)) break;
      }
    } finally {
      clearTimeout(timer);
      over.abort();
    }
    return all;
  }

  test('what lands is announced with what it is about, and a page that comes back hears what it missed', async () => {
    const [ready] = await events({}, (all) => all.length > 0);
    expect(ready?.event).toBe('ready');
    const note = { time: Date.now(), type: 'note', data: { text: 'here' } };
    await plant.send('event.p1.l1.pump', note);
    const isNote = ({ data }: { data: unknown }) =>
      JSON.stringify(data).includes('"machine_events"') && JSON.stringify(data).includes('"pump"');
    const last = { 'Last-Event-ID': String(ready?.id) };
    const heard = await events(last, (all) => all.some(isNote));
    expect(heard.some(isNote)).toBe(true);
    expect(heard.map(({ id }) => id)).toEqual(heard.map(({ id }) => id).toSorted((a, b) => a - b));
    // Again from the same place, after the console was killed: the sequence is the stream's, and nothing is lost.
    await plant.stand.console.kill();
    await plant.stand.console.start();
    const again = await events(last, (all) => all.some(isNote));
    expect(again.slice(0, heard.length)).toEqual(heard);
  });

  test('a place that is not known any more is answered with a reset', async () => {
    const [first] = await events({ 'Last-Event-ID': '999999999' }, (all) => all.length > 0);
    expect(first?.event).toBe('reset');
  });

  test('whoever sees one line hears of no other', async () => {
    await plant.send('event.p1.l2.fan', { time: Date.now(), type: 'note', data: {} });
    await plant.send('event.p1.l1.press', { time: Date.now(), type: 'note', data: {} });
    await plant.landed();
    const heard = await events({ Cookie: vic.cookie, 'Last-Event-ID': '0' }, (all) =>
      all.some(({ data }) => JSON.stringify(data).includes('"press"')),
    );
    expect(heard.length).toBeGreaterThan(0);
    expect(JSON.stringify(heard)).not.toContain('"fan"');
  });
});
