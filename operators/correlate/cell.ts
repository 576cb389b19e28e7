import type { Event } from '../flow/flow.ts';
import type { Out } from '../flow/keyed.ts';
import type { Anomaly } from '../model/anomaly.ts';
import type { Finding, Incident } from '../model/incident.ts';
import type { Key } from '../model/key.ts';
import { timeoutRuleOf } from '../model/pattern-rule.ts';
import type { Enriched, Observation } from '../model/situation.ts';
import type { EventTime } from '../model/time.ts';
import type { Captured, Fields } from './captured.ts';
import type { CompiledPattern, CompiledRules } from './compiled-rules.ts';
import type { PatternIssue } from './conditions-of-rule.ts';
import type { Dispatch } from './dispatch.ts';
import { evidenceText, incidentOf, incidentRow, type Telling } from './incident-of.ts';
import { advance, begins, LIMITS, type Moved, process, UNCHANGED } from './matcher.ts';
import { type MatchState, openMatches, underWay } from './partials.ts';
import { cancelTimers, setTimers, timerOf } from './pattern-timers.ts';
import type { PatternWatch } from './pattern-watch.ts';

/** What the patterns of one asset or line remember: one entry per pattern, and value of its key, that has something under way. */
export type Cell = {
  matches: Record<string, MatchState<Captured>>;
  /** Issues of patterns that cannot run, which were said already. */
  refused: string[];
};

export function openCell(): Cell {
  return { matches: {}, refused: [] };
}

export function issueText({ path, message }: PatternIssue): string {
  return `${path.join('.')}: ${message}`;
}

/** Runs one event past the patterns that read it. `known`: what the plant model says of its asset. */
export function match(
  cell: Cell,
  dispatch: Dispatch,
  event: Event<Enriched<Observation> | Anomaly>,
  known: () => Fields,
  out: Out<Finding>,
  watch?: PatternWatch,
): void {
  const value = 'kind' in event.value ? event.value : event.value.value;
  const patterns = dispatch(value);
  if (patterns.length === 0) return;
  if (event.late === true) {
    for (const { rule } of patterns) sayBehind(rule.id, value, event.time, out);
    return;
  }
  const { situation } = event.value;
  const captured: Captured = { value, situation, known: known() };
  for (const pattern of patterns) {
    const { program, fingerprint, rule } = pattern;
    const slot = slotOf(pattern, captured);
    if (slot === undefined) continue;
    const before = cell.matches[slot];
    if (before === undefined && !begins<Captured>(program, captured)) continue;
    const state = before ?? pattern.spare.pop() ?? openMatches<Captured>(fingerprint);
    const moved = process<Captured>(program, state, captured, event.time);
    settle(cell, pattern, slot, state, moved, event.time, out);
    if (moved === UNCHANGED) continue;
    const { time } = event;
    const key = keyIn(out.key, slot);
    watch?.moved({ rule, program, key, state, moved, time, event: captured });
    putBack(pattern, state);
  }
}

/**
 * Where the matches of a pattern are kept in a cell: under its id, and the value of its key if that is an expression.
 * Undefined where the event has no such value: then it enters no match. Without blanks, which part timers.
 */
function slotOf({ rule, keyOf }: CompiledPattern, event: Captured): string | undefined {
  if (keyOf === undefined) return rule.id;
  const value = keyOf(event);
  return value === undefined ? undefined : `${rule.id}/${encodeURIComponent(value)}`;
}

function patternIn(slot: string): string {
  const end = slot.indexOf('/');
  return end < 0 ? slot : slot.slice(0, end);
}

function keyIn(key: Key, slot: string): Key {
  const end = slot.indexOf('/');
  return end < 0 ? key : (`${key}${slot.slice(end)}` as Key);
}

function sayBehind(
  pattern: string,
  { asset, kind }: Observation | Anomaly,
  time: EventTime,
  out: Out<Finding>,
): void {
  out.deadLetter(
    'late',
    `pattern ${pattern}: the event came after the time of its line had passed it`,
    { asset, kind, time },
  );
}

