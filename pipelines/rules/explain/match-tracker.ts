import type { AutomatonState } from '../../../operators/correlate/automaton.ts';
import type { PatternEvent } from '../../../operators/correlate/event-fields.ts';
import type { PatternStep, PatternWatch } from '../../../operators/correlate/matcher.ts';
import {
  extractMatch,
  hasBegun,
  type Match,
} from '../../../operators/correlate/partial-matches.ts';
import type { Captures } from '../../../operators/correlate/transitions.ts';
import { withOwnSteps } from '../../../operators/model/expression.ts';
import { between, type EventTime, formatDuration } from '../../../operators/model/time.ts';
import { addEnding, addMatch, newPatternReport, type PatternReport } from './match-report.ts';

/** Follows every match of some patterns from its first event to its end, and counts what ended it. */
export interface MatchTracker {
  readonly watch: PatternWatch;
  /** At the end of the log; matches that are still under way are counted as such. */
  report(): readonly PatternReport[];
}

export function createMatchTracker(patterns: readonly string[]): MatchTracker {
  const reports = new Map<string, PatternReport>();
  /** By pattern and key. */
  const tracked = new Map<string, TrackedKey>();
  for (const pattern of patterns) reportOf(pattern);

  function reportOf(pattern: string): PatternReport {
    const report = reports.get(pattern) ?? newPatternReport(pattern);
    reports.set(pattern, report);
    return report;
  }

  return {
    watch: {
      stepped(step) {
        const { rule, key } = step;
        const name = `${rule.id} ${key}`;
        const own = tracked.get(name) ?? { open: new Map(), newest: 0 };
        trackStep(step, own, reportOf(rule.id));
        if (own.open.size > 0) tracked.set(name, own);
        else tracked.delete(name);
      },
      ended(pattern, key, _state, why) {
        const report = reportOf(pattern);
        const name = `${pattern} ${key}`;
        for (const match of tracked.get(name)?.open.values() ?? []) {
          addEnding(report, match.began, key, match, ENDED[why]);
        }
        tracked.delete(name);
      },
    },
    report() {
      for (const [name, { open }] of tracked) {
        const [pattern = ''] = name.split(' ');
        reportOf(pattern).open += [...open.values()].filter(({ finished }) => !finished).length;
      }
      tracked.clear();
      return [...reports.values()];
    },
  };
}

const ENDED = {
  'rule-changed': 'its rule was changed or removed',
  overflow: 'too many keys had matches under way: the oldest are dropped (overflow)',
} as const;

type OpenMatch = EndedMatch & { readonly began: EventTime; readonly finished: boolean };
/** Matches of one pattern and key that are under way, by their first event, and the newest partial match seen. */
type TrackedKey = { readonly open: Map<number, OpenMatch>; newest: number };

function trackStep(step: PatternStep, tracked: TrackedKey, report: PatternReport): void {
  const { key, state, time } = step;
  const { open } = tracked;
  const complete = new Set(step.result.matches.map((match) => match[0]?.event));
  for (const match of step.result.matches) addMatch(report, key, match, time);
  const before = new Set(open.keys());
  addPartials(step, tracked, complete);
  const fresh = [...open.keys()].filter((first) => !before.has(first)).length;
  const known = new Set([...open.values()].map(({ taken }) => taken[0]?.event));
  // A match that began and came true by one and the same event was never under way.
  const atOnce = [...complete].filter((event) => !known.has(event)).length;
  report.began += fresh + atOnce;
  const present = new Set([...state.partials, ...state.finished].map(({ first }) => first));
  for (const [first, match] of open) {
    if (present.has(first)) continue;
    open.delete(first);
    if (!match.finished) addEnding(report, time, key, match, endingReason(step, match));
  }
}

/** Takes in the partial matches that are new since the last step, each to the match that it is a way of. */
function addPartials(
  { program, state }: PatternStep,
  tracked: TrackedKey,
  complete: ReadonlySet<PatternEvent | undefined>,
): void {
  let { newest } = tracked;
  for (const partial of [...state.partials, ...state.finished]) {
    if (!hasBegun(partial) || partial.id <= tracked.newest) continue;
    newest = Math.max(newest, partial.id);
    const taken = extractMatch(program, state, partial.last);
    const before = tracked.open.get(partial.first);
    if (before !== undefined && before.taken.length > taken.length) continue;
    const finished = before?.finished ?? false;
    const stage = program.states[partial.state]?.stage ?? '';
    tracked.open.set(partial.first, {
      ...{ began: partial.start, taken, place: partial.state, stage, finished },
    });
  }
  tracked.newest = newest;
  for (const [first, match] of tracked.open) {
    if (complete.has(match.taken[0]?.event)) tracked.open.set(first, { ...match, finished: true });
  }
}

/** A match that was under way until this step: what it had taken, and where its longest way waited. */
type EndedMatch = {
  readonly taken: Match<PatternEvent>;
  readonly place: number;
  /** The stage of that place. */
  readonly stage: string;
};

/** Which condition or limit ended it, in words. */
function endingReason(step: PatternStep, ended: EndedMatch): string {
  const { program, result, event } = step;
  const [first] = ended.taken;
  const late = result.timedOut.findLast(({ match }) => match[0]?.event === first?.event);
  if (late !== undefined && first !== undefined) {
    const whole = between(first.time, late.at) === program.within;
    const last = late.match.at(-1)?.time ?? first.time;
    return whole
      ? `within ${formatDuration(between(first.time, late.at))} was over`
      : `nothing came for ${formatDuration(between(last, late.at))}`;
  }
  const skipped = 'a match that came out took it away (skip)';
  const place = program.states[ended.place];
  if (event === undefined || place === undefined) return skipped;
  const { transitions } = program;
  const decision = withOwnSteps(
    () =>
      transitions.outcomeForAll(ended.place) ??
      transitions.outcomeFor(ended.place, capturesOf(ended.taken)),
  );
  if (decision.stops) return `${forbidden(place, new Set()).join(' or ')} came, which must not`;
  if (!decision.unchanged && decision.successors.length === 0)
    return `the next event was not ${place.stage}`;
  if (result.dropped > 0) return 'too many were under way: the oldest are dropped (overflow)';
  return skipped;
}

/** The stages that must be absent here. */
function forbidden(place: AutomatonState, seen: Set<AutomatonState>): readonly string[] {
  if (seen.has(place)) return [];
  seen.add(place);
  const found = place.transitions.flatMap(({ action, to }) => {
    if (action !== 'proceed') return [];
    return to.kind === 'stop' ? [to.stage] : forbidden(to, seen);
  });
  return [...new Set(found)];
}

function capturesOf(taken: Match<PatternEvent>): Captures<PatternEvent> {
  const all = (name: string) =>
    taken.flatMap(({ stage, event }) => (stage === name ? [event] : []));
  const size = () => taken.length;
  return { all, size, first: (name) => all(name)[0], last: (name) => all(name).at(-1) };
}
