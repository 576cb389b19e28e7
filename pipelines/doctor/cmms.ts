/** The CMMS of a configuration: whether it answers, lets us in, and answers what a search asks. Changes nothing there. */

import type { AssetKey } from '../../operators/model/key.ts';
import type { Request } from '../../operators/model/request.ts';
import type { EventTime } from '../../operators/model/time.ts';
import { type CmmsConfig, readCmmses } from '../../sinks/remote/config.ts';
import type { CallOutcome } from '../../sinks/remote/outcome.ts';
import { createCmms } from '../../sinks/remote/remote.ts';
import type { Config } from '../base/config.ts';
import { messageOf } from '../base/problem.ts';
import { type CheckResult, fail, ok, warn } from './check-result.ts';

/** Every CMMS of a configuration. Nothing without one. */
export async function examineCmms(config: Config): Promise<readonly CheckResult[]> {
  return (await Promise.all(readCmmses(config.cmms).map(examineOne))).flat();
}

/** Searches for a request that there is not, as the delivery would before it creates one. */
async function examineOne(cmms: CmmsConfig): Promise<readonly CheckResult[]> {
  const check = `CMMS ${cmms.name}`;
  try {
    const { search } = createCmms(cmms, process.env);
    const call = { priority: 'delivery', signal: AbortSignal.timeout(2 * cmms.timeout) } as const;
    return [judged(check, cmms, await search(NOBODY, call)), ...settings(check, cmms)];
  } catch (error) {
    const remedy = 'Correct `cmms` in the configuration, or set what it reads from elsewhere.';
    return [fail(check, messageOf(error), remedy)];
  }
}

function judged(
  check: string,
  { search }: CmmsConfig,
  outcome: CallOutcome<readonly string[]>,
): CheckResult {
  if (outcome.kind !== 'ok') {
    const remedy =
      'Requests would wait. Correct cmms.base, cmms.auth or cmms.search; ask whoever runs it for the rights.';
    return fail(check, outcome.note, remedy);
  }
  if (outcome.value.length === 0) return ok(check, 'answers a search for a key that nobody has');
  const found = `a search for a key that nobody has gave ${outcome.value.join(', ')}`;
  return fail(check, found, `Its filter is wrong: correct cmms.search (${search.path}).`);
}

function settings(check: string, { status }: CmmsConfig): readonly CheckResult[] {
  if (status !== undefined) return [];
  const remedy = 'Describe cmms.status: without it, requests stay open for ever.';
  return [warn(check, 'nobody asks it what became of requests', remedy)];
}

const NO_TIME = 0 as EventTime;

/** Everything that a template of a search may name is there. */
const NOBODY: Request = {
  ...{ kind: 'request', id: 'andondoctor0', revision: 1, action: 'open' },
  ...{ asset: 'andon/doctor/nobody' as AssetKey, asset_name: 'nobody', component: 'nothing' },
  ...{ failure_mode: 'none', work: 'none', severity: 'notice', priority: 'low' },
  ...{ title: 'andon doctor', description: 'A search by andon doctor.', parts: [], duration: null },
  slot: null,
  current: { order: '', operation: '', product: '', due: null, end: null },
  stop: { cost: null, cost_in_slot: null, currency: '', done: null, late: null },
  ...{
    round: 1,
    since: NO_TIME,
    opened: NO_TIME,
    time: NO_TIME,
    trigger: 'doctor',
    because: 'andon doctor',
  },
  ...{ incidents: [], anomalies: [], evidence: [], state: '', order: '', product: '', ids: {} },
};
