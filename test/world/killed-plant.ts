/** A plant in which S1 to S4 happen side by side, each on a machine of its own, and what has to be in every system at the end. */

import { join } from 'node:path';
import { startReferenceCmms } from '../../pipelines/demo/reference-cmms/reference-cmms.ts';
import type { WorkRequest, WorkStatus } from '../../pipelines/demo/reference-cmms/work-request.ts';
import type { ReferenceServer } from '../../pipelines/demo/reference-server.ts';
import { type Tryton, trytonService } from '../../pipelines/stand/tryton.ts';
import { rowsOf } from '../stand/landed.ts';
import { askCmms, until, worksAt } from '../stand/stand.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { workflow } from './workflows.ts';
import { quick, startWorld, type World } from './world.ts';

/** Milliseconds that a step may take while everything around it is killed. */
const PATIENCE = 240_000;
const HOUR = 3_600_000;
const BEARING = '6205-2RS';
const SEAL = 'SEAL-45';

/** Press and mill are of S1, the filler of S2, the capper of S3, the oven of S4. */
const CLASSES = { press: 's1', mill: 's1', filler: 's2', capper: 's3', oven: 's4' } as const;
type Machine = keyof typeof CLASSES;

const MODEL = {
  id: 'p1',
  lines: [
    {
      id: 'l1',
      assets: Object.entries(CLASSES).map(([id, kind]) => ({
        ...{ id, class: kind },
        ids: { cost_center: `K-${id}`, ...(kind === 's4' ? { vendor: 'V-9' } : {}) },
        signals: { temperature: { unit: 'Cel' }, running_hours: { unit: 'h', kind: 'counter' } },
      })),
    },
  ],
};

/** The workflow of an example for one class; `systems`: names of others in it. */
function workflowFor(kind: string, name: string, systems: Readonly<Record<string, string>> = {}) {
  let text = JSON.stringify(workflow(name));
  for (const [from, to] of Object.entries(systems)) text = text.replaceAll(`"${from}.`, `"${to}.`);
  return { ...JSON.parse(text), id: kind, classes: [kind] };
}

function rules(): object {
  const window = 'second';
  const hot = (['press', 'mill', 'oven'] as const).map((asset) => ({
    ...{ id: `hot-${asset}`, kind: 'limit', signal: 'temperature', above: 75, window },
    ...{ assets: [`p1/l1/${asset}`], raise: { severity: 'alarm' } },
  }));
  const request = { kind: 'replacement', priority: 'high', duration: '2h' };
  return {
    time: { disorder: '0s', idle: '1s', hold: '1s' },
    windows: [{ id: window, kind: 'tumbling', size: '1s' }],
    detectors: [
      ...hot,
      {
        ...{ id: 'due', kind: 'usage', signal: 'running_hours', window, every: 500 },
        ...{ assets: ['p1/l1/filler'], raise: { severity: 'alarm' } },
      },
      {
        ...{ id: 'incident', kind: 'event', type: 'incident', raise: { severity: 'danger' } },
        clear: { type: 'incident-over' },
      },
    ],
    triggers: [
      { id: 'replace-bearing', on: 'hot-press', request: { ...request, parts: [BEARING] } },
      { id: 'replace-seal', on: 'hot-mill', request: { ...request, parts: [SEAL] } },
      {
        ...{ id: 'service', on: 'due', slot: 'next-gap' },
        request: { kind: 'inspection', priority: 'medium', parts: [BEARING], duration: '2h' },
      },
      { id: 'come', on: 'incident', request: { ...request, kind: 'repair', priority: 'urgent' } },
      { id: 'repair', on: 'hot-oven', request: { ...request, kind: 'repair' } },
    ],
    workflows: [
      workflowFor('s1', 'spare-parts', { erp: 'tryton' }),
      workflowFor('s2', 'preventive'),
      workflowFor('s3', 'urgent'),
      workflowFor('s4', 'contractor'),
    ],
  };
}

export interface KilledPlant {
  readonly world: World;
  readonly tryton: Tryton;
  /** What machines show and people do, from the first anomaly to the last posting. Whatever is away is asked again. */
  live(): Promise<void>;
  /** What each system holds: whatever is of a machine, under its name; no ids, and no times. */
  held(): Promise<object>;
  stop(): Promise<void>;
}

