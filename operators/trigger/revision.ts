import { type AssetKey, nameOf } from '../model/key.ts';
import { assetOf, plantModelOf } from '../model/knowledge.ts';
import { type Work, workAt } from '../model/machine-plan.ts';
import {
  type Request,
  type RequestAction,
  requestRow,
  type Slot,
  type StopImpact,
} from '../model/request.ts';
import { type Duration, formatDuration, HOUR, MINUTE, toIso } from '../model/time.ts';
import {
  type Episode,
  type EpisodeContext,
  type TriggerSettings,
  timerName,
  triggerSettings,
} from './episode.ts';
import { noteReported, otherComponents } from './findings.ts';
import { proposedSlot, stopOf, stretchText } from './proposed-slot.ts';

/**
 * Emits the next revision of the request of a problem: a row of `requests`, whose JSON the epoch keeps for the outbox, and
 * an event for whoever composes stages after this one (the worker collects rows only). It has all that is known, so
 * whatever changed since the last one goes with it.
 */
export function revise(
  episode: Episode,
  action: RequestAction,
  because: string,
  context: EpisodeContext,
): void {
  const { out, time } = context;
  episode.revision += 1;
  episode.changes = [];
  out.cancelTimer(timerName(episode, 'group-wait'));
  const request = requestOf(episode, action, because, context);
  episode.slot = request.slot;
  noteReported(episode, time);
  out.land('requests', requestRow(request));
  out.emit(request, { time });
}

function requestOf(
  episode: Episode,
  action: RequestAction,
  because: string,
  { state, knowledge, out, time }: EpisodeContext,
): Request {
  const key = out.key;
  const asset = assetOf(knowledge, key);
  const name = asset?.name ?? nameOf(key);
  const settings = triggerSettings(knowledge, key, episode);
  const slot = proposedSlot(episode, settings, key, time, knowledge);
  const current = workAt(knowledge.schedules, key, time, state.work);
  const currency = plantModelOf(knowledge, key)?.currency ?? '';
  const hourly = asset?.stop_cost;
  const stop = stopOf({ hourly, currency }, settings.duration, slot, current, time);
  return {
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
    since: episode.since,
    opened: episode.opened ?? time,
    time,
    trigger: episode.triggers[0] ?? '',
    because,
    incidents: [...episode.incidents],
    anomalies: [...episode.anomalies],
    evidence: [...episode.evidence],
    state: episode.situation.state,
    order: episode.situation.order,
    product: episode.situation.product,
    ids: asset?.ids ?? {},
  };
}

const TITLE_LENGTH = 160;

function titleOf(asset: string, episode: Episode): string {
  const what = episode.component === '' ? asset : `${asset}, ${episode.component}`;
  const mode = episode.failure_mode === '' ? '' : `${episode.failure_mode}, `;
  const title = `${what}: ${episode.again}${mode}${headlineOf(episode)}`;
  return title.length <= TITLE_LENGTH ? title : `${title.slice(0, TITLE_LENGTH - 1)}…`;
}

/** The newest sentence of a detector; whatever came last where none reported. */
function headlineOf({ evidence, rules }: Episode): string {
  const newest = evidence.findLast(({ kind }) => kind === 'anomaly') ?? evidence.at(-1);
  return newest?.text ?? rules.join(', ');
}

/** What the schedule and the plant model say of a request. `hourly`: the asset's `stop_cost`. */
type Plan = Pick<Request, 'slot' | 'current' | 'stop'> & { readonly hourly: number | undefined };

/** What a planner needs in order to decide, one fact a line. */
function descriptionOf(
  key: AssetKey,
  asset: string,
  episode: Episode,
  settings: TriggerSettings,
  { slot, current, stop, hourly }: Plan,
): string {
  const { situation, evidence, evidence_count } = episode;
  const { state, mode, order, operation, product, shift, planned } = situation;
  const doing = Object.entries({ state, mode, order, operation, product, shift, planned })
    .filter(([, text]) => text !== '')
    .map(([name, text]) => `${name} ${text}`);
  const more = evidence_count - evidence.length;
  const component = episode.component === '' ? '' : `, component ${episode.component}`;
  const mode_of_failure =
    episode.failure_mode === '' ? '' : `, failure mode ${episode.failure_mode}`;
  const lines = [
    `Machine: ${asset} (${key})${component}.`,
    `Problem: ${episode.severity}${mode_of_failure}, since ${toIso(episode.since)}; said by ${episode.rules.join(', ')}.`,
    ...otherComponents(episode).map((text) => `Also: ${text}.`),
    `Machine at the time: ${doing.join(', ')}.`,
    ...episode.history,
    'Evidence:',
    ...evidence.map(({ time, stage, text }) => `- ${toIso(time)} ${stage}: ${text}`),
    ...(more > 0 ? [`- and ${more} more of the same kind`] : []),
    `Work: ${settings.work}${settings.duration === null ? '' : `, about ${formatDuration(settings.duration)}`}.`,
    ...(settings.parts.length > 0 ? [`Parts: ${settings.parts.join(', ')}.`] : []),
    ...settings.instructions,
    ...(slot === null ? [] : [`Proposed slot: ${stretchText(slot)}.`]),
    ...(settings.slot !== 'none' && slot === null
      ? ['Proposed slot: none, the schedule holds no stop that is long enough.']
      : []),
    ...orderLines(current),
    ...stopLines(slot, current, stop, hourly, settings),
  ];
  return lines.join('\n');
}

function orderLines({ order, operation, product, due, end }: Work): string[] {
  if (order === '') return [];
  const parts = [
    ...(operation === '' ? [] : [`operation ${operation}`]),
    ...(product === '' ? [] : [`product ${product}`]),
    ...(end === null ? [] : [`planned until ${toIso(end)}`]),
    ...(due === null ? [] : [`due ${toIso(due)}`]),
  ];
  return [`Order now: ${[order, ...parts].join(', ')}.`];
}

function stopLines(
  slot: Slot | null,
  { order, due }: Work,
  { cost, currency, done, late }: StopImpact,
  hourly: number | undefined,
  { duration }: TriggerSettings,
): string[] {
  const money = (amount: number) => `${grouped(amount)}${currency === '' ? '' : ` ${currency}`}`;
  const facts: string[] = [];
  if (cost !== null && hourly !== undefined && duration !== null) {
    facts.push(`about ${money(cost)} (${formatDuration(duration)} at ${money(hourly)} an hour)`);
  }
  if (done !== null && due !== null) {
    const by = formatDuration((Math.ceil(Math.abs(done - due) / MINUTE) * MINUTE) as Duration);
    const when = late === true ? `${by} after it is due` : 'in time';
    facts.push(`order ${order} would be done at ${toIso(done)}, ${when}`);
  }
  return [
    ...(facts.length === 0 ? [] : [`A stop while it produces: ${facts.join('; ')}.`]),
    ...(slot === null ? [] : ['A stop in the slot: nothing, the machine stands anyway.']),
  ];
}

/** `12,400.5` */
function grouped(amount: number): string {
  const [whole = '', part] = String(amount).split('.');
  const thousands = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return part === undefined ? thousands : `${thousands}.${part}`;
}
