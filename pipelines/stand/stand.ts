import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { STEADY_MEMORY } from '../../sinks/steady-memory.ts';
import { NO_OVERLAYS } from '../base/config.ts';
import { freePort } from '../base/free-port.ts';
import type { SupervisorEvent } from '../base/supervise.ts';
import { type NatsService, natsService } from './nats-server.ts';
import {
  andon,
  type CmmsAddress,
  cmmsConfig,
  cmmsProgram,
  consoleProgram,
  type Ran,
  warehouseProgram,
  workerProgram,
} from './programs.ts';
import { createService, type Program, type Service, type Variables } from './service.ts';
import { superviseService } from './supervised-service.ts';

/** A whole plant of real processes: nats-server, reference CMMS, warehouse, worker. */
export interface Stand {
  readonly nats: NatsService;
  /** Undefined where the stand has none. */
  readonly cmms: (Service & CmmsAddress) | undefined;
  /** Undefined where the warehouse belongs to the worker, or to somebody else. */
  readonly warehouse: Service | undefined;
  /** Not started yet: the log with its model may have to be there before it. `url`: of its health and metrics. */
  readonly worker: Service & { readonly url: string };
  /** The page and the API: not started yet, and needs no worker. `url`: without a slash at its end. */
  readonly console: Service & { readonly url: string };
  /** Another worker of the same configuration, under this environment; whoever asks for it ends it. */
  twin(env?: Variables): Service;
  /** Runs a command of `andon` to its end, under the environment of the worker. */
  andon(args: readonly string[]): Promise<Ran>;
  /** Of the worker: epochs, checkpoints, the warehouse. */
  readonly directory: string;
  /** The file with the configuration of the worker: every command that takes `--config` finds the stand by it. */
  readonly config: string;
  /** Of the worker. */
  readonly env: Variables;
  /** Where the embedded warehouse of its directory runs, or ran last. */
  engine(): { readonly url: string; readonly pid: number } | undefined;
  /** The worker first, so that it can drain; then what it needs. */
  stop(): Promise<void>;
}

export type StandOptions = {
  /** Everything that its processes keep is below; made if missing. */
  readonly folder: string;
  /** Keeps the state of the worker. Default: `state` in the folder. */
  readonly directory?: string | undefined;
  /** A nats-server that runs already, and does not end with this stand. */
  readonly nats?: NatsService | undefined;
  /** Of its own nats-server: JetStream has the domain `hub`, and leaf nodes may dial in at this port. */
  readonly leafnodes?: number | undefined;
  /** Laid over how the worker finds the reference CMMS; `false` for a stand without one. */
  readonly cmms?: object | false | undefined;
  /** More maintenance systems, each with what it takes. */
  readonly moreCmms?: readonly object[] | undefined;
  /**
   * - `worker` (the default): embedded in the worker, as the configuration has it.
   * - `apart`: a process beside the worker, there before and after each of its lives.
   * - `away`: the same, but somebody has to start it.
   */
  readonly warehouse?: 'worker' | 'apart' | 'away' | undefined;
  /** Where these listen. Default: any free port. */
  readonly ports?: { readonly cmms?: number; readonly warehouse?: number } | undefined;
  /** Where the worker finds these, when something stands between. */
  readonly addresses?: Addresses | undefined;
  /** Laid over the configuration of the worker. */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  /** Beside the environment of the worker. */
  readonly env?: Variables | undefined;
  /** Where the JavaScript is that was made of this checkout. Default: its sources are run as they are. */
  readonly code?: string | undefined;
  /** Options of node for the worker, such as `--cpu-prof` or modules to load ahead of it. */
  readonly node?: readonly string[] | undefined;
  /** What answers when a worker has started: that it lives (the default), or that it has worked its first message. */
  readonly ready?: 'healthz' | 'readyz' | undefined;
  /** Every process is started again when it ends, and what becomes of it is told here. */
  readonly supervised?: ((event: SupervisorEvent) => void) | undefined;
};

type Addresses = {
  readonly nats?: string;
  readonly cmms?: string;
  readonly warehouse?: string;
};

/** A waveform of 100,000 samples is a message. */
export const NATS_CONFIG = 'max_payload: 8MB';

