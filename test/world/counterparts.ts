/** The systems around a plant that are reached by HTTP, each as a test has it: running, with a work to do there. */

import { join } from 'node:path';
import { jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Command } from '../../operators/model/command.ts';
import { startReferenceCmms } from '../../pipelines/demo/reference-cmms/reference-cmms.ts';
import type { Inquiry } from '../../pipelines/demo/reference-erp/inquiries.ts';
import { startReferenceErp } from '../../pipelines/demo/reference-erp/reference-erp.ts';
import type { Reservation } from '../../pipelines/demo/reference-erp/stock.ts';
import {
  type StopWindow,
  startReferencePlanner,
} from '../../pipelines/demo/reference-planner/reference-planner.ts';
import type { ReferenceServer } from '../../pipelines/demo/reference-server.ts';
import { lacksTryton, trytonService } from '../../pipelines/stand/tryton.ts';
import type { SystemsOptions } from '../../pipelines/systems/systems.ts';
import { cmmsConfigSchema } from '../../sinks/remote/config.ts';
import { systemConfigSchema } from '../../sinks/remote/system-config.ts';
import { sendCommand } from '../pipelines/systems/commands-support.ts';
import { readProfile } from '../pipelines/systems/erp-config.ts';
import { exampleCommand, undoOf } from '../pipelines/systems/example-command.ts';
import {
  askReference,
  freshRequest,
  repliesTo,
  worksOf,
} from '../pipelines/systems/systems-support.ts';
import { lacksRoundup, type Roundup, roundupService } from '../stand/roundup.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { hurried } from './world.ts';

/** One object in a system, from its making to its end. */
export interface Work {
  /** Of the object: what the system keeps of it. */
  readonly key: string;
  make(): Promise<void>;
  /** Takes it back, once it is made. */
  end(): Promise<void>;
  /** What was said of it in the log: outcomes and states, in order. */
  told(): Promise<readonly string[]>;
}

/** What is told of a work in which nothing goes wrong. */
type Words = {
  /** When it is made. */
  readonly made: readonly string[];
  /** More of it when somebody there has dealt with it. */
  readonly changed: string;
  /** More of it when it is taken back instead. */
  readonly ended: readonly string[];
  /** What it is there, once it is made and once it is taken back. */
  readonly there: readonly [made: string, ended: string];
};

export interface Running {
  readonly url: string;
  readonly words: Words;
  /** What `SystemsOptions` has for it, when it is reached at `base`. */
  options(base: string, every: string): Partial<SystemsOptions>;
  work(connection: NatsConnection): Work;
  /** What it holds with that key. */
  objects(key: string): Promise<readonly string[]>;
  /** Somebody there deals with it. */
  change(key: string): Promise<void>;
  stop(): Promise<void>;
}

export type Counterpart = {
  readonly name: string;
  /** Milliseconds that a call may take. */
  readonly timeout: number;
  /** Calls that make or change something. */
  readonly makes: RegExp;
  /** What this machine has not, in a sentence. */
  readonly lacks?: string | undefined;
  start(): Promise<Running>;
};

const WEBHOOK = { secret: { env: 'WEBHOOK_SECRET' } };

/** Waits that fit a test: ten minutes of pauses take seconds. */
function paced(timeout: number): object {
  return {
    ...{ timeout: `${timeout}ms`, settle: `${timeout}ms`, webhook: WEBHOOK, rate: undefined },
    // More calls of one try go wrong, one after the other, than a system would have to.
    retry: { first: '10ms', most: '50ms', faults: 50 },
    breaker: { failures: 5, pause: '50ms' },
  };
}

/** A profile of the examples as a system of its own name. */
function systemOf(name: string, profile: string, timeout: number, others: object) {
  return (base: string, every: string): Partial<SystemsOptions> => {
    const text = JSON.stringify(readProfile(profile)).replaceAll('"30s"', `"${every}"`);
    const written = { ...JSON.parse(text), ...paced(timeout), name, base, ...others };
    return { systems: [systemConfigSchema.parse(written)] };
  };
}

type Order = Pick<Command, 'system' | 'verb' | 'payload'> & { readonly undo?: string };

function commandWork({ undo, ...order }: Order) {
  return (connection: NatsConnection): Work => {
    const command = exampleCommand(order);
    const undoing = undoOf(command, undo ?? '');
    return {
      key: command.key,
      make: () => sendCommand(connection, command),
      async end() {
        if (undo !== undefined) await sendCommand(connection, undoing);
      },
      async told() {
        const replies = await repliesTo(connection, command.id, undoing.id);
        return replies.map(({ data }) => String(data.state ?? `${data.verb} ${data.outcome}`));
      },
    };
  };
}

function requestWork(connection: NatsConnection): Work {
  const request = freshRequest();
  const publish = async (revision: object) => {
    const all = { ...request, ...revision };
    await jetstream(connection).publish(`request.${all.id}.${all.revision}`, JSON.stringify(all));
  };
  return {
    key: request.id,
    make: () => publish({}),
    end: () => publish({ revision: 2, action: 'withdraw' }),
    async told() {
      return (await repliesTo(connection, request.id)).map(({ data }) => String(data.status));
    },
  };
}

