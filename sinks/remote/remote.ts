// A remote system, which is a CMMS (maintenance management system): the four calls that Andon makes there, each
// described by its configuration.

import type { RequestStatus } from '../../operators/model/machine-event.ts';
import type { Request } from '../../operators/model/request.ts';
import { type Call, type Caller, createCaller } from './caller.ts';
import {
  createChangesReader,
  type Difference,
  differencesIn,
  type ReadChanges,
} from './changes.ts';
import type { CmmsConfig, WriteConfig } from './config.ts';
import { templateFieldsOf } from './fields.ts';
import { findObjects, makeObject, unlessConflict, wasMade } from './objects.ts';
import { createOrderReader, type OrderReader } from './orders.ts';
import { asked, type CallOutcome, success, unclear } from './outcome.ts';
import type { Environment } from './secret.ts';
import { createStatusReader, type ReadStatus, statusIn } from './status.ts';

/** `written` now, `present` from an earlier attempt, or `passed-over`: the configuration says nothing of this action. */
export type WriteResult = 'written' | 'present' | 'passed-over';

/** A system that takes maintenance requests. One call each, never repeated in here: who repeats must know why. */
export interface Cmms {
  readonly name: string;
  /** Ids of the remote objects that carry the request's id. */
  search(request: Request, call: Call): Promise<CallOutcome<readonly string[]>>;
  create(request: Request, call: Call): Promise<CallOutcome<string>>;
  /** Carries the revision's action out on the object that exists; `open` is written as `update` is. */
  write(request: Request, remote: string, call: Call): Promise<CallOutcome<WriteResult>>;
  /** Undefined when the configuration does not say where the status is. */
  readonly status: ReadStatus<RequestStatus> | undefined;
  /** Lists objects by when they changed; undefined when the configuration does not say how. */
  readonly changes: ReadChanges | undefined;
  /** Revisions after the first are written to the object. */
  readonly updates: boolean;
  /** Reads work orders that it made itself. */
  readonly orders: OrderReader | undefined;
  /** What an object that was listed says of its status; null when nothing that is known. */
  statusOf(object: unknown): RequestStatus | null;
  /** How an object differs from what a revision says that it has to hold. */
  differences(object: unknown, request: Request): readonly Difference[];
}

/** A CMMS with an HTTP interface, as its configuration describes it. Throws when a secret is not there. */
export function createCmms(config: CmmsConfig, environment: Environment): Cmms {
  const caller = createCaller(config, environment);
  const { status, changes, orders } = config;
  return {
    name: config.name,
    async search(request, call) {
      const question = { key: request.id, fields: templateFieldsOf(request, null) };
      const found = await findObjects(caller, config.search, question, call);
      return found.kind === 'ok' ? success(found.value.map(({ remote }) => remote)) : found;
    },
    async create(request, call) {
      const fields = templateFieldsOf(request, null);
      const made = await makeObject(caller, config.create, fields, call);
      return made.kind === 'ok' ? success(made.value.remote) : made;
    },
    async write(request, remote, call) {
      const write = config[request.action === 'open' ? 'update' : request.action];
      if (write === undefined) return success('passed-over');
      return writeRevision(caller, write, request, remote, call);
    },
    status: status === undefined ? undefined : createStatusReader(caller, status),
    updates: config.update !== undefined,
    changes: changes === undefined ? undefined : createChangesReader(caller, changes),
    orders: orders === undefined ? undefined : createOrderReader(config.name, orders, status),
    statusOf: (object) =>
      status === undefined ? null : (statusIn(object, status)?.status ?? null),
    differences: (object, request) =>
      differencesIn(object, config.same, templateFieldsOf(request, null), config.maps),
  };
}

/** Carries a revision to an object that exists. Asks first, where the configuration says how, whether that was done. */
async function writeRevision(
  caller: Caller,
  config: WriteConfig,
  request: Request,
  remote: string,
  call: Call,
): Promise<CallOutcome<WriteResult>> {
  const fields = templateFieldsOf(request, remote);
  if (config.done !== undefined) {
    const made = await wasMade(caller, config.done, fields, call);
    if (made.kind !== 'ok') return made;
    if (made.value) return success('present');
  }
  const etag = await etagOf(caller, config, fields, call);
  if (etag.kind !== 'ok') return etag;
  const shown = etag.value === null ? {} : { 'If-Match': '{{etag}}' };
  const matched = { ...config, headers: { ...config.headers, ...shown } };
  const told = { ...fields, etag: etag.value };
  const outcome = unlessConflict(await caller(matched, told, call));
  return outcome.kind === 'ok' ? success('written') : outcome;
}

/** Which state of the object a call changes, where that is to be shown; null where nothing is to be matched. */
async function etagOf(
  caller: Caller,
  { match }: WriteConfig,
  fields: ReturnType<typeof templateFieldsOf>,
  { sending: _, ...asking }: Call,
): Promise<CallOutcome<string | null>> {
  if (match === undefined) return success(null);
  const seen = await caller(match, fields, { ...asking, judge: asked });
  if (seen.kind !== 'ok') return seen;
  const etag = seen.value.headers.get('etag');
  return etag === null ? unclear(`${match.path}: no ETag`, seen.value.status) : success(etag);
}
