import type { Anomaly } from '../model/anomaly.ts';
import { canonicalJson } from '../model/canonical-json.ts';
import { identity } from '../model/identity.ts';
import type { PatternRule } from '../model/pattern-rule.ts';
import type { Rules } from '../model/rules.ts';
import type { Observation } from '../model/situation.ts';
import type { Captured } from './captured.ts';
import { type Condition, compileCondition } from './condition.ts';
import type { Contiguity, Pattern, Skip } from './pattern.ts';
import { type Program, programOf } from './program.ts';
import type { Accepts } from './verdict.ts';

/** One pattern of `rules.yaml`, ready to run. */
export type CompiledPattern = {
  readonly rule: PatternRule;
  /** Of everything that shapes its partial matches; what it raises is no part of that. */
  readonly fingerprint: string;
  readonly program: Program<Captured>;
  /** Whether an event belongs to the stream that this pattern reads, and whether any of its stages could take it. */
  readonly reads: (event: Observation | Anomaly) => boolean;
};

export type CompiledRules = {
  readonly asset: readonly CompiledPattern[];
  readonly line: readonly CompiledPattern[];
  readonly byId: ReadonlyMap<string, CompiledPattern>;
  /** Detectors that triggers name: their raised anomalies are incidents. */
  readonly detectors: ReadonlySet<string>;
  readonly issues: readonly PatternIssue[];
};

/** Something wrong with a pattern, at a path inside the rules. */
export type PatternIssue = {
  readonly path: readonly (string | number)[];
  readonly message: string;
};

const compiled = new WeakMap<Rules, CompiledRules>();
const NONE: CompiledRules = {
  asset: [],
  line: [],
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
  const result: CompiledRules = {
    asset: all.filter(({ rule }) => rule.key === 'asset'),
    line: all.filter(({ rule }) => rule.key === 'line'),
    byId: new Map(all.map((pattern) => [pattern.rule.id, pattern])),
    detectors: new Set(detectorsOf(rules)),
    issues,
  };
  compiled.set(rules, result);
  return result;
}

function detectorsOf(rules: Rules): string[] {
  const patterns = new Set(rules.patterns.map(({ id }) => id));
  return rules.triggers.map(({ on }) => on).filter((on) => !patterns.has(on));
}

const FOLLOWS = { strict: 'strict', relaxed: 'relaxed', 'relaxed-any': 'relaxedAny' } as const;
const ABSENT = { strict: 'notNext', relaxed: 'notFollowedBy' } as const;
const SKIPS: Readonly<Record<PatternRule['skip'], Skip>> = {
  'no-skip': { type: 'noSkip' },
  'past-last-event': { type: 'skipPastLastEvent' },
  'to-next': { type: 'skipToNext' },
};

/** The YAML door: a rule as the one pattern type. */
export function patternOf(rule: PatternRule): Pattern {
  const stages = rule.pattern.map((stage, index) => {
    const contiguity: Contiguity =
      index === 0
        ? 'begin'
        : stage.absent === undefined
          ? FOLLOWS[stage.follows ?? 'relaxed']
          : ABSENT[stage.absent];
    const gap = stage.within_previous;
    return {
      ...{ name: stage.name, contiguity, condition: stage.where },
      ...(rule.within === undefined ? {} : { within: rule.within }),
      ...(gap === undefined ? {} : { within_previous: gap }),
    };
  });
  return { stages, skip: SKIPS[rule.skip] };
}

function compilePattern(
  rule: PatternRule,
  path: readonly (string | number)[],
): CompiledPattern | { readonly issues: readonly PatternIssue[] } {
  const pattern = patternOf(rule);
  const issues: PatternIssue[] = [];
  const conditions: Condition[] = [];
  const accepts: Accepts<Captured>[] = [];
  for (const [index, { where }] of rule.pattern.entries()) {
    const earlier = rule.pattern.slice(0, index).filter(({ absent }) => absent === undefined);
    const condition = compileCondition(
      where,
      earlier.map(({ name }) => name),
    );
    if ('problem' in condition) {
      issues.push({ path: [...path, 'pattern', index, 'where'], message: condition.problem });
      continue;
    }
    conditions.push(condition);
    accepts.push(guarded(condition));
  }
  if (issues.length > 0) return { issues };
  const program = programOf<Captured>(pattern, (_, stage) => {
    return accepts[pattern.stages.indexOf(stage)] ?? (() => false);
  });
  if ('refused' in program) return { issues: [{ path, message: program.refused }] };
  const fingerprint = identity([rule.key, canonicalJson(pattern)]);
  return { rule, fingerprint, program, reads: reader(conditions, program) };
}

/** Asks the expression only when the cheap needs are met. */
function guarded(condition: Condition): Accepts<Captured> {
  return (event, captures) => {
    const { kind, signal, type, phase } = event.fields;
    if (condition.kinds?.has(String(kind)) === false) return false;
    if (kind === 'anomaly' && !condition.phased && phase !== 'raised') return false;
    if (condition.signals?.has(String(signal ?? '')) === false) return false;
    if (condition.types?.has(String(type ?? '')) === false) return false;
    return condition.accepts(event, captures);
  };
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

const KINDS = ['anomaly', 'event', 'window', 'features'] as const;
