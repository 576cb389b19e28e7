import type { DetectorRule } from '../model/detector-rule.ts';
import { baseline } from './baseline.ts';
import type { Memory } from './cell.ts';
import { cusum } from './cusum.ts';
import { drift } from './drift.ts';
import { ewma } from './ewma.ts';
import { iso20816 } from './iso20816.ts';
import { iso20816Change } from './iso20816-change.ts';
import { limit } from './limit.ts';
import type { Milestone } from './modes.ts';
import { multivariate } from './multivariate.ts';
import { noiseFloor } from './noise-floor.ts';
import { range } from './range.ts';
import { rate } from './rate.ts';
import { stuck } from './stuck.ts';
import { trend } from './trend.ts';
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
    case 'iso20816-change':
      return iso20816Change(memoryOf('baseline', memory), rule, hearing, show);
    case 'ewma':
      return ewma(memoryOf('baseline', memory), rule, hearing, show);
    case 'cusum':
      return cusum(memoryOf('baseline', memory), rule, hearing, show);
    case 'range':
      return range(memoryOf('baseline', memory), rule, hearing, show);
    case 'noise-floor':
      return noiseFloor(memoryOf('baseline', memory), rule, hearing, show);
    case 'drift':
      return drift(memoryOf('baseline', memory), rule, hearing, show);
    case 'multivariate':
      return multivariate(memoryOf('vector', memory), rule, hearing, show);
    case 'rate':
      return rate(memoryOf('series', memory), rule, hearing);
    case 'trend':
      return trend(memoryOf('series', memory), rule, hearing);
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
