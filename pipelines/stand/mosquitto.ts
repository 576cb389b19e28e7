/** mosquitto as a process of a stand: on the PATH, or its packages unpacked into the cache folder without root. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cacheFolder } from '../../scripts/nats-server.js';
import { createService, type Program, type Service } from './service.ts';

/** How it is started. */
export type Mosquitto = { readonly command: string; readonly libraries: string };

/** Where its packages are unpacked, and what of them is run. */
export const MOSQUITTO_TREE = join(cacheFolder(), 'mosquitto');
export const MOSQUITTO_PROGRAM = join('usr', 'sbin', 'mosquitto');

/** Finds it on this machine. A sentence says why not. */
export function installedMosquitto(): Mosquitto | string {
  const folders = (process.env.PATH ?? '').split(delimiter).concat('/usr/sbin');
  const installed = folders
    .map((folder) => join(folder, 'mosquitto'))
    .find((path) => existsSync(path));
  if (installed !== undefined) return { command: installed, libraries: '' };
  const command = join(MOSQUITTO_TREE, MOSQUITTO_PROGRAM);
  if (!existsSync(command)) return 'mosquitto is not here';
  const [libraries = ''] = readdirSync(join(MOSQUITTO_TREE, 'usr', 'lib'))
    .filter((name) => name.endsWith('-linux-gnu'))
    .map((name) =>
      [join(MOSQUITTO_TREE, 'usr', 'lib', name), join(MOSQUITTO_TREE, 'lib', name)].join(delimiter),
    );
  const env = { ...process.env, LD_LIBRARY_PATH: libraries };
  const tried = spawnSync(command, ['-h'], { env, encoding: 'utf8' });
  if (tried.stdout?.includes('mosquitto version')) return { command, libraries };
  return `mosquitto does not run here (${tried.stderr?.trim() || tried.error?.message})`;
}

/** A broker on this machine alone that keeps its sessions on disk with every change. */
export interface Broker extends Service {
  readonly port: number;
}

export type MosquittoOptions = {
  readonly found: Mosquitto;
  readonly port: number;
  /** Keeps its configuration and its sessions; made if missing. */
  readonly folder: string;
  /** More lines of its configuration. The listener is its first one. */
  readonly config?: string;
};

export function mosquittoService(
  { found, port, folder, config = '' }: MosquittoOptions,
  create: (program: Program) => Service = createService,
): Broker {
  mkdirSync(folder, { recursive: true });
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
  const service = create({
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
