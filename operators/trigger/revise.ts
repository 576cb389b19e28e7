import type { Out } from '../flow/keyed.ts';
import { canonicalJson } from '../model/canonical-json.ts';
import { type AssetKey, locate, plantOf } from '../model/key.ts';
import { assetOf } from '../model/knowledge.ts';
import type { Request, RequestAction, Slot } from '../model/request.ts';
import { standstillsOf } from '../model/standstill.ts';
import type { RequestRow } from '../model/tables.ts';
import { type Duration, type EventTime, HOUR } from '../model/time.ts';
import { workAt } from '../model/work.ts';
import type { AssetState, Episode } from './episode.ts';
import { type Settings, type Shared, settingsOf } from './settings.ts';
import { keptSlot, nextGap } from './slot.ts';
import { stopOf } from './stop.ts';
import { assetNameOf, descriptionOf, titleOf } from './words.ts';

/** Where and when something is decided. */
export type Moment = {
  readonly state: AssetState;
  readonly shared: Shared;
  readonly out: Out<Request>;
  readonly time: EventTime;
};

/** Says the next revision: an event for the outbox and a row with the same bytes. */
export function revise(
  episode: Episode,
  action: RequestAction,
  because: string,
  moment: Moment,
): void {
  const { shared, out, time } = moment;
  episode.revision += 1;
  episode.changes = [];
  out.sleep(timerOf(episode, 'fold'));
  const key = out.key;
  const asset = assetOf(shared.knowledge, key);
  const settings = settingsOf(shared, key, episode);
  const slot = slotOf(episode, settings, key, time, shared);
  episode.slot = slot;
  const current = workAt(shared.schedules, key, time, moment.state.said);
  const currency = shared.knowledge.models[plantOf(key)]?.currency ?? '';
  const hourly = asset?.stop_cost;
  const stop = stopOf({ hourly, currency }, settings.duration, slot, current, time);
  const name = assetNameOf(key, asset?.name);
  const { state, order, product } = episode.situation;
  const request: Request = {
    kind: 'request',
    id: episode.id,
    revision: episode.revision,
    action,
    asset: key,
    asset_name: name,
    component: episode.component,
    failure_mode: episode.failure_mode,
    work: settings.work,
    severity: episode.severity,
    priority: episode.priority,
    title: titleOf(name, episode),
    description: descriptionOf(key, name, episode, settings, { slot, current, stop, hourly }),
    parts: settings.parts,
    duration: settings.duration === null ? null : settings.duration / HOUR,
    slot,
    current,
    stop,
    round: episode.round,
    opened: episode.opened ?? time,
    time,
    trigger: episode.triggers[0] ?? '',
    because,
    incidents: [...episode.incidents],
    anomalies: [...episode.anomalies],
    evidence: [...episode.evidence],
    state,
    order,
    product,
    ids: asset?.ids ?? {},
  };
  out.land('requests', requestRow(request));
  out.emit(request, { time });
}

/** A slot that was proposed stays as long as it can be used: planners do not want another with every revision. */
function slotOf(
  { slot: told }: Episode,
  settings: Settings,
  key: AssetKey,
  now: EventTime,
  { schedules }: Shared,
): Slot | null {
  if (settings.slot === 'none') return null;
  const standstills = standstillsOf(schedules, key);
  const need = { now, duration: settings.duration ?? (0 as Duration) };
  const kept = told === null ? undefined : keptSlot(standstills, told, need);
  return kept ?? nextGap(standstills, need);
}

function requestRow(request: Request): RequestRow {
  const { asset, id, revision, action, component, failure_mode, priority, title } = request;
  const { opened, time, incidents, anomalies, slot, current, stop } = request;
  return {
    ...locate(asset),
    ...{ id, revision, action, component, failure_mode, priority, title },
    ...{ opened, time, incidents, anomalies },
    ...{ order: current.order, operation: current.operation, product: current.product },
    ...{ due: current.due, slot_start: slot?.start ?? null, slot_end: slot?.end ?? null },
    ...{ slot_entry: slot?.entry ?? '', slot_kind: slot?.kind ?? '' },
    ...{ stop_cost: stop.cost, order_late: stop.late },
    request: canonicalJson(request),
  };
}

export type Purpose = 'clear' | 'cooldown' | 'escalate' | 'fold' | 'suppressed';

export function timerOf({ number }: Pick<Episode, 'number'>, purpose: Purpose): string {
  return `${String(number).padStart(6, '0')} ${purpose}`;
}
