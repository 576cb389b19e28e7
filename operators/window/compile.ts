import type { Rules, WindowRule } from '../model/rules.ts';
import type { Duration } from '../model/time.ts';
import { fits } from '../model/wildcard.ts';
import { createEngine, type Engine } from './panes.ts';
import type { Assigner, Trigger } from './shape.ts';

/** A window rule, ready for work. */
export type WindowProgram = {
  readonly id: string;
  /** Of the fields that shape its state: what was gathered under another one cannot go on under this one. */
  readonly fingerprint: string;
  readonly engine: Engine;
  takes(signal: string): boolean;
};

/** Derived data is no state: made again whenever the rules are another object. */
const compiled = new WeakMap<Rules, readonly WindowProgram[]>();

/** The window rules of a plant, in the order of their ids. */
export function programsOf(rules: Rules): readonly WindowProgram[] {
  const known = compiled.get(rules);
  if (known !== undefined) return known;
  const programs = rules.windows
    .map((rule) => compile(rule, rules.time.correction))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  compiled.set(rules, programs);
  return programs;
}

function compile(rule: WindowRule, lateness: Duration): WindowProgram {
  const assigner = assignerOf(rule);
  const { id, quantiles, signals } = rule;
  const engine = createEngine({
    assigner,
    trigger: triggerOf(rule),
    purging: rule.kind === 'count',
    lateness,
    refire: 'watermark',
    // Which readings make up a count window depends on their order, and nothing else does.
    ordered: rule.kind === 'count',
    quantiles,
  });
  const shaping = [assigner, rule.kind === 'count' ? rule.count : 0, quantiles];
  return {
    id,
    fingerprint: JSON.stringify(shaping),
    engine,
    takes: (signal) => signals.some((pattern) => fits(pattern, signal)),
  };
}

function assignerOf(rule: WindowRule): Assigner {
  switch (rule.kind) {
    case 'tumbling': {
      const offset = rule.offset ?? (0 as Duration);
      return { kind: 'aligned', size: rule.size, hop: rule.size, offset, ancient: 'contained' };
    }
    case 'hopping': {
      const offset = rule.offset ?? (0 as Duration);
      return { kind: 'aligned', size: rule.size, hop: rule.hop, offset, ancient: 'contained' };
    }
    case 'session':
      return { kind: 'session', gap: rule.gap };
    case 'count':
      return { kind: 'global' };
  }
}

function triggerOf(rule: WindowRule): Trigger {
  if (rule.kind === 'count') return { kind: 'count', count: rule.count };
  if (rule.early === undefined) return { kind: 'time' };
  return { kind: 'interval', every: rule.early, report: 'latest' };
}
