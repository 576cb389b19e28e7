import { countTexts, type Frame, GOOD, type TextColumn } from '../model/decoded.ts';
import type { Asset } from '../model/plant-model.ts';
import { type Losses, type SignalRule, signalRuleOf } from './signal-rules.ts';

/** As people, PLCs and CSV files write numbers; no hexadecimal, no comma, no NaN. */
const NUMBER = /^\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\s*$/;
/** The largest number has 309 digits. Whatever is longer was not written as one. */
const LONGEST = 400;
const INTEGER = /^\s*[+-]?\d{16,}\s*$/;

/**
 * A frame whose texts are what the model declares: numbers where the signal is numeric, nothing where they stand for a
 * missing value. What stays a text in a numeric signal lands, and is told of: nothing evaluates it.
 */
export function readNumberTexts(frame: Frame, asset: Asset, losses: Losses): Frame {
  if (!frame.texts.some(({ signal }) => isChecked(signalRuleOf(signal, asset)))) return frame;
  const draft: Draft = { frame, added: [], columns: new Map(), texts: [] };
  for (const column of frame.texts) {
    const rule = signalRuleOf(column.signal, asset);
    if (rule === undefined || !isChecked(rule)) draft.texts.push(column);
    else readColumn(draft, column, rule, losses);
  }
  return withNumbers(draft);
}

function isChecked(rule: SignalRule | undefined): boolean {
  return rule !== undefined && (rule.isNumeric || rule.missingTexts.length > 0);
}

type NumberColumn = { readonly values: Float64Array; readonly quality: Uint8Array };

type Draft = {
  readonly frame: Frame;
  /** Signals that had no numbers before. */
  readonly added: string[];
  /** The numbers that were texts, by signal. */
  readonly columns: Map<string, NumberColumn>;
  readonly texts: TextColumn[];
};

function readColumn(draft: Draft, column: TextColumn, rule: SignalRule, losses: Losses): void {
  const { signal, quality } = column;
  let numbers: NumberColumn | undefined;
  const values = column.values.map((text, index) => {
    if (text === null) return null;
    if (rule.missingTexts.includes(text)) {
      losses.add('missing', signal);
      return null;
    }
    const number = rule.isNumeric ? numberOf(text) : Number.NaN;
    if (!Number.isFinite(number)) {
      if (rule.isNumeric) losses.add('text', signal);
      return text;
    }
    if (INTEGER.test(text) && BigInt(text) !== BigInt(number)) losses.add('precision', signal);
    numbers ??= openColumn(column.values.length);
    numbers.values[index] = number;
    numbers.quality[index] = quality?.[index] ?? GOOD;
    return null;
  });
  const left = { ...column, values };
  if (countTexts(left) > 0) draft.texts.push(left);
  if (numbers === undefined) return;
  draft.columns.set(signal, numbers);
  if (!positionsOf(draft.frame.signals).has(signal)) draft.added.push(signal);
}

function numberOf(text: string): number {
  return text.length <= LONGEST && NUMBER.test(text) ? Number(text) : Number.NaN;
}

function openColumn(samples: number): NumberColumn {
  return {
    values: new Float64Array(samples).fill(Number.NaN),
    quality: new Uint8Array(samples),
  };
}

function withNumbers({ frame, added, columns, texts }: Draft): Frame {
  if (columns.size === 0) return { ...frame, texts };
  const samples = frame.times.length;
  const signals = added.length === 0 ? frame.signals : extended(frame.signals, added);
  const values = new Float64Array(signals.length * samples).fill(Number.NaN);
  values.set(frame.values);
  const quality = new Uint8Array(values.length);
  if (frame.quality !== undefined) quality.set(frame.quality);
  const positions = positionsOf(signals);
  for (const [signal, column] of columns) {
    const from = (positions.get(signal) ?? 0) * samples;
    for (let index = 0; index < samples; index += 1) {
      const value = column.values[index] ?? Number.NaN;
      if (Number.isNaN(value)) continue;
      values[from + index] = value;
      quality[from + index] = column.quality[index] ?? GOOD;
    }
  }
  const read = { ...frame, signals, values, texts };
  return quality.some((code) => code !== GOOD) ? { ...read, quality } : read;
}

const positions = new WeakMap<readonly string[], ReadonlyMap<string, number>>();

/** Where each signal of a list is. */
function positionsOf(signals: readonly string[]): ReadonlyMap<string, number> {
  let known = positions.get(signals);
  if (known === undefined) {
    known = new Map(signals.map((signal, position) => [signal, position]));
    positions.set(signals, known);
  }
  return known;
}

type Extended = { readonly added: readonly string[]; readonly signals: readonly string[] };
const lastExtended = new WeakMap<readonly string[], Extended>();

/** Later stages compare lists of signals by identity: frames of the same signals share one. */
function extended(from: readonly string[], added: readonly string[]): readonly string[] {
  const last = lastExtended.get(from);
  if (last?.added.join('\n') === added.join('\n')) return last.signals;
  const signals = [...from, ...added];
  lastExtended.set(from, { added, signals });
  return signals;
}
