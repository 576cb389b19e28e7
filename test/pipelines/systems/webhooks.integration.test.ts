import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type HttpServer, startHttp } from '../../../pipelines/observe/http.ts';
import type { InternalEvent } from '../../../pipelines/observe/observe.ts';
import { createWebhooks, type Webhooks } from '../../../pipelines/systems/webhooks.ts';
import { quickConfig } from './systems-config.ts';
import {
  freshRequest,
  type Plant,
  signedWebhook,
  startPlant,
  WEBHOOK_SECRET,
} from './systems-support.ts';

const until = { timeout: 20_000, interval: 25 };

let plant: Plant;
let webhooks: Webhooks;
let http: HttpServer;
const recorded: InternalEvent[] = [];
let run: { stop(): Promise<void> };

beforeAll(async () => {
  plant = await startPlant();
  webhooks = createWebhooks((event) => recorded.push(event));
  const quiet = { metrics: new Registry(), unready: () => [] };
  http = await startHttp({ host: '127.0.0.1', port: 0, ...quiet, webhook: webhooks.receive });
  const { status } = quickConfig('http://nobody');
  // Nobody would ask for a status within this test.
  const config = { status: { ...status, every: 3_600_000 } as never };
  const webhook = { secret: WEBHOOK_SECRET, key: '/work/external_key' };
  run = plant.run({ ...config, webhook }, Date.now, { webhooks });
});
afterAll(async () => {
  await run.stop();
  await http.close();
  await plant.close();
});

async function post(body: string, headers: Record<string, string>, system = 'reference') {
  const all = { 'Content-Type': 'application/json', ...headers };
  const answer = await fetch(`${http.url}/webhooks/${system}`, {
    method: 'POST',
    headers: all,
    body,
  });
  return answer.status;
}

const bodyOf = (key: string) => JSON.stringify({ type: 'changed', work: { external_key: key } });

it('is a hint: the state is read, however often and in whatever order it comes', async () => {
  const request = freshRequest();
  await plant.send(request);
  await expect.poll(async () => (await plant.entry(request.id))?.status, until).toBe('requested');
  const body = bodyOf(request.id);
  const [work] = await plant.works(request.id);
  for (const [action, status] of [
    ['accept', 'accepted'],
    ['start', 'started'],
  ] as const) {
    await plant.act(work?.id ?? '', action);
    for (let times = 0; times < 3; times += 1)
      expect(await post(body, signedWebhook(body))).toBe(202);
    await expect.poll(async () => (await plant.entry(request.id))?.status, until).toBe(status);
  }
  // A message from before, and one of an object that nobody knows.
  const old = signedWebhook(body, Math.floor(Date.now() / 1_000) - 60);
  expect(await post(body, old)).toBe(202);
  const unknown = bodyOf('NOBODY');
  expect(await post(unknown, signedWebhook(unknown))).toBe(202);
  await plant.act(work?.id ?? '', 'complete');
  // One that names no key has everything looked at that is open.
  expect(await post('no json', signedWebhook('no json'))).toBe(202);
  await expect.poll(async () => (await plant.entry(request.id))?.status, until).toBe('completed');
  const told = (await plant.events(request.id)).map(
    ({ data }) => (data as { status: string }).status,
  );
  expect(told).toEqual(['requested', 'accepted', 'started', 'completed']);
});

it('is not believed with another secret, another body, another time or none', async () => {
  const body = bodyOf('X');
  const now = Math.floor(Date.now() / 1_000);
  expect(await post(body, signedWebhook(body, now, 'whsec_YW5vdGhlcg=='))).toBe(401);
  expect(await post(`${body} `, signedWebhook(body))).toBe(401);
  expect(await post(body, { ...signedWebhook(body), 'webhook-timestamp': String(now - 1) })).toBe(
    401,
  );
  expect(await post(body, signedWebhook(body, now - 900))).toBe(401);
  expect(await post(body, signedWebhook(body, now + 900))).toBe(401);
  expect(await post(body, {})).toBe(401);
  expect(await post(body, { ...signedWebhook(body), 'webhook-signature': 'v1,' })).toBe(401);
  // The first one is an alarm, the others of the same minute are counted.
  const refused = recorded.filter(({ kind }) => kind.startsWith('webhook-refused'));
  expect(refused.map(({ kind }) => kind)).toEqual([
    'webhook-refused',
    ...Array<string>(6).fill('webhook-refused-again'),
  ]);
});

it('for a system that this process does not serve is to be sent again; a long one is refused', async () => {
  const body = bodyOf('X');
  expect(await post(body, signedWebhook(body), 'another')).toBe(503);
  const long = JSON.stringify({ text: 'x'.repeat(300_000) });
  expect(await post(long, signedWebhook(long))).toBe(413);
});