/** Starts all of a stand but its worker. Rejects, with all of it stopped, if one does not become ready. */
export async function startStand(options: StandOptions): Promise<Stand> {
  const { folder, directory = join(folder, 'state'), supervised, warehouse: where } = options;
  await mkdir(folder, { recursive: true });
  const create = (program: Program): Service =>
    supervised === undefined ? createService(program) : superviseService(program, supervised);
  const nats = options.nats ?? (await ownNats(options, create));
  const cmms = options.cmms === false ? undefined : await ownCmms(options, create);
  const warehouse =
    where === 'apart' || where === 'away' ? await ownWarehouse(directory, options) : undefined;
  const own = [
    ...(options.nats === undefined ? [nats] : []),
    ...(warehouse === undefined ? [] : [warehouse]),
    ...(cmms === undefined ? [] : [cmms]),
  ];
  const env = { ...environment(options, nats, cmms, warehouse), ...options.env };
  const [http, page] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${http}`;
  const config = join(folder, 'andon.yaml');
  // What is JSON is YAML.
  const settings = settingsOf(options, { directory, nats, cmms, http, page });
  writeFileSync(config, JSON.stringify(settings, null, 2));
  const ready = `${url}/${options.ready ?? 'healthz'}`;
  const { node = [], code } = options;
  const program = workerProgram({ config, env, node, ready, code });
  const worker = { ...create(program), url };
  const shown = `http://127.0.0.1:${page}`;
  const consoleService = { ...create(consoleProgram({ config, env, url: shown })), url: shown };
  const stop = async () => {
    for (const service of [consoleService, worker, ...own.toReversed()]) await service.stop();
  };
  const first = where === 'away' ? own.filter((service) => service !== warehouse) : own;
  try {
    await Promise.all(first.map((service) => service.start()));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    ...{ nats, cmms, warehouse, worker, directory, config, env, stop },
    console: consoleService,
    twin: (more) => createService({ ...program, env: { ...env, ...more } }),
    andon: (args) => andon(args, env, code),
    engine: () => engineOf(directory),
  };
}

type Create = (program: Program) => Service;

async function ownNats({ folder, leafnodes }: StandOptions, create: Create): Promise<NatsService> {
  const own = { store: join(folder, 'nats'), port: await freePort() };
  if (leafnodes === undefined) return natsService({ ...own, config: NATS_CONFIG }, create);
  const listen = `leafnodes { listen: "127.0.0.1:${leafnodes}", no_advertise: true }`;
  const config = `${NATS_CONFIG}\n${listen}`;
  return natsService({ ...own, config, jetstream: 'domain: hub' }, create);
}

async function ownCmms({ folder, ports, code }: StandOptions, create: Create) {
  const { program, address } = cmmsProgram(folder, ports?.cmms ?? (await freePort()), code);
  return { ...create(program), ...address };
}

/**
 * Always supervised, as a worker's own is: its port is chosen long before it listens, and may be the source of somebody's
 * connection just then.
 */
async function ownWarehouse(directory: string, { ports, supervised, code }: StandOptions) {
  const port = ports?.warehouse ?? (await freePort());
  const { program, ...access } = warehouseProgram(join(directory, 'warehouse'), port, code);
  return { ...superviseService(program, supervised ?? (() => undefined)), ...access };
}

/** What commands find the stand by that do not read its configuration. */
function environment(
  { addresses }: StandOptions,
  nats: NatsService,
  cmms: CmmsAddress | undefined,
  warehouse: { readonly url: string; readonly password: string } | undefined,
): Variables {
  return {
    ...NO_OVERLAYS,
    ...STEADY_MEMORY,
    NATS_URL: addresses?.nats ?? nats.url,
    ...(cmms === undefined
      ? {}
      : { CMMS_URL: addresses?.cmms ?? cmms.url, CMMS_TOKEN: cmms.token }),
    ...(warehouse === undefined
      ? {}
      : {
          CLICKHOUSE_URL: addresses?.warehouse ?? warehouse.url,
          CLICKHOUSE_PASSWORD: warehouse.password,
        }),
  };
}

function settingsOf(
  { addresses, cmms: others, moreCmms = [], config }: StandOptions,
  own: {
    readonly directory: string;
    readonly nats: NatsService;
    readonly cmms: CmmsAddress | undefined;
    readonly http: number;
    readonly page: number;
  },
): object {
  const { directory, nats, cmms, http, page } = own;
  const described =
    cmms === undefined
      ? []
      : [cmmsConfig({ ...cmms, url: addresses?.cmms ?? cmms.url }, others || {})];
  const all = [...described, ...moreCmms];
  return {
    directory,
    nats: { servers: [addresses?.nats ?? nats.url] },
    http: { port: http },
    console: { port: page },
    ...(all.length === 0 ? {} : { cmms: all.length === 1 ? all[0] : all }),
    ...config,
  };
}

/** The embedded warehouse writes down where it is. */
function engineOf(directory: string): ReturnType<Stand['engine']> {
  try {
    return JSON.parse(readFileSync(join(directory, 'warehouse', 'address.json'), 'utf8'));
  } catch {
    return undefined;
  }
}
