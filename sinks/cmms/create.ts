import type { Request } from '../../operators/model/request.ts';
import { type Answer, excerpt, jsonOf } from './answer.ts';
import type { Call, Caller } from './caller.ts';
import type { CmmsConfig } from './config.ts';
import { fieldsOf } from './fields.ts';
import { type Outcome, ok, puzzling } from './outcome.ts';
import { textAt } from './pointer.ts';

/**
 * Creates the remote object and gives its id. Never to be called before a search by key found nothing: this is the
 * one call that makes a second object when it is repeated.
 */
export async function createRemote(
  caller: Caller,
  config: CmmsConfig['create'],
  request: Request,
  call: Call,
): Promise<Outcome<string>> {
  const outcome = await caller(config, fieldsOf(request, null), call);
  if (outcome.kind === 'rejected' && config.exists.includes(outcome.status ?? 0)) {
    return puzzling(outcome.note, outcome.status);
  }
  if (outcome.kind !== 'ok') return outcome;
  const remote = remoteIn(outcome.value, config.remote);
  if (remote !== undefined) return ok(remote);
  const note = `created, but the answer names no object: ${excerpt(outcome.value.text) || 'empty'}`;
  return puzzling(note, outcome.value.status);
}

function remoteIn(answer: Answer, where: CmmsConfig['create']['remote']): string | undefined {
  if (where === undefined) return undefined;
  if ('header' in where) return answer.headers.get(where.header) ?? undefined;
  return textAt(jsonOf(answer), where.pointer);
}
