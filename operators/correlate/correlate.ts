import type { Event, Stage, StageId } from '../flow/flow.ts';
import { type Keyed, keyed, type Out } from '../flow/keyed.ts';
import { fork } from '../flow/stage.ts';
import type { States } from '../flow/states.ts';
import { type Anomaly, type Detected, isAnomaly } from '../model/anomaly.ts';
import { beginSteps, MOST_STEPS, stepsExceeded } from '../model/expression.ts';
import { type Incident, TRIGGER_EVENT_TYPES, type TriggerInput } from '../model/incident.ts';
import { type Key, lineOf } from '../model/key.ts';
import { type Knowledge, rulesOf } from '../model/knowledge.ts';
import type { MachineEvent } from '../model/machine-event.ts';
import type { Enriched, Observation } from '../model/observation.ts';
import { type PatternRule, timeoutRuleOf } from '../model/pattern-rule.ts';
import type { EventTime } from '../model/time.ts';
import {
  type CompiledPattern,
  type CompiledPatterns,
  compilePatterns,
  type PatternIssue,
} from './compile-patterns.ts';
import { assetFieldsOf, type EventFields, type PatternEvent } from './event-fields.ts';
import {
  anomalyIncident,
  type DescribedEvents,
  evidenceJson,
  matchIncident,
  toIncidentRow,
} from './incident.ts';
import type { PatternWatch } from './matcher.ts';
import {
  advanceTime,
  LIMITS,
  type MatchResult,
  processEvent,
  startsMatch,
  UNCHANGED,
} from './matcher.ts';
import {
  type CorrelateState,
  cancelIdleTimers,
  cancelTimers,
  countUnderWay,
  keepState,
  MOST_KEYS,
  oldestOverBound,
  openPatternState,
  openState,
  type PatternState,
  parseTimer,
  patternIn,
  removeState,
  setTimers,
} from './partial-matches.ts';

/**
 * Runs the patterns of `rules.yaml` over observations and anomalies. Out come incidents (which land), every anomaly in
 * all its phases, and the machine events that the trigger needs. Patterns by asset and patterns by line have states of
 * their own. A late event enters no pattern. `watch` sees every step.
 */
export function correlate(states: States, watch?: PatternWatch): Stage<Detected, TriggerInput> {
  return fork(keyed(byAsset(watch), states), keyed(byLine(watch), states));
}

/** What a key needs of the rules and the model. */
type View = { readonly patterns: CompiledPatterns; readonly assetFields: EventFields };
type Logic = Keyed<CorrelateState, Detected, TriggerInput, View>;

const common = (watch?: PatternWatch) => ({
  version: 1,
  scope: 'line' as const,
  open: openState,
  onChange(state: CorrelateState, knowledge: Knowledge, out: Out<TriggerInput>) {
    endChangedPatterns(state, compilePatterns(rulesOf(knowledge, out.key)), out, watch);
  },
  onTimer(
    state: CorrelateState,
    due: EventTime,
    knowledge: Knowledge,
    out: Out<TriggerInput>,
    timer: string,
  ) {
    advancePattern(state, compilePatterns(rulesOf(knowledge, out.key)), due, timer, out, watch);
  },
});

const byAsset = (watch?: PatternWatch): Logic => ({
  ...common(watch),
  id: 'correlate' as StageId,
  view: (knowledge, key) => ({
    patterns: compilePatterns(rulesOf(knowledge, key)),
    assetFields: assetFieldsOf(key, knowledge),
  }),
  onEvent(state, event, _knowledge, out, { patterns, assetFields }) {
    forwardToTrigger(event.value, event.late === true, out);
    emitDetectorIncident(event.value, patterns.detectors, event.late === true, out);
    const value = contentOf(event);
    const readers = patterns.byAsset(value);
    if (readers.length > 0) matchEvent(state, readers, event, value, assetFields, out, watch);
  },
});

const byLine = (watch?: PatternWatch): Logic => ({
  ...common(watch),
  id: 'correlate-line' as StageId,
  keyOf: (event) => lineOf(event.key),
  view(knowledge, key) {
    const patterns = compilePatterns(rulesOf(knowledge, key));
    return concernsLines(patterns) ? { patterns, assetFields: {} } : undefined;
  },
  concerns: ({ rules }) => Object.values(rules).map(compilePatterns).some(concernsLines),
  onEvent(state, event, knowledge, out, { patterns }) {
    reportRefused(state, patterns.issues, out);
    const value = contentOf(event);
    const readers = patterns.byLine?.(value);
    if (readers === undefined || readers.length === 0) return;
    matchEvent(state, readers, event, value, assetFieldsOf(event.key, knowledge), out, watch);
  },
});

function concernsLines({ byLine, issues }: CompiledPatterns): boolean {
  return byLine !== undefined || issues.length > 0;
}