export async function startKilledPlant(): Promise<KilledPlant> {
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const one of stops.toReversed()) await one();
  };
  try {
    const plant = await startPlant((one) => void stops.push(one));
    await furnishPlant(plant);
    const { world, tryton } = plant;
    return {
      ...{ world, tryton, stop },
      live: async () => void (await Promise.all([replace(plant), serve(plant), repair(plant)])),
      held: () => heldBy(plant),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** `onStarted`: how each part is stopped, as soon as it is there. */
async function startPlant(onStarted: (stop: () => Promise<unknown>) => void): Promise<Plant> {
  const tryton = await trytonService(join(temporaryDirectory(), 'tryton'));
  onStarted(() => tryton.stop());
  await tryton.start();
  await tryton.furnish([
    { code: BEARING, name: 'Deep groove ball bearing', on_hand: 3 },
    { code: SEAL, name: 'Shaft seal 45 mm', on_hand: 0 },
  ]);
  const desk = await startReferenceCmms({ journal: join(temporaryDirectory(), 'desk.ndjson') });
  onStarted(() => desk.close());
  const auth = { user: 'andon', password: 'reference' };
  const world = await startWorld({
    ...{ warehouse: 'apart', env: tryton.env },
    systems: () => ({
      tryton: quick('tryton', tryton.url, '10s'),
      contractor: {
        ...quick('contractor', desk.url),
        auth: { kind: 'login', path: '/api/login', body: auth, token: '/access/token' },
      },
    }),
  });
  onStarted(() => world.stop());
  return { world, tryton, desk };
}

/** Model and rules, the schedule, and what the ERP knows of its order. */
async function furnishPlant({ world }: Plant): Promise<void> {
  await world.apply(MODEL, rules());
  const now = Math.floor(Date.now() / 1_000) * 1_000;
  const order = { id: 'PO-7', kind: 'order', start: now - HOUR, end: now + 8 * HOUR };
  const changeover = {
    id: 'co',
    kind: 'changeover',
    start: now + 9 * HOUR,
    end: now + 12 * HOUR,
  };
  await world.send('schedule.p1.l1', { entries: [{ ...order, product: 'P-9' }, changeover] });
  const sold = { customer: 'C-12', due: '2026-12-02', material: ['film'] };
  await world.put('orders', { id: 'PO-7', ...sold });
}

type Plant = { readonly world: World; readonly tryton: Tryton; readonly desk: ReferenceServer };

/** Asks until the answer is yes. Who is away gives none, and is asked again. */
async function patiently(what: string, question: () => Promise<boolean>): Promise<void> {
  let last: unknown;
  await until(what, PATIENCE, () =>
    question().catch((error: unknown) => {
      last = error;
      return false;
    }),
  ).catch((error: unknown) => {
    throw new Error(`${what}: ${String(last)}`, { cause: error });
  });
}

const step = (plant: Plant, asset: Machine, name: string, state: string) =>
  patiently(`${name} of ${asset} to be ${state}`, async () => {
    const query = `SELECT count() AS found FROM {db}.workflow_steps WHERE asset = '${asset}'
      AND step = '${name}' AND '${state}' IN (state, remote_state)`;
    return Number((await rowsOf<{ found: number }>(plant.world.stand, query))[0]?.found) > 0;
  });

const NEXT: Partial<Record<WorkStatus, string>> = {
  ...{ NEW: 'accept', ACCEPTED: 'start', PLANNED: 'start', IN_PROGRESS: 'complete' },
};

/** Brings the work of a machine to a status, action by action; what is written down is so before the last one. */
async function bring(
  works: () => Promise<readonly WorkRequest[]>,
  ask: (method: string, path: string, body?: object) => Promise<unknown>,
  asset: Machine,
  to: WorkStatus,
  noted: object = {},
): Promise<void> {
  await patiently(`the work of ${asset} to be ${to}`, async () => {
    const work = (await works()).find((one) => one.asset === `p1/l1/${asset}`);
    if (work === undefined || work.status === to) return work !== undefined;
    if (work.status === 'IN_PROGRESS') await ask('PATCH', `/${work.id}`, noted);
    await ask('POST', `/${work.id}/${NEXT[work.status]}`, {});
    return false;
  });
}

const inCmms = (
  { world: { stand } }: Plant,
  ...rest: [Machine, WorkStatus, object?]
): Promise<void> => {
  const ask = (method: string, path: string, body?: object) =>
    askCmms(stand, method, `/api/work-requests${path}`, body);
  return bring(() => worksAt(stand), ask, ...rest);
};

/** S1: one part is on the shelf, used and posted; another one is bought. */
async function replace(plant: Plant): Promise<void> {
  const { world } = plant;
  world.heat('press', 90);
  world.heat('mill', 90);
  await inCmms(plant, 'press', 'ACCEPTED');
  await inCmms(plant, 'mill', 'ACCEPTED');
  await step(plant, 'press', 'reserve', 'assigned');
  const buttons: Readonly<Record<string, string>> = {
    ...{ assigned: 'pack', packed: 'ship', shipped: 'do' },
  };
  await patiently('the shipment of the press to be done', async () => {
    const found = (await shipments(plant)).filter(({ product }) => product === BEARING);
    const [shipment] = found;
    const button = buttons[shipment?.state ?? ''];
    if (button !== undefined) {
      const call = await plant.tryton.signIn();
      await call(`model.stock.shipment.internal.${button}`, [shipment?.id], { company: 1 });
    }
    return shipment?.state === 'done';
  });
  await step(plant, 'press', 'reserve', 'done');
  const used = [{ part: BEARING, quantity: 1 }];
  await inCmms(plant, 'press', 'DONE', { actual_hours: 1.5, used });
  await step(plant, 'mill', 'requisition', 'submitted');
  await patiently('the requisition to be approved', async () => {
    const call = await plant.tryton.signIn();
    const [first] = await all<{ id: number; state: string }>(
      plant,
      'purchase.requisition',
      'state',
    );
    if (first?.state === 'waiting') {
      await call('model.purchase.requisition.approve', [first.id], { company: 1 });
    }
    return first !== undefined && first.state !== 'waiting';
  });
  for (const name of ['consume', 'hours']) await step(plant, 'press', name, 'done');
  await step(plant, 'mill', 'requisition', 'approved');
  await step(plant, 'mill', 'reserve', 'short');
}

/** S2: the service is due, its stop is accepted, and what it came to is posted. */
async function serve(plant: Plant): Promise<void> {
  const { world } = plant;
  world.show('filler', { running_hours: 100 });
  await patiently('the filler to show 100 h', async () => {
    const query = `SELECT count() AS found FROM {db}.readings WHERE asset = 'filler' AND value = 100`;
    return Number((await rowsOf<{ found: number }>(world.stand, query))[0]?.found) > 0;
  });
  world.show('filler', { running_hours: 640 });
  await step(plant, 'filler', 'stop', 'proposed');
  await patiently('the window to be accepted', async () => {
    const window = (await world.windows()).find(({ asset }) => asset === 'filler');
    if (window?.status === 'PROPOSED') await world.accept(window);
    return window?.status === 'ACCEPTED';
  });
  await step(plant, 'filler', 'stop', 'accepted');
  await step(plant, 'filler', 'reserve', 'assigned');
  await step(plant, 'filler', 'announce', 'done');
  const used = [{ part: BEARING, quantity: 1 }];
  await inCmms(plant, 'filler', 'DONE', { actual_hours: 1.5, used });
  for (const name of ['consume', 'hours', 'over', 'reserve']) {
    await step(plant, 'filler', name, 'done');
  }
}

/** S3: an operator reports an incident. S4: a contractor does the work. */
async function repair(plant: Plant): Promise<void> {
  const { world, desk } = plant;
  world.heat('oven', 90);
  const incident = { time: Date.now(), type: 'incident', data: { by: 'operator 12' } };
  await patiently('the report to be in the log', async () => {
    await world.send('event.p1.l1.capper', incident);
    return true;
  });
  for (const name of ['call', 'dispatch', 'downtime', 'risk']) {
    await step(plant, 'capper', name, 'done');
  }
  await step(plant, 'capper', 'stop', 'proposed');
  await inCmms(plant, 'capper', 'DONE', { actual_hours: 0.5 });
  await patiently('the vendor to be approved', async () => {
    const [vendor] = (await world.held()).vendors;
    if (vendor?.status === 'PENDING') await world.decide('vendors', vendor.id, 'approve');
    return vendor?.status === 'APPROVED';
  });
  const ask = (method: string, path: string, body?: object) => atDesk(desk, method, path, body);
  const noted = { actual_hours: 1.5, assignee: 'Bo' };
  await bring(() => worksOf(desk), ask, 'oven', 'DONE', noted);
  await step(plant, 'oven', 'confirm', 'done');
  await patiently('the invoice to match', async () => {
    const [order] = (await world.held()).services;
    if (order?.status === 'CONFIRMED') {
      await world.decide('service-orders', order.id, 'invoice', { hours: 1.5 });
    }
    return order?.status === 'MATCHED';
  });
  await step(plant, 'oven', 'order', 'matched');
  for (const name of ['up', 'unused', 'hours']) await step(plant, 'capper', name, 'done');
}

/** As the contractor. */
async function atDesk<T>(
  desk: ReferenceServer,
  method: string,
  path: string,
  body?: object,
): Promise<T> {
  const response = await fetch(`${desk.url}/api/work-requests${path}`, {
    ...{
      method,
      headers: { Authorization: 'Bearer reference', 'Content-Type': 'application/json' },
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`);
  return (await response.json()) as T;
}

const worksOf = async (desk: ReferenceServer) =>
  (await atDesk<{ items: readonly WorkRequest[] }>(desk, 'GET', '')).items;

/** Objects of Tryton, as one of its people sees them. */
async function all<T>({ tryton }: Plant, model: string, ...fields: string[]): Promise<T[]> {
  const call = await tryton.signIn();
  return call(`model.${model}.search_read`, [], 0, null, null, fields, { company: 1 });
}

type Move = {
  readonly 'product.': { readonly code: string };
  readonly 'shipment.': { readonly id: number } | null;
};
type Shipment = { readonly id: number; readonly state: string; readonly reference: string };

/** Shipments inside of Tryton, each with the part that it moves. */
async function shipments(plant: Plant): Promise<(Shipment & { readonly product: string })[]> {
  const found = await all<Shipment>(plant, 'stock.shipment.internal', 'state', 'reference');
  const moves = await all<Move>(plant, 'stock.move', 'product.code', 'shipment.id');
  return found
    .map((shipment) => ({
      ...shipment,
      product: moves.find((move) => move['shipment.']?.id === shipment.id)?.['product.'].code ?? '',
    }))
    .toSorted((a, b) => a.id - b.id);
}

async function heldBy(plant: Plant): Promise<object> {
  const { world, desk } = plant;
  const works = await worksAt(world.stand);
  const machines = new Map(works.map(({ external_key, asset }) => [external_key, asset]));
  const machineOf = (reference: string) => machines.get(reference) ?? reference;
  const sorted = (lines: readonly (readonly unknown[])[]) =>
    lines.map((line) => line.join(' ')).toSorted();
  const erp = await world.held();
  const mails = new Map(
    world.mailbox.mails.map(({ to, text }) => [/^Message-ID: (.*)$/im.exec(text)?.[1], to[0]]),
  );
  return {
    cmms: sorted(works.map(({ asset, status, assignee }) => [asset, status, assignee])),
    desk: sorted((await worksOf(desk)).map(({ asset, status }) => [asset, status])),
    windows: sorted((await world.windows()).map(({ asset, status }) => [asset, status])),
    reservations: sorted(
      erp.reservations.map((one) => [machineOf(one.reference), one.part, one.status]),
    ),
    requisitions: sorted(erp.requisitions.map((one) => [one.part, one.status])),
    announced: sorted(erp.works.map((one) => [machineOf(one.reference), one.cost_center])),
    consumptions: sorted(erp.consumptions.map((one) => [machineOf(one.reference), one.part])),
    labour: sorted(erp.labour.map((one) => [machineOf(one.reference), one.hours])),
    downtimes: sorted(erp.downtimes.map((one) => [one.asset, one.order, one.until !== null])),
    vendors: sorted(erp.vendors.map((one) => [one.vendor, one.status])),
    services: sorted(
      erp.services.map((one) => [machineOf(one.reference), one.confirmed?.hours, one.status]),
    ),
    shipments: sorted((await shipments(plant)).map(({ product, state }) => [product, state])),
    bought: sorted(
      (await all<{ state: string }>(plant, 'purchase.requisition', 'state')).map((one) => [
        one.state,
      ]),
    ),
    works: (await all(plant, 'timesheet.work', 'name')).length,
    timesheet: sorted(
      (await all<{ duration: { seconds: number } }>(plant, 'timesheet.line', 'duration')).map(
        (one) => [one.duration.seconds],
      ),
    ),
    // One whose answer was lost is sent again under its own id, which mail programs show once.
    mails: sorted([...mails.values()].map((to) => [to])),
  };
}
