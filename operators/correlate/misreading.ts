import type { PatternRule, PatternStageRule } from '../model/pattern-rule.ts';

/**
 * Where a rule would not mean what its words say. The matcher means what Flink CEP means, and in some shapes an
 * absence or a gap there holds elsewhere than where it is written, or nowhere. Such a rule is refused, with the way to
 * write it.
 */
export type Misreading = {
  readonly path: readonly (string | number)[];
  readonly sentence: string;
};

/** The first such place of a rule, from the front; undefined: it means what it says. */
export function findMisreading({ pattern }: PatternRule): Misreading | undefined {
  return inSequence(pattern, { at: ['pattern'], group: undefined, ends: true });
}

/** Where a sequence of stages stands. `ends`: after it nothing more is needed, and it comes once. */
type Place = {
  readonly at: Misreading['path'];
  readonly group: PatternStageRule | undefined;
  readonly ends: boolean;
};

function inSequence(stages: readonly PatternStageRule[], place: Place): Misreading | undefined {
  for (const [index, stage] of stages.entries()) {
    const path = [...place.at, index];
    const sentence =
      stage.absent === undefined
        ? (gapProblem(stage, stages[index - 1]) ??
          headProblem(stage, index, place.group) ??
          tailProblem(stages[index - 1], stage))
        : absenceProblem(stages, index, place);
    if (sentence !== undefined) return { path, sentence: `stage "${stage.name}" ${sentence}` };
    if (stage.stages === undefined) continue;
    const ends = place.ends && index === stages.length - 1 && isOnce(stage);
    const inside = inSequence(stage.stages, { at: [...path, 'stages'], group: stage, ends });
    if (inside !== undefined) return inside;
  }
  return undefined;
}

function absenceProblem(
  stages: readonly PatternStageRule[],
  index: number,
  { group, ends }: Place,
): string | undefined {
  const before = stages.slice(0, index).findLast(({ absent }) => absent === undefined);
  const after = stages.slice(index + 1);
  if (before !== undefined && canBeLeftOut(before)) {
    return `must be absent right behind "${before.name}", which can be left out: then there is nothing that it comes after; write two patterns, one with and one without "${before.name}"`;
  }
  if (after.some(({ absent }) => absent === undefined)) {
    if (after.some((stage) => stage.absent === undefined && !canBeLeftOut(stage))) return undefined;
    return `must be absent, and all that comes after it is optional: the match would be complete without waiting for it; write two patterns, one that ends with the absence and one without it`;
  }
  if (group !== undefined && !ends) {
    return isOnce(group)
      ? `must be absent at the end of group "${group.name}", which does not end the pattern: there it would not be looked for; write the stages of the group without the group`
      : `must be absent at the end of group "${group.name}", which repeats: there it would not be looked for; write each round as stages of its own, without the group`;
  }
  const [next] = after;
  if (next === undefined) return lastProblem(before);
  return `and "${next.name}" must both be absent at the end: only the last would be looked for; write one absence that joins both conditions with ||`;
}

/** Whether a repetition was the last shows with the next event, which time does not wait for. */
function lastProblem(before: PatternStageRule | undefined): string | undefined {
  const open = before === undefined ? undefined : openEnd(before);
  if (open === undefined) return undefined;
  return `must be absent at the end, right behind "${open.name}", of which there may be more: when time is over, it would not be known which was the last; give the last one a stage of its own before the absence, or say exactly how many`;
}

/** The stage, or one at the end of this group, after which there may but need not be one more. */
function openEnd(stage: PatternStageRule): PatternStageRule | undefined {
  const { optional, times, stages } = stage;
  if (optional === true || (times !== undefined && times[0] !== times[1])) return stage;
  const last = stages?.findLast(({ absent }) => absent === undefined);
  return last === undefined ? undefined : openEnd(last);
}

/** A group that need not repeat once more is left after events that it let pass, too. */
function tailProblem(before: PatternStageRule | undefined, { follows }: PatternStageRule) {
  if (before?.stages === undefined || before.times === undefined || follows !== 'strict') {
    return undefined;
  }
  if (before.times[0] === before.times[1] || before.repeats === 'strict') return undefined;
  return `must follow group "${before.name}" at once, but the group lets events pass between its rounds, and so it would follow after those too; write repeats: strict at the group, or follows: relaxed here`;
}

/** Neither repeated nor optional. */
function isOnce({ times, optional }: PatternStageRule): boolean {
  return optional !== true && (times === undefined || (times[0] === 1 && times[1] === 1));
}

function canBeLeftOut({ optional, times, stages }: PatternStageRule): boolean {
  if (optional === true || times?.[0] === 0) return true;
  return stages?.every((stage) => stage.absent !== undefined || canBeLeftOut(stage)) === true;
}

/** A gap is looked for where a match waits at that stage, and only there. */
function gapProblem(stage: PatternStageRule, before: PatternStageRule | undefined) {
  if (stage.within_previous === undefined) return undefined;
  if (stage.stages !== undefined) {
    return 'is a group with a within_previous, which would not be looked for; write it at the first stage of the group';
  }
  if (!isOnce(stage)) {
    return 'has a within_previous and repeats or is optional: it would not be looked for; give it to a stage that takes one event, before the others';
  }
  if (before === undefined || (before.absent !== 'strict' && openEnd(before) === undefined)) {
    return undefined;
  }
  return `has a within_previous, but a match can still wait at "${before.name}" before it: there it would not be looked for; put a stage that takes one event between them`;
}

/** The first stage of a group repeats as the group does, whatever it says itself. */
function headProblem(stage: PatternStageRule, index: number, group: PatternStageRule | undefined) {
  if (group === undefined || index > 0 || stage.stages !== undefined) return undefined;
  if (stage.times === undefined || stage.times[1] === 1) return undefined;
  const [own, around] = [stage.repeats ?? 'relaxed', group.repeats ?? 'relaxed'];
  if (own === around) return undefined;
  return `begins group "${group.name}" and repeats ${own}, but there it would repeat as the group does, ${around}; put a stage that takes one event before it, or let both say the same`;
}
