/**
 * How far each source lags behind the most advanced one of its line, and how far each line has come: measured on the
 * watermarks that leave the pipeline. The lags say what `hold` must be for patterns to see every source.
 */

import type { Watermark } from '../../operators/flow/flow.ts';
import { holdOf } from '../../operators/flow/watermarks.ts';
import { assetKey, type Key, lineKey } from '../../operators/model/key.ts';
import { EMPTY_KNOWLEDGE, type Knowledge } from '../../operators/model/knowledge.ts';
import {
  type Duration,
  type EventTime,
  formatDuration,
  SECOND,
  toIso,
} from '../../operators/model/time.ts';

/** The measured lags of one source: half of them, and 99 of 100, were at most so long; undefined where none is recent. */
export type SourceLag = {
  readonly source: string;
  /** Its own time. */
  readonly time: EventTime;
  readonly median: Duration | undefined;
  readonly p99: Duration | undefined;
  /** The most that its line waits for it, by the rules or the plant model. */
  readonly hold: Duration;
  /** It was not heard for `idle`. */
  readonly silent: boolean;
};

export type LineLags = {
  readonly line: Key;
  /** How far line time has come; undefined: no source has moved it yet. */
  readonly time: EventTime | undefined;
  /** The latest time of a source. */
  readonly advanced: EventTime;
  readonly sources: readonly SourceLag[];
  /** The least `hold` with which every source is in step 99 times of 100; undefined where one source speaks. */
  readonly hold: Duration | undefined;
};

export interface SourceLags {
  /** What is in force from now on. */
  knowledge(known: Knowledge): void;
  watermark(mark: Watermark): void;
  report(): readonly LineLags[];
}

/** How often a source lagged by so many whole seconds, as watermarks stand on whole seconds. */
type Lags = Map<number, number>;
type Source = {
  time: EventTime;
  silent: boolean;
  /** The stretch of time that is measured now, and the lags of it and of the one before it. */
  stretch: number;
  lags: Lags;
  before: Lags;
};
type Line = {
  time: EventTime | undefined;
  advanced: number;
  readonly sources: Map<string, Source>;
};

/** What lags by more is stored and sent later, or a clock that is wrong: no `hold` is for that. */
const LONGEST = 600;
/** Sources that anybody can make up cannot fill the memory. */
const MOST_SOURCES = 10_000;

/** `recent`: only lags of the last one or two stretches of this length count. Without it, all. */
export function createSourceLags(recent = Number.POSITIVE_INFINITY): SourceLags {
  const lines = new Map<Key, Line>();
  let known = EMPTY_KNOWLEDGE;
  let count = 0;
  const lineAt = (key: Key) => {
    const line = lines.get(key) ?? { time: undefined, advanced: 0, sources: new Map() };
    lines.set(key, line);
    return line;
  };
  const sourceAt = ({ sources }: Line, of: string) => {
    const source = sources.get(of);
    if (source !== undefined || count >= MOST_SOURCES) return source;
    count += 1;
    const times = { time: 0 as EventTime, silent: false, stretch: 0 };
    const opened = { ...times, lags: new Map(), before: new Map() };
    sources.set(of, opened);
    return opened;
  };
  return {
    knowledge(now) {
      known = now;
    },
    watermark({ scope, of, time, silence, blind }) {
      if (scope === 'line') {
        if (blind === undefined) lineAt(of).time = time;
        return;
      }
      if (scope === 'log') return;
      const [kind, plant = '', name = ''] = of.split('.');
      // Machine events alone are rare and hold no line, and backfill has a clock that moves none.
      if ((kind !== 'telemetry' && kind !== 'waveform') || of.endsWith(' backfill')) return;
      const line = lineAt(lineKey(plant, name));
      const source = sourceAt(line, of);
      if (source === undefined) return;
      source.silent = silence === true;
      // A source that fell silent has no time of its own here.
      if (silence === true) return;
      line.advanced = Math.max(line.advanced, time);
      source.time = time;
      turnTo(source, Math.floor(line.advanced / recent));
      const lag = Math.min(Math.round((line.advanced - time) / SECOND), LONGEST);
      source.lags.set(lag, (source.lags.get(lag) ?? 0) + 1);
    },
    report: () => [...lines].map(([line, content]) => lagsOf(line, content, known, recent)),
  };
}