function forwardToTrigger(value: Detected, late: boolean, out: Out<TriggerInput>): void {
  if (isAnomaly(value) || isForTrigger(value)) out.emit(value, { late });
}

function isForTrigger(value: Enriched<Observation>): value is Enriched<MachineEvent> {
  return value.observation.kind === 'event' && TRIGGER_EVENT_TYPES.includes(value.observation.type);
}

/** A trigger on a detector is a pattern of one stage. One source is in order by itself, so `late` does not matter. */
function emitDetectorIncident(
  value: Detected,
  detectors: ReadonlySet<string>,
  late: boolean,
  out: Out<TriggerInput>,
): void {
  if (!isAnomaly(value) || value.phase !== 'raised' || !detectors.has(value.rule)) return;
  const incident = anomalyIncident(value);
  out.land('incidents', toIncidentRow(incident));
  out.emit(incident, { late });
}

function contentOf({ value }: Event<Detected>): PatternEvent['value'] {
  return isAnomaly(value) ? value : value.observation;
}

/**
 * Runs one event past the patterns that read its content. It enters none of them if it is late. `assetFields`: what the
 * plant model says of its asset.
 */
function matchEvent(
  keyState: CorrelateState,
  patterns: readonly CompiledPattern[],
  { time, late, value: { situation } }: Event<Detected>,
  value: PatternEvent['value'],
  assetFields: EventFields,
  out: Out<TriggerInput>,
  watch?: PatternWatch,
): void {
  if (late === true) {
    for (const { rule } of patterns) reportLate(rule.id, value, time, out);
    return;
  }
  const patternEvent: PatternEvent = { value, situation, assetFields };
  for (const pattern of patterns) {
    beginSteps();
    matchPattern(keyState, pattern, patternEvent, time, out, watch);
    if (stepsExceeded()) reportBudget(pattern.rule.id, value, time, out);
  }
}

function matchPattern(
  keyState: CorrelateState,
  pattern: CompiledPattern,
  event: PatternEvent,
  time: EventTime,
  out: Out<TriggerInput>,
  watch?: PatternWatch,
): void {
  const { program, fingerprint } = pattern;
  const name = stateName(pattern, event);
  if (name === undefined) return;
  const before = keyState.patterns[name];
  if (before === undefined && !startsMatch<PatternEvent>(program, event)) return;
  if (before === undefined) dropOldestKeys(keyState, pattern.rule.id, out, watch);
  const state = before ?? pattern.pool.pop() ?? openPatternState<PatternEvent>(fingerprint);
  const result = processEvent<PatternEvent>(program, state, event, time);
  if (result === UNCHANGED) return;
  emitStep(keyState, { pattern, name, state, result, time, event }, out, watch);
}

/** A timer of a pattern: its oldest partial match times out, or the absence that one waits for is complete. */
function advancePattern(
  keyState: CorrelateState,
  patterns: CompiledPatterns,
  due: EventTime,
  timer: string,
  out: Out<TriggerInput>,
  watch?: PatternWatch,
): void {
  const { id: name, absent } = parseTimer(timer);
  const state = keyState.patterns[name];
  const pattern = patterns.byId.get(patternIn(name));
  if (state === undefined || pattern === undefined) return;
  const result = advanceTime(pattern.program, state, due, absent);
  if (result === UNCHANGED) return;
  emitStep(keyState, { pattern, name, state, result, time: due, event: undefined }, out, watch);
}

/**
 * The name of a pattern's state at a key: its id, and the value of its own key if that is an expression. Undefined
 * where the event has no such value: then it enters no match. Without blanks, which separate the parts of timers.
 */
function stateName({ rule, keyOf }: CompiledPattern, event: PatternEvent): string | undefined {
  if (keyOf === undefined) return rule.id;
  const value = keyOf(event);
  return value === undefined ? undefined : `${rule.id}/${encodeURIComponent(value)}`;
}

function fullKey(key: Key, name: string): Key {
  const end = name.indexOf('/');
  return end < 0 ? key : (`${key}${name.slice(end)}` as Key);
}

type Step = {
  readonly pattern: CompiledPattern;
  readonly name: string;
  readonly state: PatternState<PatternEvent>;
  readonly result: MatchResult<PatternEvent>;
  readonly time: EventTime;
  readonly event: PatternEvent | undefined;
};

/** Emits what a step of a pattern brought, sets its timers and keeps its state while matches are under way. */
function emitStep(
  keyState: CorrelateState,
  { pattern, name, state, result, time, event }: Step,
  out: Out<TriggerInput>,
  watch?: PatternWatch,
): void {
  const { rule, program } = pattern;
  emitMatches(rule, result, time, out);
  if (result.dropped > 0) {
    out.deadLetter(
      'overflow',
      `pattern ${rule.id}: more than ${LIMITS.partials} partial matches or ${LIMITS.events} events of one key, the oldest matches are dropped`,
      rule.id,
      result.dropped,
    );
  }
  setTimers(program, state, result.disarmed, name, out);
  if (countUnderWay(state) === 0) removeState(keyState, name);
  else keepState(keyState, name, state);
  watch?.stepped({ rule, program, key: fullKey(out.key, name), state, result, time, event });
  recycle(pattern, state);
}

