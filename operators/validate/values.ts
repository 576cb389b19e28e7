/** The values of a frame against what the model declares of their signals; what is lost is counted. */

import type { Out } from '../flow/keyed.ts';
import {
  countNumbers,
  countTexts,
  type Decoded,
  type Frame,
  SUSPECT,
  type TextColumn,
} from '../model/decoded.ts';
import type { Asset } from '../model/plant-model.ts';
import { readNumberTexts } from './number-texts.ts';
import { type ColumnRule, createLosses, frameRulesOf, signalRuleOf } from './signal-rules.ts';

/** One for all calls. */
const losses = createLosses();

/**
 * A frame whose values are what the model declares of their signals: numbers that came as texts, no values where the
 * source has none, suspect ones out of range. Signals that the model does not have are marked. A frame in which nothing is
 * to be changed is passed as it is, without a copy.
 */
export function checkFrame(sent: Frame, asset: Asset, out: Out<Decoded>): Frame {
  const frame = sent.texts.length === 0 ? sent : readNumberTexts(sent, asset, losses);
  const rules = frameRulesOf(frame.signals, asset);
  const draft: Draft = { frame, values: frame.values };
  const { columns } = rules;
  // Not `for of`: this is asked of every frame.
  for (let index = 0; index < columns.length; index += 1) {
    const column = columns[index];
    if (column !== undefined) checkNumbers(draft, column);
  }
  if (frame.quality !== undefined) dropSuspect(draft, frame.quality, rules.unknown);
  losses.report(frame.origin.sequence, out);
  const checked = finish(draft);
  return markUnknown(checked, rules.unknown, rules.unknownNames, asset, out);
}

/** What is changed of a frame: arrays of its own, made when first needed. */
type Draft = {
  readonly frame: Frame;
  values: Float64Array;
  evaluated?: Float64Array;
  quality?: Uint8Array;
};

function checkNumbers(draft: Draft, { position, rule }: ColumnRule): void {
  const { frame } = draft;
  const { low, high, missing, signal } = rule;
  const samples = frame.times.length;
  for (let at = position * samples; at < (position + 1) * samples; at += 1) {
    const value = draft.values[at] ?? Number.NaN;
    if (missing.length > 0 && missing.includes(value)) {
      if (draft.values === frame.values) draft.values = frame.values.slice();
      draft.values[at] = Number.NaN;
      if (draft.evaluated !== undefined) draft.evaluated[at] = Number.NaN;
      if (frame.quality !== undefined) qualityOf(draft)[at] = 0;
      losses.add('missing', signal);
    } else if ((value < low || value > high) && frame.quality?.[at] !== SUSPECT) {
      qualityOf(draft)[at] = SUSPECT;
      evaluatedOf(draft)[at] = Number.NaN;
      losses.add('out-of-range', signal);
    }
  }
}

/** What the source itself calls suspect. What was found out of range is told of already, and so are unknown signals. */
function dropSuspect(draft: Draft, sent: Uint8Array, unknown: ReadonlySet<number>): void {
  const { frame } = draft;
  const samples = frame.times.length;
  for (let at = 0; at < sent.length; at += 1) {
    if (sent[at] !== SUSPECT || Number.isNaN(draft.values[at])) continue;
    evaluatedOf(draft)[at] = Number.NaN;
    const position = Math.floor(at / samples);
    if (!unknown.has(position)) losses.add('suspect', frame.signals[position] ?? '');
  }
}

function evaluatedOf(draft: Draft): Float64Array {
  draft.evaluated ??= draft.values.slice();
  return draft.evaluated;
}

function qualityOf(draft: Draft): Uint8Array {
  draft.quality ??= draft.frame.quality?.slice() ?? new Uint8Array(draft.values.length);
  return draft.quality;
}

function finish({ frame, values, evaluated, quality }: Draft): Frame {
  if (values === frame.values && evaluated === undefined && quality === undefined) return frame;
  return {
    ...{ ...frame, values },
    ...(evaluated === undefined ? {} : { evaluated }),
    ...(quality === undefined ? {} : { quality }),
  };
}

function markUnknown(
  frame: Frame,
  positions: ReadonlySet<number>,
  names: readonly string[],
  asset: Asset,
  out: Out<Decoded>,
): Frame {
  const texts =
    frame.texts.length === 0
      ? frame.texts
      : frame.texts.filter((column) => isUnknown(column, asset));
  if (positions.size === 0 && texts.length === 0) return frame;
  const unknown = [...new Set([...names, ...texts.map(({ signal }) => signal)])];
  const detail = `the asset has no signal ${unknown.slice(0, 5).join(', ')}`;
  const count = countUnknown(frame, positions, texts);
  if (count > 0) {
    out.deadLetter('unknown', detail, `message ${frame.origin.sequence}`, count);
  }
  return { ...frame, unknown };
}

function isUnknown({ signal }: TextColumn, asset: Asset): boolean {
  return signalRuleOf(signal, asset) === undefined;
}

function countUnknown(
  { values, times }: Frame,
  positions: Iterable<number>,
  texts: readonly TextColumn[],
): number {
  const samples = times.length;
  let count = 0;
  for (const position of positions) {
    count += countNumbers(values, position * samples, (position + 1) * samples);
  }
  for (const column of texts) count += countTexts(column);
  return count;
}
