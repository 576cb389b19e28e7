import type { Asset, Signal } from '../model/plant-model.ts';

/** What the model declares of the values of one signal, ready to be asked for each of them. */
export type SignalRule = {
  readonly signal: string;
  /** The model says what its numbers mean: texts that are numbers are meant as such. */
  readonly isNumeric: boolean;
  readonly low: number;
  readonly high: number;
  /** Also as f32, which is what many gateways read. */
  readonly missing: readonly number[];
  readonly missingTexts: readonly string[];
  readonly isCounter: boolean;
  readonly rollover: number | undefined;
};

/** A rule of a signal in a frame. */
export type ColumnRule = { readonly position: number; readonly rule: SignalRule };

/** What the model says of frames with these signals. */
export type FrameRules = {
  readonly signals: readonly string[];
  /** Positions of signals that the model does not have, and their names. */
  readonly unknown: readonly number[];
  readonly unknownNames: readonly string[];
  /** The signals whose numbers must be looked at. */
  readonly columns: readonly ColumnRule[];
};

/** Derived, so no state: what the machine sent last, and the rules of its signals. */
const ofAssets = new WeakMap<Asset, Map<string, SignalRule>>();
const ofFrames = new WeakMap<Asset, FrameRules>();

/** Frames of a machine repeat their signals, and share the list then. */
export function frameRulesOf(signals: readonly string[], asset: Asset): FrameRules {
  const last = ofFrames.get(asset);
  if (last?.signals === signals) return last;
  const unknown: number[] = [];
  const columns: ColumnRule[] = [];
  signals.forEach((signal, position) => {
    const rule = signalRuleOf(signal, asset);
    if (rule === undefined) unknown.push(position);
    else if (checksNumbers(rule)) columns.push({ position, rule });
  });
  const unknownNames = unknown.map((position) => signals[position] ?? '');
  const made = { signals, unknown, unknownNames, columns };
  ofFrames.set(asset, made);
  return made;
}

/** Undefined for a signal that the model does not have. */
export function signalRuleOf(signal: string, asset: Asset): SignalRule | undefined {
  let rules = ofAssets.get(asset);
  if (rules === undefined) {
    rules = new Map(Object.entries(asset.signals).map(([name, one]) => [name, compile(name, one)]));
    ofAssets.set(asset, rules);
  }
  return rules.get(signal);
}

function checksNumbers({ low, high, missing, isCounter }: SignalRule): boolean {
  return isCounter || missing.length > 0 || Number.isFinite(low) || Number.isFinite(high);
}

function compile(
  signal: string,
  { unit, range, missing = [], kind, rollover }: Signal,
): SignalRule {
  const numbers = missing.filter((value) => typeof value === 'number');
  const isCounter = kind === 'counter';
  return {
    signal,
    isNumeric: unit !== undefined || range !== undefined || numbers.length > 0 || isCounter,
    low: range?.[0] ?? Number.NEGATIVE_INFINITY,
    high: range?.[1] ?? Number.POSITIVE_INFINITY,
    missing: [...new Set(numbers.flatMap((value) => [value, Math.fround(value)]))],
    missingTexts: missing.filter((value) => typeof value === 'string'),
    isCounter,
    rollover,
  };
}
