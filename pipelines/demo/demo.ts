import { randomBytes } from 'node:crypto';
import { relative } from 'node:path';
import { readConfig } from '../base/config.ts';
import { freePort } from '../base/free-port.ts';
import { messageOf } from '../base/problem.ts';
import { accountsOf } from '../console/console.ts';
import { connectNats } from '../nats/nats.ts';
import type { InternalEvent, RecordEvent } from '../observe/observe.ts';
import { applyChanges } from '../rules/apply-changes.ts';
import { changesOf } from '../rules/changes.ts';
import { readPlantFile, readRulesFile } from '../rules/rules.ts';
import { presetOrders, presetStatus } from '../stand/programs.ts';
import { type Stand, startStand } from '../stand/stand.ts';
import { openWarehouse, type Warehouse } from '../warehouse/warehouse.ts';
import { type Mechanic, startMechanic } from './mechanic.ts';
import { BEGIN, simulatedPlant } from './plant/plant.ts';
import { createDemoProgress, type DemoProgress } from './progress.ts';
import { createLogOutlet, type PlantOutlet } from './publish-plant.ts';
import { runPlant } from './run-plant.ts';
import { type MasterDataFound, type SecondPlant, startSecondPlant } from './second-plant.ts';
import type { Storekeeper } from './storekeeper.ts';
import type { DemoOutcome } from './summary.ts';
import { type DemoErp, demoSystems, planService, withWorkflows } from './systems.ts';
import { type EdgeBesideOptions, startEdgeBeside } from './through/edge-beside.ts';
import { openEdgeOutlet } from './through/edge-outlet.ts';
import type { DemoView } from './view/view.ts';

export type DemoRunOptions = {
  readonly seed: number;
  /** Simulated seconds in a second of the clock. */
  readonly speed: number;
  /** Publishes so many seconds of the clock at full speed; without it until `ending` fires. */
  readonly seconds: number | undefined;
  readonly erp: DemoErp;
  readonly through: DemoWay;
  /** Everything that the parts keep is below. */
  readonly directory: string;
  /** Ends it: what was published lands and is delivered first. */
  readonly ending: AbortSignal;
  /** Given once there is something to see. */
  readonly onProgress: (progress: DemoProgress) => void;
  /** Called when the plant has published its last message, before that has landed. */
  readonly onPublished: () => void;
};

/** How the plant gets into the log: by itself, or through an edge that reads it as a plant of this kind. */
export const DEMO_WAYS = ['nats', 'sparkplug'] as const;
export type DemoWay = (typeof DEMO_WAYS)[number];

/** Seconds of an epoch: short, so that what happens is seen soon. */
const EPOCH = 1;
/** Of the calls to the CMMS: on one machine nobody has to wait long for an answer. */
const CMMS = { timeout: '2s', settle: '2s', retry: { first: '50ms', most: '500ms' } };
/** Orders of its own, and what became of requests, are looked for so often. */
const LOOK_AT_CMMS = '1s';
const OWN_ORDERS = { ...presetOrders(), every: LOOK_AT_CMMS };

/**
 * A whole plant on this machine: nats-server, the embedded warehouse, a worker with its delivery of requests, the reference
 * CMMS, an ERP and a planning system, each a process of its own, and a simulated plant that publishes into them at a
 * multiple of real time.
 */
export async function runDemo(options: DemoRunOptions): Promise<DemoOutcome> {
  const { seed, speed, seconds, erp, through, directory, onProgress } = options;
  const began = performance.now();
  const plant = simulatedPlant({ seed, begin: BEGIN });
  const plants = await readPlantFile(plant.modelFile);
  const found = await readRulesFile(plant.rulesFile);
  const progress = createDemoProgress({ seed, speed, begin: BEGIN, seconds, plants });
  onProgress(progress);
  progress.phase('starting', 'starting nats-server, ClickHouse and the systems around');
  const record = (internalEvent: InternalEvent) => progress.trouble(troubleOf(internalEvent));
  const leafnodes = through === 'nats' ? undefined : await freePort();
  const demoStand = await startDemoStand({ directory, erp, leafnodes, record });
  const { stand, cmms, warehouse, second, stop } = demoStand;
  let way: OpenWay | undefined;
  try {
    const rules =
      second === undefined ? found : await second.withWorkflows(await withWorkflows(found));
    const login = await makeAccount(stand);
    const connection = await connectNats({ servers: stand.nats.url, name: 'andon demo' });
    try {
      const changes = changesOf([...plants, ...(second?.plants ?? [])], rules);
      const applied = await applyChanges({ connection, changes, partitions: 1, replayAt: BEGIN });
      progress.phase('starting', 'starting the worker');
      await stand.worker.start();
      way = await startWay({ directory, leafnodes, connection, record });
      if (erp !== 'none') await planService(cmms, plants);
      await second?.plan();
      const looking = second?.lookAtMasterData(stand, warehouse.client, plants);
      // Said at the end, where it is waited for.
      looking?.catch(() => undefined);
      // The page is there to look at: without it the demo still shows everything else.
      await stand.console.start().catch((error: unknown) => {
        progress.trouble(error instanceof Error ? error.message : String(error));
      });
      progress.look(placesOf({ stand, login, cmms: cmms.url, warehouse: warehouse.url }));
      const start = performance.now() - began;
      const { client } = warehouse;
      const outlet = await way.open();
      const mechanic = mechanicOf(demoStand, progress, options.ending);
      const run = { ...options, progress, client, cmms, connection, plant, outlet, mechanic };
      const ended = await runPlant(run).finally(() => mechanic?.stop());
      const published = applied.length + ended.published;
      return withMasterData({ ...ended, published, took: { ...ended.took, start } }, looking);
    } finally {
      await connection.close();
    }
  } finally {
    await way?.stop();
    await stop();
  }
}

