import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NoticeSummary } from '../../pipelines/systems/notify/inspect-notices.ts';
import { andon, until } from '../stand/stand.ts';
import { MODEL, openGuards } from './workflows.ts';
import { PATIENCE, startWorld, type World } from './world.ts';

// Messages to people with everything real but the people: an SMTP server, a receiver of webhooks that misbehaves, nats-server,
// worker and CMMS. The worker is killed between two messages.

let world: World;
let receiver: Server;
/** Ids of the webhooks that came, whatever they were answered. */
const hooks: string[] = [];
let takes = false;

beforeAll(async () => {
  receiver = createServer((request, response) => {
    request.resume().on('end', () => {
      hooks.push(String(request.headers['webhook-id']));
      if (takes) return void response.writeHead(204).end();
      // In turn: too busy, a line that is cut, an error.
      const turn = hooks.length % 3;
      if (turn === 1) response.writeHead(503, { 'Retry-After': '0' }).end();
      else if (turn === 2) request.socket.destroy();
      else response.writeHead(500).end();
    });
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const { port } = receiver.address() as AddressInfo;
  const soon = Object.fromEntries(
    ['notice', 'warning', 'alarm', 'danger'].map((one) => [one, '1s']),
  );
  world = await startWorld({
    erp: false,
    systems: (mailbox) => ({
      notify: {
        ...{ kind: 'notify', fallback: 'plant', console: 'http://andon.plant.example' },
        channels: {
          mail: {
            ...{ kind: 'smtp', host: '127.0.0.1', port: mailbox.port, tls: 'none' },
            from: 'Andon <andon@plant.example>',
          },
          hook: {
            ...{ kind: 'webhook', url: `http://127.0.0.1:${port}/`, timeout: '2s' },
            secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
            retry: { first: '50ms', most: '100ms', give_up: '1s' },
            breaker: { failures: 100 },
          },
        },
        people: {
          ann: { channels: [{ channel: 'hook' }, { channel: 'mail', to: 'ann@plant.example' }] },
          bob: { channels: [{ channel: 'mail', to: 'bob@plant.example' }] },
          zoe: { channels: [{ channel: 'mail', to: 'zoe@plant.example' }] },
        },
        roles: {
          shift: { layers: [{ people: ['ann'] }, { people: ['bob'] }] },
          plant: { layers: [{ people: ['zoe'] }] },
        },
        policy: { group: 'asset', wait: soon, answer: { ...soon, warning: '3s', alarm: '3s' } },
      },
    }),
  });
  const notify = [{ id: 'shift', mode: 'on', role: 'shift', severity: 'notice' }];
  await world.apply(MODEL, { ...openGuards(), notify });
});
afterAll(async () => {
  await world?.stop();
  receiver?.closeAllConnections();
  receiver?.close();
});

const openGuard = (asset: string) =>
  world.send(`event.p1.l1.${asset}`, { time: Date.now(), type: 'guard', data: { open: true } });
const mailsTo = (who: string) =>
  world.mailbox.mails.filter(({ to }) => to.includes(`${who}@plant.example`));
const about = (request: string) => (mail: { readonly text: string }) => mail.text.includes(request);

async function listed(): Promise<readonly NoticeSummary[]> {
  const { code, out, err } = await andon(
    ['notify', '--json', '--config', world.stand.config],
    world.stand.env,
  );
  if (code !== 0) throw new Error(`andon notify: ${code}\n${err}`);
  return JSON.parse(out);
}

test('nobody answers: the next channel, then the next person, once each, also when the worker is killed', async () => {
  await openGuard('press');
  const request = await world.requestOf('press');
  await until('the mail to the first', PATIENCE, async () => mailsTo('ann').some(about(request)));
  // The webhook was tried again and again under one id, and given up.
  expect(hooks.length).toBeGreaterThan(2);
  expect(new Set(hooks).size).toBe(1);
  await world.stand.worker.kill();
  await world.stand.worker.start();
  await until('the mail to the second', PATIENCE, async () => mailsTo('bob').some(about(request)));
  // Killed before it could note what the server had said, it sends the same message again, under the same id.
  const ids = mailsTo('ann')
    .filter(about(request))
    .map(({ text }) => /^Message-ID: (.*)$/im.exec(text)?.[1]);
  expect(new Set(ids).size).toBe(1);
  // A channel that takes nothing is told by another.
  await until('the mail about the channel', PATIENCE, async () =>
    mailsTo('zoe').some(({ text }) => text.includes('Channel hook does not take messages')),
  );
  const [mail] = mailsTo('bob').filter(about(request));
  expect(mail?.text.replaceAll('=\r\n', '')).toContain(
    `http://andon.plant.example/#/requests/${request}`,
  );
});

test('whoever acknowledges is heard, and then nobody hears more of it', async () => {
  takes = true;
  const request = await world.requestOf('press');
  await world.send('act.p1.l1.press.console.bob', {
    ...{ time: Date.now(), type: 'acknowledged', data: { id: request } },
  });
  await until('the answer to be known', PATIENCE, async () =>
    (await listed()).some(({ key, state, answered_by }) => {
      return key === request && state === 'answered' && answered_by === 'bob';
    }),
  );
  const before = world.mailbox.mails.length;
  await openGuard('mill');
  const other = await world.requestOf('mill');
  // By the webhook that works again, and after its time to answer by mail.
  await until('the mail about the mill', PATIENCE, async () => mailsTo('bob').some(about(other)));
  expect(world.mailbox.mails.slice(before).filter(about(request))).toEqual([]);
  const replies = (await world.commands(request)).map(({ verb, outcome }) => [verb, outcome]);
  expect(replies).toEqual([
    ['notify', 'done'],
    ['notify', 'done'],
  ]);
});
