import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createChannel } from '../../../sinks/messages/channels.ts';
import {
  type OutgoingMessage,
  plainText,
  type ReportedProblem,
  textOf,
} from '../../../sinks/messages/message.ts';
import { MESSAGE_TEXTS } from '../../../sinks/messages/message-text.ts';
import { createWebhookCheck } from '../../../sinks/remote/webhook.ts';
import { people, WRITTEN } from '../../pipelines/systems/notify/people.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { differencesOfTexts } from '../../support/texts.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

type Call = {
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
};
type Answer = {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
};

let server: Server;
let base: string;
let calls: Call[];
/** What the next calls are answered; then 200. */
let answers: (Answer | 'cut')[];

beforeEach(async () => {
  [calls, answers] = [[], []];
  server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    calls.push({
      url: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(parts).toString(),
    });
    const answer = answers.shift() ?? { status: 200, body: 'ok' };
    if (answer === 'cut') return void request.socket.destroy();
    response.writeHead(answer.status, answer.headers).end(answer.body ?? '');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(
  () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
);

const problem = (more: Partial<ReportedProblem> = {}): ReportedProblem => ({
  ...{ key: 'req1', round: 1, request: 'req1', asset: 'p1/l1/press', asset_name: 'Press' },
  ...{
    severity: 'danger',
    failure_mode: 'BRG',
    title: 'Press: hot <b>& loud</b>',
    because: 'hot\nspoke',
  },
  ...{ since: '2026-06-01T10:00:00Z', answered_by: '' },
  ...more,
});
const message = (more: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
  ...{
    id: 'abc',
    kind: 'open',
    to: undefined,
    problems: [problem()],
    time: Date.parse('2026-06-01T10:00:05Z'),
  },
  ...{ console: 'https://andon.plant.example/andon/', language: 'en', time_zone: 'UTC' },
  ...more,
});

function channelOf(written: object) {
  const { channels } = people({
    channels: { ...WRITTEN.channels, one: { timeout: '2s', ...written } },
    people: { zoe: { channels: [{ channel: 'one' }] } },
    roles: { plant: { layers: [{ people: ['zoe'] }] } },
  });
  if (channels.one === undefined) throw new Error('no channel');
  return createChannel(channels.one, {}, () => 1_614_265_330_000);
}
async function send(written: object, one = message()) {
  const channel = channelOf(written);
  return channel.send(one, { priority: 'delivery', signal: new AbortController().signal });
}
const bodies = () => calls.map(({ body }) => JSON.parse(body));

describe('the words', () => {
  test('say what is wrong, since when, why, and where to answer; nothing of them begins a line of its own', () => {
    const { subject, items, links } = textOf(message());
    expect(subject).toBe('[danger] Press: hot <b>& loud</b>');
    expect(items[0]?.lines).toEqual([
      'Press (p1/l1/press): danger, BRG, since 1 Jun 2026, 10:00 UTC',
      'why: hot spoke',
    ]);
    expect(links.map(({ url }) => url)).toEqual([
      'https://andon.plant.example/andon/#/requests/req1',
      'https://andon.plant.example/andon/#/machine/p1/l1/press',
    ]);
    expect(plainText(message())).toContain('To open a link changes nothing.');
  });

  test('are in the language and by the clocks of who gets them; what the pipeline wrote stays as it is', () => {
    const german = message({ language: 'de', time_zone: 'Europe/Vienna' });
    const { subject, items, links } = textOf(german);
    expect(subject).toBe('[Gefahr] Press: hot <b>& loud</b>');
    expect(items[0]?.lines).toEqual([
      'Press (p1/l1/press): Gefahr, BRG, seit 1. Juni 2026, 12:00 MESZ',
      'warum: hot spoke',
    ]);
    expect(links.map(({ title }) => title)).toEqual(['Belege', 'Quittieren']);
    const told = problem({ key: 'channel-mail-zoe', asset: 'andon/notify/mail' });
    const channel = textOf({ ...german, problems: [told, problem({ asset: 'p2/l1/press' })] });
    expect(channel.subject).toBe(
      '[Gefahr] Kanal mail nimmt keine Nachrichten an zoe an und 1 weitere in mehreren Werken',
    );
    for (const kind of ['open', 'over', 'test'] as const) {
      const shown = plainText({ ...german, kind, problems: [problem({ answered_by: 'zoe' })] });
      expect(shown).not.toMatch(/since|acknowledged|Nothing|this channel|To open a link/);
      expect(shown).toMatch(/seit|probiert/);
    }
  });

  test('have every sentence in every language, with the same things in it', () => {
    const { en, ...others } = MESSAGE_TEXTS;
    for (const texts of Object.values(others)) {
      expect(differencesOfTexts(en, texts)).toEqual([]);
    }
  });

  test('count what they do not spell out', () => {
    const problems = Array.from({ length: 1_000 }, (_, index) => problem({ key: `r${index}` }));
    const { subject, items, more } = textOf(message({ problems }));
    expect(subject).toContain('and 999 more on p1/l1');
    expect([items.length, more]).toEqual([10, 990]);
  });
});

describe('what a service gets', () => {
  test('Slack: what machines say is no markup, and mentions nobody', async () => {
    const evil = problem({ title: '<!channel> *stop*', because: '<https://evil.example|click>' });
    await send({ kind: 'slack', url: `${base}/hook` }, message({ to: 'U12', problems: [evil] }));
    const [{ text, blocks }] = bodies();
    expect(text).toMatch(/^<@U12> \[danger\] &lt;!channel&gt;/);
    const shown = JSON.stringify(blocks);
    expect(shown).not.toContain('<!channel>');
    expect(shown).not.toContain('<https://evil');
    expect(shown).toContain('<https://andon.plant.example/andon/#/requests/req1|Evidence>');
    for (const { text: section } of blocks) expect(section.text.length).toBeLessThanOrEqual(3_000);
  });

  test('Teams: an adaptive card in the envelope of a workflow, below 28 kB', async () => {
    const problems = Array.from({ length: 500 }, (_, index) =>
      problem({ key: `r${index}`, title: 'x'.repeat(2_000), because: 'y'.repeat(500) }),
    );
    await send({ kind: 'teams', url: base }, message({ problems }));
    const [{ type, attachments }] = bodies();
    expect([type, attachments[0].contentType]).toEqual([
      'message',
      'application/vnd.microsoft.card.adaptive',
    ]);
    expect(attachments[0].content.actions[0]).toEqual({
      ...{ type: 'Action.OpenUrl', title: 'Evidence' },
      url: 'https://andon.plant.example/andon/#/requests/req1',
    });
    expect(calls[0]?.body.length).toBeLessThan(28_000);
  });

  test('PagerDuty: one event for each problem, known by its key; over resolves it', async () => {
    const config = { kind: 'pagerduty', url: `${base}/v2/enqueue`, routing_key: 'R'.repeat(32) };
    const problems = [problem(), problem({ key: 'req2', request: 'req2', severity: 'alarm' })];
    await send(config, message({ problems }));
    await send(config, message({ problems: [problem()], kind: 'over' }));
    expect(
      bodies().map((body) => [body.event_action, body.dedup_key, body.payload?.severity]),
    ).toEqual([
      ['trigger', 'andon/req1', 'critical'],
      ['trigger', 'andon/req2', 'error'],
      ['resolve', 'andon/req1', undefined],
    ]);
    expect(bodies()[0].links[0].href).toContain('#/requests/req1');
  });

  test('PagerDuty and Alertmanager say what is wrong with a channel in the language of the receiver', async () => {
    const told = problem({
      key: 'channel-mail-zoe',
      asset: 'andon/notify/mail',
      title: 'as stored',
    });
    const german = message({ problems: [told], language: 'de' });
    const { subject } = textOf(german);
    await send(
      { kind: 'pagerduty', url: `${base}/v2/enqueue`, routing_key: 'R'.repeat(32) },
      german,
    );
    await send({ kind: 'alertmanager', url: base }, german);
    const [event, [alert]] = bodies();
    expect(event.payload.summary).not.toBe('as stored');
    expect(subject).toContain(event.payload.summary);
    expect(alert.annotations.summary).toBe(event.payload.summary);
  });

  test('a webhook is signed as Standard Webhooks say, and whoever has the secret can check it', async () => {
    await send({ kind: 'webhook', url: base, secret: SECRET });
    const { headers, body } = calls[0] as Call;
    const key = Buffer.from(SECRET.slice('whsec_'.length), 'base64');
    const signed = createHmac('sha256', key).update(`abc.1614265330.${body}`).digest();
    const shown = String(headers['webhook-signature']);
    expect([headers['webhook-id'], headers['webhook-timestamp']]).toEqual(['abc', '1614265330']);
    expect(shown.startsWith('v1,')).toBe(true);
    expect(timingSafeEqual(Buffer.from(shown.slice(3), 'base64'), signed)).toBe(true);
    expect(JSON.parse(body)).toMatchObject({
      type: 'andon.problem.open',
      data: { severity: 'danger' },
    });
  });

  test('a webhook is signed by a secret that is any text too, and whoever takes such webhooks in believes it', async () => {
    const now = () => 1_614_265_330_000;
    for (const secret of [SECRET, 'any text of 24 characters']) {
      calls.length = 0;
      await send({ kind: 'webhook', url: base, secret });
      const { headers, body } = calls[0] as Call;
      const check = createWebhookCheck({ secret }, {});
      const checked = (more: object = {}, other = body) =>
        check({ ...headers, ...more }, Buffer.from(other), now()).kind;
      expect(checked()).toBe('hint');
      // Another id, time or body is another signature: it cannot be played again.
      expect(checked({ 'webhook-id': 'abd' })).toBe('refused');
      expect(checked({ 'webhook-timestamp': '1614265331' })).toBe('refused');
      expect(checked({}, `${body} `)).toBe('refused');
    }
  });

  test('a webhook is not signed with a key that anybody could guess, at the start or later', async () => {
    const weak = 'channel.secret: expected a key of 16 bytes or more, found 0';
    await expect(send({ kind: 'webhook', url: base, secret: 'whsec_' })).rejects.toThrow(weak);
    const file = join(temporaryDirectory(), 'secret');
    writeFileSync(file, SECRET);
    const channel = channelOf({ kind: 'webhook', url: base, secret: { file } });
    writeFileSync(file, 'whsec_');
    const call = { priority: 'delivery', signal: new AbortController().signal } as const;
    expect(await channel.send(message(), call)).toMatchObject({
      kind: 'rejected',
      note: expect.stringContaining(weak),
    });
    expect(calls).toEqual([]);
    writeFileSync(file, SECRET);
    expect(await channel.send(message(), call)).toMatchObject({ kind: 'ok' });
  });

  test('Alertmanager: one alert for each problem, which gets worse without becoming another', async () => {
    await send({ kind: 'alertmanager', url: `${base}/` });
    await send(
      { kind: 'alertmanager', url: base },
      message({ problems: [problem({ severity: 'alarm' })], kind: 'over' }),
    );
    const [[open], [over]] = bodies();
    expect(calls.map(({ url }) => url)).toEqual(['/api/v2/alerts', '/api/v2/alerts']);
    expect(over.labels).toEqual(open.labels);
    expect(Date.parse(over.endsAt)).toBe(message().time);
    expect(Date.parse(open.endsAt)).toBeGreaterThan(message().time + 86_400_000);
  });
});

describe('what an answer means', () => {
  const config = () => ({ kind: 'slack', url: base });
  test.each([
    [
      { status: 429, headers: { 'Retry-After': '7' } },
      { kind: 'retryable', after: 7_000 },
    ],
    [{ status: 503 }, { kind: 'retryable', down: true }],
    [{ status: 500 }, { kind: 'unknown' }],
    [
      { status: 404, body: 'no_service' },
      { kind: 'rejected', note: '404 no_service' },
    ],
    [{ status: 302, headers: { Location: 'https://login.example' } }, { kind: 'unknown' }],
    [{ status: 200, body: '<!doctype html><h1>Log in</h1>' }, { kind: 'unknown' }],
    [{ status: 202 }, { kind: 'ok' }],
  ] as const)('%o', async (answer, expected) => {
    answers = [answer];
    expect(await send(config())).toMatchObject(expected);
  });

  test('a line that is cut: nobody knows whether it has come', async () => {
    answers = ['cut'];
    expect(await send(config())).toMatchObject({ kind: 'unknown', answered: false });
  });
  test('the second of several calls that fails is the outcome', async () => {
    answers = [{ status: 202 }, { status: 429 }];
    const problems = [problem(), problem({ key: 'req2' }), problem({ key: 'req3' })];
    const pagerduty = { kind: 'pagerduty', url: base, routing_key: 'r' };
    expect(await send(pagerduty, message({ problems }))).toMatchObject({ kind: 'retryable' });
    expect(calls).toHaveLength(2);
  });
});
