import type { Request } from '../../operators/model/request.ts';
import { excerpt, jsonOf } from './answer.ts';
import type { Call, Caller } from './caller.ts';
import type { CmmsConfig } from './config.ts';
import { fieldsOf } from './fields.ts';
import { type Outcome, ok, puzzling } from './outcome.ts';
import { at, textAt } from './pointer.ts';

/** Ids of the remote objects that carry the request's id, in the CMMS's own order. Looks at the key of every hit. */
export async function searchByKey(
  caller: Caller,
  config: CmmsConfig['search'],
  request: Request,
  call: Call,
): Promise<Outcome<readonly string[]>> {
  const outcome = await caller(config, fieldsOf(request, null), call);
  if (outcome.kind !== 'ok') return outcome;
  const hits = at(jsonOf(outcome.value), config.hits);
  if (!Array.isArray(hits)) {
    const note = `search: expected a list at "${config.hits}", found ${excerpt(outcome.value.text) || 'nothing'}`;
    return puzzling(note, outcome.value.status);
  }
  const found: string[] = [];
  for (const hit of hits) {
    const key = textAt(hit, config.key);
    const same = config.match === 'equals' ? key === request.id : key?.includes(request.id);
    if (same !== true) continue;
    const remote = textAt(hit, config.remote);
    if (remote === undefined) {
      const note = `search: expected the remote id at "${config.remote}" of a hit, found none`;
      return puzzling(note, outcome.value.status);
    }
    found.push(remote);
  }
  return ok(found);
}
