import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { warehouseCommand } from '../../sinks/clickhouse/warehouse/command.ts';
import { NO_OVERLAYS } from '../environment.ts';
import { freePort } from '../runtime/free-port.ts';
import { type SupervisorHappening, supervise } from '../runtime/supervise.ts';
import { natsServer } from './nats-server.ts';

/** Where the parts of a demo are. They are processes of their own that die with this one. */
export interface Services {
  readonly nats: string;
  readonly clickhouse: string;
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
  readonly onHappening: (happening: SupervisorHappening) => void;
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
export async function startServices({
  directory,
  onHappening,
}: ServicesOptions): Promise<Services> {
  const [natsPort, warehousePort, cmmsPort, httpPort] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const nats = natsServer({ store: join(directory, 'nats'), port: natsPort, config: MAX_PAYLOAD });
  const warehouse = warehouseCommand({
    directory: join(directory, 'warehouse'),
    port: warehousePort,
  });
  const cmms = { url: `http://127.0.0.1:${cmmsPort}`, token: TOKEN };
  const config = join(directory, 'andon.yaml');
  await writeFile(
    config,
    configOf({ directory, nats: nats.url, clickhouse: warehouse.url, cmms, httpPort }),
  );
  const running: Supervised[] = [];
  const stop = async () => {
    for (const service of running.splice(0).reverse()) await service.stop();
  };
  const begin = (options: Parameters<typeof supervise>[0]) => {
    const service = supervise({ ...options, onHappening });
    running.push(service);
    return service.ready;
  };
  const journal = ['--port', String(cmmsPort), '--journal', join(directory, 'cmms.ndjson')];
  try {
    await Promise.all([
      begin({ name: 'nats-server', ...nats }),
      begin({ name: 'warehouse', ...warehouse }),
      begin({
        name: 'CMMS',
        ...program([CMMS, ...journal]),
        ready: (signal) => answers(`${cmms.url}/healthz`, signal),
      }),
    ]);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    nats: nats.url,
    clickhouse: warehouse.url,
    cmms,
    config,
    startWorker: () =>
      begin({
        name: 'worker',
        ...program([ANDON, 'run', '--config', config]),
        env: NO_OVERLAYS,
        grace: 20_000,
        // Ready once it has worked the first message, so the tables are there too.
        ready: (signal) => answers(`http://127.0.0.1:${httpPort}/readyz`, signal, true),
      }),
    stop,
  };
}

function program(args: readonly string[]): { command: string; args: readonly string[] } {
  return { command: process.execPath, args: ['--import', import.meta.resolve('tsx'), ...args] };
}

/** Any answer will do, unless it has to be a good one: who refuses us is there. */
async function answers(url: string, signal: AbortSignal, good = false): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const response = await fetch(url, { signal }).catch(() => undefined);
    if (response !== undefined && (response.ok || !good)) return;
    await pause(25, undefined, { signal });
  }
}

type Addresses = {
  readonly directory: string;
  readonly nats: string;
  readonly clickhouse: string;
  readonly cmms: { readonly url: string; readonly token: string };
  readonly httpPort: number;
};

/**
 * The preset of the reference CMMS, without its status: what people answer today is ahead of the time of a replay, and
 * the same seed would no longer give the same answers. The people of the demo are in the log, with the machines.
 */
function configOf({ directory, nats, clickhouse, cmms, httpPort }: Addresses): string {
  const { status: _, rate: __, ...preset } = parse(readFileSync(PRESET, 'utf8'));
  // What is JSON is YAML.
  return JSON.stringify(
    {
      directory: join(directory, 'state'),
      nats: { servers: [nats] },
      clickhouse: { url: clickhouse },
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
    },
    null,
    2,
  );
}
