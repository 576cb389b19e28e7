import type { Anomaly } from '../model/anomaly.ts';
import { canonicalJson } from '../model/canonical-json.ts';
import { identity } from '../model/identity.ts';
import { incidentRulesOf, type PatternRule } from '../model/pattern-rule.ts';
import type { Rules } from '../model/rules.ts';
import type { Observation } from '../model/situation.ts';
import type { Captured } from './captured.ts';
import type { Condition, KeyOf } from './condition.ts';
import { conditionsOf, type PatternIssue } from './conditions-of-rule.ts';
import { createDispatch, type Dispatch } from './dispatch.ts';
import type { MatchState } from './partials.ts';
import { patternOf } from './pattern-of-rule.ts';
import { type Program, programOf } from './program.ts';
import type { Accepts } from './verdict.ts';

/** One pattern of `rules.yaml`, ready to run. */
export type CompiledPattern = {
  readonly rule: PatternRule;
  /** Of everything that shapes its partial matches; what it raises is no part of that. */
  readonly fingerprint: string;
  readonly program: Program<Captured>;
  /** What keeps its matches apart within a line; undefined: it is by asset or by line. */
  readonly keyOf: KeyOf | undefined;
  /** Whether an event belongs to the stream that this pattern reads, and whether any of its stages could take it. */
  readonly reads: (event: Observation | Anomaly) => boolean;
  /** Empty states to begin with: scratch, which belongs to no key. */
  readonly spare: MatchState<Captured>[];
};

export type CompiledRules = {
  /** Patterns by asset, by what they read. */
  readonly asset: Dispatch;
  /** Patterns by line, or by an expression within a line; undefined: there is none. */
  readonly line: Dispatch | undefined;
  readonly byId: ReadonlyMap<string, CompiledPattern>;
  /** Detectors that triggers name: their raised anomalies are incidents. */
  readonly detectors: ReadonlySet<string>;
  readonly issues: readonly PatternIssue[];
};

const compiled = new WeakMap<Rules, CompiledRules>();
const NONE: CompiledRules = {
  asset: () => [],
  line: undefined,
  byId: new Map(),
  detectors: new Set(),
  issues: [],
};

/** Compiles the patterns of these rules, once for each rules object. A pattern with an issue is left out. */
export function compiledRules(rules: Rules | undefined): CompiledRules {
  if (rules === undefined) return NONE;
  const known = compiled.get(rules);
  if (known !== undefined) return known;
  const issues: PatternIssue[] = [];
  const all: CompiledPattern[] = [];
  for (const [index, rule] of rules.patterns.entries()) {
    const found = compilePattern(rule, ['patterns', index]);
    if ('program' in found) all.push(found);
    else issues.push(...found.issues);
  }
  const line = all.filter(({ rule }) => rule.key !== 'asset');
  const result: CompiledRules = {
    asset: createDispatch(all.filter(({ rule }) => rule.key === 'asset')),
    line: line.length === 0 ? undefined : createDispatch(line),
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
  path: readonly (string | number)[],
): CompiledPattern | { readonly issues: readonly PatternIssue[] } {
  const pattern = patternOf(rule);
  const { where, until, keyOf, issues } = conditionsOf(rule, path);
  if (issues.length > 0) return { issues };
  const program = programOf<Captured>(pattern, (_, { name }, which) => {
    const condition = (which === 'until' ? until : where).get(name);
    return condition === undefined ? () => false : guarded(condition);
  });
  if ('refused' in program) return { issues: [{ path, message: program.refused }] };
  const fingerprint = identity([rule.key, canonicalJson(pattern)]);
  const conditions = [...where.values(), ...until.values()];
  return { rule, fingerprint, program, keyOf, reads: reader(conditions, program), spare: [] };
}

/** Anomalies in later phases are for conditions that name the phase. */
function guarded(condition: Condition): Accepts<Captured> {
  const accepts: Accepts<Captured> = (event, captures) => {
    const { value } = event;
    if (value.kind === 'anomaly' && !condition.phased && value.phase !== 'raised') return false;
    return condition.accepts(event, captures);
  };
  return condition.alone ? Object.assign(accepts, { alone: true as const }) : accepts;
}

/**
 * A pattern reads the kinds of events that its conditions ask for, and anomalies in later phases only when one of
 * them names the phase. Of those it needs only the ones that some condition could meet, unless a strict stage
 * makes every event count.
 */
function reader(
  conditions: readonly Condition[],
  program: Program<Captured>,
): CompiledPattern['reads'] {
  const phased = conditions.some((condition) => condition.phased);
  const byKind = new Map(
    KINDS.map((kind) => [kind, conditions.filter(({ kinds }) => kinds?.has(kind) !== false)]),
  );
  return (event) => {
    const concerned = byKind.get(event.kind);
    if (concerned === undefined || concerned.length === 0) return false;
    if (event.kind === 'anomaly' && !phased && event.phase !== 'raised') return false;
    if (program.strict) return true;
    const signal = 'signal' in event ? event.signal : '';
    const type = 'type' in event ? event.type : '';
    for (const { signals, types } of concerned) {
      if (signals?.has(signal) !== false && types?.has(type) !== false) return true;
    }
    return false;
  };
}

const KINDS = ['anomaly', 'event', 'schedule', 'window', 'features'] as const;
