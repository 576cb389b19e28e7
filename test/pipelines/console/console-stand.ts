import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jetstream } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { pack } from 'msgpackr';
import { readConfig } from '../../../pipelines/base/config.ts';
import { type Accounts, openAccounts } from '../../../pipelines/console/access/accounts.ts';
import { consoleDirectory } from '../../../pipelines/console/console.ts';
import { landedTo } from '../../stand/landed.ts';
import { andon, type Stand, startStand, until } from '../../stand/stand.ts';
import { MODEL, RULES } from '../../support/plant-log.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { PASSWORD } from './password.ts';

/** Milliseconds of the first frame: all of it happened before it is sent. */
export const START = Math.floor(Date.now() / 10_000) * 10_000 - 240_000;

/** A worker and a console over the plant of the tests, in which a press has run hot. */
export type ConsoleStand = {
  readonly stand: Stand;
  readonly connection: NatsConnection;
  readonly accounts: Accounts;
  /** Resolves when everything that was sent so far has landed. */
  landed(): Promise<void>;
  send(subject: string, content: object): Promise<void>;
  stop(): Promise<void>;
};

const TRIGGER = { id: 'overheating', on: 'hot', request: { priority: 'high', duration: '1h' } };

const STEPS = [
  { id: 'stock', do: 'erp.check-stock', with: { part: "'6205'", quantity: 1 } },
  { id: 'allowed', after: ['stock'], decide: "'Buy a bearing for ' + asset.id + '?'" },
  {
    ...{ id: 'buy', after: ['allowed'], when: "steps.allowed.decision == 'approve'" },
    ...{ do: 'erp.requisition', with: { part: "'6205'", quantity: 'steps.allowed.quantity' } },
  },
];

export async function startConsoleStand(): Promise<ConsoleStand> {
  const stand = await startStand({ status: true, config: { feed: true } });
  const { worker, env, config } = stand;
  await worker.start();
  const connection = await connect({ servers: stand.nats.url });
  let last = 0;
  const publish = async (subject: string, payload: Uint8Array, type: string) => {
    const header = headers();
    header.set('Content-Type', type);
    last = (await jetstream(connection).publish(subject, payload, { headers: header })).seq;
  };
  const started: ConsoleStand = {
    ...{ stand, connection },
    accounts: openAccounts(consoleDirectory(readConfig(config, {}))),
    landed: () => until('everything to land', 40_000, async () => (await landedTo(stand)) >= last),
    send: (subject, content) =>
      publish(subject, Buffer.from(JSON.stringify(content)), 'application/json'),
    async stop() {
      await connection.close();
      await stand.stop();
    },
  };
  await applyFiles(env);
  await sendHistory(started, (subject, payload) =>
    publish(subject, payload, 'application/msgpack'),
  );
  await started.landed();
  await makeAccounts(started.accounts);
  await stand.console.start();
  return started;
}

async function applyFiles(env: Stand['env']): Promise<void> {
  const folder = temporaryDirectory();
  const [plant = '', rules = ''] = ['plant.yaml', 'rules.yaml'].map((name) => join(folder, name));
  writeFileSync(plant, JSON.stringify({ plants: [{ ...MODEL, currency: 'EUR' }] }));
  const notify = [{ id: 'shift', role: 'supervisor' }];
  const workflows = [{ id: 'parts', mode: 'shadow', steps: STEPS }];
  writeFileSync(
    rules,
    JSON.stringify({ ...RULES, triggers: [...RULES.triggers, TRIGGER], notify, workflows }),
  );
  const { code, err } = await andon(['apply', plant, rules], env);
  if (code !== 0) throw new Error(err);
}

async function sendHistory(
  { send }: ConsoleStand,
  sendFrame: (subject: string, payload: Uint8Array) => Promise<void>,
): Promise<void> {
  const state = { state: 'EXECUTE', order: '4711', product: 'lid' };
  await send('event.p1.l1.press', { time: START - 1_000, type: 'state', data: state });
  await send('event.p1.l2.fan', { time: START - 1_000, type: 'state', data: { state: 'IDLE' } });
  const start = Date.now() + 7_200_000;
  const changeover = { id: 'co', kind: 'changeover', start, end: start + 3_600_000 };
  await send('schedule.p1.l1', { entries: [changeover] });
  for (let second = 0; second < 180; second += 1) {
    const time = START + second * 1_000;
    // One sample alone is a spike; from the first minute on it runs hot.
    const temperature = second === 30 ? 140 : second < 60 ? 70 : 95;
    const vibration = (second % 4) / 4;
    await sendFrame('telemetry.p1.l1.press', pack({ time, values: { temperature, vibration } }));
    await sendFrame('telemetry.p1.l2.fan', pack({ time, values: { temperature: 40, vibration } }));
  }
  // A line of its spectrum stands at 50 Hz.
  const rate = 8_192;
  const tone = Float32Array.from(
    { length: 4_096 },
    (_, at) => 0.5 * Math.sin((2 * Math.PI * 50 * at) / rate),
  );
  const samples = Buffer.from(tone.buffer);
  const burst = { time: START + 60_000, rate, unit: 'g', rpm: 3_000, samples };
  await sendFrame('waveform.p1.l1.press.de', pack(burst));
  for (const ghost of ['a', 'b', 'c']) {
    await sendFrame(`telemetry.p1.l1.${ghost}`, pack({ time: START, values: { temperature: 1 } }));
  }
}

async function makeAccounts(accounts: Accounts): Promise<void> {
  await accounts.put('eva', PASSWORD, [{ role: 'engineer' }]);
  await accounts.put('ina', PASSWORD, [{ role: 'engineer' }]);
  await accounts.put('vic', PASSWORD, [{ role: 'viewer', plant: 'p1', line: 'l1' }]);
  await accounts.put('olga', PASSWORD, [{ role: 'operator', plant: 'p1', line: 'l1' }]);
}

/** Somebody who is signed in, or a program with a key. */
export type Client = {
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
  readonly cookie: string;
  readonly csrf: string;
};

export async function signIn(url: string, name: string): Promise<Client> {
  const api = `${url}/api/v1`;
  const response = await fetch(`${api}/session`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ name, password: PASSWORD }),
  });
  const { csrf } = (await response.json()) as { csrf: string };
  const [cookie = ''] = (response.headers.get('set-cookie') ?? '').split(';');
  return {
    ...{ cookie, csrf },
    get: (path, more = {}) => fetch(`${api}${path}`, { headers: { Cookie: cookie, ...more } }),
    post: (path, body, more = {}) =>
      fetch(`${api}${path}`, {
        method: 'POST',
        headers: {
          ...{ Cookie: cookie, 'X-Andon-CSRF': csrf, 'Content-Type': 'application/json' },
          ...more,
        },
        body: JSON.stringify(body),
      }),
  };
}
