/**
 * How far each source lags behind the most advanced one of its line, and how far each line has come: measured on the
 * watermarks that leave the pipeline. The lags say what `hold` must be for patterns to see every source.
 */

import type { Watermark } from '../../operators/flow/flow.ts';
import { type Key, lineKey } from '../../operators/model/key.ts';
import {
  type Duration,
  type EventTime,
  formatDuration,
  SECOND,
  toIso,
} from '../../operators/model/time.ts';

/** The measured lags of one source: half of them, and 99 of 100, were at most so long. */
export type SourceLag = {
  readonly source: string;
  readonly median: Duration;
  readonly p99: Duration;
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
  watermark(mark: Watermark): void;
  report(): readonly LineLags[];
}

/** Lags of a source by whole seconds, as watermarks stand on whole seconds. */
type Source = { readonly lags: Map<number, number>; count: number };
type Line = {
  time: EventTime | undefined;
  advanced: number;
  readonly sources: Map<string, Source>;
};

/** What lags by more is stored and sent later, or a clock that is wrong: no `hold` is for that. */
const LONGEST = 600;
/** Sources that anybody can make up cannot fill the memory. */
const MOST_SOURCES = 10_000;

export function createSourceLags(): SourceLags {
  const lines = new Map<Key, Line>();
  let count = 0;
  const lineAt = (key: Key) => {
    const line = lines.get(key) ?? { time: undefined, advanced: 0, sources: new Map() };
    lines.set(key, line);
    return line;
  };
  return {
    watermark({ scope, of, time, silence, blind }) {
      if (scope === 'line') {
        if (blind === undefined) lineAt(of).time = time;
        return;
      }
      if (scope === 'log') return;
      const [kind, plant = '', name = ''] = of.split('.');
      // Machine events alone are rare and hold no line; a source that fell silent has no time of its own here.
      if (silence === true || (kind !== 'telemetry' && kind !== 'waveform')) return;
      const line = lineAt(lineKey(plant, name));
      line.advanced = Math.max(line.advanced, time);
      let source = line.sources.get(of);
      if (source === undefined) {
        if (count >= MOST_SOURCES) return;
        count += 1;
        source = { lags: new Map(), count: 0 };
        line.sources.set(of, source);
      }
      const lag = Math.min(Math.round((line.advanced - time) / SECOND), LONGEST);
      source.lags.set(lag, (source.lags.get(lag) ?? 0) + 1);
      source.count += 1;
    },
    report: () => [...lines].map(([line, content]) => lagsOf(line, content)),
  };
}

/** For people: how far a line has come, and what to do about sources that it does not wait for. */
export function lagsText({ line, time, sources, hold }: LineLags, held: Duration): string[] {
  const came = time === undefined ? 'has no time yet' : `came to ${toIso(time)}`;
  if (hold === undefined || hold <= held) return [`line ${line} ${came}`];
  const behind = sources.filter(({ p99 }) => p99 > held).map(lagText);
  const few = behind.slice(0, MOST_NAMED).join('; ');
  const more = behind.length > MOST_NAMED ? `; and ${behind.length - MOST_NAMED} more` : '';
  const advice = `lag by more than hold (${formatDuration(held)}): ${few}${more}. With time.hold: ${formatDuration(hold)} they are waited for`;
  return [`line ${line} ${came}; sources ${advice}`];
}

const MOST_NAMED = 5;

/** `telemetry.a.b.c by 40s (half of the time), 1m2s (99 of 100)` */
function lagText({ source, median, p99 }: SourceLag): string {
  return `${source} by ${formatDuration(median)} (half of the time), ${formatDuration(p99)} (99 of 100)`;
}

function lagsOf(line: Key, { time, advanced, sources }: Line): LineLags {
  const measured = [...sources].map(([source, lags]) => ({
    source,
    median: quantile(lags, 0.5),
    p99: quantile(lags, 0.99),
  }));
  const bounded = measured.filter(({ p99 }) => p99 < LONGEST * SECOND);
  const longest = Math.max(...bounded.map(({ p99 }) => p99));
  const hold = sources.size > 1 && bounded.length > 0 ? longest + SECOND : undefined;
  return {
    ...{ line, time, advanced: advanced as EventTime, sources: measured },
    hold: hold as Duration | undefined,
  };
}

function quantile({ lags, count }: Source, share: number): Duration {
  let seen = 0;
  for (const [lag, times] of [...lags].sort(([a], [b]) => a - b)) {
    seen += times;
    if (seen >= share * count) return (lag * SECOND) as Duration;
  }
  return 0 as Duration;
}
