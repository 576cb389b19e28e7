/** Detector rules made ready to run: conditions, shapes, and which samples a rule is for. */

import { createHash } from 'node:crypto';
import type {
  DetectorRule,
  EventRule,
  SampleRule,
  SilenceRule,
  ValueRule,
} from '../model/detector-rule.ts';
import {
  beginSteps,
  createExpressionEnvironment,
  MOST_STEPS,
  parseExpression,
} from '../model/expression.ts';
import { type AssetKey, fits, fitsAny, indexPatterns } from '../model/key.ts';
import type { Situation } from '../model/observation.ts';
import type { Asset } from '../model/plant-model.ts';
import type { Rules, WindowRule } from '../model/rules.ts';

import { type BandedSignal, type BandedSignals, bandedSignalsOf } from './gate.ts';

/** What a `while:` may name: parts of the situation and of the asset. */
const TEXTS = [
  'state',
  'mode',
  'order',
  'operation',
  'product',
  'shift',
  'planned',
  'asset',
  'class',
  'criticality',
] as const;
/** `next_stop`: minutes, compares false where the schedule knows of none. `due`: epoch milliseconds, likewise. */
const NUMBERS = ['next_stop', 'due'] as const;
const NAMES = [...TEXTS, ...NUMBERS];
/** No text of a situation or of an asset is longer: so what a condition costs at most is known before it runs. */
const LONGEST_TEXT = 128;
const environment = createExpressionEnvironment({ texts: TEXTS, numbers: NUMBERS });

/** Whether the `while:` of a rule holds in a situation of an asset. */
type SituationCondition = (situation: Situation, asset: Asset) => boolean;

/** Compiles a `while:`, or returns what is wrong with it in one sentence. */
export function compileSituationCondition(
  text: string,
): SituationCondition | { readonly problem: string } {
  const refused = (problem: string) => {
    return { problem: `${problem} in "${text}"; a condition may use ${NAMES.join(', ')}` };
  };
  const expression = parseExpression(environment, text);
  if ('problem' in expression) return refused(expression.problem);
  const { checked, evaluate } = expression;
  if ('problem' in checked) return refused(checked.problem);
  if (checked.type !== 'bool') {
    const found = `found one of type ${checked.type}: "${text}"`;
    return { problem: `expected a condition that is true or false, ${found}` };
  }
  if (!(expression.worstCase(LONGEST_TEXT) <= MOST_STEPS)) {
    return refused(`expected a condition of at most ${MOST_STEPS} steps, found more`);
  }
  return (situation, { id, class: kind, criticality }) => {
    const { state, mode, order, operation, product, shift, planned } = situation;
    const fields = {
      ...{ state, mode, order, operation, product, shift, planned },
      ...{ asset: id, class: kind, criticality },
      next_stop: situation.next_stop ?? Number.NaN,
      due: situation.due === null ? Number.NaN : situation.due / 1_000,
    };
    beginSteps();
    try {
      return evaluate(fields) === true;
    } catch {
      // It asks for what this situation does not have, as int('x') does: then it does not hold.
      return false;
    }
  };
}

/** A detector rule made ready. `problem`: why its `while` is no condition; such a rule evaluates nothing. */
export type CompiledDetector<R extends DetectorRule = DetectorRule> = {
  readonly rule: R;
  /** Hash of the fields that shape its state. */
  readonly shape: string;
  readonly holds: SituationCondition;
  /** The signals of its `when.within` and of its `bands`. */
  readonly banded: BandedSignals;
  readonly problem?: string;
};

export type CompiledDetectors = {
  readonly byId: ReadonlyMap<string, CompiledDetector>;
  /** Rules of silence, and of events: both are more than what happens to samples. */
  readonly silences: readonly CompiledDetector<SilenceRule>[];
  readonly events: readonly CompiledDetector<EventRule>[];
  /** Ids of rules that judge a machine relative to its peers. */
  readonly relative: ReadonlySet<string>;
  /** All signals that any rule divides into bands. */
  readonly banded: readonly BandedSignal[];
  /** The rules that evaluate a signal of an asset, by its windows of this rule id or, with '', by its features. */
  rulesFor(key: AssetKey, asset: Asset, signal: string, window: string): readonly SampleDetector[];
};

/** A rule that reads samples: a silence, or one that evaluates their values. */
type SampleDetector = CompiledDetector<SilenceRule> | CompiledDetector<ValueRule>;

/** Derived from the rules object alone, so it is no state: made again after a restart or a change. */
const known = new WeakMap<Rules, CompiledDetectors>();

