import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { findNatsServer, NATS_SERVER_REMEDY } from '../../scripts/nats-server.js';
import { EXIT, Problem } from '../base/problem.ts';

export type NatsServerOptions = {
  /** Folder of its configuration and of JetStream's files; made if missing. */
  readonly store: string;
  readonly port: number;
  /** More lines of its configuration file: `authorization { … }`, `max_payload: 8MB`. */
  readonly config?: string;
};

/** How to start a nats-server with JetStream on this machine alone; for `supervise` or `startChild`. */
export type NatsServerCommand = {
  readonly command: string;
  readonly args: readonly string[];
  readonly url: string;
  /** Resolves when it takes clients, which it does once its streams are recovered. */
  readonly ready: (signal: AbortSignal) => Promise<void>;
};

/** Writes the configuration of a nats-server and says how to start it. Throws a `Problem` if there is no nats-server. */
export function natsServer({ store, port, config = '' }: NatsServerOptions): NatsServerCommand {
  const command = nats();
  mkdirSync(store, { recursive: true });
  const file = join(store, 'nats-server.conf');
  const jetStream = `jetstream { store_dir: ${JSON.stringify(store)} }`;
  writeFileSync(file, `listen: "127.0.0.1:${port}"\n${jetStream}\n${config}\n`);
  return {
    command,
    args: ['-c', file],
    url: `nats://127.0.0.1:${port}`,
    ready: (signal) => greeted(port, signal),
  };
}

/** The nats-server program of this machine. */
function nats(): string {
  let found: string;
  try {
    const path = findNatsServer();
    if (path !== undefined) return path;
    found = 'none on the PATH and none in the cache folder';
  } catch (error) {
    found = error instanceof Error ? error.message : String(error);
  }
  const remedy = `Run npm run setup. ${NATS_SERVER_REMEDY}`;
  throw new Problem({ expected: 'nats-server', found, remedy, exit: EXIT.outside });
}

async function greeted(port: number, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    if (await greets(port, signal)) return;
    await pause(25, undefined, { signal });
  }
}

/** A nats-server speaks first, without being asked and before any log-in. */
function greets(port: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, signal });
    const done = (answer: boolean) => {
      resolve(answer);
      socket.destroy();
    };
    socket.once('data', (data) => done(data.toString('latin1').startsWith('INFO ')));
    socket.once('error', () => done(false));
    socket.once('close', () => done(false));
  });
}
