/** What is heard against what a plant model declares: what is new, what is gone, what has changed. */

import type { Asset, PlantModel, Signal } from '../../../operators/model/plant-model.ts';
import type { FoundNames } from './names.ts';
import { describeTag, isPackml, isSignal } from './proposal.ts';
import type { SeenTag } from './seen-tags.ts';

export type ModelDifference = {
  readonly kind: 'new' | 'gone' | 'changed';
  /** `plant.line.asset`. */
  readonly asset: string;
  /** Of the model, or as it would be called there; without it the whole asset. */
  readonly signal?: string;
  /** For people. */
  readonly what: string;
};

type CompareOptions = {
  readonly tags: readonly SeenTag[];
  readonly names: FoundNames;
  readonly models: readonly PlantModel[];
  /** Whether an asset would have been heard: what another edge brings is not gone. */
  readonly expects: (asset: string) => boolean;
};

/** By asset and signal. */
export function compareWithModel(options: CompareOptions): readonly ModelDifference[] {
  const { tags, names, models, expects } = options;
  const declared = assetsOf(models);
  const heard = new Map<string, SeenTag[]>();
  for (const seen of tags) {
    const path = names.machines.get(seen.machine)?.path ?? seen.machine;
    heard.set(path, [...(heard.get(path) ?? []), seen]);
  }
  const found: ModelDifference[] = [];
  for (const [asset, all] of heard) {
    const model = declared.get(asset);
    if (model === undefined) found.push(newAsset(asset, all));
    else found.push(...signalDifferences(asset, model, all, names));
  }
  for (const [asset, { signals, points }] of declared) {
    const isSilent = Object.keys(signals).length + points.length > 0 && !heard.has(asset);
    if (isSilent && expects(asset)) found.push({ kind: 'gone', asset, what: 'nothing was heard' });
  }
  return found.sort((a, b) => place(a).localeCompare(place(b), 'en'));
}

function place({ asset, signal = '' }: ModelDifference): string {
  return `${asset} ${signal}`;
}

function assetsOf(models: readonly PlantModel[]): ReadonlyMap<string, Asset> {
  return new Map(
    models.flatMap(({ id: plant, lines }) =>
      lines.flatMap(({ id: line, assets }) =>
        assets.map((asset) => [`${plant}.${line}.${asset.id}`, asset] as const),
      ),
    ),
  );
}

function newAsset(asset: string, tags: readonly SeenTag[]): ModelDifference {
  const [first] = tags;
  const signals = `${tags.length} ${tags.length === 1 ? 'signal' : 'signals'}`;
  return { kind: 'new', asset, what: `${first?.machine} of ${first?.source}, with ${signals}` };
}

function signalDifferences(
  asset: string,
  { signals, points }: Asset,
  tags: readonly SeenTag[],
  names: FoundNames,
): readonly ModelDifference[] {
  const found: ModelDifference[] = [];
  const heard = new Set<string>();
  for (const seen of tags) {
    const signal = names.signals.get(seen.tag) ?? seen.tag;
    heard.add(signal);
    if (!isSignal(seen) || isPackml(seen) || seen.unread !== undefined) continue;
    const declared = Object.hasOwn(signals, signal) ? signals[signal] : undefined;
    // A list is a waveform, whose point has another name.
    if (declared === undefined && !seen.types.has('list')) {
      found.push({ kind: 'new', asset, signal, what: describeTag(seen) });
    } else if (declared !== undefined) {
      for (const what of changesOf(declared, seen)) {
        found.push({ kind: 'changed', asset, signal, what });
      }
    }
  }
  const known = new Set(points.map(({ id }) => id));
  for (const seen of tags) {
    if (seen.facts.type !== 'waveform' || known.has(seen.tag)) continue;
    found.push({ kind: 'new', asset, signal: seen.tag, what: `a point, ${describeTag(seen)}` });
  }
  for (const signal of Object.keys(signals)) {
    if (!heard.has(signal)) found.push({ kind: 'gone', asset, signal, what: 'nothing was heard' });
  }
  return found;
}

function changesOf(declared: Signal, seen: SeenTag): readonly string[] {
  const { unit, kind, range } = declared;
  const { units, low, high, falls, rises, types } = seen;
  const changes: string[] = [];
  if (unit !== undefined && units.size > 0 && !units.has(unit)) {
    changes.push(`its unit is ${[...units].join(' and ')}, and ${unit} in the model`);
  }
  if (kind === 'counter' && falls > rises) {
    changes.push(`a counter in the model, and its values fell ${falls} times and rose ${rises}`);
  }
  if (range !== undefined && low !== undefined && high !== undefined) {
    const isOutside = low < range[0] || high > range[1];
    const seenRange = `its values are ${low} to ${high}`;
    if (isOutside) changes.push(`${seenRange}, and ${range[0]} to ${range[1]} in the model`);
  }
  if (types.has('text') && (unit !== undefined || range !== undefined)) {
    changes.push('its values are texts, and numbers in the model');
  }
  return changes;
}
