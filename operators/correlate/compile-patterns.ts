import type { Anomaly } from '../model/anomaly.ts';
import { canonicalJson, identity } from '../model/canonical.ts';
import type { Observation } from '../model/observation.ts';
import { incidentRulesOf, type PatternRule, type PatternStageRule } from '../model/pattern-rule.ts';
import type { Rules } from '../model/rules.ts';
import {
  compileKey,
  compilePatternCondition,
  type KeyFunction,
  type PatternCondition,
} from './condition.ts';
import type { PatternEvent } from './event-fields.ts';
import { findMisreading } from './misreading.ts';
import type { PatternState } from './partial-matches.ts';
import { type PatternStage, toPattern } from './pattern.ts';
import { buildProgram, type PatternProgram } from './program.ts';
import type { Predicate } from './transitions.ts';

/** One pattern of the rules, ready to run. */
export type CompiledPattern = {
  readonly rule: PatternRule;
  /** Of everything that shapes its partial matches; what it raises is no part of that. */
  readonly fingerprint: string;
  readonly program: PatternProgram<PatternEvent>;
  /** What keeps its matches apart within a line; undefined: it is by asset or by line. */
  readonly keyOf: KeyFunction | undefined;
  /** Whether an event belongs to the stream that this pattern reads, and whether any of its stages could take it. */
  readonly reads: (event: Observation | Anomaly) => boolean;
  /** A pool of empty states: scratch, which belongs to no key. */
  readonly pool: PatternState<PatternEvent>[];
};

/** The patterns of a set of rules, ready to run. Those with an issue are left out. */
export type CompiledPatterns = {
  /** Patterns by asset. */
  readonly byAsset: Dispatch;
  /** Patterns by line, or by an expression within a line; undefined: there is none. */
  readonly byLine: Dispatch | undefined;
  readonly byId: ReadonlyMap<string, CompiledPattern>;
  /** Detectors that triggers name: their raised anomalies are incidents. */
  readonly detectors: ReadonlySet<string>;
  readonly issues: readonly PatternIssue[];
};

/** Something wrong with a pattern, at a path inside the rules. */
export type PatternIssue = { readonly path: Path; readonly message: string };
type Path = readonly (string | number)[];

const compiled = new WeakMap<Rules, CompiledPatterns>();
const NONE: CompiledPatterns = {
  byAsset: () => [],
  byLine: undefined,
  byId: new Map(),
  detectors: new Set(),
  issues: [],
};

/** Compiles the patterns of these rules, once for each rules object. */
export function compilePatterns(rules: Rules | undefined): CompiledPatterns {
  if (rules === undefined) return NONE;
  const known = compiled.get(rules);
  if (known !== undefined) return known;
  const issues: PatternIssue[] = [];
  const all: CompiledPattern[] = [];
  for (const [index, rule] of rules.patterns.entries()) {
    const pattern = compilePattern(rule, ['patterns', index]);
    if ('program' in pattern) all.push(pattern);
    else issues.push(...pattern.issues);
  }
  const line = all.filter(({ rule }) => rule.key !== 'asset');
  const result: CompiledPatterns = {
    byAsset: createDispatch(all.filter(({ rule }) => rule.key === 'asset')),
    byLine: line.length === 0 ? undefined : createDispatch(line),
    byId: new Map(all.map((pattern) => [pattern.rule.id, pattern])),
    detectors: new Set(detectorsOf(rules)),
    issues,
  };
  compiled.set(rules, result);
  return result;
}

function detectorsOf(rules: Rules): string[] {
  const patterns = new Set(rules.patterns.flatMap(incidentRulesOf));
  return rules.triggers.map(({ on }) => on).filter((on) => !patterns.has(on));
}

function compilePattern(
  rule: PatternRule,
  path: Path,
): CompiledPattern | { readonly issues: readonly PatternIssue[] } {
  const misreading = findMisreading(rule);
  if (misreading !== undefined) {
    return { issues: [{ path: [...path, ...misreading.path], message: misreading.sentence }] };
  }
  const pattern = toPattern(rule);
  const { where, until, keyOf, issues } = compileConditions(rule, path);
  if (issues.length > 0) return { issues };
  const compile = (_: string, { name }: PatternStage, which: 'condition' | 'until') => {
    const condition = (which === 'until' ? until : where).get(name);
    return condition === undefined ? () => false : toPredicate(condition);
  };
  const program = buildProgram<PatternEvent>(pattern, compile, 'wait');
  if ('refused' in program) return { issues: [{ path, message: program.refused }] };
  const fingerprint = identity([rule.key, canonicalJson(pattern)]);
  const conditions = [...where.values(), ...until.values()];
  return { rule, fingerprint, program, keyOf, reads: readsOf(conditions, program), pool: [] };
}

/** Only conditions that name the phase see anomalies in later phases. */
function toPredicate(condition: PatternCondition): Predicate<PatternEvent> {
  const accepts: Predicate<PatternEvent> = (event, captures) => {
    const { value } = event;
    if (value.kind === 'anomaly' && !condition.namesPhase && value.phase !== 'raised') return false;
    return condition.accepts(event, captures);
  };
  return condition.eventOnly ? Object.assign(accepts, { eventOnly: true as const }) : accepts;
}

