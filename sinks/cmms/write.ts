import type { Request } from '../../operators/model/request.ts';
import { jsonOf } from './answer.ts';
import type { Call, Caller } from './caller.ts';
import type { WriteConfig } from './config.ts';
import { fieldsOf } from './fields.ts';
import { type Outcome, ok, puzzling } from './outcome.ts';
import { toText } from './placeholder.ts';
import { at, textAt } from './pointer.ts';
import { fillText } from './template.ts';

/**
 * Carries a revision to an object that exists. Asks first, where the configuration says how, whether that has been
 * done. True when it was written now, false when it had been before.
 */
export async function writeRevision(
  caller: Caller,
  config: WriteConfig,
  request: Request,
  remote: string,
  call: Call,
): Promise<Outcome<boolean>> {
  const fields = fieldsOf(request, remote);
  const { done } = config;
  if (done !== undefined) {
    const { sending: _, ...asking } = call;
    const outcome = await caller(done, fields, asking);
    if (outcome.kind !== 'ok') return outcome;
    const json = jsonOf(outcome.value);
    const text = textAt(json, done.at) ?? JSON.stringify(at(json, done.at)) ?? '';
    if (text.includes(fillText(done.contains, fields, {}, toText))) return ok(false);
  }
  const outcome = await caller(config, fields, call);
  if (outcome.kind === 'rejected' && outcome.status === 409) {
    // Somebody else wrote at the same time. That passes; what refuses for ever ends by the limit of faults.
    return puzzling(outcome.note, outcome.status);
  }
  return outcome.kind === 'ok' ? ok(true) : outcome;
}
