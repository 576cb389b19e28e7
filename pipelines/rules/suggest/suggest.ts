// Rules for a plant that has none: proposed from its history, with the alarms that each would have raised.

import type { Row } from '../../../operators/flow/flow.ts';
import type { PlantModel } from '../../../operators/model/plant-model.ts';
import { type Rules, rulesSchema } from '../../../operators/model/rules.ts';
import type { AnomalyRow } from '../../../operators/model/tables.ts';
import {
  type Duration,
  type EventTime,
  formatDuration,
  SECOND,
  toIso,
} from '../../../operators/model/time.ts';
import type { Log } from '../../nats/log.ts';
import type { PlantChange } from '../../nats/partition.ts';
import { changesOf } from '../changes.ts';
import type { PlantEntry } from '../rules.ts';
import {
  createMeasuredSpan,
  extendSpan,
  type MeasuredSpan,
  monthsOf,
} from '../sweep/measured-span.ts';
import { replayVariants } from '../sweep/sweep.ts';
import { comments, yamlOf } from './commented-yaml.ts';
import { behavioursIn, type Cadence, cadencesIn } from './history.ts';
import {
  type DetectorProposal,
  proposeDetectors,
  proposeWindows,
  type RawRule,
  type WindowProposal,
} from './proposals.ts';

export type SuggestOptions = {
  readonly plants: readonly PlantEntry[];
  /** Opens the history with these changes ahead of it, as often as it is called. */
  readonly openLog: (changes: readonly PlantChange[]) => Promise<Log>;
  /** A proposed detector raised at most so many alarms a month and asset. */
  readonly alarms: number;
  readonly signal: AbortSignal;
};

/** What each value of a detector would have raised, and the one that is proposed. */
export type Suggested = DetectorProposal & {
  readonly rates: readonly { readonly value: number | undefined; readonly perMonth: number }[];
  /** Place in `rates`; undefined: even the calmest raised too many. */
  readonly chosen: number | undefined;
};

export type Suggestion = {
  readonly time: RawRule;
  readonly windows: readonly WindowProposal[];
  readonly detectors: readonly Suggested[];
  readonly span: MeasuredSpan;
  readonly alarms: number;
};

/**
 * Looks at a history three times: how often signals come, which gives windows; what they are like in those, which gives
 * detectors; and what each of these would have raised with each of its values.
 */
export async function suggest(options: SuggestOptions): Promise<Suggestion> {
  const { plants, signal } = options;
  const logWith = (raw: object) => ({
    openLog: () => options.openLog(changesOf(plants, { raw })),
    signal,
  });
  const cadences = await cadencesIn(logWith({ time: WIDE }));
  const windows = proposeWindows(cadences);
  const time = timeFor(cadences);
  const base = { time, windows: windows.map(windowOf) };
  const behaviours = await behavioursIn(logWith(base));
  const models: readonly PlantModel[] = plants.map(({ model }) => model);
  const proposals = proposeDetectors(cadences, behaviours, windows, models);
  const { span, detectors } = await ratesOf(base, proposals, options);
  return { time, windows, detectors, span, alarms: options.alarms };
}

/** Before it is known how a source sends, nothing of it may count as late. */
const WIDE = { disorder: '10s', idle: '1h', hold: '1m' };

/** A source that sends seldom is not idle in between. */
function timeFor(cadences: ReadonlyMap<string, Cadence>): RawRule {
  const usual = [...cadences.values()].map(
    ({ gaps }) =>
      gaps.values.toSorted((a, b) => a - b).at(Math.floor(0.9 * gaps.values.length)) ?? 0,
  );
  const idle = Math.max(10 * SECOND, ...usual.map((gap) => 2.5 * gap));
  return { disorder: '2s', idle: formatDuration((Math.ceil(idle / SECOND) * SECOND) as Duration) };
}

function windowOf({ id, size, signals }: WindowProposal): RawRule {
  return { id, kind: 'tumbling', size: formatDuration(size), signals };
}

