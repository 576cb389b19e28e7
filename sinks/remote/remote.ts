// A remote system, which is a CMMS (maintenance management system): the four calls that Andon makes there, each
// described by its configuration.

import type { RequestStatus } from '../../operators/model/machine-event.ts';
import type { Request } from '../../operators/model/request.ts';
import { type Call, type Caller, createCaller } from './caller.ts';
import type { CmmsConfig, WriteConfig } from './config.ts';
import { templateFieldsOf } from './fields.ts';
import { type Answer, excerpt, jsonOf, textAt, valueAt } from './http.ts';
import { type CallOutcome, success, unclear } from './outcome.ts';
import type { Environment } from './secret.ts';
import { fillText, toText } from './template.ts';

/** `written` now, `present` from an earlier attempt, or `passed-over`: the configuration says nothing of this action. */
export type WriteResult = 'written' | 'present' | 'passed-over';

/** What the CMMS says of an object: its own word, ours where the words are mapped, and a note where it has one. */
export type RemoteStatus = {
  readonly word: string;
  readonly status: RequestStatus | null;
  readonly note: string | null;
};

/** A system that takes maintenance requests. One call each, never repeated in here: who repeats must know why. */
export interface Cmms {
  readonly name: string;
  search(request: Request, call: Call): Promise<CallOutcome<readonly string[]>>;
  create(request: Request, call: Call): Promise<CallOutcome<string>>;
  /** Carries the revision's action out on the object that exists; `open` is written as `update` is. */
  write(request: Request, remote: string, call: Call): Promise<CallOutcome<WriteResult>>;
  /** Undefined when the configuration does not say where the status is. */
  readonly status:
    | ((id: string, remote: string, call: Call) => Promise<CallOutcome<RemoteStatus>>)
    | undefined;
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
    status:
      status === undefined
        ? undefined
        : (id, remote, call) => readStatus(caller, status, id, remote, call),
  };
}

/** Ids of the remote objects that carry the request's id, in the CMMS's own order. Looks at the key of every hit. */
async function searchObjects(
  caller: Caller,
  config: CmmsConfig['search'],
  request: Request,
  call: Call,
): Promise<CallOutcome<readonly string[]>> {
  const outcome = await caller(config, templateFieldsOf(request, null), call);
  if (outcome.kind !== 'ok') return outcome;
  const hits = valueAt(jsonOf(outcome.value), config.hits);
  if (!Array.isArray(hits)) {
    const note = `search: expected a list at "${config.hits}", found ${excerpt(outcome.value.text) || 'nothing'}`;
    return unclear(note, outcome.value.status);
  }
  const found: string[] = [];
  for (const hit of hits) {
    const key = textAt(hit, config.key);
    const same = config.match === 'equals' ? key === request.id : key?.includes(request.id);
    if (same !== true) continue;
    const remote = textAt(hit, config.remote);
    if (remote === undefined) {
      const note = `search: expected the remote id at "${config.remote}" of a hit, found none`;
      return unclear(note, outcome.value.status);
    }
    found.push(remote);
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
    const outcome = await caller(done, fields, asking);
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

async function readStatus(
  caller: Caller,
  config: NonNullable<CmmsConfig['status']>,
  id: string,
  remote: string,
  call: Call,
): Promise<CallOutcome<RemoteStatus>> {
  const outcome = await caller(config, { id, remote }, call);
  if (outcome.kind === 'rejected' && config.gone !== undefined && isGone(outcome.status)) {
    return success({ word: `${outcome.status}`, status: config.gone, note: 'no longer there' });
  }
  if (outcome.kind !== 'ok') return outcome;
  const json = jsonOf(outcome.value);
  const words = config.at.flatMap((pointer) => {
    const found = valueAt(json, pointer);
    return typeof found === 'object' || found === undefined ? [] : [String(found)];
  });
  const note = (config.note === undefined ? undefined : textAt(json, config.note)) ?? null;
  const mapped = words.find((word) => Object.hasOwn(config.words, word));
  if (mapped !== undefined)
    return success({ word: mapped, status: config.words[mapped] ?? null, note });
  if (json !== undefined && config.absent !== undefined) {
    return success({ word: words[0] ?? 'absent', status: config.absent, note });
  }
  const [word] = words;
  if (word !== undefined) return success({ word, status: null, note });
  return unclear(
    `status: expected a word at "${config.at.join('", "')}", found ${excerpt(outcome.value.text) || 'nothing'}`,
    outcome.value.status,
  );
}

function isGone(status: number | null): boolean {
  return status === 404 || status === 410;
}