/**
 * A pattern reads the kinds of events that its conditions require, and anomalies in later phases only if one of them
 * names the phase. Of those it reads only events that could meet some condition, unless a strict stage makes every
 * event count.
 */
function readsOf(
  conditions: readonly PatternCondition[],
  program: PatternProgram<PatternEvent>,
): CompiledPattern['reads'] {
  const namesPhase = conditions.some((condition) => condition.namesPhase);
  const byKind = new Map(
    KINDS.map((kind) => [kind, conditions.filter(({ kinds }) => kinds?.has(kind) !== false)]),
  );
  return (event) => {
    const candidates = byKind.get(event.kind);
    if (candidates === undefined || candidates.length === 0) return false;
    if (event.kind === 'anomaly' && !namesPhase && event.phase !== 'raised') return false;
    if (program.strict) return true;
    const signal = 'signal' in event ? event.signal : '';
    const type = 'type' in event ? event.type : '';
    for (const { signals, types, namesData } of candidates) {
      // Of a condition on machine events alone, the signal is a field of their data.
      const fits = namesData || signals?.has(signal) !== false;
      if (fits && types?.has(type) !== false) return true;
    }
    return false;
  };
}

const KINDS = ['anomaly', 'event', 'schedule', 'window', 'features'] as const;

/** The patterns that read an event, in the order of the rules. */
type Dispatch = (event: Observation | Anomaly) => readonly CompiledPattern[];

/** Signals and types of one kind that are cached; plants name types, so there may be any number of them. */
const MOST_NAMES = 10_000;

/**
 * Whether a pattern reads an event depends on its kind and phase, and on its signal or type. The patterns for each are
 * cached, so that dispatch costs two lookups, however many patterns there are.
 */
function createDispatch(patterns: readonly CompiledPattern[]): Dispatch {
  const cache = new Map<string, Map<string, readonly CompiledPattern[]>>();
  return (event) => {
    const group = groupOf(event);
    const name = 'signal' in event ? event.signal : 'type' in event ? event.type : '';
    let ofGroup = cache.get(group);
    if (ofGroup === undefined) {
      ofGroup = new Map();
      cache.set(group, ofGroup);
    }
    const known = ofGroup.get(name);
    if (known !== undefined) return known;
    if (ofGroup.size === MOST_NAMES) ofGroup.clear();
    const readers = patterns.filter(({ reads }) => reads(event));
    ofGroup.set(name, readers);
    return readers;
  };
}

function groupOf(event: Observation | Anomaly): string {
  return event.kind === 'anomaly' ? event.phase : event.kind;
}

/** The conditions of a rule by stage, its `until`s too; `issues`: those that do not compile. */
type RuleConditions = {
  readonly where: ReadonlyMap<string, PatternCondition>;
  readonly until: ReadonlyMap<string, PatternCondition>;
  /** Undefined: the pattern is by asset or by line. */
  readonly keyOf: KeyFunction | undefined;
  readonly issues: readonly PatternIssue[];
};

/** Compiles every condition once. A condition may ask about the stages that can have taken an event by then. */
function compileConditions(rule: PatternRule, path: Path): RuleConditions {
  const where = new Map<string, PatternCondition>();
  const until = new Map<string, PatternCondition>();
  const issues: PatternIssue[] = [];
  const compileStages = (
    rules: readonly PatternStageRule[],
    at: Path,
    before: readonly string[],
  ) => {
    let known = before;
    for (const [index, stage] of rules.entries()) {
      const here = [...at, index];
      const own = takingStages([stage]);
      const asks = stage.times === undefined ? known : [...known, ...own];
      compile(where, stage.name, stage.where, [...here, 'where'], asks);
      compile(until, stage.name, stage.until, [...here, 'until'], asks);
      compileStages(stage.stages ?? [], [...here, 'stages'], asks);
      known = [...known, ...own];
    }
  };
  const compile = (
    into: Map<string, PatternCondition>,
    name: string,
    text: string | undefined,
    at: Path,
    asks: readonly string[],
  ) => {
    if (text === undefined) return;
    const condition = compilePatternCondition(text, asks, (stage) => where.get(stage));
    if ('problem' in condition) issues.push({ path: at, message: condition.problem });
    else into.set(name, condition);
  };
  compileStages(rule.pattern, [...path, 'pattern'], []);
  const conditions = [...where.values(), ...until.values()];
  const events = conditions.every(({ namesData }) => namesData);
  const byExpression = rule.key !== 'asset' && rule.key !== 'line';
  const key = byExpression ? compileKey(rule.key, events, typesOf(conditions)) : undefined;
  if (key !== undefined && 'problem' in key) {
    issues.push({ path: [...path, 'key'], message: key.problem });
    return { where, until, keyOf: undefined, issues };
  }
  return { where, until, keyOf: key, issues };
}

/** The types that events of these conditions can have; undefined: any. */
function typesOf(conditions: readonly PatternCondition[]): ReadonlySet<string> | undefined {
  if (conditions.some(({ types }) => types === undefined)) return undefined;
  return new Set(conditions.flatMap(({ types }) => [...(types ?? [])]));
}

/** The names of the stages that take events, groups looked into. */
function takingStages(rules: readonly PatternStageRule[]): string[] {
  return rules.flatMap(({ name, absent, stages }) => {
    if (absent !== undefined) return [];
    return stages === undefined ? [name] : takingStages(stages);
  });
}
