import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startChild } from '../../../pipelines/base/child.ts';
import { freePort } from '../../../pipelines/base/free-port.ts';
import { createChannel } from '../../../sinks/messages/channels.ts';
import type { OutgoingMessage } from '../../../sinks/messages/message.ts';
import { people, WRITTEN } from '../../pipelines/systems/notify/people.ts';
import { until } from '../../stand/stand.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

/** Of the Debian package, or wherever it was laid. */
const PROGRAM = process.env.ANDON_ALERTMANAGER ?? 'prometheus-alertmanager';

type Alert = {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly status: { readonly state: string };
};

test('a real Alertmanager takes a problem once, sees it get worse, and sees it end', async ({
  skip,
}) => {
  const there = spawnSync(PROGRAM, ['--version']).error === undefined;
  skip(!there, 'no Alertmanager: apt-get install prometheus-alertmanager, or ANDON_ALERTMANAGER');
  const folder = temporaryDirectory();
  const config = join(folder, 'alertmanager.yml');
  writeFileSync(config, 'route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const lines: string[] = [];
  const child = await startChild({
    command: PROGRAM,
    args: [
      ...[`--config.file=${config}`, `--storage.path=${folder}`, '--cluster.listen-address='],
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    onLine: (line) => lines.push(line),
  });
  const ended = child.exited.then(() => {
    throw new Error(`Alertmanager has ended:\n${lines.join('\n')}`);
  });
  ended.catch(() => undefined);
  try {
    const alerts = async (): Promise<readonly Alert[]> =>
      (await (await fetch(`${url}/api/v2/alerts`)).json()) as readonly Alert[];
    const ready = until('Alertmanager', 30_000, async () => {
      return (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok === true;
    });
    await Promise.race([ready, ended]);
    const { channels } = people({
      channels: { ...WRITTEN.channels, one: { kind: 'alertmanager', url } },
    });
    if (channels.one === undefined) throw new Error('no channel');
    const channel = createChannel(channels.one, {});
    const send = async (more: Partial<OutgoingMessage>, severity: 'alarm' | 'danger') => {
      const problem = {
        ...{ key: 'req1', round: 1, request: 'req1', asset: 'p1/l1/press', asset_name: 'Press' },
        ...{
          severity,
          failure_mode: '',
          title: 'Press: hot',
          because: 'it is hot',
          answered_by: '',
        },
        opened: new Date(Date.now() - 60_000).toISOString(),
      };
      const message = {
        id: 'abc',
        kind: 'open',
        to: undefined,
        problems: [problem],
        time: Date.now(),
        ...more,
      } as const;
      const call = { priority: 'delivery', signal: new AbortController().signal } as const;
      expect(
        await channel.send({ console: 'http://andon.plant.example', ...message }, call),
      ).toMatchObject({ kind: 'ok' });
    };
    await send({}, 'alarm');
    await send({}, 'alarm');
    await send({}, 'danger');
    await until(
      'the alert',
      10_000,
      async () => (await alerts())[0]?.annotations.severity === 'danger',
    );
    expect(await alerts()).toMatchObject([
      {
        labels: { plant: 'p1', asset: 'press', problem: 'req1' },
        annotations: { summary: 'Press: hot' },
      },
    ]);
    await send({ kind: 'over' }, 'danger');
    await until('its end', 10_000, async () => (await alerts()).length === 0);
  } finally {
    child.kill('SIGKILL');
    await child.exited;
  }
});
