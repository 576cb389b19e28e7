/** What the expressions of a workflow can name, and what that says of a work now. */

import type { AssetKey } from '../model/key.ts';
import { locate, nameOf, plantOf } from '../model/key.ts';
import { assetOf, type Knowledge } from '../model/knowledge.ts';
import { type EventTime, toIso } from '../model/time.ts';
import { isSettled, type KeptRevision, type StepState, type WorkflowRun } from './work.ts';

/** The fields of each name; `null`: any, since they are names of the plant's own. Steps have what their systems give. */
export const FACT_FIELDS: Readonly<Record<string, readonly string[] | null>> = {
  request: [
    ...['id', 'revision', 'action', 'component', 'failure_mode', 'work', 'severity', 'priority'],
    ...['title', 'description', 'parts', 'duration', 'round', 'since', 'opened'],
    ...['trigger', 'because'],
    ...['status', 'acknowledged', 'origin', 'remote'],
  ],
  asset: [
    ...['key', 'plant', 'line', 'id', 'name', 'class', 'criticality', 'stop_cost', 'components'],
    ...['attributes', 'ids'],
  ],
  order: ['id', 'operation', 'product', 'due', 'end'],
  slot: ['start', 'end', 'entry', 'kind'],
  steps: null,
};

export type Facts = Readonly<Record<string, unknown>>;

/** What others say of a request or work order. */
export type SaidOfWork = Pick<WorkflowRun, 'status' | 'acknowledged' | 'origin' | 'remote'>;

/** What is known of a request or work order before a workflow runs for it. */
export function requestFacts(
  revision: KeptRevision,
  { status, acknowledged, origin, remote }: SaidOfWork,
  key: AssetKey,
  knowledge: Knowledge,
): Facts {
  const { slot, current, since, opened, ...request } = revision;
  const asset = assetOf(knowledge, key);
  const { plant, line, asset: id } = locate(key);
  return {
    request: {
      ...{ ...request, since: toIso(since), opened: toIso(opened) },
      ...{ status, acknowledged, origin, remote },
    },
    asset: {
      ...{ key, plant, line, id, name: asset?.name ?? id, class: asset?.class ?? '' },
      ...{ criticality: asset?.criticality ?? '', stop_cost: asset?.stop_cost ?? null },
      ...{ components: asset?.components ?? [], attributes: asset?.attributes ?? {} },
      ids: asset?.ids ?? {},
    },
    order: {
      ...{ id: current.order, operation: current.operation, product: current.product },
      ...{ due: isoOrNull(current.due), end: isoOrNull(current.end) },
    },
    slot: slot === null ? null : { ...slot, start: toIso(slot.start), end: toIso(slot.end) },
    steps: {},
  };
}

/** The same of a work under way. */
export function workFacts(work: WorkflowRun, key: AssetKey, knowledge: Knowledge): Facts {
  const steps = Object.entries(work.steps).map(([id, step]) => [id, stepFacts(step)]);
  return {
    ...requestFacts(work.revision, work, key, knowledge),
    steps: Object.fromEntries(steps),
  };
}

/** `outcome` is '' until the step is settled; `state` is what its system last said of the object. */
function stepFacts(step: StepState): Facts {
  const { values, remote, remote_state, note, n, escalated } = step;
  const outcome = isSettled(step) ? step.state : '';
  return { ...values, outcome, state: remote_state, remote, note, n, escalated };
}

function isoOrNull(time: EventTime | null): string | null {
  return time === null ? null : toIso(time);
}

/** Of which plant and class an asset is: what `plants` and `classes` of a workflow name. */
export function kindOf(
  key: AssetKey,
  knowledge: Knowledge,
): { readonly plant: string; readonly class: string } {
  return { plant: plantOf(key), class: assetOf(knowledge, key)?.class ?? nameOf(key) };
}
