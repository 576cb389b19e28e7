import type { Duration } from '../model/time.ts';
import type { Pattern, PatternStage } from './pattern.ts';
import { isAbsent, quantityOf } from './quantity.ts';

/** The shapes that Flink CEP refuses, each with what to write instead; undefined: the pattern can run. */
export function refusal({ stages, skip }: Pattern): string | undefined {
  const names = allOf(stages).flatMap(({ name, group }) => (group === undefined ? [name] : []));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) return `stage name "${twice}" stands twice: expected each name once`;
  const inLine = refusalOfLine(stages);
  if (inLine !== undefined) return inLine;
  const within = shortestWithin(stages);
  const last = stages.at(-1);
  const timed = within !== null || last?.within_previous !== undefined;
  if (last?.contiguity === 'notFollowedBy' && !timed) {
    return `stage "${last.name}" is absent at the end: only time can complete it, so within is needed`;
  }
  const longer = allOf(stages).find((stage) => within !== null && (gapOf(stage) ?? 0) > within);
  if (longer !== undefined) {
    return `stage "${longer.name}" allows a longer gap than the whole pattern: expected at most its within`;
  }
  if ('stage' in skip && !stages.some(({ name, group }) => !group && name === skip.stage)) {
    return `skip strategy names stage "${skip.stage}", which the pattern does not have outside its groups`;
  }
  return undefined;
}

/** The smallest `within` of all stages counts. */
export function shortestWithin(stages: readonly PatternStage[]): Duration | null {
  const all = allOf(stages).flatMap(({ within }) => (within === undefined ? [] : [within]));
  return all.reduce<Duration | null>((least, within) => {
    return least === null || within < least ? within : least;
  }, null);
}

/** These stages and all in their groups. */
export function allOf(stages: readonly PatternStage[]): readonly PatternStage[] {
  return stages.flatMap((stage) => [stage, ...allOf(stage.group ?? [])]);
}

function refusalOfLine(line: readonly PatternStage[]): string | undefined {
  if (line.length === 0) return 'a pattern or group without stages: expected at least one';
  for (const [index, stage] of line.entries()) {
    const found =
      refusalOfPlace(stage, line[index - 1]) ??
      refusalOfQuantifier(stage) ??
      (stage.group === undefined ? undefined : refusalOfLine(stage.group));
    if (found !== undefined) return found;
  }
  return undefined;
}

function refusalOfPlace(stage: PatternStage, before: PatternStage | undefined): string | undefined {
  const { name, contiguity } = stage;
  if ((contiguity === 'begin') !== (before === undefined)) {
    return `stage "${name}": the first stage, and only the first, begins a match`;
  }
  if (before === undefined) return undefined;
  const quantity = quantityOf(before);
  if (isAbsent(stage) && quantity.optional) {
    return `stage "${name}" must be absent right after the optional stage "${before.name}": write two patterns, one with and one without "${before.name}"`;
  }
  if (stage.quantifier?.optional === true && quantity.greedy) {
    return `stage "${name}" is optional right after the greedy stage "${before.name}": make one of them neither`;
  }
  return undefined;
}

function refusalOfQuantifier(stage: PatternStage): string | undefined {
  const { name, quantifier, group, until } = stage;
  const quantity = quantityOf(stage);
  const [least, most] = quantifier?.times ?? [1, null];
  if (isAbsent(stage) && (quantifier !== undefined || group !== undefined)) {
    return `stage "${name}" must be absent: it can be neither repeated, optional nor a group`;
  }
  if (!Number.isInteger(least) || least < 0 || (most !== null && (most < 1 || most < least))) {
    return `stage "${name}" repeats ${least} to ${most} times: expected at least once, and no less than the least`;
  }
  if (least === 0 && most === null) {
    return `stage "${name}" repeats 0 times or more: write one or more, and optional`;
  }
  if (quantity.kind === 'once' && (quantifier?.greedy || quantifier?.inner)) {
    return `stage "${name}" takes one event: greedy and how its repetitions follow are for stages that repeat`;
  }
  if (quantity.kind !== 'loop' && until !== undefined) {
    return `stage "${name}" has an until: only one without an upper bound of repetitions can have it`;
  }
  if (group === undefined) return undefined;
  if (quantity.greedy) return `group "${name}" is greedy: only a single stage can be`;
  if (stage.condition !== undefined) {
    return `group "${name}" has a condition: give it to the stages inside`;
  }
  if (quantity.kind === 'loop' && group.every(canBeLeftOut)) {
    return `group "${name}" repeats, but all its stages are optional: it would repeat for ever without an event`;
  }
  return undefined;
}

function canBeLeftOut(stage: PatternStage): boolean {
  return quantityOf(stage).optional || stage.group?.every(canBeLeftOut) === true;
}

function gapOf(stage: PatternStage): Duration | undefined {
  const quantity = quantityOf(stage);
  return quantity.kind === 'once' ? stage.within_previous : (quantity.gap ?? undefined);
}
