import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { findNatsServer, NATS_SERVER_REMEDY } from '../../scripts/nats-server.js';
import { EXIT, Problem } from '../base/problem.ts';
import { createService, type Program, type Service } from './service.ts';

export type NatsServerOptions = {
  /** Folder of its configuration and of JetStream's files; made if missing. */
  readonly store: string;
  readonly port: number;
  /** More of what stands in `jetstream { … }`: `domain: hub`. */
  readonly jetstream?: string;
  /** More lines of its configuration file: `authorization { … }`, `max_payload: 8MB`. */
  readonly config?: string;
};

/** A nats-server with JetStream. */
export interface NatsService extends Service {
  readonly url: string;
  readonly port: number;
  readonly store: string;
}

/** A nats-server with JetStream on this machine alone. Throws a `Problem` if there is none on this machine. */
export function natsService(
  options: NatsServerOptions,
  create: (program: Program) => Service = createService,
): NatsService {
  const { port, store } = options;
  return { ...create(natsProgram(options)), url: `nats://127.0.0.1:${port}`, port, store };
}

/** Writes the configuration of a nats-server. It is ready when it takes clients: once its streams are recovered. */
function natsProgram(options: NatsServerOptions): Program {
  const { store, port, config = '', jetstream = '' } = options;
  const command = pathOfProgram();
  mkdirSync(store, { recursive: true });
  const file = join(store, 'nats-server.conf');
  const jetStream = `jetstream { store_dir: ${JSON.stringify(store)}, ${jetstream} }`;
  writeFileSync(file, `listen: "127.0.0.1:${port}"\n${jetStream}\n${config}\n`);
  const ready = (signal: AbortSignal) => greeted(port, signal);
  return { name: 'nats-server', command, args: ['-c', file], ready };
}

function pathOfProgram(): string {
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
    if (await greets(port)) return;
    await pause(25, undefined, { signal });
  }
}

/** Milliseconds that a server may take to speak first, before it is asked anew. */
const GREETS = 2_000;

/**
 * A nats-server speaks first, without being asked and before any log-in. The time is the socket's own: given a signal, a
 * socket that does not connect never lets go of it.
 */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port }).setTimeout(GREETS);
    const done = (answer: boolean) => {
      resolve(answer);
      socket.destroy();
    };
    socket.once('data', (data) => done(data.toString('latin1').startsWith('INFO ')));
    for (const event of ['error', 'close', 'timeout']) socket.once(event, () => done(false));
  });
}
