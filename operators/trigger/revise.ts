import type { Out } from '../flow/keyed.ts';
import { canonicalJson } from '../model/canonical-json.ts';
import { locate } from '../model/key.ts';
import { assetOf } from '../model/knowledge.ts';
import type { Request, RequestAction } from '../model/request.ts';
import { standstillsOf } from '../model/standstill.ts';
import type { RequestRow } from '../model/tables.ts';
import { type Duration, type EventTime, HOUR } from '../model/time.ts';
import type { AssetState, Episode } from './episode.ts';
import { type Shared, settingsOf } from './settings.ts';
import { nextGap } from './slot.ts';
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
  { shared, out, time }: Moment,
): void {
  episode.revision += 1;
  episode.changes = [];
  out.sleep(timerOf(episode, 'fold'));
  const key = out.key;
  const asset = assetOf(shared.knowledge, key);
  const settings = settingsOf(shared, key, episode);
  const standstills = settings.slot === 'next-gap' ? standstillsOf(shared.schedules, key) : [];
  const slot = nextGap(standstills, time, settings.duration ?? (0 as Duration));
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
    description: descriptionOf(key, name, episode, settings, slot),
    parts: settings.parts,
    duration: settings.duration === null ? null : settings.duration / HOUR,
    slot,
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

function requestRow(request: Request): RequestRow {
  const { asset, id, revision, action, component, failure_mode, priority, title } = request;
  const { opened, time, incidents, anomalies } = request;
  return {
    ...locate(asset),
    ...{ id, revision, action, component, failure_mode, priority, title },
    ...{ opened, time, incidents, anomalies },
    request: canonicalJson(request),
  };
}

export type Purpose = 'clear' | 'cooldown' | 'escalate' | 'fold' | 'suppressed';

export function timerOf({ number }: Pick<Episode, 'number'>, purpose: Purpose): string {
  return `${String(number).padStart(6, '0')} ${purpose}`;
}
