import type { Captured } from '../../operators/correlate/captured.ts';
import { type MatchState, underWay } from '../../operators/correlate/partials.ts';
import type { PatternWatch } from '../../operators/correlate/pattern-watch.ts';
import type { RecordEvent } from './internal-events.ts';

type Counts = {
  matches: number;
  timeouts: number;
  dropped: number;
  /** What is under way, of the keys that moved. */
  readonly live: Set<MatchState<Captured>>;
};

/** Counts what patterns bring and hold. */
export type PatternCounts = {
  /** For a pipeline that begins: what another one held is forgotten. */
  watch(): PatternWatch;
  /** Says what was counted since it was said last. */
  tell(record: RecordEvent): void;
};

export function createPatternCounts(): PatternCounts {
  const all = new Map<string, Counts>();
  const countsOf = (pattern: string): Counts => {
    const known = all.get(pattern);
    if (known !== undefined) return known;
    const fresh = { matches: 0, timeouts: 0, dropped: 0, live: new Set<MatchState<Captured>>() };
    all.set(pattern, fresh);
    return fresh;
  };
  return {
    watch() {
      for (const { live } of all.values()) live.clear();
      return {
        moved({ rule, moved, state }) {
          const counts = countsOf(rule.id);
          counts.matches += moved.matches.length;
          counts.timeouts += moved.timedOut.length;
          counts.dropped += moved.dropped;
          if (underWay(state) === 0) counts.live.delete(state);
          else counts.live.add(state);
        },
        ended(pattern, _key, state) {
          countsOf(pattern).live.delete(state);
        },
      };
    },
    tell(record) {
      for (const [pattern, counts] of all) {
        const { matches, timeouts, dropped, live } = counts;
        let partials = 0;
        let events = 0;
        for (const state of live) {
          partials += underWay(state);
          events += state.holding;
        }
        record({ kind: 'pattern', pattern, matches, timeouts, dropped, partials, events });
        Object.assign(counts, { matches: 0, timeouts: 0, dropped: 0 });
      }
    },
  };
}
