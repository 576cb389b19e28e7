import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { STEADY_MEMORY } from '../../sinks/steady-memory.ts';
import { readConfig } from '../base/config.ts';
import { NO_OVERLAYS } from '../base/environment.ts';
import { freePort } from '../base/free-port.ts';
import { supervise } from '../base/supervise.ts';
import type { RecordEvent } from '../observe/internal-events.ts';
import { openWarehouse, type Warehouse } from '../warehouse/warehouse.ts';
import { natsServer } from './nats-server.ts';

/** Where the parts of a demo are. They are processes of their own that die with this one. */
export interface Services {
  readonly nats: string;
  readonly warehouse: Warehouse;
  readonly cmms: { readonly url: string; readonly token: string };
  /** The configuration of the worker: every command that takes `--config` finds the demo by it. */
  readonly config: string;
  /** Starts the worker and resolves when it works: the log with its model has to be there before it. */
  startWorker(): Promise<void>;
  /** The worker first, so that it can drain; then what it needs. */
  stop(): Promise<void>;
}

export type ServicesOptions = {
  /** Everything they keep is below. */
  readonly directory: string;
  readonly onEvent: RecordEvent;
};

const ANDON = fileURLToPath(new URL('../../scripts/andon.js', import.meta.url));
const CMMS = fileURLToPath(new URL('reference-cmms-main.ts', import.meta.url));
const PRESET = fileURLToPath(new URL('../../examples/cmms/reference.yaml', import.meta.url));
const TOKEN = 'reference';
/** A waveform of 100,000 samples is a message. */
const MAX_PAYLOAD = 'max_payload: 8MB';
/** Seconds of an epoch: short, so that what happens is seen soon. */
const EPOCH = 1;

type Supervised = ReturnType<typeof supervise>;

/** Starts nats-server, the embedded warehouse and the reference CMMS. Rejects, with all of them stopped, if one fails. */
export async function startServices({ directory, onEvent }: ServicesOptions): Promise<Services> {
  const [natsPort, cmmsPort, httpPort] = [await freePort(), await freePort(), await freePort()];
  const nats = natsServer({ store: join(directory, 'nats'), port: natsPort, config: MAX_PAYLOAD });
  const cmms = { url: `http://127.0.0.1:${cmmsPort}`, token: TOKEN };
  const config = join(directory, 'andon.yaml');
  const settings = configOf({ directory, nats: nats.url, cmms, httpPort });
  await writeFile(config, JSON.stringify(settings, null, 2));
  const running: Supervised[] = [];
  // Of this process, so that every command with the configuration finds it, and starts it when it is needed again.
  const { clickhouse } = readConfig(undefined, {});
  const opening = openWarehouse({ clickhouse, directory }, onEvent);
  const stop = async () => {
    for (const service of running.splice(0).reverse()) await service.stop();
    await (await opening.catch(() => undefined))?.close();
  };
  const begin = (options: Parameters<typeof supervise>[0]) => {
    const service = supervise({ ...options, onEvent });
    running.push(service);
    return service.ready;
  };
  const journal = ['--port', String(cmmsPort), '--journal', join(directory, 'cmms.ndjson')];
  try {
    const [warehouse] = await Promise.all([
      opening,
      begin({ name: 'nats-server', ...nats }),
      begin({
        name: 'CMMS',
        ...program([CMMS, ...journal]),
        ready: (signal) => answers(`${cmms.url}/`, signal),
      }),
    ]);
    return {
      nats: nats.url,
      warehouse,
      cmms,
      config,
      startWorker: () =>
        begin({
          name: 'worker',
          ...program([ANDON, 'run', '--config', config]),
          env: { ...NO_OVERLAYS, ...STEADY_MEMORY },
          grace: 20_000,
          // Ready once it has worked the first message, so the tables are there too.
          ready: (signal) => answers(`http://127.0.0.1:${httpPort}/readyz`, signal),
        }),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function program(args: readonly string[]): { command: string; args: readonly string[] } {
  return { command: process.execPath, args: ['--import', import.meta.resolve('tsx'), ...args] };
}

async function answers(url: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    if ((await fetch(url, { signal }).catch(() => undefined))?.ok === true) return;
    await pause(25, undefined, { signal });
  }
}

type Addresses = {
  readonly directory: string;
  readonly nats: string;
  readonly cmms: { readonly url: string; readonly token: string };
  readonly httpPort: number;
};

/**
 * The preset of the reference CMMS, without its status: what people answer today is ahead of the time of a replay, and
 * the same seed would no longer give the same answers. The people of the demo are in the log, with the machines.
 */
function configOf({ directory, nats, cmms, httpPort }: Addresses): object {
  // What is JSON is YAML.
  const { status: _, rate: __, ...preset } = parse(readFileSync(PRESET, 'utf8'));
  return {
    directory,
    nats: { servers: [nats] },
    http: { port: httpPort },
    epoch: { seconds: EPOCH },
    cmms: {
      ...preset,
      base: cmms.url,
      auth: { kind: 'bearer', token: cmms.token },
      timeout: '2s',
      settle: '2s',
      retry: { first: '50ms', most: '500ms' },
    },
  };
}