const LOCAL = 500;
/** Milliseconds: they are programs of Python, which begin slowly. */
const PYTHON = 4_000;
const TOKEN = { kind: 'bearer', token: 'reference' };
const journal = () => join(temporaryDirectory(), 'objects.ndjson');

/** The reference systems ask for nothing but JSON, and do what people do by the same interface. */
function asPerson({ url }: ReferenceServer) {
  const headers = { Authorization: 'Bearer reference', 'X-Api-Key': 'reference' };
  const ask = askReference(url, headers);
  const items = async <T>(path: string) => (await ask<{ items: readonly T[] }>('GET', path)).items;
  return { ask, items };
}

async function startDesk(): Promise<Running> {
  const desk = await startReferenceCmms({ journal: journal() });
  const { ask } = asPerson(desk);
  return {
    url: desk.url,
    words: {
      made: ['order-work done', 'requested'],
      ...{ changed: 'accepted', ended: ['withdraw-work done'], there: ['NEW', 'WITHDRAWN'] },
    },
    options: systemOf('contractor', 'contractor', LOCAL, { auth: TOKEN }),
    work: commandWork({
      ...{ system: 'contractor', verb: 'order-work', undo: 'withdraw-work' },
      payload: { title: 'Align the shaft', order: 'SO-1' },
    }),
    objects: async (key) => (await worksOf(desk.url, key)).map(({ status }) => status),
    async change(key) {
      const [work] = await worksOf(desk.url, key);
      await ask('POST', `/api/work-requests/${work?.id}/accept`, {});
    },
    stop: () => desk.close(),
  };
}

async function startCmms(): Promise<Running> {
  const desk = await startDesk();
  return {
    ...desk,
    words: {
      ...{ made: ['requested'], changed: 'accepted' },
      ...{ ended: ['cancelled'], there: ['NEW', 'WITHDRAWN'] },
    },
    options: (base, every) => requestsTo('reference', base, every, { timeout: LOCAL, auth: TOKEN }),
    work: requestWork,
  };
}

function requestsTo(
  name: string,
  base: string,
  every: string,
  { timeout, ...others }: { readonly timeout: number; readonly auth?: object },
): Partial<SystemsOptions> {
  const text = JSON.stringify(hurried(name, { ...paced(timeout), base, ...others }));
  return { cmms: cmmsConfigSchema.parse(JSON.parse(text.replaceAll('"200ms"', `"${every}"`))) };
}

async function startErp(): Promise<Running> {
  const erp = await startReferenceErp({ journal: journal() });
  const { ask, items } = asPerson(erp);
  await ask('PUT', '/admin/parts', { id: '6205-2RS', on_hand: 1_000, lead_time_days: 5 });
  const held = (key: string) => items<Reservation>(`/api/reservations?external_key=${key}`);
  return {
    url: erp.url,
    words: {
      ...{ made: ['reserve done', 'assigned'], changed: 'picked' },
      ...{ ended: ['release done'], there: ['ASSIGNED', 'RELEASED'] },
    },
    options: systemOf('erp', 'erp', LOCAL, { auth: OAUTH }),
    work: commandWork({
      ...{ system: 'erp', verb: 'reserve', undo: 'release' },
      payload: { part: '6205-2RS', quantity: 1 },
    }),
    objects: async (key) => (await held(key)).map(({ status }) => status),
    async change(key) {
      await ask('POST', `/admin/reservations/${(await held(key))[0]?.id}/pick`, {});
    },
    stop: () => erp.close(),
  };
}

const OAUTH = { kind: 'oauth2', path: '/oauth/token', client: 'andon', secret: 'reference' };

async function startPortal(): Promise<Running> {
  const erp = await startReferenceErp({ journal: journal() });
  const { ask, items } = asPerson(erp);
  const held = (key: string) => items<Inquiry>(`/api/inquiries?external_key=${key}`);
  return {
    url: erp.url,
    words: {
      ...{ made: ['ask done', 'asked'], changed: 'confirmed' },
      // A question that was asked cannot be taken back.
      ...{ ended: [], there: ['ASKED', 'ASKED'] },
    },
    options: systemOf('supplier', 'supplier', LOCAL, { auth: OAUTH }),
    work: commandWork({
      ...{ system: 'supplier', verb: 'ask' },
      payload: { part: '6205-2RS', quantity: 1, needed_by: Date.UTC(2026, 11, 1) * 1_000 },
    }),
    objects: async (key) => (await held(key)).map(({ status }) => status),
    async change(key) {
      await ask('POST', `/supplier/${(await held(key))[0]?.token}`, { answer: 'confirm' });
    },
    stop: () => erp.close(),
  };
}

