/** The systems around the plant of a demo: an ERP and a planning system, each a process of its own, and how Andon finds them. */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Duration, HOUR, plus, toIso } from '../../operators/model/time.ts';
import { freePort } from '../base/free-port.ts';
import type { SupervisorEvent } from '../base/supervise.ts';
import { type PlantEntry, type RulesEntry, readRulesFile } from '../rules/rules.ts';
import { type CmmsAddress, referenceProgram } from '../stand/programs.ts';
import type { Program, Service, Variables } from '../stand/service.ts';
import { superviseService } from '../stand/supervised-service.ts';
import { type StockedPart, trytonService } from '../stand/tryton.ts';
import { BEGIN } from './plant/plant.ts';
import { referenceStorekeeper, type Storekeeper, trytonStorekeeper } from './storekeeper.ts';

/** Which ERP stands behind the plant; with `none` nobody is asked for anything but the CMMS. */
export const DEMO_ERPS = ['reference', 'tryton', 'none'] as const;
export type DemoErp = (typeof DEMO_ERPS)[number];

export interface DemoSystems {
  /** `systems` of the configuration; undefined where there are none. */
  readonly config: object | undefined;
  /** Beside the environment of the worker. */
  readonly env: Variables;
  /** Undefined where there are none. */
  readonly storekeeper: Storekeeper | undefined;
  /** Starts all of them, with the parts on their shelves. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** What the rules of the demo name: bearings and a seal are there, a filter and a belt have to be bought. */
const PARTS: readonly (StockedPart & Bought)[] = [
  { code: '6205-2RS', name: 'Deep groove ball bearing', on_hand: 3, ...bought(5, 4.9) },
  { code: 'FILTER-F7', name: 'Filter F7', on_hand: 0, ...bought(2, 18) },
  { code: 'SEAL-KIT-80', name: 'Seal kit 80 mm', on_hand: 1, ...bought(12, 46.5) },
  { code: 'BELT-A42', name: 'V-belt A42', on_hand: 0, ...bought(2, 11) },
];
type Bought = { readonly lead_time_days: number; readonly unit_price: number };

function bought(lead_time_days: number, unit_price: number): Bought {
  return { lead_time_days, unit_price };
}

/** Of the reference systems. */
const SECRET = 'reference';
/** Looks at objects so often: the demo runs at a multiple of real time. */
const QUICK = { timeout: '2s', settle: '2s', retry: { first: '50ms', most: '500ms' } };

/** The CMMS as a system that says what came of a work. The worker has its address in its environment, as for requests. */
const WORKS_IN_CMMS = {
  ...{ profile: profileOf('cmms'), base: { env: 'CMMS_URL' }, ...QUICK },
  auth: { kind: 'bearer', token: { env: 'CMMS_TOKEN' } },
};

/** Everything that they keep is below `folder`. They are started again when they end. */
export async function demoSystems(
  erp: DemoErp,
  folder: string,
  record: (event: SupervisorEvent) => void,
): Promise<DemoSystems> {
  if (erp === 'none') {
    const nothing = async () => undefined;
    return { config: undefined, env: {}, storekeeper: undefined, start: nothing, stop: nothing };
  }
  const create = (program: Program) => superviseService(program, record);
  const [behind, planner] = await Promise.all([
    erp === 'tryton' ? trytonErp(folder, create) : referenceErp(folder, create),
    referencePlanner(folder, create),
  ]);
  return {
    config: { erp: behind.profile, planner: planner.profile, cmms: WORKS_IN_CMMS },
    env: behind.env,
    storekeeper: behind.storekeeper,
    async start() {
      await Promise.all([behind.start(), planner.service.start()]);
    },
    async stop() {
      await Promise.all([behind.service.stop(), planner.service.stop()]);
    },
  };
}

type Behind = {
  readonly service: Service;
  readonly profile: object;
  readonly env: Variables;
  readonly storekeeper: Storekeeper;
  readonly start: () => Promise<void>;
};
type Create = (program: Program) => Service;

async function referenceErp(folder: string, create: Create): Promise<Behind> {
  const { program, url } = referenceProgram('reference-erp', folder, await freePort());
  const service = create(program);
  const auth = { kind: 'oauth2', path: '/oauth/token', client: 'andon', secret: SECRET };
  return {
    service,
    env: {},
    storekeeper: referenceStorekeeper(url, SECRET),
    profile: { profile: profileOf('erp'), base: url, auth, ...QUICK },
    async start() {
      await service.start();
      for (const { code: id, name: description, ...part } of PARTS) {
        await send(`${url}/admin/parts`, 'PUT', { id, description, ...part });
      }
    },
  };
}

async function trytonErp(folder: string, create: Create): Promise<Behind> {
  const service = await trytonService(join(folder, 'tryton'), create);
  return {
    ...{ service, env: service.env, storekeeper: trytonStorekeeper(service) },
    profile: { profile: profileOf('tryton'), ...QUICK, timeout: '10s' },
    async start() {
      await service.start();
      await service.furnish(PARTS);
    },
  };
}

async function referencePlanner(folder: string, create: Create) {
  const { program, url } = referenceProgram('reference-planner', folder, await freePort());
  const auth = { kind: 'header', name: 'X-Api-Key', value: SECRET };
  const profile = { profile: profileOf('planner'), base: url, auth, ...QUICK };
  return { service: create(program), profile };
}

export function profileOf(name: string): string {
  return fileURLToPath(new URL(`../../examples/systems/${name}.yaml`, import.meta.url));
}

const WORKFLOWS = new URL('../../examples/demo/workflows.yaml', import.meta.url);

/** The rules, with what the systems are asked for. */
export async function withWorkflows(rules: RulesEntry): Promise<Pick<RulesEntry, 'raw'>> {
  const { raw } = await readRulesFile(fileURLToPath(WORKFLOWS));
  return { raw: { ...objectOf(rules.raw), ...objectOf(raw) } };
}

function objectOf(raw: unknown): object {
  return typeof raw === 'object' && raw !== null ? raw : {};
}

/**
 * A plan of the maintenance system makes an order, as it does when a service is due: Andon finds it there. It is for a machine
 * of the last line, and for the end of the shift.
 */
export async function planService(
  { url, token }: CmmsAddress,
  plants: readonly PlantEntry[],
): Promise<void> {
  const [model] = plants.map((plant) => plant.model);
  const line = model?.lines.at(-1);
  const asset = line?.assets.at(-1);
  const start = plus(BEGIN, (8 * HOUR) as Duration);
  await send(
    `${url}/api/work-requests`,
    'POST',
    {
      ...{ title: `Service of ${asset?.name}`, origin: 'plan', priority: 'LOW', hours: 2 },
      ...{ asset: `${model?.id}/${line?.id}/${asset?.id}`, parts: ['BELT-A42'] },
      ...{
        planned_start: toIso(start),
        planned_end: toIso(plus(start, (2 * HOUR) as Duration)),
      },
    },
    token,
  );
}

/** As a person with the secret does it. */
export async function send(
  url: string,
  method: string,
  body: object,
  token = SECRET,
): Promise<void> {
  const response = await fetch(url, {
    ...{ method, body: JSON.stringify(body) },
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
  });
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status}`);
}
