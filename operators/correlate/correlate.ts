import type { Stage, StageId } from '../flow/flow.ts';
import { fork } from '../flow/fork.ts';
import { type Keyed, keyed, type Out } from '../flow/keyed.ts';
import type { States } from '../flow/states.ts';
import type { Anomaly } from '../model/anomaly.ts';
import { type Finding, TOLD_TYPES } from '../model/incident.ts';
import { lineOf } from '../model/key.ts';
import { type Knowledge, learn, nothingKnown, rulesOf } from '../model/knowledge.ts';
import type { MachineEvent } from '../model/machine-event.ts';
import type { Plain } from '../model/plain.ts';
import type { Enriched, Observation } from '../model/situation.ts';
import type { EventTime } from '../model/time.ts';
import type { Fields } from './captured.ts';
import { type Cell, endChanged, issueText, match, openCell, wake } from './cell.ts';
import { cellOfVersion3 } from './cell-of-version-3.ts';
import { type CompiledRules, compiledRules } from './compiled-rules.ts';
import type { PatternIssue } from './conditions-of-rule.ts';
import { knownOf } from './fields.ts';
import { incidentOfAnomaly, incidentRow } from './incident-of.ts';
import type { PatternWatch } from './pattern-watch.ts';

type Input = Enriched<Observation> | Anomaly;

/**
 * Runs the patterns of `rules.yaml` over what was observed and detected. Out come incidents (which land), every
 * anomaly in all its phases, and the machine events that the trigger must know. Patterns by asset and patterns by
 * line keep their partial matches in cells of their own. An event behind line time enters no pattern. `watch` looks on.
 */
export function correlate(states: States, watch?: PatternWatch): Stage<Input, Finding> {
  return fork(keyed(byAsset(watch), states), keyed(byLine(watch), states));
}

/** What a key needs of the rules and the model. */
type View = { readonly rules: CompiledRules; readonly known: Fields };
type Logic = Keyed<Cell, Knowledge, Input, Finding, View>;

const common = (watch?: PatternWatch) => ({
  // 2: links instead of lists of events. 3: situations that know operation, due time and next stop.
  // 4: events without the fields that follow from them, and what is free stays in place.
  version: 4,
  migrate: cellOfVersion3,
  migrateShared: (shared: Plain) => shared as Knowledge,
  scope: 'line' as const,
  open: openCell,
  openShared: nothingKnown,
  onChange(shared: Knowledge, change: Parameters<NonNullable<Logic['onChange']>>[1]) {
    learn(shared, change.value);
  },
  onChanged(state: Cell, shared: Readonly<Knowledge>, out: Out<Finding>) {
    endChanged(state, compiledRules(rulesOf(shared, out.key)), out, watch);
  },
  onTimer(
    state: Cell,
    due: EventTime,
    shared: Readonly<Knowledge>,
    out: Out<Finding>,
    rule: string,
  ) {
    wake(state, compiledRules(rulesOf(shared, out.key)), due, rule, out, watch);
  },
});

const byAsset = (watch?: PatternWatch): Logic => ({
  ...common(watch),
  id: 'correlate' as StageId,
  view: (shared, key) => ({
    rules: compiledRules(rulesOf(shared, key)),
    known: knownOf(key, shared),
  }),
  onEvent(state, event, _shared, out, { rules, known }) {
    passOn(event.value, event.late === true, out);
    raiseAlone(event.value, rules.detectors, event.late === true, out);
    match(state, rules.asset, event, () => known, out, watch);
  },
});

const byLine = (watch?: PatternWatch): Logic => ({
  ...common(watch),
  id: 'correlate-line' as StageId,
  keyOf: (event) => lineOf(event.key),
  view(shared, key) {
    const rules = compiledRules(rulesOf(shared, key));
    const concerned = rules.line !== undefined || rules.issues.length > 0;
    return concerned ? { rules, known: {} } : undefined;
  },
  onEvent(state, event, shared, out, { rules }) {
    sayRefused(state, rules.issues, out);
    if (rules.line === undefined) return;
    match(state, rules.line, event, () => knownOf(event.key, shared), out, watch);
  },
});

function passOn(value: Input, late: boolean, out: Out<Finding>): void {
  if ('kind' in value) out.emit(value, { late });
  else if (isTold(value)) out.emit(value, { late });
}

function isTold(value: Enriched<Observation>): value is Enriched<MachineEvent> {
  return value.value.kind === 'event' && TOLD_TYPES.includes(value.value.type);
}

/** A trigger on a detector is a pattern of one stage. One source is in order by itself, so `late` does not matter. */
function raiseAlone(
  value: Input,
  detectors: ReadonlySet<string>,
  late: boolean,
  out: Out<Finding>,
): void {
  if (!('kind' in value) || value.phase !== 'raised' || !detectors.has(value.rule)) return;
  const incident = incidentOfAnomaly(value);
  out.land('incidents', incidentRow(incident));
  out.emit(incident, { late });
}

/** `apply` refuses such rules; whatever else published them is told once per line and change. */
function sayRefused(state: Cell, issues: readonly PatternIssue[], out: Out<Finding>): void {
  for (const issue of issues) {
    const text = issueText(issue);
    if (state.refused.includes(text)) continue;
    state.refused.push(text);
    out.deadLetter('refused', `the pattern does not run: ${text}`, issue.path.join('.'));
  }
}
