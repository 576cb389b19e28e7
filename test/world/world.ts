/** A plant and the systems around it, all real: NATS, worker with its warehouse, CMMS, ERP, planning, and a mail server. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jetstream } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { freePort } from '../../pipelines/base/free-port.ts';
import type { MisbehaviourConfig } from '../../pipelines/demo/misbehaviour.ts';
import type { Inquiry } from '../../pipelines/demo/reference-erp/inquiries.ts';
import type { LotHold } from '../../pipelines/demo/reference-erp/lots.ts';
import type {
  AnnouncedWork,
  Consumption,
  Downtime,
  Labour,
} from '../../pipelines/demo/reference-erp/postings.ts';
import type { Requisition } from '../../pipelines/demo/reference-erp/requisitions.ts';
import type { ServiceOrder, Vendor } from '../../pipelines/demo/reference-erp/services.ts';
import type { Reservation } from '../../pipelines/demo/reference-erp/stock.ts';
import type { LineOrder } from '../../pipelines/demo/reference-planner/orders.ts';
import type { StopWindow } from '../../pipelines/demo/reference-planner/reference-planner.ts';
import { referenceProgram } from '../../pipelines/stand/programs.ts';
import { createService, type Service } from '../../pipelines/stand/service.ts';
import type { Tryton } from '../../pipelines/stand/tryton.ts';
import type { CommandSummary } from '../../pipelines/systems/inspect-commands.ts';
import { QUICK, readProfile } from '../pipelines/systems/erp-config.ts';
import { CODE } from '../stand/code.ts';
import { rowsOf } from '../stand/landed.ts';
import { andon, askCmms, type Stand, startStand, until, worksAt } from '../stand/stand.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { type Mailbox, startMailbox } from './mailbox.ts';

/** Milliseconds that anything may take before it is said to hang. */
export const PATIENCE = 60_000;

export interface World {
  readonly stand: Stand;
  readonly erp: Service;
  readonly planner: Service;
  readonly erpUrl: string;
  readonly plannerUrl: string;
  readonly mailbox: Mailbox;
  /** Model, or those of several plants, and rules into the log. */
  apply(model: object | readonly object[], rules: object): Promise<void>;
  /** JSON to a subject, as of now. */
  send(subject: string, content: object): Promise<void>;
  /** From now on a machine (of the line p1/l1, or by its whole name) shows these values, and says so four times a second. */
  show(asset: string, values: Readonly<Record<string, number>>): void;
  /** From now on it is that hot. */
  heat(asset: string, temperature: number): void;
  /** The id of the one request of a machine, once the CMMS has it. */
  requestOf(asset: string): Promise<string>;
  /** What the ERP holds. */
  held(): Promise<{
    readonly reservations: readonly Reservation[];
    readonly requisitions: readonly Requisition[];
    readonly works: readonly AnnouncedWork[];
    readonly consumptions: readonly Consumption[];
    readonly labour: readonly Labour[];
    readonly downtimes: readonly Downtime[];
    readonly inquiries: readonly Inquiry[];
    readonly vendors: readonly Vendor[];
    readonly services: readonly ServiceOrder[];
    readonly holds: readonly LotHold[];
  }>;
  /** What people in the ERP put there: parts, orders, vendors. */
  put(kind: 'parts' | 'orders' | 'vendors' | 'lots', content: object): Promise<void>;
  /** A person decides about a step of the request of a machine (of the line p1/l1), by a key of their own. */
  answer(asset: string, step: string, decision: string, values?: object): Promise<void>;
  /** What planning has made of an order. */
  orderAt(id: string): Promise<LineOrder>;
  /** What people in the CMMS do with the work of a machine, and what they write down. */
  act(asset: string, action: string, noted?: object): Promise<void>;
  /** Calls to the ERP that came to change something. */
  changesAsked(): Promise<readonly { readonly url: string }[]>;
  misbehave(config: MisbehaviourConfig): Promise<void>;
  /** What people in the ERP do. */
  decide(
    kind: 'reservations' | 'requisitions' | 'vendors' | 'service-orders',
    id: string,
    action: string,
    content?: object,
  ): Promise<void>;
  windows(): Promise<readonly StopWindow[]>;
  /** What people in planning put there. */
  plan(kind: 'shifts' | 'orders', content: object): Promise<void>;
  accept(window: StopWindow): Promise<void>;
  /** It is not there any more, and nobody says so. */
  lose(window: StopWindow): Promise<void>;
  /** A planner puts a window elsewhere. */
  move(window: StopWindow, start: number, end: number): Promise<void>;
  commands(request: string): Promise<readonly CommandSummary[]>;
  /** Waits until a step of a request has been in a state. */
  untilStep(asset: string, step: string, state: string): Promise<void>;
  stop(): Promise<void>;
}

