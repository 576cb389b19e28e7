import type { DetectorRule } from '../model/detector-rule.ts';
import { baseline, type Milestone } from './baseline.ts';
import type { Memory } from './cell.ts';
import { iso20816 } from './iso20816.ts';
import { limit } from './limit.ts';
import { stuck } from './stuck.ts';
import type { Hearing, Verdict } from './verdict.ts';

/** Has a sample judged by the detector of the rule's kind; undefined when there is nothing to say of it. */
export function judge(
  memory: Memory,
  rule: Exclude<DetectorRule, { kind: 'silence' }>,
  hearing: Hearing,
  show: (milestone: Milestone) => void,
): Verdict | undefined {
  switch (rule.kind) {
    case 'limit':
      return limit(rule, hearing);
    case 'iso20816':
      return iso20816(rule, hearing);
    case 'baseline':
      return baseline(memoryOf('baseline', memory), rule, hearing, show);
    case 'stuck':
      return stuck(memoryOf('stuck', memory), rule, hearing);
  }
}

/** Kind is part of the shape that cells are found by, so memory of another kind is a defect of ours. */
export function memoryOf<K extends Memory['kind']>(
  kind: K,
  memory: Memory,
): Extract<Memory, { kind: K }> {
  if (isOf(kind, memory)) return memory;
  throw new Error(`expected the memory of a ${kind} detector, found that of ${memory.kind}`);
}

function isOf<K extends Memory['kind']>(
  kind: K,
  memory: Memory,
): memory is Extract<Memory, { kind: K }> {
  return memory.kind === kind;
}
