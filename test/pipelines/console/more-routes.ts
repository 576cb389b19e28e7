/** What the pages of alarms, health, diagnosis and rules read, as a part of console.integration.test.ts: one stand for both. */

import { describe, expect, test } from 'vitest';
import { routesOf } from '../../../pipelines/console/routes/routes.ts';
import type { Services } from '../../../pipelines/console/routes/services.ts';
import { rowsOf } from '../../stand/landed.ts';
import { until } from '../../stand/stand.ts';
import { type Client, type ConsoleStand, START } from './console-stand.ts';

type Given = Readonly<Record<'eva' | 'vic' | 'olga', Client>> & { readonly plant: ConsoleStand };
type Json = Record<string, unknown>;

const routes = routesOf({} as Services, () => ({}));
const POINT = '/assets/p1/l1/press/points/de';

export function describeMoreRoutes(given: () => Given): void {
  const read = async <T = Json>(path: string) => (await (await given().eva.get(path)).json()) as T;

  describe('what the pages read', () => {
    const burst = async () => {
      const { entries } = await read<{ entries: { time: string }[] }>(`${POINT}/waveforms`);
      return entries[0]?.time;
    };
    test.each([
      ['getAlarmNumbers', async () => '/alarm-numbers?days=7'],
      ['getHealth', async () => '/health'],
      ['getExceptions', async () => '/exceptions'],
      ['getWaveforms', async () => `${POINT}/waveforms`],
      ['getFigures', async () => '/plants/p1/figures'],
      ['getObjectives', async () => '/plants/p1/objectives'],
      ['getRules', async () => '/plants/p1/rules'],
      ['getRuleTrace', async () => '/assets/p1/l1/press/rules/hot/trace?signal=temperature'],
      ['getSpectrum', async () => `${POINT}/waveforms/${await burst()}`],
    ])('%s answers as it is described, with something in it', async (name, pathOf) => {
      const response = await given().eva.get(await pathOf());
      const body = (await response.json()) as Json;
      expect(response.status).toBe(200);
      const parsed = routes.find(({ id }) => id === name)?.answer?.safeParse(body);
      expect(parsed?.error).toBeUndefined();
      // What is not described would be lost in the parsed answer.
      expect(parsed?.data).toEqual(body);
      const [list] = Object.values(body).filter(Array.isArray);
      if (list !== undefined) expect(list.length).toBeGreaterThan(0);
    });

    test('a burst has the line of its tone where it is, and no more points than asked', async () => {
      type Spectrum = {
        wave: { least: number[]; greatest: number[] };
        velocity: { step: number; values: number[]; marks: { kind: string; at: number }[] };
      };
      const { wave, velocity } = await read<Spectrum>(
        `${POINT}/waveforms/${await burst()}?points=100`,
      );
      expect(wave.least.length).toBeLessThanOrEqual(100);
      expect(Math.max(...wave.greatest)).toBeCloseTo(0.5, 2);
      expect(velocity.values.length).toBeLessThanOrEqual(100);
      const highest = velocity.values.indexOf(Math.max(...velocity.values)) * velocity.step;
      expect(Math.abs(highest - 50)).toBeLessThanOrEqual(velocity.step);
      // 0.5 g at 50 Hz are 0.5 · 9806.65 / (2π · 50 · √2) mm/s rms.
      expect(Math.max(...velocity.values)).toBeCloseTo(11.04, 1);
      const stretch = `from=${START}&to=${START + 180_000}`;
      type Trend = { latest: number[]; unit: string };
      const trend = await read<Trend>(`${POINT}/features/velocity_rms?${stretch}`);
      expect(trend).toMatchObject({ unit: 'mm/s', latest: [expect.closeTo(11.04, 1)] });
      expect(velocity.marks[0]).toEqual({ kind: 'order', n: 1, at: 50 });
      const missing = await given().eva.get(`${POINT}/waveforms/2020-01-01T00:00:00Z`);
      expect(missing.status).toBe(404);
      expect((await given().eva.get('/assets/p1/l1/press/points/none/waveforms')).status).toBe(404);
    });

    test('the alarm that came is in the numbers, and the dead letters have their reason', async () => {
      type Numbers = { totals: { alarms: number }; worst: { rule: string; alarms: number }[] };
      const { totals, worst } = await read<Numbers>('/alarm-numbers?plant=p1&line=l1&days=1');
      expect(totals.alarms).toBeGreaterThan(0);
      expect(worst.find(({ rule }) => rule === 'hot')?.alarms).toBe(1);
      type Health = {
        flow: { stream: string; landed: number; backlog: number }[];
        systems: { system: string; waiting: number; done: number }[];
        dead_letters: { reason: string; day: number; sources: string[] }[];
      };
      await given().plant.landed();
      const delivered = async () => (await read<Health>('/health')).systems[0]?.done ?? 0;
      await until('the requests to be delivered', 30_000, async () => (await delivered()) > 0);
      const { flow, dead_letters: letters } = await read<Health>('/health');
      expect(flow).toMatchObject([{ stream: 'ANDON_0' }]);
      expect(flow[0]?.landed).toBeGreaterThan(300);
      const unknown = letters.find(({ reason }) => reason === 'unknown');
      expect(unknown?.day).toBeGreaterThanOrEqual(3);
      expect(unknown?.sources.join(' ')).toContain('telemetry.p1.l1.');
      expect((await given().vic.get('/health')).status).toBe(403);
    });

    test('the figures of a month are those of its machines, alarms and requests', async () => {
      type Defined = { figure: string; months: { value: number; cases: number }[] };
      type Figures = { months: Record<string, number>[]; currency: string; figures: Defined[] };
      const { months, currency, figures } = await read<Figures>('/plants/p1/figures?line=l1');
      expect(currency).toBe('EUR');
      const sum = (name: string) => months.reduce((all, month) => all + (month[name] ?? 0), 0);
      // The press has run for three minutes at least, and its alarm and its requests are of this line.
      expect(sum('running_hours')).toBeGreaterThan(180 / 3_600);
      expect(sum('alarms')).toBeGreaterThan(0);
      expect(sum('requests')).toBeGreaterThan(0);
      // The figures with a definition of their own rest on the same requests.
      const response = figures.find(({ figure }) => figure === 'response');
      const cases = (response?.months ?? []).reduce((all, month) => all + month.cases, 0);
      expect(cases).toBe(sum('requests'));
      const unplanned = figures.find(({ figure }) => figure === 'unplanned-downtime');
      expect(sum('unplanned_hours')).toBe(
        (unplanned?.months ?? []).reduce((all, { value }) => all + value, 0),
      );
      const other = await read<Figures>('/plants/p1/figures?line=l2');
      expect(other.months.reduce((all, { requests = 0 }) => all + requests, 0)).toBe(0);
      expect((await given().vic.get('/plants/none/figures')).status).toBe(404);
    });

    test('a person who leaves out the # of an address comes to its page; a program is told', async () => {
      const { url } = given().plant.stand.console;
      const get = (path: string, accept: string) =>
        fetch(`${url}${path}`, { headers: { Accept: accept }, redirect: 'manual' });
      const page = await get('/machine/p1/l1/press?hours=8', 'text/html,*/*');
      expect([page.status, page.headers.get('location')]).toEqual([302, '/#/machine/p1/l1/press']);
      for (const elsewhere of ['//example.org', '/api/v1/nothing', '/assets/none.js']) {
        expect((await get(elsewhere, 'text/html')).status).toBe(404);
      }
      expect((await get('/machine/p1', 'application/json')).status).toBe(404);
    });

    test('rules say since when, who and how often; another limit says what it would have raised', async () => {
      type Rules = {
        rules: { id: string; raised: number; subjects: object[]; about: string }[];
        changes: { change: string; who: string }[];
      };
      const { rules, changes } = await read<Rules>('/plants/p1/rules');
      expect(changes).toHaveLength(1);
      // Whoever ran `andon apply`, as the audit stream has it.
      expect(changes[0]?.who).toMatch(/^[a-z0-9]{1,32}$/);
      const hot = rules.find(({ id }) => id === 'hot');
      expect(hot).toMatchObject({ about: 'temperature', raised: 1 });
      expect(hot?.subjects).toContainEqual({
        ...{ line: 'l1', asset: 'press', signal: 'temperature', point: '' },
      });
      type Trace = {
        limit: number;
        values: number;
        limits: { limit: number; alarms: number }[];
        series: { greatest: number[] };
      };
      const path = '/assets/p1/l1/press/rules/hot/trace?signal=temperature&points=50';
      const { limit, limits, values, series } = await read<Trace>(path);
      expect(limit).toBe(80);
      expect(values).toBeGreaterThan(30);
      expect(series.greatest.length).toBeLessThanOrEqual(50);
      const alarmsAt = (bound: number) => limits.find((each) => each.limit === bound)?.alarms;
      // As it was in force it raised what the worker raised; above all that came it raises nothing.
      expect(alarmsAt(80)).toBe(1);
      expect(limits.at(-1)).toMatchObject({ alarms: 0, per_month: 0 });
      const shaking = '/assets/p1/l1/press/rules/zone/trace?signal=vibration';
      expect((await given().eva.get(shaking)).status).toBe(404);
    });

    test('what is shelved is in one list, with who, why, until when and what it hides', async () => {
      const { eva } = given();
      type Silenced = { silenced: { kind: string; asset: string; hides: number }[] };
      const silenced = async () => (await read<Silenced>('/silenced?plant=p1')).silenced;
      const end = new Date(Date.now() + 3_600_000).toISOString();
      const send = (path: string, key: string, body: object) =>
        eva.post(`/assets/p1/l1/press/${path}`, body, { 'Idempotency-Key': key });
      await send('shelvings', 'silenced-1', { rule: 'ho*', until: end, reason: 'being changed' });
      await send('outages', 'silenced-2', { signal: 'vibration', reason: 'no sensor' });
      await until('both to be listed', 30_000, async () => (await silenced()).length === 2);
      const { id } = await read<{ id: string }>('/me');
      const [outage, shelving] = (await silenced()).toSorted((a, b) => (a.kind < b.kind ? -1 : 1));
      expect(shelving).toMatchObject({
        ...{ kind: 'shelved', asset: 'press', rule: 'ho*', who: id, reason: 'being changed' },
        ...{ hides: 1, until: end },
      });
      expect(outage).toMatchObject({ kind: 'out-of-service', signal: 'vibration', until: null });
      const body = await read('/silenced?plant=p1');
      const described = routes.find((each) => each.id === 'getSilenced')?.answer?.safeParse(body);
      expect(described?.data).toEqual(body);
      expect(body.idle_rules).toEqual([
        { plant: 'p1', kind: 'workflow', rule: 'parts', mode: 'shadow', role: '' },
        { plant: 'p1', kind: 'messages', rule: 'shift', mode: 'shadow', role: 'supervisor' },
      ]);
      await send('shelvings/end', 'silenced-3', { rule: 'ho*' });
      await send('outages/end', 'silenced-4', {});
      await until('both to be over', 30_000, async () => (await silenced()).length === 0);
    });

    test('what is sent again is asked for once, by who may, and written into the audit stream', async () => {
      const { eva, vic, plant } = given();
      const { entries } = await read<{ entries: { id: string }[] }>('/requests');
      const id = entries[0]?.id ?? '';
      const again = (client: Client, path: string) => client.post(path, { reason: 'was lost' });
      expect((await again(vic, `/requests/${id}/resends`)).status).toBe(403);
      expect((await again(eva, '/requests/none/resends')).status).toBe(404);
      expect((await again(eva, '/commands/none/resends')).status).toBe(404);
      expect((await again(eva, `/requests/${id}/resends`)).status).toBe(202);
      const me = await read<{ id: string }>('/me');
      const asked = () =>
        rowsOf<{ who: string; what: string }>(
          plant.stand,
          "SELECT who, what FROM {db}.audit FINAL WHERE act = 'resend' AND step = 'done'",
        );
      await until('the act to be audited', 30_000, async () => (await asked()).length > 0);
      expect(await asked()).toEqual([{ who: me.id, what: id }]);
    });

    test('the story of a request has the steps of its workflow, and no notices', async () => {
      const { entries } = await read<{ entries: { id: string }[] }>('/requests');
      type Moment = Record<'kind' | 'title' | 'text' | 'state' | 'system', string>;
      type Story = { moments: Moment[] };
      const stories = await Promise.all(entries.map(({ id }) => read<Story>(`/requests/${id}`)));
      const moments = stories.flatMap((story) => story.moments);
      const steps = moments.filter(({ kind }) => kind === 'step');
      expect(steps.map(({ title }) => title)).toEqual(expect.arrayContaining(['parts', 'stock']));
      const stock = steps.find(({ title }) => title === 'stock');
      expect(stock).toMatchObject({ state: 'shadow', system: 'erp' });
      expect(steps.filter(({ title }) => title.startsWith('notify:'))).toEqual([]);
    });

    test('what a workflow asks people is answered once, and its value is what the step behind it goes by', async () => {
      const { eva, olga, plant } = given();
      type Asking = { id: string; asks: boolean; line: string; asset: string };
      type Story = {
        moments: { kind: string; title: string; state: string }[];
        decisions: Record<string, unknown>[];
      };
      const waiting = async () =>
        (await read<{ entries: Asking[] }>('/requests')).entries.find(({ asks }) => asks);
      const asking = await waiting();
      const { id, asset } = asking ?? { id: '', asset: '' };
      const story = () => read<Story>(`/requests/${id}`);
      const { decisions, moments } = await story();
      expect(decisions).toMatchObject([
        {
          ...{ step: 'allowed', question: `Buy a bearing for ${asset}?` },
          ...{ answers: ['approve', 'refuse'], values: ['quantity'], yours: true },
        },
      ]);
      const hers = (await (await olga.get(`/requests/${id}`)).json()) as Story;
      expect(hers.decisions).toMatchObject([{ step: 'allowed', yours: false }]);
      const told = moments.filter(({ title }) => title === 'allowed').map(({ state }) => state);
      expect(told).toEqual(['ask']);
      const answer = (client: Client) =>
        client.post(
          `/assets/p1/${asking?.line}/${asset}/decisions`,
          { request: id, step: 'allowed', decision: 'approve', values: { quantity: 3 } },
          { 'Idempotency-Key': 'decision-1' },
        );
      expect((await answer(olga)).status).toBe(403);
      expect((await answer(eva)).status).toBe(202);
      await until('nobody to be asked', 30_000, async () => {
        const now = await story();
        return now.decisions.length === 0;
      });
      const commands = await rowsOf<{ command: string }>(
        plant.stand,
        `SELECT command FROM {db}.commands FINAL WHERE step = 'buy' AND request = '${id}'`,
      );
      expect(commands.map(({ command }) => JSON.parse(command).payload)).toEqual([
        { part: '6205', quantity: 3 },
      ]);
    });

    test('a rule is paused at each machine that it is about, within reach, and goes on when it is ended', async () => {
      const { eva, vic, olga } = given();
      type Silenced = { line: string; asset: string; kind: string; rule: string; reason: string };
      const paused = async () =>
        (await read<{ silenced: Silenced[] }>('/silenced')).silenced.filter(
          ({ rule, kind }) => rule === 'hot' && kind === 'shelved',
        );
      const path = '/plants/p1/rules/hot/pauses';
      const body = { until: new Date(Date.now() + 3_600_000).toISOString(), reason: 'is tuned' };
      const send = (client: Client, key: string, what = body, to = path) =>
        client.post(to, what, { 'Idempotency-Key': key });
      expect((await send(vic, 'pause-rule-0')).status).toBe(403);
      expect((await send(eva, 'pause-rule-1', body, '/plants/p1/rules/none/pauses')).status).toBe(
        404,
      );
      expect((await send(eva, 'pause-rule-2', { ...body, reason: '' })).status).toBe(400);
      const all = await send(eva, 'pause-rule-3');
      expect(all.status).toBe(202);
      const { assets } = (await all.json()) as { assets: { line: string; asset: string }[] };
      expect(assets.length).toBeGreaterThan(1);
      await until(
        'all to be paused',
        30_000,
        async () => (await paused()).length === assets.length,
      );
      expect(await paused()).toEqual(
        expect.arrayContaining([expect.objectContaining({ reason: 'is tuned' })]),
      );
      const again = (await (await send(eva, 'pause-rule-3')).json()) as { assets: object[] };
      expect(again.assets).toEqual(assets);
      // Whoever acts at one line ends it there.
      const own = await olga.post(`${path}/end`, {}, { 'Idempotency-Key': 'pause-rule-4' });
      const ended = (await own.json()) as { assets: { line: string }[] };
      expect(new Set(ended.assets.map(({ line }) => line))).toEqual(new Set(['l1']));
      await until('it to go on there', 30_000, async () =>
        (await paused()).every(({ line }) => line !== 'l1'),
      );
      await eva.post(`${path}/end`, {}, { 'Idempotency-Key': 'pause-rule-5' });
      await until('it to go on everywhere', 30_000, async () => (await paused()).length === 0);
    });

    test('an exception is taken, solved and open again when it happens again: acts in the log, with who', async () => {
      const { eva, vic, plant } = given();
      type Exceptions = { exceptions: Record<string, unknown>[]; counts: Record<string, number> };
      const ghost = async () =>
        (await read<Exceptions>('/exceptions?kind=dead-letters')).exceptions.find(
          ({ title, what }) => what === 'unknown' && title === 'telemetry.p1.l1.a',
        );
      const before = await ghost();
      expect(before).toMatchObject({ state: 'open', owner: '', again: false, count: 1, asset: '' });
      const path = `/exceptions/${before?.id}/states`;
      const send = (client: Client, key: string, body: object) =>
        client.post(path, body, { 'Idempotency-Key': key });
      const becomes = (wanted: object) =>
        until(`it to be ${JSON.stringify(wanted)}`, 30_000, async () => {
          const now = (await ghost()) ?? {};
          return Object.entries(wanted).every(([name, value]) => now[name] === value);
        });
      expect((await vic.get('/exceptions')).status).toBe(403);
      expect((await send(vic, 'exception-1', { state: 'taken' })).status).toBe(403);
      expect((await send(eva, 'exception-2', { state: 'waived' })).status).toBe(400);
      const none = await eva.post(
        '/exceptions/letters-none/states',
        { state: 'taken' },
        {
          'Idempotency-Key': 'exception-3',
        },
      );
      expect(none.status).toBe(404);

      expect((await send(eva, 'exception-4', { state: 'taken', seen: 'open' })).status).toBe(202);
      await becomes({ state: 'taken', owner_name: 'eva' });
      type People = { people: { id: string; name: string }[] };
      const { people } = await read<People>('/exceptions');
      expect(people.map(({ name }) => name)).toEqual(['eva', 'ina']);
      const ina = people.at(-1)?.id;
      const wrong = [
        { state: 'solved', owner: ina },
        { state: 'taken', owner: 'nobody0' },
      ];
      for (const [at, body] of wrong.entries()) {
        expect((await send(eva, `exception-wrong-${at}`, body)).status).toBe(400);
      }
      const handed = { state: 'taken', owner: ina, reason: 'your gateway' };
      expect((await send(eva, 'exception-given', handed)).status).toBe(202);
      await becomes({ state: 'taken', owner_name: 'ina', reason: 'your gateway' });
      const late = await send(eva, 'exception-5', { state: 'taken', seen: 'open' });
      expect(late.status).toBe(409);
      expect((await late.json()) as Json).toMatchObject({ current: { state: 'taken' } });
      await send(eva, 'exception-6', { state: 'solved', reason: 'the gateway has its name now' });
      await becomes({ state: 'solved', reason: 'the gateway has its name now' });
      const { counts } = await read<Exceptions>('/exceptions?kind=dead-letters&state=open');
      expect(counts).toMatchObject({ solved: 1, taken: 0 });
      const landed = await rowsOf<{ user: string; kind: string; states: string[] }>(
        plant.stand,
        `SELECT user, kind, groupArray(JSONExtractString(data, 'state')) AS states
         FROM (SELECT * FROM {db}.machine_events FINAL WHERE type = 'exception' ORDER BY sequence) GROUP BY user, kind`,
      );
      const { id: me } = await read<{ id: string }>('/me');
      expect(landed).toEqual([{ user: me, kind: 'act', states: ['taken', 'taken', 'solved'] }]);

      await plant.send('telemetry.p1.l1.a', { time: Date.now(), values: { temperature: 1 } });
      await becomes({ state: 'open', again: true, owner: '', count: 2 });
      await send(eva, 'exception-7', { state: 'waived', reason: 'a test machine' });
      await becomes({ state: 'waived', again: false });
    });
  });
}