function emitMatches(
  rule: PatternRule,
  { matches, timedOut }: MatchResult<PatternEvent>,
  time: EventTime,
  out: Out<TriggerInput>,
): void {
  const described: DescribedEvents = [];
  for (const match of matches) {
    emitIncident(matchIncident(rule, out.key, match, time, described), described, out);
  }
  if (rule.on_timeout === undefined) return;
  const timeout = { id: timeoutRuleOf(rule.id), raise: rule.on_timeout };
  // Partial matches that took the same events and wait in several states are one incident for people.
  const emitted = new Set<string>();
  for (const { match, at } of timedOut) {
    const incident = matchIncident(timeout, out.key, match, at, described);
    if (incident === undefined || emitted.has(incident.id)) continue;
    emitted.add(incident.id);
    emitIncident(incident, described, out);
  }
}

function emitIncident(
  incident: Incident | undefined,
  described: DescribedEvents,
  out: Out<TriggerInput>,
): void {
  if (incident === undefined) return;
  out.land('incidents', toIncidentRow(incident, evidenceJson(described)));
  out.emit(incident, { key: incident.asset });
}

/** Whoever makes up keys (serial numbers, say) cannot fill the memory. */
function dropOldestKeys(
  keyState: CorrelateState,
  id: string,
  out: Out<TriggerInput>,
  watch?: PatternWatch,
): void {
  const oldest = oldestOverBound(keyState, id);
  if (oldest.length === 0) return;
  let dropped = 0;
  for (const [name, state] of oldest) {
    dropped += countUnderWay(state);
    watch?.ended(id, fullKey(out.key, name), state, 'overflow');
    cancelTimers(state, name, out);
    removeState(keyState, name);
  }
  const detail = `pattern ${id}: more than ${MOST_KEYS} values of its key have matches under way, the oldest are dropped`;
  out.deadLetter('overflow', detail, id, dropped);
}

/** An empty state is for the next key where the pattern begins: most matches begin and end at once. */
function recycle({ pool }: CompiledPattern, state: PatternState<PatternEvent>): void {
  if (countUnderWay(state) > 0 || pool.length >= MOST_POOLED) return;
  state.eventCounter = 0;
  state.partialCounter = 0;
  pool.push(state);
}

const MOST_POOLED = 64;

/** Ends the partial matches of patterns that were removed or whose meaning changed. */
function endChangedPatterns(
  keyState: CorrelateState,
  patterns: CompiledPatterns,
  out: Out<TriggerInput>,
  watch?: PatternWatch,
): void {
  const issues = new Set(patterns.issues.map(issueText));
  keyState.refused = keyState.refused.filter((issue) => issues.has(issue));
  for (const name of Object.keys(keyState.patterns).sort()) {
    const id = patternIn(name);
    const state = keyState.patterns[name];
    const pattern = patterns.byId.get(id);
    if (state === undefined || state.fingerprint === pattern?.fingerprint) continue;
    const what = pattern === undefined ? 'was removed' : 'means something else now';
    const count = countUnderWay(state);
    out.deadLetter('rule-changed', `pattern ${id} ${what}: its partial matches end`, id, count);
    watch?.ended(id, fullKey(out.key, name), state, 'rule-changed');
    cancelTimers(state, name, out);
    removeState(keyState, name);
  }
  cancelIdleTimers(keyState, out);
}

/** `apply` refuses such rules; those that were published otherwise are reported once per line and change. */
function reportRefused(
  state: CorrelateState,
  issues: readonly PatternIssue[],
  out: Out<TriggerInput>,
): void {
  for (const issue of issues) {
    const text = issueText(issue);
    if (state.refused.includes(text)) continue;
    state.refused.push(text);
    out.deadLetter('refused', `the pattern does not run: ${text}`, issue.path.join('.'));
  }
}

function issueText({ path, message }: PatternIssue): string {
  return `${path.join('.')}: ${message}`;
}

function reportLate(
  pattern: string,
  { asset, kind }: Observation | Anomaly,
  time: EventTime,
  out: Out<TriggerInput>,
): void {
  out.deadLetter(
    'late',
    `pattern ${pattern}: the event came after the time of its line had passed it`,
    { asset, kind, time },
  );
}

function reportBudget(
  pattern: string,
  { asset, kind }: Observation | Anomaly,
  time: EventTime,
  out: Out<TriggerInput>,
): void {
  out.deadLetter(
    'budget',
    `pattern ${pattern}: its conditions take more than ${MOST_STEPS} steps for one event; those that were left count as not met`,
    { asset, kind, time },
  );
}
