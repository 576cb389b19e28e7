import { formatDuration } from '../model/duration.ts';
import { type AssetKey, nameOf } from '../model/key.ts';
import type { Request, Slot, Stop } from '../model/request.ts';
import { type Duration, MINUTE, toIso } from '../model/time.ts';
import type { Work } from '../model/work.ts';
import type { Episode } from './episode.ts';
import type { Settings } from './settings.ts';

/** What the schedule and the plant model say of a request. `hourly`: the asset's `stop_cost`. */
type Plan = Pick<Request, 'slot' | 'current' | 'stop'> & { readonly hourly: number | undefined };

const TITLE_LENGTH = 160;

export function titleOf(asset: string, episode: Episode): string {
  const what = episode.component === '' ? asset : `${asset}, ${episode.component}`;
  const again = episode.round === 1 ? '' : 'recurred: ';
  const mode = episode.failure_mode === '' ? '' : `${episode.failure_mode}, `;
  const title = `${what}: ${again}${mode}${headlineOf(episode)}`;
  return title.length <= TITLE_LENGTH ? title : `${title.slice(0, TITLE_LENGTH - 1)}…`;
}

/** The newest word of a detector; whatever came last where none spoke. */
function headlineOf(episode: Episode): string {
  const { evidence } = episode;
  const said = evidence.findLast(({ kind }) => kind === 'anomaly') ?? evidence.at(-1);
  return said?.text ?? episode.rules.join(', ');
}

/** What a planner needs in order to decide, one fact a line. */
export function descriptionOf(
  key: AssetKey,
  asset: string,
  episode: Episode,
  settings: Settings,
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
    `Machine at the time: ${doing.join(', ')}.`,
    ...episode.history,
    'Evidence:',
    ...evidence.map(({ time, stage, text }) => `- ${toIso(time)} ${stage}: ${text}`),
    ...(more > 0 ? [`- and ${more} more of the same kind`] : []),
    `Work: ${settings.work}${settings.duration === null ? '' : `, about ${formatDuration(settings.duration)}`}.`,
    ...(settings.parts.length > 0 ? [`Parts: ${settings.parts.join(', ')}.`] : []),
    ...settings.instructions,
    ...(slot === null ? [] : [`Proposed slot: ${slotText(slot)}.`]),
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
  { cost, currency, done, late }: Stop,
  hourly: number | undefined,
  { duration }: Settings,
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
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return part === undefined ? grouped : `${grouped}.${part}`;
}

export function slotText({ kind, entry, start, end }: Slot): string {
  const what = kind === 'gap' ? `free time after ${entry}` : `${kind} ${entry}`;
  return `${what}, ${toIso(start)} to ${toIso(end)}`;
}

export function assetNameOf(key: AssetKey, name: string | undefined): string {
  return name ?? nameOf(key);
}