/** Undefined where there is no storekeeper to hand him his parts. */
function mechanicOf(
  { cmms, storekeeper }: DemoStand,
  progress: DemoProgress,
  ending: AbortSignal,
): Mechanic | undefined {
  if (storekeeper === undefined) return undefined;
  const onTrouble = (error: unknown) => progress.trouble(String(error));
  return startMechanic({ cmms, storekeeper, seen: () => progress, ending, onTrouble });
}

/** A look that failed is one more thing that was not finished. */
async function withMasterData(
  outcome: DemoOutcome,
  looking: Promise<MasterDataFound> | undefined,
): Promise<DemoOutcome> {
  try {
    return { ...outcome, masterData: await looking };
  } catch (error) {
    const unfinished = [...outcome.unfinished, `the look at master data: ${messageOf(error)}`];
    return { ...outcome, unfinished };
  }
}

/** What stands between the plant and the log, as processes. */
type OpenWay = { open(): Promise<PlantOutlet>; stop(): Promise<void> };

async function startWay({
  leafnodes,
  ...options
}: Omit<EdgeBesideOptions, 'leafnodes'> & {
  readonly leafnodes: number | undefined;
}): Promise<OpenWay> {
  const { connection } = options;
  if (leafnodes === undefined) {
    return { open: async () => createLogOutlet(connection), stop: async () => undefined };
  }
  const edge = await startEdgeBeside({ ...options, leafnodes });
  return { open: () => openEdgeOutlet(connection, edge), stop: edge.stop };
}

type DemoStand = {
  readonly stand: Stand;
  readonly cmms: NonNullable<Stand['cmms']>;
  readonly warehouse: Warehouse;
  /** Undefined where nobody is asked for anything but the CMMS. */
  readonly second: SecondPlant | undefined;
  readonly storekeeper: Storekeeper | undefined;
  stop(): Promise<void>;
};

/**
 * A stand whose processes are started again when they end. Its warehouse is of this process, so that every command with the
 * configuration finds it, and starts it when it is needed again.
 */
async function startDemoStand(options: {
  readonly directory: string;
  readonly erp: DemoErp;
  readonly leafnodes: number | undefined;
  readonly record: RecordEvent;
}): Promise<DemoStand> {
  const { directory, erp, leafnodes, record } = options;
  const { clickhouse } = readConfig(undefined, {});
  const opening = openWarehouse({ clickhouse, directory }, record);
  const around = await demoSystems(erp, directory, record);
  const { config, storekeeper } = around;
  const second = erp === 'none' ? undefined : await startSecondPlant(directory, CMMS, OWN_ORDERS);
  const status = { ...presetStatus(), every: LOOK_AT_CMMS };
  const starting = startStand({
    ...{ folder: directory, directory, supervised: record, env: around.env, leafnodes },
    cmms: config === undefined ? CMMS : { ...CMMS, orders: OWN_ORDERS, status },
    moreCmms: second === undefined ? [] : [second.cmms],
    config: {
      epoch: { seconds: EPOCH },
      ...(config === undefined ? {} : { systems: { ...second?.systems, ...config } }),
    },
    // Ready once it has worked the first message, so the tables are there too.
    ready: 'readyz',
  });
  const stop = async () => {
    await (await starting.catch(() => undefined))?.stop();
    await around.stop();
    await second?.stop();
    await (await opening.catch(() => undefined))?.close();
  };
  try {
    const [warehouse, stand] = await Promise.all([opening, starting, around.start()]);
    const { cmms } = stand;
    if (cmms === undefined) throw new Error('expected a stand with a CMMS');
    return { stand, cmms, warehouse, second, storekeeper, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function troubleOf(internalEvent: InternalEvent): string | undefined {
  if (internalEvent.kind !== 'child-exited' || internalEvent.again === undefined) return undefined;
  return `${internalEvent.name} ended (${internalEvent.reason}) and is started again`;
}

/** The one account of a demo: it may all that there is to try. */
const VISITOR = 'demo';

/** Makes it; gives what the screen says of how to sign in. */
async function makeAccount({ config }: Stand): Promise<string> {
  const password = randomBytes(8).toString('hex');
  await accountsOf(readConfig(config, {})).put(VISITOR, password, [
    { role: 'engineer' },
    { role: 'administrator' },
  ]);
  return `name ${VISITOR}, password ${password}`;
}

type Places = {
  readonly stand: Stand;
  readonly login: string;
  readonly cmms: string;
  readonly warehouse: string;
};

/** What works while the demo runs. */
function placesOf({ stand, login, cmms, warehouse }: Places): DemoView['look'] {
  const { config } = stand;
  const near = relative(process.cwd(), config);
  const place = near.startsWith('..') ? config : near;
  const andon = (command: string) => `npx andon ${command} --config ${place}`;
  return [
    { where: `${stand.console.url}/`, what: `the page: ${login}` },
    { where: andon('sql @worst_assets'), what: 'which machine first?' },
    { where: andon('requests'), what: 'requests show ID: why' },
    { where: andon('commands'), what: 'what ERP and planning were asked' },
    { where: cmms, what: 'the CMMS, in a browser' },
    { where: warehouse, what: 'ClickHouse, for any client; database andon' },
  ];
}
