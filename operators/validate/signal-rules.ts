import type { Out } from '../flow/keyed.ts';
import type { Decoded } from '../model/decoded.ts';
import type { Asset, Signal } from '../model/plant-model.ts';
import type { DeadLetterReason } from '../model/tables.ts';

/** What the plant model says of the values of a signal, and the count of those that do not go all the way. */

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
};

/** A rule of a signal in a frame. */
export type ColumnRule = { readonly position: number; readonly rule: SignalRule };

/** What the model says of frames with these signals. */
type FrameRules = {
  /** Positions of signals that the model does not have, and their names. */
  readonly unknown: ReadonlySet<number>;
  readonly unknownNames: readonly string[];
  /** The signals whose numbers must be looked at. */
  readonly columns: readonly ColumnRule[];
};

/** Derived, so no state: what the machine sent last, and the rules of its signals. */
const ofAssets = new WeakMap<Asset, Map<string, SignalRule>>();
const ofFrames = new WeakMap<Asset, WeakMap<readonly string[], FrameRules>>();

/** Frames of a machine repeat their signals, and share the list then: one that sends many kinds of frames in turn too. */
export function frameRulesOf(signals: readonly string[], asset: Asset): FrameRules {
  let byList = ofFrames.get(asset);
  if (byList === undefined) {
    byList = new WeakMap();
    ofFrames.set(asset, byList);
  }
  const known = byList.get(signals);
  if (known !== undefined) return known;
  const unknown: number[] = [];
  const columns: ColumnRule[] = [];
  signals.forEach((signal, position) => {
    const rule = signalRuleOf(signal, asset);
    if (rule === undefined) unknown.push(position);
    else if (checksNumbers(rule)) columns.push({ position, rule });
  });
  const unknownNames = unknown.map((position) => signals[position] ?? '');
  const made = { unknown: new Set(unknown), unknownNames, columns };
  byList.set(signals, made);
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

function checksNumbers({ low, high, missing }: SignalRule): boolean {
  return missing.length > 0 || Number.isFinite(low) || Number.isFinite(high);
}

function compile(signal: string, { unit, range, missing = [], kind }: Signal): SignalRule {
  const numbers = missing.filter((value) => typeof value === 'number');
  const hasNumbers = unit !== undefined || range !== undefined || numbers.length > 0;
  return {
    signal,
    isNumeric: hasNumbers || kind === 'counter',
    low: range?.[0] ?? Number.NEGATIVE_INFINITY,
    high: range?.[1] ?? Number.POSITIVE_INFINITY,
    missing: [...new Set(numbers.flatMap((value) => [value, Math.fround(value)]))],
    missingTexts: missing.filter((value) => typeof value === 'string'),
  };
}

type Loss = Extract<
  DeadLetterReason,
  'text' | 'precision' | 'missing' | 'suspect' | 'out-of-range'
>;

/** In the order in which they are told, each with what it means. */
const MEANINGS: Readonly<Record<Loss, string>> = {
  text: 'a text where the model declares a number: it landed, and is not evaluated',
  precision: 'an integer beyond 2^53 where the model declares a number: its last digits are lost',
  missing: 'what the model declares to be no value',
  suspect: 'a value that its source calls suspect: it landed, and is not evaluated',
  'out-of-range':
    'a value out of the range of the model: it landed as suspect, and is not evaluated',
};
const LOSSES = Object.keys(MEANINGS) as Loss[];

/** What of one frame does not go all the way, counted value by value. */
export interface Losses {
  add(reason: Loss, signal: string): void;
  /** One dead letter for each reason. Empties the count. */
  report(sequence: number, out: Out<Decoded>): void;
}

export function createLosses(): Losses {
  const counts = new Map<Loss, { count: number; readonly signal: string }>();
  return {
    add(reason, signal) {
      const known = counts.get(reason);
      if (known === undefined) counts.set(reason, { count: 1, signal });
      else known.count += 1;
    },
    report(sequence, out) {
      if (counts.size === 0) return;
      for (const reason of LOSSES) {
        const lost = counts.get(reason);
        if (lost === undefined) continue;
        const detail = `signal ${lost.signal}: ${MEANINGS[reason]}`;
        out.deadLetter(reason, detail, `message ${sequence}`, lost.count);
      }
      counts.clear();
    },
  };
}
