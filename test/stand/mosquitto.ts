/** mosquitto, of Debian: on the PATH, or its packages unpacked into the cache folder without root. */

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../pipelines/base/free-port.ts';
import { createService, type Service } from '../../pipelines/stand/service.ts';
import { cacheFolder } from '../../scripts/nats-server.js';
import { temporaryDirectory } from '../support/temporary.ts';
import { unpackDebian } from './debian.ts';

/** With what it needs and no small installation has. */
const PACKAGES = [
  'mosquitto',
  'libwebsockets17',
  'libdlt2',
  'libcjson1',
  'libwrap0',
  'libev4',
  'libuv1',
];

const PROGRAM = join('usr', 'sbin', 'mosquitto');

/** How it is started; undefined, with a sentence, where it cannot be had. */
export type Mosquitto = { readonly command: string; readonly libraries: string };

/** Finds it, or fetches it. A sentence says why not. */
export function findMosquitto(): Mosquitto | string {
  const folders = (process.env.PATH ?? '').split(delimiter).concat('/usr/sbin');
  const installed = folders
    .map((folder) => join(folder, 'mosquitto'))
    .find((path) => existsSync(path));
  if (installed !== undefined) return { command: installed, libraries: '' };
  const tree = join(cacheFolder(), 'mosquitto');
  if (!existsSync(join(tree, PROGRAM))) {
    const failed = unpackDebian(tree, PACKAGES, PROGRAM);
    if (failed !== undefined) return `mosquitto is not here, and could not be fetched (${failed})`;
  }
  const [libraries = ''] = readdirSync(join(tree, 'usr', 'lib'))
    .filter((name) => name.endsWith('-linux-gnu'))
    .map((name) => [join(tree, 'usr', 'lib', name), join(tree, 'lib', name)].join(delimiter));
  const command = join(tree, PROGRAM);
  const env = { ...process.env, LD_LIBRARY_PATH: libraries };
  const tried = spawnSync(command, ['-h'], { env, encoding: 'utf8' });
  if (tried.stdout?.includes('mosquitto version')) return { command, libraries };
  return `mosquitto does not run here (${tried.stderr?.trim() || tried.error?.message})`;
}

/** A broker on this machine alone that keeps its sessions on disk with every change. */
export interface Broker extends Service {
  readonly port: number;
}

/** `config`: more lines of its configuration. The listener is its first one. */
export async function createMosquitto(found: Mosquitto, config = ''): Promise<Broker> {
  const folder = temporaryDirectory();
  const port = await freePort();
  const file = join(folder, 'mosquitto.conf');
  const lines = [
    ...[
      'per_listener_settings false',
      'allow_anonymous true',
      `listener ${port} 127.0.0.1`,
      config,
    ],
    ...['persistence true', `persistence_location ${folder}/`, 'autosave_interval 1'],
    ...['autosave_on_changes false', 'max_inflight_messages 100', 'max_queued_messages 0'],
    ...(process.getuid?.() === 0 ? ['user root'] : []),
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const service = createService({
    name: 'mosquitto',
    command: found.command,
    args: ['-c', file],
    env: { LD_LIBRARY_PATH: found.libraries },
    ready: (signal) => listening(port, signal),
  });
  return { ...service, port };
}

async function listening(port: number, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const open = await new Promise<boolean>((resolve) => {
      // Without the signal: a socket that does not connect never lets go of it.
      const socket = connect({ host: '127.0.0.1', port });
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (open) return;
    await delay(25, undefined, { signal });
  }
}
