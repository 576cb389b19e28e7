import { coordinate } from '../../../operators/coordinate/coordinate.ts';
import { correlate } from '../../../operators/correlate/correlate.ts';
import type { Flow, Stage } from '../../../operators/flow/flow.ts';
import type { States } from '../../../operators/flow/states.ts';
import type { Anomaly } from '../../../operators/model/anomaly.ts';
import type { Enriched, Observation } from '../../../operators/model/observation.ts';
import type { Request } from '../../../operators/model/request.ts';
import { trigger } from '../../../operators/trigger/trigger.ts';
import { anomaly, at, machineEvent, model, rules } from '../../support/findings.ts';
import { runThrough, valuesOf, watermark } from '../../support/flows.ts';

export type Input = Enriched<Observation> | Anomaly;

export const stages =
  (states: States): Stage<Input, Request> =>
  (source) =>
    source.pipe(correlate(states), trigger(states), coordinate(states));

export function run(items: readonly Flow<Input>[], cuts?: ReadonlySet<number>) {
  const output = runThrough(stages, items, cuts);
  const requests = valuesOf(output);
  return {
    output,
    requests,
    revisions: requests.map(
      ({ time, revision, action, because }) => `${time / 1e6} ${revision} ${action}: ${because}`,
    ),
    deadLetters: output.flatMap((item) =>
      item.kind === 'row' && item.table === 'dead_letters' ? [item.row] : [],
    ),
    rows: output.flatMap((item) =>
      item.kind === 'row' && item.table === 'requests' ? [item.row] : [],
    ),
  };
}

export const hot = {
  id: 'cool-it',
  on: 'hot',
  request: { priority: 'medium', parts: ['belt'], duration: '1h' },
  rearm: '1m',
  cooldown: '1h',
};
export const shaky = {
  id: 'look-at-it',
  on: 'shaky',
  request: { priority: 'high', kind: 'repair', parts: ['6205'] },
  rearm: '1m',
  cooldown: '1h',
};
export const start = [model, rules({ triggers: [hot, shaky] })];

export const raised = (seconds: number, more: Partial<Anomaly> = {}) => anomaly(seconds, more);
export const cleared = (seconds: number, more: Partial<Anomaly> = {}) =>
  anomaly(seconds, { phase: 'cleared', ...more });
export const shakes = (seconds: number, more: Partial<Anomaly> = {}) =>
  anomaly(seconds, { rule: 'shaky', signal: 'vibration', ...more });
export const pass = (seconds: number) => watermark('p1/l1', at(seconds));

/** The status of the request that these items lead to: its id is known only after a first run. */
export function requestStatus(
  items: readonly Flow<Input>[],
  seconds: number,
  status: string,
  note?: string,
): Flow<Input> {
  const id = run(items).requests.at(-1)?.id ?? '';
  return machineEvent(seconds, 'request', { id, status, ...(note === undefined ? {} : { note }) });
}
