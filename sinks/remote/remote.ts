// A remote system, which is a CMMS (maintenance management system): the four calls that Andon makes there, each
// described by its configuration.

import type { Request } from '../../operators/model/request.ts';
import { type Call, type Caller, createCaller } from './caller.ts';
import type { CmmsConfig, WriteConfig } from './config.ts';
import { templateFieldsOf } from './fields.ts';
import { type Answer, excerpt, jsonOf, textAt, valueAt } from './http.ts';
import { listObjects } from './list.ts';
import { asked, askedAtTheDoor, type CallOutcome, success, unclear } from './outcome.ts';
import type { Environment } from './secret.ts';
import { createStatusReader, type ReadStatus } from './status.ts';
import { fillText, toText } from './template.ts';

/** `written` now, `present` from an earlier attempt, or `passed-over`: the configuration says nothing of this action. */
export type WriteResult = 'written' | 'present' | 'passed-over';

/** A system that takes maintenance requests. One call each, never repeated in here: who repeats must know why. */
export interface Cmms {
  readonly name: string;
  search(request: Request, call: Call): Promise<CallOutcome<readonly string[]>>;
  create(request: Request, call: Call): Promise<CallOutcome<string>>;
  /** Carries the revision's action out on the object that exists; `open` is written as `update` is. */
  write(request: Request, remote: string, call: Call): Promise<CallOutcome<WriteResult>>;
  /** Undefined when the configuration does not say where the status is. */
  readonly status: ReadStatus | undefined;
}

/** A CMMS with an HTTP interface, as its configuration describes it. Throws when a secret is not there. */
export function createCmms(config: CmmsConfig, environment: Environment): Cmms {
  const caller = createCaller(config, environment);
  const { status } = config;
  return {
    name: config.name,
    search: (request, call) => searchObjects(caller, config.search, request, call),
    create: (request, call) => createObject(caller, config.create, request, call),
    async write(request, remote, call) {
      const write = config[request.action === 'open' ? 'update' : request.action];
      if (write === undefined) return success('passed-over');
      const outcome = await writeRevision(caller, write, request, remote, call);
      if (outcome.kind !== 'ok') return outcome;
      return success(outcome.value ? 'written' : 'present');
    },
    status: status === undefined ? undefined : createStatusReader(caller, status),
  };
}

/**
 * Ids of the remote objects that carry the request's id, in the CMMS's own order. Looks at the key of every hit. A search
 * that gives others instead has ignored its filter: what it did not show may hold the object all the same.
 */
async function searchObjects(
  caller: Caller,
  config: CmmsConfig['search'],
  request: Request,
  call: Call,
): Promise<CallOutcome<readonly string[]>> {
  const listed = await listObjects(caller, config, templateFieldsOf(request, null), call);
  if (listed.kind !== 'ok') return listed;
  const hits = listed.value;
  const found: string[] = [];
  for (const hit of hits) {
    const key = textAt(hit, config.key);
    const same = config.match === 'equals' ? key === request.id : key?.includes(request.id);
    if (same !== true) continue;
    const remote = textAt(hit, config.remote);
    if (remote === undefined) {
      return askedAtTheDoor(
        `search: expected the remote id at "${config.remote}" of a hit, found none`,
        null,
      );
    }
    found.push(remote);
  }
  if (found.length === 0 && hits.length > 0 && !config.fuzzy) {
    const other = excerpt(textAt(hits[0], config.key) ?? 'no key');
    const note =
      `search: expected objects with ${request.id} at "${config.key}", found ${hits.length} without, ` +
      `the first with ${other}: the filter was ignored`;
    return askedAtTheDoor(note, null);
  }
  return success(found);
}

/**
 * Creates the remote object and gives its id. Never to be called before a search by key found nothing: this is the
 * one call that makes a second object when it is repeated.
 */
async function createObject(
  caller: Caller,
  config: CmmsConfig['create'],
  request: Request,
  call: Call,
): Promise<CallOutcome<string>> {
  const outcome = await caller(config, templateFieldsOf(request, null), call);
  if (outcome.kind === 'rejected' && config.exists.includes(outcome.status ?? 0)) {
    return unclear(outcome.note, outcome.status);
  }
  if (outcome.kind !== 'ok') return outcome;
  const remote = remoteIn(outcome.value, config.remote);
  if (remote !== undefined) return success(remote);
  const note = `created, but the answer names no object: ${excerpt(outcome.value.text) || 'empty'}`;
  return unclear(note, outcome.value.status);
}

function remoteIn(answer: Answer, where: CmmsConfig['create']['remote']): string | undefined {
  if (where === undefined) return undefined;
  if ('header' in where) return answer.headers.get(where.header) ?? undefined;
  return textAt(jsonOf(answer), where.pointer);
}

/**
 * Carries a revision to an object that exists. Asks first, where the configuration says how, whether that has been
 * done. True when it was written now, false when it had been before.
 */
async function writeRevision(
  caller: Caller,
  config: WriteConfig,
  request: Request,
  remote: string,
  call: Call,
): Promise<CallOutcome<boolean>> {
  const fields = templateFieldsOf(request, remote);
  const { done } = config;
  if (done !== undefined) {
    const { sending: _, ...asking } = call;
    const outcome = await caller(done, fields, { ...asking, judge: asked });
    if (outcome.kind !== 'ok') return outcome;
    const json = jsonOf(outcome.value);
    const text = textAt(json, done.at) ?? JSON.stringify(valueAt(json, done.at)) ?? '';
    if (text.includes(fillText(done.contains, fields, {}, toText))) return success(false);
  }
  const outcome = await caller(config, fields, call);
  if (outcome.kind === 'rejected' && outcome.status === 409) {
    // Somebody else wrote at the same time. That passes; what refuses for ever ends by the limit of faults.
    return unclear(outcome.note, outcome.status);
  }
  return outcome.kind === 'ok' ? success(true) : outcome;
}
