import type { PatternRule, PatternStageRule } from '../model/pattern-rule.ts';
import { type Condition, compileCondition, compileKey, type KeyOf } from './condition.ts';

type Path = readonly (string | number)[];

/** Something wrong with a pattern, at a path inside the rules. */
export type PatternIssue = { readonly path: Path; readonly message: string };

/** The conditions of a rule by stage, its `until`s too; `issues`: those that do not compile. */
export type ConditionsOfRule = {
  readonly where: ReadonlyMap<string, Condition>;
  readonly until: ReadonlyMap<string, Condition>;
  /** Undefined: the pattern is by asset or by line. */
  readonly keyOf: KeyOf | undefined;
  readonly issues: readonly PatternIssue[];
};

/** Compiles every condition once. A condition may ask about the stages that can have taken something by then. */
export function conditionsOf(rule: PatternRule, path: Path): ConditionsOfRule {
  const where = new Map<string, Condition>();
  const until = new Map<string, Condition>();
  const issues: PatternIssue[] = [];
  const compileLine = (line: readonly PatternStageRule[], at: Path, before: readonly string[]) => {
    let known = before;
    for (const [index, stage] of line.entries()) {
      const here = [...at, index];
      const own = taking([stage]);
      const asks = stage.times === undefined ? known : [...known, ...own];
      compile(where, stage.name, stage.where, [...here, 'where'], asks);
      compile(until, stage.name, stage.until, [...here, 'until'], asks);
      compileLine(stage.stages ?? [], [...here, 'stages'], asks);
      known = [...known, ...own];
    }
  };
  const compile = (
    into: Map<string, Condition>,
    name: string,
    text: string | undefined,
    at: Path,
    asks: readonly string[],
  ) => {
    if (text === undefined) return;
    const condition = compileCondition(text, asks);
    if ('problem' in condition) issues.push({ path: at, message: condition.problem });
    else into.set(name, condition);
  };
  compileLine(rule.pattern, [...path, 'pattern'], []);
  const events = [...where.values(), ...until.values()].every(
    ({ kinds }) => kinds?.size === 1 && kinds.has('event'),
  );
  const byExpression = rule.key !== 'asset' && rule.key !== 'line';
  const key = byExpression ? compileKey(rule.key, events) : undefined;
  if (key !== undefined && 'problem' in key) {
    issues.push({ path: [...path, 'key'], message: key.problem });
    return { where, until, keyOf: undefined, issues };
  }
  return { where, until, keyOf: key, issues };
}

/** The names of the stages that take events, groups looked into. */
function taking(line: readonly PatternStageRule[]): string[] {
  return line.flatMap(({ name, absent, stages }) => {
    if (absent !== undefined) return [];
    return stages === undefined ? [name] : taking(stages);
  });
}