/** A timer of a pattern: its oldest partial match is too late, or the absence that one waits for is complete. */
export function wake(
  cell: Cell,
  rules: CompiledRules,
  due: EventTime,
  rule: string,
  out: Out<Finding>,
  watch?: PatternWatch,
): void {
  const { id: slot, absent } = timerOf(rule);
  const state = cell.matches[slot];
  const pattern = rules.byId.get(patternIn(slot));
  if (state === undefined || pattern === undefined) return;
  const { program } = pattern;
  const moved = advance(program, state, due, absent);
  settle(cell, pattern, slot, state, moved, due, out);
  if (moved === UNCHANGED) return;
  const event = undefined;
  const key = keyIn(out.key, slot);
  watch?.moved({ rule: pattern.rule, program, key, state, moved, time: due, event });
  putBack(pattern, state);
}

function settle(
  cell: Cell,
  pattern: CompiledPattern,
  slot: string,
  state: MatchState<Captured>,
  moved: Moved<Captured>,
  time: EventTime,
  out: Out<Finding>,
): void {
  if (moved === UNCHANGED) return;
  const { rule, program } = pattern;
  const telling: Telling = [];
  for (const taken of moved.matches) {
    raise(incidentOf(rule, out.key, taken, time, telling), telling, out);
  }
  if (rule.on_timeout !== undefined) {
    const timeout = { id: timeoutRuleOf(rule.id), raise: rule.on_timeout };
    // Partial matches that took the same events and wait at several places are one answer for people.
    const said = new Set<string>();
    for (const { match: taken, at } of moved.timedOut) {
      const incident = incidentOf(timeout, out.key, taken, at, telling);
      if (incident === undefined || said.has(incident.id)) continue;
      said.add(incident.id);
      raise(incident, telling, out);
    }
  }
  if (moved.dropped > 0) {
    out.deadLetter(
      'overflow',
      `pattern ${rule.id}: more than ${LIMITS.partials} partial matches or ${LIMITS.events} events of one key, the oldest matches are dropped`,
      rule.id,
      moved.dropped,
    );
  }
  setTimers(program, state, moved, slot, out);
  if (underWay(state) === 0) delete cell.matches[slot];
  else cell.matches[slot] = state;
}

function raise(incident: Incident | undefined, telling: Telling, out: Out<Finding>): void {
  if (incident === undefined) return;
  out.land('incidents', incidentRow(incident, evidenceText(telling)));
  out.emit(incident, { key: incident.asset });
}

/** A state in which nothing is under way is for the next key that begins: most matches begin and end at once. */
function putBack({ spare }: CompiledPattern, state: MatchState<Captured>): void {
  if (underWay(state) > 0 || spare.length >= SPARE) return;
  state.events = 0;
  state.matches = 0;
  spare.push(state);
}

const SPARE = 64;

/** Ends the partial matches of patterns that are gone or mean something else now. */
export function endChanged(
  cell: Cell,
  rules: CompiledRules,
  out: Out<Finding>,
  watch?: PatternWatch,
): void {
  const standing = new Set(rules.issues.map(issueText));
  cell.refused = cell.refused.filter((issue) => standing.has(issue));
  for (const slot of Object.keys(cell.matches).sort()) {
    const id = patternIn(slot);
    const state = cell.matches[slot];
    const pattern = rules.byId.get(id);
    if (state === undefined || state.fingerprint === pattern?.fingerprint) continue;
    const what = pattern === undefined ? 'was removed' : 'means something else now';
    const count = underWay(state);
    out.deadLetter('rule-changed', `pattern ${id} ${what}: its partial matches end`, id, count);
    watch?.ended(id, keyIn(out.key, slot), state);
    cancelTimers(state, slot, out);
    delete cell.matches[slot];
  }
}