export type WorldOptions = {
  /** `false`: the reference ERP, which is away until somebody starts it. Or another ERP, which runs. */
  readonly erp?: boolean | Tryton;
  /** The CMMS is asked for orders that people or plans of it made. */
  readonly orders?: boolean;
  /** Instead of the one of the stand: those of a configuration, and what they take from the environment. */
  readonly cmms?: readonly object[];
  readonly env?: Readonly<Record<string, string>>;
  /** `apart`: a process beside the worker, which can be killed alone. */
  readonly warehouse?: 'apart';
  /** More systems, made when the mailbox is there. */
  readonly systems?: (
    mailbox: Mailbox,
    urls: { readonly erp: string },
  ) => Readonly<Record<string, object>>;
};

export async function startWorld({
  erp: chosen = true,
  systems = () => ({}),
  cmms,
  env,
  warehouse,
  orders = false,
}: WorldOptions = {}): Promise<World> {
  const tryton = typeof chosen === 'boolean' ? undefined : chosen;
  const [reference, planner] = [await system('reference-erp'), await system('reference-planner')];
  const erp = tryton ?? reference;
  const mailbox = await startMailbox();
  const stand = await startStand({
    ...{ status: true, warehouse, orders },
    env: { ...tryton?.env, CMMS_PASSWORD: 'reference', ...env },
    config: {
      ...(cmms === undefined ? {} : { cmms }),
      systems: {
        erp: tryton === undefined ? referenceErp(erp.url) : quick('tryton', erp.url, '10s'),
        planner: {
          ...quick('planner', planner.url),
          auth: { kind: 'header', name: 'X-Api-Key', value: 'reference' },
        },
        cmms: { ...quick('cmms', ''), base: { env: 'CMMS_URL' } },
        mail: { ...readProfile('mail'), host: '127.0.0.1', port: mailbox.port, tls: 'none' },
        ...systems(mailbox, { erp: erp.url }),
      },
    },
  });
  await planner.start();
  if (chosen === true) await erp.start();
  await stand.worker.start();
  const connection = await connect({ servers: stand.nats.url });
  const shown = new Map<string, Readonly<Record<string, number>>>();
  const telling = setInterval(() => {
    for (const [asset, values] of shown) {
      const frame = { time: Date.now(), values };
      // What is lost at the end of a test is missed by nobody.
      const place = asset.includes('/') ? asset.replaceAll('/', '.') : `p1.l1.${asset}`;
      send(connection, `telemetry.${place}`, frame).catch(() => undefined);
    }
  }, 250);
  const erpCall = callerOf(erp.url, { Authorization: 'Bearer reference' });
  const plannerCall = callerOf(planner.url, { 'X-Api-Key': 'reference' });
  return {
    ...{ stand, erp, planner, mailbox, erpUrl: erp.url, plannerUrl: planner.url },
    apply: (model, rules) => apply(stand, model, rules),
    send: (subject, content) => send(connection, subject, content),
    show: (asset, values) => void shown.set(asset, values),
    heat: (asset, temperature) => void shown.set(asset, { temperature }),
    requestOf: (asset) => requestOf(stand, asset),
    held: () => erpCall('GET', '/admin/objects'),
    changesAsked: async () =>
      (await erpCall<{ received: { url: string }[] }>('GET', '/admin/received')).received,
    misbehave: async (config) => void (await erpCall('PUT', '/admin/misbehaviour', config)),
    decide: async (kind, id, action, content = {}) =>
      void (await erpCall('POST', `/admin/${kind}/${id}/${action}`, content)),
    put: async (kind, content) => void (await erpCall('PUT', `/admin/${kind}`, content)),
    async answer(asset, step, decision, values = {}) {
      const data = { request: await requestOf(stand, asset), step, decision, ...values };
      const act = { time: Date.now(), type: 'decision', data };
      await send(connection, `act.p1.l1.${asset}.key.buyer1`, act);
    },
    orderAt: (id) => plannerCall('GET', `/api/orders/${id}`),
    act: (asset, action, noted) => act(stand, asset, action, noted),
    windows: async () => (await plannerCall<{ items: StopWindow[] }>('GET', '/api/windows')).items,
    plan: async (kind, content) => void (await plannerCall('PUT', `/admin/${kind}`, content)),
    accept: async ({ id }) =>
      void (await plannerCall('POST', `/api/windows/${id}/accept`, { note: 'fits' })),
    lose: async ({ id }) => void (await plannerCall('DELETE', `/admin/windows/${id}`, {})),
    move: async ({ id, version }, start, end) =>
      void (await plannerCall('PUT', `/api/windows/${id}`, {
        ...{ version, start: new Date(start).toISOString(), end: new Date(end).toISOString() },
      })),
    commands: (request) => commandsOf(stand, request),
    untilStep: (asset, step, state) => untilStep(stand, asset, step, state),
    async stop() {
      clearInterval(telling);
      await connection.close();
      await stand.stop();
      for (const service of [reference, planner]) await service.stop();
      await mailbox.close();
    },
  };
}

