import type { Request } from '../../../operators/model/request.ts';
import type { EventTime } from '../../../operators/model/time.ts';
import type { PlantEntry } from '../../rules/rules.ts';
import type { CmmsWork } from '../ask-cmms.ts';
import type { LandedRevision, MachineNow } from '../ask-warehouse.ts';
import type { BoardStatus, LineView, RequestView } from './view.ts';
import { clockOf, grouped } from './words.ts';

/** The state of all machines of the model, in its order. */
export function lineViews(
  plants: readonly PlantEntry[],
  machines: readonly MachineNow[],
  requests: readonly RequestView[],
): readonly LineView[] {
  const now = new Map(machines.map((one) => [`${one.plant}/${one.line}/${one.asset}`, one]));
  const asked = new Set(
    requests.filter(({ action }) => isOpen(action)).map(({ assetKey }) => assetKey),
  );
  return plants.flatMap(({ model }) =>
    model.lines.map((line) => ({
      name: line.name ?? line.id,
      machines: line.assets.map((asset) => {
        const key = `${model.id}/${line.id}/${asset.id}`;
        return {
          name: asset.name ?? asset.id,
          status: asked.has(key) ? 'requested' : statusOf(now.get(key)),
        };
      }),
    })),
  );
}

function statusOf(machine: MachineNow | undefined): BoardStatus {
  if (machine === undefined) return 'unknown';
  if (machine.standing > 0) return 'anomalous';
  if (machine.state === '') return 'unknown';
  return machine.state === 'EXECUTE' ? 'running' : 'stopped';
}

function isOpen(action: RequestView['action']): boolean {
  return action === 'open' || action === 'update';
}

/** Each request as its last revision says, the newest first. */
export function requestViews(
  revisions: readonly LandedRevision[],
  works: readonly CmmsWork[],
): readonly RequestView[] {
  const remotes = new Map(works.map((work) => [work.external_key, work.id]));
  const last = new Map<string, LandedRevision>();
  for (const revision of revisions) last.set(revision.id, revision);
  return [...last.values()]
    .map((one) => ({
      id: one.id,
      at: one.opened,
      action: one.action,
      revision: one.revision,
      priority: one.priority,
      asset: one.asset,
      assetKey: `${one.plant}/${one.line}/${one.asset}`,
      title: one.title,
      failureMode: one.failure_mode,
      slot: slotOf(JSON.parse(one.request)),
      remote: remotes.get(one.id),
    }))
    .sort((a, b) => b.at - a.at || (a.id < b.id ? -1 : 1));
}

/** The slot, and what it spares: a stop while the machine produces costs what the plant model says. */
function slotOf({ slot, stop }: Pick<Request, 'slot' | 'stop'>): string | undefined {
  if (slot === null) return undefined;
  const hours = (time: EventTime) => clockOf(time).slice(0, 5);
  const spared = (stop.cost ?? 0) - (stop.cost_in_slot ?? 0);
  const saves = spared > 0 ? `, spares ${grouped(spared)} ${stop.currency}`.trimEnd() : '';
  return `${hours(slot.start)} to ${hours(slot.end)} (${slot.kind})${saves}`;
}