/** What every detector would have raised with each of its values, in one pass. */
async function ratesOf(
  base: { readonly time: RawRule; readonly windows: readonly RawRule[] },
  proposals: readonly DetectorProposal[],
  { plants, openLog, alarms, signal }: SuggestOptions,
): Promise<Pick<Suggestion, 'span' | 'detectors'>> {
  const most = Math.max(1, ...proposals.map(({ tried }) => tried?.values.length ?? 1));
  const raws = Array.from({ length: most }, (_, at) => {
    return { ...base, detectors: proposals.map((proposal) => valued(proposal, at)) };
  });
  const variants: Rules[] = raws.map((raw) => rulesSchema.parse(raw));
  const raw = raws[0] ?? base;
  const changes = changesOf(plants, { raw });
  const { result } = await replayVariants(
    {
      openLog: () => openLog(changes),
      signal,
      change: changes[0]?.messages[0]?.headers?.['Andon-Change'] ?? '',
      variants,
    },
    () => {
      const span = createMeasuredSpan();
      const counts = variants.map(() => new Map<string, number>());
      return {
        result: { span, counts },
        measured: (row: Row) => extendSpan(span, row),
        judged: (at: number, row: Row) => countRaised(counts[at], row),
      };
    },
  );
  const months = monthsOf(result.span);
  return {
    span: result.span,
    detectors: proposals.map((proposal) => {
      const values = proposal.tried?.values ?? [undefined];
      const rates = values.map((value, at) => {
        const count = result.counts[at]?.get(proposal.rule.id) ?? 0;
        return { value, perMonth: months > 0 ? count / months : 0 };
      });
      const sensitive = rates.findLastIndex(({ perMonth }, at) => {
        return (
          perMonth <= alarms && rates.slice(0, at).every((calmer) => calmer.perMonth <= alarms)
        );
      });
      return { ...proposal, rates, chosen: sensitive < 0 ? undefined : sensitive };
    }),
  };
}

/** A proposal with one of its values; with its last where it has fewer. */
function valued({ rule, tried }: DetectorProposal, at: number): RawRule {
  if (tried === undefined) return rule;
  return { ...rule, [tried.field]: tried.values[Math.min(at, tried.values.length - 1)] };
}

function countRaised(counts: Map<string, number> | undefined, { table, row }: Row): void {
  if (table !== 'anomalies' || counts === undefined) return;
  const { phase, rule }: AnomalyRow = row;
  if (phase === 'raised') counts.set(rule, (counts.get(rule) ?? 0) + 1);
}

/** The suggestion as a `rules.yaml` with comments. Detectors that raised too much at their calmest are commented out. */
export function suggestionText({ time, windows, detectors, span, alarms }: Suggestion): string {
  const assets = span.assets.size;
  const times = [...span.assets.values()];
  const from = Math.min(...times.map(({ first }) => first));
  const to = Math.max(...times.map(({ last }) => last));
  const month = `${monthsOf(span).toPrecision(2)} months of 30.4 days`;
  return [
    ...comments('', [
      `Suggested from a history of ${assets === 1 ? 'one asset' : `${assets} assets`}, ${day(from)} to ${day(to)}: ${month}${assets > 1 ? ' over all assets' : ''}.`,
      `Each detector has the most sensitive value that raised at most ${alarms} alarms a month and asset, the time that it`,
      'learnt included. What was wrong with a machine meanwhile is in these numbers: read them before you apply this file.',
    ]),
    '',
    ...yamlOf('', { time }),
    '',
    'windows:',
    ...windows.flatMap((window) => [
      ...comments('  ', window.seen),
      ...yamlOf('  ', [windowOf(window)]),
    ]),
    '',
    'detectors:',
    ...detectors.flatMap((detector) => [...detectorText(detector, alarms), '']),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n');
}

function detectorText(detector: Suggested, alarms: number): readonly string[] {
  const { tried, why, rates, chosen } = detector;
  const table = rates.map(({ value, perMonth }, at) => {
    const mark = at === chosen && tried !== undefined ? '   <- here' : '';
    const field = tried === undefined ? '' : `${tried.field} ${value}: `;
    return `${field}${rate(perMonth)} alarms a month and asset${mark}`;
  });
  const head = comments('  ', [...why, ...table]);
  const lines = yamlOf('  ', [valued(detector, chosen ?? 0)]);
  if (chosen !== undefined) return [...head, ...lines];
  return [
    ...head,
    ...comments('  ', [
      `Left out: its calmest value raises more than ${alarms} a month. Look for modes, or for what is wrong.`,
    ]),
    ...lines.map((line) => `  # ${line.slice(2)}`),
  ];
}

function rate(perMonth: number): string {
  return perMonth < 10 ? perMonth.toFixed(1) : perMonth.toFixed(0);
}

function day(time: number): string {
  return Number.isFinite(time) ? toIso(time as EventTime).slice(0, 16) : 'never';
}
