import { createHash } from 'node:crypto';
import type { DetectorRule } from '../model/detector-rule.ts';
import type { AssetKey } from '../model/key.ts';
import type { Asset } from '../model/plant-model.ts';
import type { Rules } from '../model/rules.ts';
import { fits } from '../model/wildcard.ts';
import { type Condition, compileCondition } from './condition.ts';
import { type Gauge, gaugesOf } from './gauge.ts';

/** A detector rule made ready. `problem`: its condition is none, so it judges nothing. */
export type Compiled = {
  readonly rule: DetectorRule;
  /** Hash of the fields that shape its state. */
  readonly shape: string;
  readonly holds: Condition;
  /** Signals whose ranges it asks for, and whose bands make its modes. */
  readonly gauges: ReturnType<typeof gaugesOf>;
  readonly problem?: string;
};

export type CompiledRules = {
  readonly byId: ReadonlyMap<string, Compiled>;
  /** There is a silence rule whose condition may change with the situation. */
  readonly listens: boolean;
  /** All signals that any rule tells bands of. */
  readonly gauges: readonly Gauge[];
  /** The rules that judge a signal of an asset, by its windows of this rule id or, with '', by its features. */
  judging(key: AssetKey, asset: Asset, signal: string, window: string): readonly Compiled[];
};

/** Derived from the rules object alone, so it is no state: made again after a restart or a change. */
const known = new WeakMap<Rules, CompiledRules>();

export function compileRules(rules: Rules): CompiledRules {
  const before = known.get(rules);
  if (before !== undefined) return before;
  const byId = new Map(rules.detectors.map((rule) => [rule.id, compile(rule, rules)]));
  // Who learns comes last: nothing is to be learnt from a sample that another rule has just found bad.
  const inOrder = [...byId.values()].sort((a, b) => {
    return Number('learn' in a.rule) - Number('learn' in b.rule);
  });
  const gauges = inOrder.flatMap(({ gauges: { within, bands } }) => [...within, ...bands]);
  const found = new WeakMap<Asset, Map<string, readonly Compiled[]>>();
  const compiled: CompiledRules = {
    byId,
    listens: rules.detectors.some((rule) => rule.kind === 'silence' && rule.while !== undefined),
    gauges: gauges.filter(({ key }, at) => gauges.findIndex((other) => other.key === key) === at),
    judging(key, asset, signal, window) {
      const answers = found.get(asset) ?? new Map<string, readonly Compiled[]>();
      if (answers.size === 0) found.set(asset, answers);
      const question = window === '' ? signal : `${window} ${signal}`;
      let answer = answers.get(question);
      if (answer === undefined) {
        answer = inOrder.filter(({ rule }) => {
          return isAbout(rule, key, asset, signal) && hears(rule, rules, signal, window);
        });
        answers.set(question, answer);
      }
      return answer;
    },
  };
  known.set(rules, compiled);
  return compiled;
}

function compile(rule: DetectorRule, rules: Rules): Compiled {
  const shape = shapeOf(rule, rules);
  const gauges = gaugesOf(rule);
  if (rule.while === undefined) return { rule, shape, gauges, holds: () => true };
  try {
    return { rule, shape, gauges, holds: compileCondition(rule.while) };
  } catch (error) {
    return { rule, shape, gauges, holds: () => false, problem: String(error) };
  }
}

/** A rule is about a signal of an asset by its signal's name (`*` allowed), its classes and its assets. */
export function isAbout(rule: DetectorRule, key: AssetKey, asset: Asset, signal: string): boolean {
  const isOfIt =
    rule.kind === 'multivariate' ? rule.signals.includes(signal) : fits(rule.signal, signal);
  return (
    isOfIt &&
    (rule.classes === undefined || rule.classes.includes(asset.class)) &&
    (rule.assets === undefined || rule.assets.some((pattern) => fits(pattern, key)))
  );
}

/**
 * Without `window` a rule hears the first window rule that covers the signal: two at once would be two opinions on
 * the same values. Silence is broken by any. Features are heard by every rule that names no window.
 */
function hears(rule: DetectorRule, rules: Rules, signal: string, window: string): boolean {
  if (rule.window !== undefined) return rule.window === window;
  if (rule.kind === 'stuck' && window === '') return false;
  if (window === '' || rule.kind === 'silence') return true;
  const first = rules.windows.find(({ signals }) => signals.some((name) => fits(name, signal)));
  return first?.id === window;
}

/** Limits, delays, deadbands and severities are left out: whoever changes them keeps what was learnt. */
function shapeOf(rule: DetectorRule, rules: Rules): string {
  const { kind, signal } = rule;
  const window = rules.windows.find(({ id }) => id === rule.window);
  const cut = { ...window, signals: undefined, quantiles: undefined, early: undefined };
  const shaping: unknown[] = [kind, signal, cut];
  switch (rule.kind) {
    case 'limit':
    case 'iso20816':
      shaping.push(rule.of);
      break;
    case 'baseline':
      shaping.push(rule.of, rule.learn, rule.scale, rule.modes, rule.while);
      shaping.push(...learningShape(rule));
      break;
    case 'ewma':
    case 'cusum':
      shaping.push(rule.of, rule.learn, rule.scale, rule.modes, rule.while);
      shaping.push(...learningShape(rule), 'weight' in rule ? rule.weight : rule.slack);
      break;
    case 'drift':
      shaping.push(rule.of, rule.learn, rule.scale, rule.modes, rule.while, rule.recent);
      shaping.push(...learningShape(rule));
      break;
    case 'iso20816-change':
    case 'range':
    case 'noise-floor':
      shaping.push(rule.of, rule.learn, rule.modes, rule.while, ...learningShape(rule));
      break;
    case 'multivariate':
      shaping.push(rule.of, rule.signals, rule.learn, rule.modes, rule.while, rule.weight);
      shaping.push(rule.explained, rule.shrink, ...learningShape(rule));
      break;
    case 'rate':
    case 'trend':
      shaping.push(rule.of, rule.over, rule.while, rule.when);
      break;
    case 'stuck':
    case 'silence':
      break;
  }
  return createHash('sha256').update(JSON.stringify(shaping)).digest('hex').slice(0, 16);
}

/** Only what is said: a rule that says none of these keeps the shape that it had before they existed. */
function learningShape({ learn_time, bands, when }: Extract<DetectorRule, { learn: number }>) {
  return [learn_time, bands, when].filter((field) => field !== undefined);
}