/** A reference system, not started yet. */
async function system(
  command: Parameters<typeof referenceProgram>[0],
): Promise<Service & { readonly url: string }> {
  const port = await freePort();
  const { program, url } = referenceProgram(command, temporaryDirectory(), port, CODE);
  return { ...createService(program), url };
}

/** A profile of the examples without its rate, in a hurry. */
export function quick(name: string, base: string, timeout = '2s'): object {
  const { rate: _, ...profile } = readProfile(name);
  return {
    ...JSON.parse(JSON.stringify(profile).replaceAll('"30s"', '"200ms"')),
    ...{ ...QUICK, base, timeout, settle: '1s' },
  };
}

function referenceErp(url: string): object {
  const auth = { kind: 'oauth2', path: '/oauth/token', client: 'andon', secret: 'reference' };
  return { ...quick('erp', url), auth };
}

type Call = <T>(method: string, path: string, body?: object) => Promise<T>;

/** As a person with the secret. */
function callerOf(url: string, secret: Readonly<Record<string, string>>): Call {
  return async <T>(method: string, path: string, body?: object) => {
    const response = await fetch(`${url}${path}`, {
      ...{ method, headers: { ...secret, 'Content-Type': 'application/json' } },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`);
    return (await response.json()) as T;
  };
}

async function requestOf(stand: Stand, asset: string): Promise<string> {
  let keys: readonly string[] = [];
  await until(`the request of ${asset} in the CMMS`, PATIENCE, async () => {
    const own = (await worksAt(stand)).filter((one) => one.asset === `p1/l1/${asset}`);
    keys = own.map((one) => one.external_key);
    return keys.length > 0;
  }).catch(async (error: unknown) => {
    // What there is on the way, as far as it came.
    const tables = ['readings', 'windows', 'anomalies', 'request_history', 'dead_letters'];
    const counts = tables.map((table) => `(SELECT count() FROM {db}.${table}) AS ${table}`);
    const [found] = await rowsOf(stand, `SELECT ${counts.join(', ')}`);
    const lost = await rowsOf<object>(
      stand,
      'SELECT reason, stage, sum(count) AS times, any(detail) AS detail FROM {db}.dead_letters GROUP BY ALL',
    );
    throw new Error(`${asset}: ${JSON.stringify([found, lost])}`, { cause: error });
  });
  const [key = '', ...others] = keys;
  if (others.length > 0) throw new Error(`expected one request of ${asset}, found ${keys}`);
  return key;
}

async function act(stand: Stand, asset: string, action: string, noted?: object): Promise<void> {
  const work = (await worksAt(stand)).find((one) => one.asset === `p1/l1/${asset}`);
  const path = `/api/work-requests/${work?.id}`;
  if (noted !== undefined) await askCmms(stand, 'PATCH', path, noted);
  await askCmms(stand, 'POST', `${path}/${action}`, {});
}

async function apply(
  stand: Stand,
  model: object | readonly object[],
  rules: object,
): Promise<void> {
  const folder = temporaryDirectory();
  const files = ['plant.yaml', 'rules.yaml'].map((name) => join(folder, name));
  writeFileSync(files[0] ?? '', JSON.stringify({ plants: [model].flat() }));
  writeFileSync(files[1] ?? '', JSON.stringify(rules));
  const { code, out, err } = await andon(['apply', ...files], stand.env);
  if (code !== 0) throw new Error(`andon apply: ${code}\n${out}\n${err}`);
}

async function send(connection: NatsConnection, subject: string, content: object): Promise<void> {
  const options = { headers: headers() };
  options.headers.set('Content-Type', 'application/json');
  await jetstream(connection).publish(subject, JSON.stringify(content), options);
}

async function commandsOf(stand: Stand, request: string): Promise<readonly CommandSummary[]> {
  const args = ['commands', '--json', '--request', request];
  const { code, out, err } = await andon(args, stand.env);
  if (code !== 0) throw new Error(`andon commands: ${code}\n${err}`);
  return JSON.parse(out);
}

async function untilStep(stand: Stand, asset: string, step: string, state: string): Promise<void> {
  let seen: readonly { readonly step: string; readonly state: string }[] = [];
  const what = `${step} of ${asset} to be ${state}`;
  await until(what, PATIENCE, async () => {
    seen = await rowsOf(
      stand,
      `SELECT step, if(remote_state = '', state, remote_state) AS state FROM {db}.workflow_steps WHERE asset = '${asset}'
       UNION ALL SELECT step, state FROM {db}.workflow_steps WHERE asset = '${asset}'`,
    );
    return seen.some((row) => row.step === step && row.state === state);
  }).catch((error: unknown) => {
    throw new Error(`${what}: ${JSON.stringify(seen)}`, { cause: error });
  });
}
