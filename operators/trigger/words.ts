import { formatDuration } from '../model/duration.ts';
import { type AssetKey, nameOf } from '../model/key.ts';
import type { Slot } from '../model/request.ts';
import { toIso } from '../model/time.ts';
import type { Episode } from './episode.ts';
import type { Settings } from './settings.ts';

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
  slot: Slot | null,
): string {
  const { situation, evidence, evidence_count } = episode;
  const { state, mode, order, product, shift, planned } = situation;
  const doing = Object.entries({ state, mode, order, product, shift, planned })
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
  ];
  return lines.join('\n');
}

function slotText({ kind, entry, start, end }: Slot): string {
  const what = kind === 'gap' ? `free time after ${entry}` : `${kind} ${entry}`;
  return `${what}, ${toIso(start)} to ${toIso(end)}`;
}

export function assetNameOf(key: AssetKey, name: string | undefined): string {
  return name ?? nameOf(key);
}