async function startPlanner(): Promise<Running> {
  const planner = await startReferencePlanner({ journal: journal() });
  const { ask, items } = asPerson(planner);
  const held = (key: string) => items<StopWindow>(`/api/windows?external_key=${key}`);
  const start = Date.UTC(2026, 10, 30, 8) * 1_000;
  return {
    url: planner.url,
    words: {
      ...{ made: ['propose-stop done', 'proposed'], changed: 'accepted' },
      ...{ ended: ['withdraw-stop done'], there: ['PROPOSED', 'WITHDRAWN'] },
    },
    options: systemOf('planner', 'planner', LOCAL, {
      auth: { kind: 'header', name: 'X-Api-Key', value: 'reference' },
    }),
    work: commandWork({
      ...{ system: 'planner', verb: 'propose-stop', undo: 'withdraw-stop' },
      payload: { start, end: start + 1_800_000_000 },
    }),
    objects: async (key) => (await held(key)).map(({ status }) => status),
    async change(key) {
      await ask('POST', `/api/windows/${(await held(key))[0]?.id}/accept`, { note: 'fits' });
    },
    stop: () => planner.close(),
  };
}

async function startTryton(): Promise<Running> {
  const tryton = await trytonService(join(temporaryDirectory(), 'tryton'));
  await tryton.start();
  await tryton.furnish([{ code: '6205-2RS', name: 'Deep groove ball bearing', on_hand: 1_000 }]);
  const call = await tryton.signIn();
  const company = { company: 1 };
  const held = (key: string) =>
    call<{ id: number; state: string }[]>(
      ...(['model.stock.shipment.internal.search_read', [['reference', '=', key]]] as const),
      ...([0, null, null, ['state'], company] as const),
    );
  const { ERP_USER: user, ERP_PASSWORD: password } = tryton.env;
  return {
    url: tryton.url,
    words: {
      ...{ made: ['reserve done', 'assigned'], changed: 'picked' },
      ...{ ended: ['release done'], there: ['assigned', 'cancelled'] },
    },
    options: (base, every) => ({
      ...systemOf('tryton', 'tryton', PYTHON, {})(base, every),
      environment: { ERP_USER: user, ERP_PASSWORD: password },
    }),
    work: commandWork({
      ...{ system: 'tryton', verb: 'reserve', undo: 'release' },
      payload: { part: '6205-2RS', quantity: 1 },
    }),
    objects: async (key) => (await held(key)).map(({ state }) => state),
    async change(key) {
      await call('model.stock.shipment.internal.pack', [(await held(key))[0]?.id], company);
    },
    async stop() {
      await tryton.stop();
    },
  };
}

/** As a person, and as what a profile has of it: the same address, with a relay before it. */
function ofRoundup(roundup: Roundup) {
  const held = async (key: string) =>
    (await roundup.issues()).filter(({ title }) => title.includes(key));
  return {
    url: roundup.env.ROUNDUP_URL ?? '',
    objects: async (key: string) => (await held(key)).map(({ status }) => status.name),
    async change(key: string) {
      await roundup.set((await held(key))[0]?.id ?? '', 'in-progress');
    },
    async stop() {
      await roundup.stop();
    },
  };
}

async function startRoundupDesk(): Promise<Running> {
  const roundup = await roundupService();
  await roundup.start();
  return {
    ...ofRoundup(roundup),
    words: {
      ...{ made: ['order-work done', 'requested'], changed: 'started' },
      ...{ ended: ['withdraw-work done'], there: ['unread', 'resolved'] },
    },
    options: (base, every) => ({
      ...systemOf('contractor', 'contractor-roundup', PYTHON, {})(base, every),
      environment: Object.fromEntries(
        Object.entries(roundup.env).map(([name, value]) => [
          name.replace('ROUNDUP', 'CONTRACTOR'),
          value,
        ]),
      ),
    }),
    work: commandWork({
      ...{ system: 'contractor', verb: 'order-work', undo: 'withdraw-work' },
      payload: { title: 'Align the shaft', order: 'SO-1' },
    }),
  };
}

async function startRoundup(): Promise<Running> {
  const roundup = await roundupService();
  await roundup.start();
  return {
    ...ofRoundup(roundup),
    words: {
      ...{ made: ['requested'], changed: 'started' },
      ...{ ended: ['closed'], there: ['unread', 'resolved'] },
    },
    options: (base, every) => ({
      ...requestsTo('roundup', base, every, { timeout: PYTHON }),
      environment: roundup.env,
    }),
    work: requestWork,
  };
}

const POST = /^(POST|PUT|PATCH|DELETE) (?!.*(oauth|login))/;
const local = { timeout: LOCAL, makes: POST };
const roundup = { timeout: PYTHON, makes: POST, lacks: lacksRoundup() };

/** The one that `npm test` has too is the first. */
export const COUNTERPARTS: readonly Counterpart[] = [
  { name: 'reference planner', ...local, start: startPlanner },
  { name: 'reference ERP', ...local, start: startErp },
  { name: 'portal of suppliers', ...local, start: startPortal },
  { name: 'desk of the contractor', ...local, start: startDesk },
  { name: 'reference CMMS', ...local, start: startCmms },
  {
    ...{ name: 'Tryton', timeout: PYTHON, lacks: lacksTryton(), start: startTryton },
    makes: /internal\.(create|wait|assign_try|cancel)/,
  },
  { name: 'Roundup as the CMMS', ...roundup, start: startRoundup },
  { name: 'Roundup of the contractor', ...roundup, start: startRoundupDesk },
];