/** Forgets what is older than the stretch before this one. */
function turnTo(source: Source, stretch: number): void {
  if (source.stretch === stretch) return;
  source.before = source.stretch === stretch - 1 ? source.lags : new Map();
  source.lags = new Map();
  source.stretch = stretch;
}

/** For people: how far a line has come, and what to do about sources that it does not wait for. */
export function lagsText(lags: LineLags): string[] {
  const { line, time } = lags;
  const came = time === undefined ? 'has no time yet' : `came to ${toIso(time)}`;
  const advice = holdAdvice(lags);
  return [`line ${line} ${came}${advice === undefined ? '' : `; ${advice}`}`];
}

/** Which sources lag by more than their `hold`, and the one that would do; undefined where every source is in step. */
export function holdAdvice({ sources, hold }: LineLags): string | undefined {
  const behind = sources.filter(({ p99, hold: held }) => p99 !== undefined && p99 > held);
  const curable = behind.filter(({ p99 = 0 }) => p99 < LONGEST * SECOND);
  if (hold === undefined || curable.length === 0) return undefined;
  const few = curable.slice(0, MOST_NAMED).map(lagText).join('; ');
  const more = curable.length > MOST_NAMED ? `; and ${curable.length - MOST_NAMED} more` : '';
  return `sources lag by more than hold: ${few}${more}. With a hold of ${formatDuration(hold)} (time.hold of the rules, or hold of the asset) they are waited for`;
}

const MOST_NAMED = 5;

/** `telemetry.a.b.c by 40s (half of the time), 1m2s (99 of 100), with a hold of 30s` */
function lagText({ source, median, p99, hold }: SourceLag): string {
  const [half, most] = [median, p99].map((lag) => formatDuration(lag ?? (0 as Duration)));
  return `${source} by ${half} (half of the time), ${most} (99 of 100), with a hold of ${formatDuration(hold)}`;
}

function lagsOf(line: Key, content: Line, known: Knowledge, recent: number): LineLags {
  const { time, advanced, sources } = content;
  const current = Math.floor(advanced / recent);
  const measured = [...sources].map(([source, kept]) => {
    const [, plant = '', lineName = '', asset = ''] = source.split('.');
    const lags = recentLags(kept, current);
    return {
      ...{ source, time: kept.time, silent: kept.silent },
      median: quantile(lags, 0.5),
      p99: quantile(lags, 0.99),
      hold: holdOf(assetKey(plant, lineName, asset), known),
    };
  });
  const bounded = measured.flatMap(({ p99 }) => {
    return p99 !== undefined && p99 < LONGEST * SECOND ? [p99] : [];
  });
  const hold = sources.size > 1 && bounded.length > 0 ? Math.max(...bounded) + SECOND : undefined;
  return {
    ...{ line, time, advanced: advanced as EventTime, sources: measured },
    hold: hold as Duration | undefined,
  };
}

function recentLags({ stretch, lags, before }: Source, current: number): Lags {
  if (stretch < current - 1) return new Map();
  const all = new Map(lags);
  if (stretch < current) return all;
  for (const [lag, times] of before) all.set(lag, (all.get(lag) ?? 0) + times);
  return all;
}

function quantile(lags: Lags, share: number): Duration | undefined {
  const count = [...lags.values()].reduce((sum, times) => sum + times, 0);
  let seen = 0;
  for (const [lag, times] of [...lags].sort(([a], [b]) => a - b)) {
    seen += times;
    if (seen >= share * count) return (lag * SECOND) as Duration;
  }
  return undefined;
}