/** Compiles the detector rules of a plant: their conditions, the shape of their state, and which of them a sample is for. */
export function compileDetectors(rules: Rules): CompiledDetectors {
  const before = known.get(rules);
  if (before !== undefined) return before;
  const byId = new Map(rules.detectors.map((rule) => [rule.id, compile(rule, rules)]));
  // Who learns comes last: nothing is to be learnt from a sample that another rule has just found bad.
  const inOrder = [...byId.values()].sort((a, b) => {
    return Number('learn' in a.rule) - Number('learn' in b.rule);
  });
  const banded = inOrder.flatMap(({ banded: { within, bands } }) => [...within, ...bands]);
  const bySample = inOrder.filter(readsSamples);
  const about = indexPatterns(bySample.map(({ rule }) => signalsOf(rule)));
  const found = new WeakMap<Asset, Map<string, readonly SampleDetector[]>>();
  const compiled: CompiledDetectors = {
    byId,
    silences: inOrder.filter(isOfSilence),
    events: inOrder.filter(isOfEvents),
    relative: new Set(rules.detectors.filter(isRelative).map(({ id }) => id)),
    banded: banded.filter(({ key }, at) => banded.findIndex((other) => other.key === key) === at),
    rulesFor(key, asset, signal, window) {
      const bySignal = found.get(asset) ?? new Map<string, readonly SampleDetector[]>();
      if (bySignal.size === 0) found.set(asset, bySignal);
      const name = window === '' ? signal : `${window} ${signal}`;
      let detectors = bySignal.get(name);
      if (detectors === undefined) {
        detectors = about(signal)
          .flatMap((at) => bySample[at] ?? [])
          .filter(({ rule }) => {
            return isAbout(rule, key, asset, signal) && isFor(rule, rules, signal, window);
          });
        bySignal.set(name, detectors);
      }
      return detectors;
    },
  };
  known.set(rules, compiled);
  return compiled;
}

export function isOfSilence(one: CompiledDetector): one is CompiledDetector<SilenceRule> {
  return one.rule.kind === 'silence';
}

function isOfEvents(one: CompiledDetector): one is CompiledDetector<EventRule> {
  return one.rule.kind === 'event';
}

/** A rule that judges a machine relative to its peers. */
export type RelativeRule = Extract<DetectorRule, { kind: 'baseline' | 'ewma' | 'cusum' }> & {
  readonly relative_to: 'line' | 'class' | readonly string[];
};

export function isRelative(rule: DetectorRule): rule is RelativeRule {
  return 'relative_to' in rule && rule.relative_to !== undefined;
}

function readsSamples(one: CompiledDetector): one is SampleDetector {
  return one.rule.kind !== 'event';
}

function compile(rule: DetectorRule, rules: Rules): CompiledDetector {
  const made = { rule, shape: shapeOf(rule, rules), banded: bandedSignalsOf(rule) };
  if (rule.while === undefined) return { ...made, holds: () => true };
  const holds = compileSituationCondition(rule.while);
  if (typeof holds === 'function') return { ...made, holds };
  return { ...made, holds: () => false, problem: `Error: ${holds.problem}` };
}

function signalsOf(rule: SampleRule): readonly string[] {
  return rule.kind === 'multivariate' ? rule.signals : [rule.signal];
}

/** A rule is about a signal of an asset by its signal's name (`*` allowed), its classes and its assets. */
export function isAbout(rule: SampleRule, key: AssetKey, asset: Asset, signal: string): boolean {
  const isOfIt =
    rule.kind === 'multivariate' ? rule.signals.includes(signal) : fits(rule.signal, signal);
  return isOfIt && isAboutAsset(rule, key, asset);
}

/** A rule is about an asset by its classes and its assets. */
export function isAboutAsset(rule: DetectorRule, key: AssetKey, asset: Asset): boolean {
  return (
    (rule.classes === undefined || rule.classes.includes(asset.class)) &&
    (rule.assets === undefined || fitsAny(rule.assets, key))
  );
}

/**
 * Without `window` a rule evaluates the windows of the first window rule that covers the signal: those of two would be two
 * opinions on the same values. Any window ends a silence. Features are for every rule that names no window.
 */
function isFor(rule: SampleRule, rules: Rules, signal: string, window: string): boolean {
  if (rule.window !== undefined) return rule.window === window;
  if (rule.kind === 'stuck' && window === '') return false;
  if (window === '' || rule.kind === 'silence') return true;
  return firstWindowOf(rules, signal)?.id === window;
}

const windowsOf = new WeakMap<Rules['windows'], (signal: string) => readonly number[]>();

/** The first window rule that covers a signal. */
export function firstWindowOf(
  { windows }: Pick<Rules, 'windows'>,
  signal: string,
): WindowRule | undefined {
  let covering = windowsOf.get(windows);
  if (covering === undefined) {
    covering = indexPatterns(windows.map(({ signals }) => signals));
    windowsOf.set(windows, covering);
  }
  return windows[covering(signal)[0] ?? -1];
}

/** Limits, delays, deadbands and severities are left out: who changes them keeps what was learnt. */
function shapeOf(rule: DetectorRule, rules: Rules): string {
  const { kind, signal } = rule;
  const named = 'window' in rule ? rule.window : undefined;
  const window = rules.windows.find(({ id }) => id === named);
  const cut = { ...window, signals: undefined, quantiles: undefined, early: undefined };
  const shaping: unknown[] = [kind, signal, cut];
  switch (rule.kind) {
    case 'limit':
    case 'iso20816':
    case 'usage':
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
    case 'event':
      shaping.push(rule.type, rule.data, rule.by);
      break;
    case 'stuck':
    case 'silence':
      break;
  }
  return createHash('sha256').update(JSON.stringify(shaping)).digest('hex').slice(0, 16);
}

/** Only fields that are set: a rule without them keeps the shape that it had before they existed. */
function learningShape(rule: Extract<DetectorRule, { learn: number }>) {
  const { learn_time, bands, when } = rule;
  const relative = isRelative(rule) ? { relative_to: rule.relative_to } : undefined;
  return [learn_time, bands, when, relative].filter((field) => field !== undefined);
}
