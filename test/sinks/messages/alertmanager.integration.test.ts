import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Child, startChild } from '../../../pipelines/base/child.ts';
import { freePort } from '../../../pipelines/base/free-port.ts';
import { cacheFolder } from '../../../scripts/nats-server.js';
import { createChannel } from '../../../sinks/messages/channels.ts';
import type { OutgoingMessage } from '../../../sinks/messages/message.ts';
import { people, WRITTEN } from '../../pipelines/systems/notify/people.ts';
import { unpackDebian } from '../../stand/debian.ts';
import { until } from '../../stand/stand.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

type Started = { readonly command: string; readonly args: readonly string[] };

const NAME = 'prometheus-alertmanager';

/** Installed, or named; else the Debian package from the cache folder. A sentence says why there is none. */
function findAlertmanager(): Started | string {
  const named = process.env.ANDON_ALERTMANAGER ?? NAME;
  if (spawnSync(named, ['--version']).error === undefined) return { command: named, args: [] };
  const tree = join(cacheFolder(), 'alertmanager');
  const program = join('usr', 'bin', NAME);
  if (!existsSync(join(tree, program))) {
    const failed = unpackDebian(tree, [NAME], program);
    if (failed !== undefined) return `no Alertmanager, and it could not be fetched (${failed})`;
  }
  // Debian's reads its templates from /usr/share: what it sees there is its own package, and nobody else sees that.
  const script = 'mount --bind "$1/usr/share" /usr/share && shift && exec "$@"';
  const args = ['-rm', 'sh', '-c', script, 'sh', tree, join(tree, program)];
  const tried = spawnSync('unshare', [...args, '--version'], { encoding: 'utf8' });
  if (tried.status === 0) return { command: 'unshare', args };
  return `Alertmanager does not run here (${tried.stderr?.trim() || tried.error?.message})`;
}

/** What the receiver of Alertmanager is told: the states of groups of alerts, in their order. */
async function startReceiver() {
  const told: string[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const { status, alerts } = JSON.parse(Buffer.concat(parts).toString());
    told.push(`${status} ${alerts.map((each: Alert) => each.labels.problem).join(' ')}`);
    response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { told, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

type Alert = {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
};

async function startAlertmanager({ command, args }: Started, receiver: string) {
  const folder = temporaryDirectory();
  const file = join(folder, 'alertmanager.yml');
  const route = { receiver: 'one', group_by: ['problem'], group_wait: '0s', group_interval: '1s' };
  const receivers = [{ name: 'one', webhook_configs: [{ url: receiver, send_resolved: true }] }];
  writeFileSync(file, JSON.stringify({ route, receivers }));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const lines: string[] = [];
  const child: Child = await startChild({
    command,
    args: [
      ...[...args, `--config.file=${file}`, `--storage.path=${folder}`],
      ...['--cluster.listen-address=', `--web.listen-address=127.0.0.1:${port}`],
    ],
    onLine: (line) => lines.push(line),
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await child.exited;
  });
  const ended = child.exited.then(() => {
    throw new Error(`Alertmanager has ended:\n${lines.join('\n')}`);
  });
  ended.catch(() => undefined);
  const ready = until('Alertmanager', 30_000, async () => {
    return (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok === true;
  });
  await Promise.race([ready, ended]);
  return url;
}

type ProblemToSend = { readonly key: string; readonly severity: 'alarm' | 'danger' };

function messageOf(kind: 'open' | 'over', { key, severity }: ProblemToSend): OutgoingMessage {
  const since = new Date(Date.now() - 60_000).toISOString();
  const problem = {
    ...{ key, round: 1, request: key, asset: 'p1/l1/press', asset_name: 'Press', severity },
    ...{ failure_mode: '', title: 'Press: hot', because: 'it is hot', answered_by: '', since },
  };
  return {
    ...{ id: 'abc', kind, to: undefined, problems: [problem], time: Date.now() },
    ...{ console: 'http://andon.plant.example', language: 'en', time_zone: 'UTC' },
  };
}

test('a real Alertmanager tells its receiver of a problem once, and once that it is over', async ({
  skip,
}) => {
  const found = findAlertmanager();
  if (typeof found === 'string') return skip(found);
  const receiver = await startReceiver();
  const url = await startAlertmanager(found, receiver.url);
  const { channels } = people({
    channels: { ...WRITTEN.channels, one: { kind: 'alertmanager', url } },
  });
  if (channels.one === undefined) throw new Error('no channel');
  const channel = createChannel(channels.one, {});
  const send = async (kind: 'open' | 'over', problem: ProblemToSend) => {
    const call = { priority: 'delivery', signal: new AbortController().signal } as const;
    expect(await channel.send(messageOf(kind, problem), call)).toMatchObject({ kind: 'ok' });
  };
  const alerts = async (): Promise<readonly Alert[]> =>
    (await (await fetch(`${url}/api/v2/alerts`)).json()) as readonly Alert[];
  await send('open', { key: 'req1', severity: 'alarm' });
  await until('it to be told', 30_000, async () => receiver.told.length > 0);
  // Said again, and worse: the same alert.
  await send('open', { key: 'req1', severity: 'alarm' });
  await send('open', { key: 'req1', severity: 'danger' });
  const isWorse = async () => (await alerts())[0]?.annotations.severity === 'danger';
  await until('the alert', 10_000, isWorse);
  expect(await alerts()).toMatchObject([
    {
      labels: { plant: 'p1', asset: 'press', problem: 'req1' },
      annotations: { summary: 'Press: hot' },
    },
  ]);
  await send('over', { key: 'req1', severity: 'danger' });
  await until('its end', 10_000, async () => (await alerts()).length === 0);
  await until('its end to be told', 30_000, async () => receiver.told.length > 1);
  // Another problem has gone the whole way since: nothing of the first one is under way any more.
  await send('open', { key: 'req2', severity: 'alarm' });
  await until('the other one to be told', 30_000, async () => receiver.told.length > 2);
  expect(receiver.told).toEqual(['firing req1', 'resolved req1', 'firing req2']);
});
