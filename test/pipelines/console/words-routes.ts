/** Photos, comments, checks of files and the audit stream, as a part of console.integration.test.ts: one stand for all. */

import { describe, expect, test } from 'vitest';
import { routesOf } from '../../../pipelines/console/routes/routes.ts';
import type { Services } from '../../../pipelines/console/routes/services.ts';
import { until } from '../../stand/stand.ts';
import { MODEL, RULES } from '../../support/plant-log.ts';
import { type Client, type ConsoleStand, signIn } from './console-stand.ts';
import { PASSWORD } from './password.ts';

type Given = Readonly<Record<'eva' | 'vic' | 'olga', Client>> & { readonly plant: ConsoleStand };

const routes = routesOf({} as Services, () => ({}));
const PRESS = '/assets/p1/l1/press';
const PUMP = '/assets/p1/l1/pump';
/** One pixel. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

export function describeWords(given: () => Given): void {
  const read = async <T>(client: Client, path: string) =>
    (await (await client.get(path)).json()) as T;
  const keep = ({ cookie, csrf }: Client, bytes: Buffer, type = 'image/png', at = PRESS) =>
    fetch(`${given().plant.stand.console.url}/api/v1${at}/photos`, {
      method: 'POST',
      headers: { Cookie: cookie, 'X-Andon-CSRF': csrf, 'Content-Type': type },
      body: new Uint8Array(bytes),
    });
  type Story = {
    request: { description: string };
    moments: { title: string; text: string; name: string; photo: string }[];
  };
  type Entries = { entries: { id: string; component: string; asset: string }[] };
  const requestOf = async (component: string) => {
    const find = async () =>
      (await read<Entries>(given().eva, '/requests')).entries.find(
        (each) => each.component === component,
      );
    await until('the request to be opened', 30_000, async () => (await find()) !== undefined);
    return (await find())?.id ?? '';
  };

  describe('what people write', () => {
    test('a photo is kept once, with its report in the request, and is for whoever sees the line', async () => {
      const { olga, vic } = given();
      const kept = (await (await keep(olga, PNG)).json()) as { photo: string };
      expect(kept.photo).toMatch(/^[0-9a-f]{32}$/);
      // The same one again is the same one.
      expect(await (await keep(olga, PNG)).json()).toEqual(kept);
      const report = { text: 'Smoke at the gearbox', component: 'gearbox', photo: kept.photo };
      const send = (key: string, body: object, at = PRESS) =>
        olga.post(`${at}/reports`, body, { 'Idempotency-Key': key });
      expect((await send('photo-report-1', report, PUMP)).status).toBe(400);
      expect((await send('photo-report-2', { ...report, photo: '0'.repeat(32) })).status).toBe(400);
      expect((await send('photo-report-3', report)).status).toBe(202);

      const id = await requestOf('gearbox');
      const story = await read<Story>(olga, `/requests/${id}`);
      // What the CMMS gets says where the photo is shown.
      expect(story.request.description).toContain(`/#/photo/p1/l1/press/${kept.photo}`);
      expect(story.moments).toContainEqual(
        expect.objectContaining({ title: 'report', name: 'olga', photo: kept.photo }),
      );
      const shown = await vic.get(`${PRESS}/photos/${kept.photo}`);
      expect(shown.headers.get('content-type')).toBe('image/png');
      expect(shown.headers.get('x-content-type-options')).toBe('nosniff');
      expect(Buffer.from(await shown.arrayBuffer())).toEqual(PNG);
      const tag = shown.headers.get('etag') ?? '';
      const again = await vic.get(`${PRESS}/photos/${kept.photo}`, { 'If-None-Match': tag });
      expect(again.status).toBe(304);
      expect((await vic.get(`${PUMP}/photos/${kept.photo}`)).status).toBe(404);
    });

    test.each([
      ['no picture', Buffer.from('<svg onload="alert(1)"/>'), 'image/svg+xml', 400],
      ['a page that calls itself a picture', Buffer.from('<html>'), 'image/png', 400],
      ['more than a photo may have', Buffer.concat([PNG, Buffer.alloc(700_000)]), 'image/png', 413],
    ])('%s is not kept', async (_what, bytes, type, status) => {
      expect((await keep(given().olga, bytes, type)).status).toBe(status);
    });

    test('who may not report keeps no photo, and nobody sees one without an account or another line', async () => {
      const { olga, vic, plant } = given();
      expect((await keep(vic, PNG)).status).toBe(403);
      expect((await keep({ ...olga, csrf: 'guessed' }, PNG)).status).toBe(403);
      expect((await keep({ ...olga, cookie: '' }, PNG)).status).toBe(401);
      // Olga reports at l1 alone.
      expect((await keep(olga, PNG, 'image/png', '/assets/p1/l2/fan')).status).toBe(403);
      const { photo } = (await (
        await keep(given().eva, PNG, 'image/png', '/assets/p1/l2/fan')
      ).json()) as { photo: string };
      expect((await vic.get(`/assets/p1/l2/fan/photos/${photo}`)).status).toBe(403);
      const url = `${plant.stand.console.url}/api/v1/assets/p1/l2/fan/photos/${photo}`;
      expect((await fetch(url)).status).toBe(401);
    });

    test('a comment stands in the story of its request alone, and changes nothing of it', async () => {
      const { olga, vic, eva } = given();
      const id = await requestOf('gearbox');
      const before = await read<{ request: object }>(eva, `/requests/${id}`);
      const send = (client: Client, key: string, body: object) =>
        client.post(`${PRESS}/comments`, body, { 'Idempotency-Key': key });
      const body = { request: id, text: 'The seal is on order' };
      expect((await send(vic, 'comment-1', body)).status).toBe(403);
      expect((await send(olga, 'comment-2', { ...body, request: 'none' })).status).toBe(400);
      expect((await send(olga, 'comment-3', body)).status).toBe(202);
      const comments = async (of: string) =>
        (await read<Story>(eva, `/requests/${of}`)).moments.filter(
          ({ title }) => title === 'comment',
        );
      await until('the comment to land', 30_000, async () => (await comments(id)).length > 0);
      expect(await comments(id)).toMatchObject([{ text: body.text, name: 'olga' }]);
      const others = (await read<Entries>(eva, '/requests')).entries.filter(
        (each) => each.asset === 'press' && each.id !== id,
      );
      expect(others.length).toBeGreaterThan(0);
      for (const other of others) expect(await comments(other.id)).toEqual([]);
      expect((await read<{ request: object }>(eva, `/requests/${id}`)).request).toEqual(
        before.request,
      );
    });
  });

  test('what happens is read as CloudEvents from a place on, by line', async () => {
    const { eva, vic } = given();
    type Page = { entries: { subject: string; type: string; id: string }[]; next: string };
    const all = async (client: Client, path = '/feed?limit=500') => read<Page>(client, path);
    const types = async () => (await all(eva)).entries.map(({ type }) => type);
    await until('a request to be told', 30_000, async () =>
      (await types()).includes('andon.request.v1'),
    );
    const { entries, next } = await all(eva);
    expect(new Set(entries.map(({ type }) => type))).toContain('andon.alarm.v1');
    expect(new Set(entries.map(({ id }) => id)).size).toBe(entries.length);
    const described = routes.find(({ id }) => id === 'getFeed')?.answer;
    expect(described?.safeParse({ entries, next }).data).toEqual({ entries, next });
    const [first] = (await all(eva, '/feed?limit=1')).entries;
    expect(first).toEqual(entries[0]);
    const rest = await all(eva, `/feed?limit=500&after=${(await all(eva, '/feed?limit=1')).next}`);
    expect(rest.entries.slice(0, entries.length - 1)).toEqual(entries.slice(1));
    const requests = (await all(eva, '/feed?kind=request')).entries;
    expect(new Set(requests.map(({ type }) => type))).toEqual(new Set(['andon.request.v1']));
    for (const { subject } of (await all(vic)).entries) expect(subject).toMatch(/^p1\/l1\//);
    expect((await eva.get('/feed?after=made-up')).status).toBe(400);
  });

  test('stops are a calendar, which a program fetches with its key in the address, and nothing else is', async () => {
    const { plant, vic } = given();
    const key = await plant.accounts.addKey('calendar', [{ role: 'viewer', plant: 'p1' }]);
    const api = `${plant.stand.console.url}/api/v1`;
    const answer = await fetch(`${api}/plants/p1/stops.ics?key=${key}`);
    expect(answer.headers.get('content-type')).toContain('text/calendar');
    const text = await answer.text();
    expect(text).toMatch(/^BEGIN:VCALENDAR\r\n[\s\S]*END:VCALENDAR\r\n$/);
    expect((await fetch(`${api}/plants/p1/stops.ics?key=andon_wrong`)).status).toBe(401);
    expect((await fetch(`${api}/plants/p1/stops.ics`)).status).toBe(401);
    expect((await fetch(`${api}/plants?key=${key}`)).status).toBe(401);
    const now = Date.now();
    const stop = {
      id: 'overhaul',
      kind: 'maintenance',
      start: now + 3_600_000,
      end: now + 7_200_000,
    };
    await plant.send('schedule.p1.l2', { entries: [stop] });
    await until('the stop to be in it', 30_000, async () =>
      (await (await fetch(`${api}/plants/p1/stops.ics?key=${key}`)).text()).includes(
        'SUMMARY:maintenance overhaul',
      ),
    );
    // Of another line than hers.
    expect(await (await vic.get('/plants/p1/stops.ics')).text()).not.toContain('overhaul');
  });

  describe('what keeps an installation right', () => {
    type Checked = {
      mistakes: { file: string; line: number; text: string }[];
      warnings: object[];
      changes: { family: string; id: string; change: string }[] | null;
    };
    const check = async (body: object) => {
      const response = await given().eva.post('/plants/p1/rules/checks', body);
      expect(response.status).toBe(200);
      const found = (await response.json()) as Checked;
      const described = routes.find(({ id }) => id === 'checkRules')?.answer?.safeParse(found);
      expect(described?.data).toEqual(found);
      return found;
    };

    test('rules are checked with their places, and what would be another is named; nothing is applied', async () => {
      const { eva, olga } = given();
      const detectors = RULES.detectors.map((rule) =>
        rule.id === 'hot' ? { ...rule, id: 'hotter' } : rule,
      );
      const rules = JSON.stringify({ ...RULES, triggers: [], detectors });
      const { mistakes, changes } = await check({
        rules,
        plant: JSON.stringify({ plants: [MODEL] }),
      });
      expect(mistakes).toEqual([]);
      expect(changes).toContainEqual({ family: 'detectors', id: 'hotter', change: 'added' });
      expect(changes).toContainEqual({ family: 'detectors', id: 'hot', change: 'removed' });
      const wrong = await check({ rules: 'detectors:\n  - id: a\n    kind: nonsense\n' });
      expect(wrong.changes).toBeNull();
      expect(wrong.mistakes[0]).toMatchObject({ file: 'rules', line: 3 });
      expect(wrong.mistakes[0]?.text).toContain('expected');
      type Rules = { changes: object[] };
      expect((await read<Rules>(eva, '/plants/p1/rules')).changes).toHaveLength(1);
      expect((await eva.post('/plants/p1/rules/checks', {})).status).toBe(400);
      expect((await olga.post('/plants/p1/rules/checks', { rules })).status).toBe(403);
    });

    test('who did what is for an administrator alone, with names and reasons, page by page', async () => {
      const { plant, eva } = given();
      await plant.accounts.put('ada', PASSWORD, [{ role: 'administrator' }]);
      const ada = await signIn(plant.stand.console.url, 'ada');
      expect((await eva.get('/audit')).status).toBe(403);
      type Page = { entries: Record<string, unknown>[]; next: string | null };
      const acts = async () => {
        const page = await read<Page>(ada, '/audit?act=resend');
        return page.entries;
      };
      await until('what was sent again to land', 30_000, async () => (await acts()).length > 1);
      const me = await read<{ id: string }>(eva, '/me');
      expect((await acts())[0]).toMatchObject({ who: me.id, name: 'eva', step: 'done' });
      expect((await acts()).at(-1)).toMatchObject({ step: 'intent', reason: 'was lost' });
      const all = await read<Page>(ada, '/audit?limit=500');
      const described = routes.find(({ id }) => id === 'getAudit')?.answer?.safeParse(all);
      expect(described?.data).toEqual(all);
      const seen: unknown[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const more: string = cursor === '' ? '' : `&cursor=${cursor}`;
        const page: Page = await read<Page>(ada, `/audit?limit=3${more}`);
        seen.push(...page.entries.map(({ n }) => n));
        cursor = page.next;
      }
      const numbers = all.entries.map(({ n }) => n);
      // What lands meanwhile stands ahead of them.
      expect(seen.slice(-numbers.length)).toEqual(numbers);
      expect(numbers.at(-1)).toBe(1);
    });
  });
}
