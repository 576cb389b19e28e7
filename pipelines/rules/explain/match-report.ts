// What a backtest or a test reports of the matches of a pattern: counts, endings, examples.

import type { PatternEvent } from '../../../operators/correlate/event-fields.ts';
import { describeEvent } from '../../../operators/correlate/incident.ts';
import type { Match } from '../../../operators/correlate/partial-matches.ts';
import type { Key } from '../../../operators/model/key.ts';
import { type EventTime, toIso } from '../../../operators/model/time.ts';

/** One way in which matches of a pattern ended without coming true, and the first three of them. */
export type MatchEnding = {
  /** The stages that had taken something, each once. */
  readonly after: readonly string[];
  /** The stage that it waited at. */
  readonly at: string;
  readonly why: string;
  count: number;
  readonly examples: { readonly key: Key; readonly began: string; readonly ended: string }[];
};

/** A match that came true, with what it took. */
export type CompleteMatch = {
  readonly key: Key;
  readonly complete: string;
  readonly captured: readonly {
    readonly stage: string;
    readonly time: string;
    readonly text: string;
  }[];
};

/** What became of the matches of one pattern that began. Bounded, however many there were. */
export type PatternReport = {
  readonly pattern: string;
  began: number;
  finished: number;
  /** Under way at the end. */
  open: number;
  readonly endings: MatchEnding[];
  readonly matches: CompleteMatch[];
};

const MOST_EXAMPLES = 3;
const MOST_MATCHES = 20;

export function newPatternReport(pattern: string): PatternReport {
  return { pattern, began: 0, finished: 0, open: 0, endings: [], matches: [] };
}

type UnfinishedMatch = {
  readonly taken: readonly { readonly stage: string }[];
  readonly began: EventTime;
  readonly stage: string;
};

/** Counts a match that came true, and keeps the first ones. */
export function addMatch(
  report: PatternReport,
  key: Key,
  match: Match<PatternEvent>,
  time: EventTime,
): void {
  report.finished += 1;
  if (report.matches.length >= MOST_MATCHES) return;
  const captured = match.map(({ stage, event, time: at }) => {
    return { stage, time: toIso(at), text: describeEvent(event.value).text };
  });
  report.matches.push({ key, complete: toIso(time), captured });
}

/** Counts a match that ended without coming true, with the stages that it had and the one that it waited at. */
export function addEnding(
  report: PatternReport,
  time: EventTime,
  key: Key,
  { taken, began, stage: at }: UnfinishedMatch,
  why: string,
): void {
  const after = [...new Set(taken.map(({ stage }) => stage))];
  const same = (ending: MatchEnding) =>
    ending.why === why && ending.at === at && ending.after.join() === after.join();
  let ending = report.endings.find(same);
  if (ending === undefined) {
    ending = { after, at, why, count: 0, examples: [] };
    report.endings.push(ending);
  }
  ending.count += 1;
  if (ending.examples.length >= MOST_EXAMPLES) return;
  ending.examples.push({ key, began: toIso(began), ended: toIso(time) });
}

/** What became of the matches of one pattern, for people. */
export function patternReportText(report: PatternReport): string {
  const { pattern, began, finished, open, endings, matches } = report;
  if (began === 0) return `\n${pattern}: no match began: no event met its first stage`;
  const head = `\n${pattern}: ${began} began, ${finished} came true, ${open} under way at the end`;
  const more = finished - matches.length;
  return [
    head,
    ...endings.toSorted((a, b) => b.count - a.count).flatMap(endingLines),
    ...matches.flatMap(matchLines),
    ...(more > 0 ? [`  and ${more} more came true`] : []),
  ].join('\n');
}

function endingLines({ after, at, why, count, examples }: MatchEnding): readonly string[] {
  return [
    `  ${count} × after ${after.join(', ')}, waiting at ${at}: ${why}`,
    ...examples.map(({ key, began, ended }) => `      ${key}, ${began} to ${ended}`),
  ];
}

function matchLines({ key, complete, captured }: CompleteMatch): readonly string[] {
  return [
    `  came true at ${key}, ${complete}`,
    ...captured.map(({ stage, time, text }) => `      ${stage} ${time} ${text}`),
  ];
}
