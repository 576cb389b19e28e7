import type { PatternEvent } from '../../operators/correlate/event-fields.ts';
import type { PatternWatch } from '../../operators/correlate/matcher.ts';
import { countUnderWay, type PatternState } from '../../operators/correlate/partial-matches.ts';
import type { RecordEvent } from './observe.ts';

type Counts = {
  matches: number;
  timeouts: number;
  dropped: number;
  /** What is under way, of the keys that moved. */
  readonly live: Set<PatternState<PatternEvent>>;
};

/** Counts the matches of patterns, and what their partial matches hold. */
export type PatternCounts = {
  /** For a pipeline that begins: what another one held is forgotten. */
  watch(): PatternWatch;
  /** Records what was counted since the last report. */
  report(record: RecordEvent): void;
};

export function createPatternCounts(): PatternCounts {
  const all = new Map<string, Counts>();
  const countsOf = (pattern: string): Counts => {
    const known = all.get(pattern);
    if (known !== undefined) return known;
    const fresh = {
      matches: 0,
      timeouts: 0,
      dropped: 0,
      live: new Set<PatternState<PatternEvent>>(),
    };
    all.set(pattern, fresh);
    return fresh;
  };
  return {
    watch() {
      for (const { live } of all.values()) live.clear();
      return {
        stepped({ rule, result: moved, state }) {
          const counts = countsOf(rule.id);
          counts.matches += moved.matches.length;
          counts.timeouts += moved.timedOut.length;
          counts.dropped += moved.dropped;
          if (countUnderWay(state) === 0) counts.live.delete(state);
          else counts.live.add(state);
        },
        ended(pattern, _key, state) {
          countsOf(pattern).live.delete(state);
        },
      };
    },
    report(record) {
      for (const [pattern, counts] of all) {
        const { matches, timeouts, dropped, live } = counts;
        let partials = 0;
        let events = 0;
        for (const state of live) {
          partials += countUnderWay(state);
          events += state.eventsInUse;
        }
        record({ kind: 'pattern', pattern, matches, timeouts, dropped, partials, events });
        Object.assign(counts, { matches: 0, timeouts: 0, dropped: 0 });
      }
    },
  };
}
