/** Front door: what stands beside an edge, as a plant model to edit, as entries of `edge.yaml`, and against a model. */

import type { NatsConnection } from '@nats-io/transport-node';
import type { PlantModel } from '../../../operators/model/plant-model.ts';
import { EXIT, Problem } from '../../base/problem.ts';
import type { EdgeConfig } from '../edge-config.ts';
import { compareWithModel, type ModelDifference } from './compare.ts';
import { type ListenedSource, listen, NATS_SOURCE } from './listen.ts';
import { type FoundNames, nameAll } from './names.ts';
import { edgeText, plantText } from './proposal.ts';
import { asConfigured, asPublished, type SeenTag, SeenTags } from './seen-tags.ts';

export type DiscoverOptions = {
  readonly config: EdgeConfig | undefined;
  readonly nats: NatsConnection | undefined;
  readonly seconds: number;
  /** The plant of machines that nothing says anything of. */
  readonly plant: string | undefined;
  /** Ends it before its time: what was heard until then counts. */
  readonly signal: AbortSignal;
  /** Told once in so many milliseconds, and at the end. */
  readonly onProgress: (progress: DiscoverProgress) => void;
  readonly tell?: number;
};

export type DiscoverProgress = {
  readonly seconds: number;
  readonly machines: number;
  readonly tags: number;
  readonly readings: number;
};

export type Discovered = {
  readonly tags: readonly SeenTag[];
  readonly names: FoundNames;
  readonly sources: readonly ListenedSource[];
  /** Sentences about what was heard, and what was not. */
  readonly summary: readonly string[];
  /** `plant.yaml`. */
  readonly plant: string;
};

const TELL = 5_000;
const SECOND = 1_000;

/** Rejects with a `Problem` where nothing was heard, or a source cannot be opened as it is configured. */
export async function discover(options: DiscoverOptions): Promise<Discovered> {
  const { config, nats, seconds, signal, onProgress, tell = TELL } = options;
  const seen = new SeenTags(() => performance.now());
  const began = performance.now();
  const passed = () => Math.round((performance.now() - began) / SECOND);
  const progress = () => {
    const { machines, size, readings } = seen;
    onProgress({ seconds: passed(), machines, tags: size, readings });
  };
  const timer = setInterval(progress, tell);
  // Node 20 may forget a signal of AbortSignal.timeout that only another signal waits for.
  const over = new AbortController();
  const end = setTimeout(() => over.abort(), seconds * SECOND);
  const stop = AbortSignal.any([signal, over.signal]);
  let sources: readonly ListenedSource[];
  try {
    sources = await listen({ config, nats, seen, signal: stop });
  } finally {
    clearInterval(timer);
    clearTimeout(end);
  }
  progress();
  const { assets = {}, signals = {}, unlisted = 'pass' } = config ?? {};
  const tags = seen
    .tags()
    .map((tag) =>
      tag.source === NATS_SOURCE ? asPublished(tag) : asConfigured(tag, { signals, unlisted }),
    );
  if (tags.length === 0) throw nothing(sources, passed());
  const plant = options.plant ?? onlyPlant(Object.values(assets)) ?? 'works';
  const names = nameAll(tags, { assets, signals }, plant);
  const summary = summaryOf(seen, sources, passed());
  return { tags, names, sources, summary, plant: plantText(tags, names, summary) };
}

/** `edge.yaml` with what was found, its own entries and comments as they were. */
export function edgeFileWith({ tags, names }: Discovered, before: string): string {
  return edgeText(before, tags, names);
}

/** What differs from a model. `hearsAll`: whatever is in the model would have been heard. */
export function differencesFrom(
  { tags, names }: Discovered,
  models: readonly PlantModel[],
  { assets = {} }: Partial<Pick<EdgeConfig, 'assets'>>,
  hearsAll: boolean,
): readonly ModelDifference[] {
  const ours = new Set(Object.values(assets));
  const expects = (asset: string) => hearsAll || ours.has(asset);
  return compareWithModel({ tags, names, models, expects });
}

function onlyPlant(paths: readonly string[]): string | undefined {
  const plants = new Set(paths.map((path) => path.split('.')[0]));
  return plants.size === 1 ? [...plants][0] : undefined;
}

function summaryOf(
  seen: SeenTags,
  sources: readonly ListenedSource[],
  seconds: number,
): readonly string[] {
  const beyond = seen.beyond + seen.nameless;
  return [
    `Heard in ${seconds} s: ${seen.machines} machines, ${seen.size} tags, ${seen.readings} values.`,
    ...sources.map(sentenceOf),
    ...(beyond === 0
      ? []
      : [`${beyond} values are of no machine or tag: see the templates machine and tag.`]),
    'Edit the names, then: andon apply --check plant.yaml',
  ];
}

function sentenceOf({ name, kind, connected, trouble, messages, refused }: ListenedSource): string {
  const counts = Object.entries(refused).map(([reason, count]) => `${reason} ${count}`);
  const left = counts.length === 0 ? '' : `; left out: ${counts.join(', ')}`;
  const why = trouble === undefined ? '' : `; ${trouble.replace(/\.+$/, '')}`;
  const heard = connected
    ? `${messages} ${messages === 1 ? 'message' : 'messages'}`
    : 'not reached';
  return `Source ${name} (${kind}): ${heard}${left}${why}.`;
}

function nothing(sources: readonly ListenedSource[], seconds: number): Problem {
  return new Problem({
    where: 'andon discover',
    expected: 'values of a machine',
    found: `none in ${seconds} s. ${sources.map(sentenceOf).join(' ')}`,
    remedy: 'Correct address, log-in or topics of the source, or listen longer (--seconds).',
    exit: EXIT.outside,
  });
}
