import type { Frame, TextColumn } from '../model/decoded.ts';
import type { AssetKey } from '../model/key.ts';
import type { Message, Origin } from '../model/message.ts';
import {
  MAX_SIGNALS,
  malformed,
  type PlainFrame,
  packedNumbers,
  readPlainFrame,
  recordOf,
  sharedSignals,
  timeField,
  unpack,
} from './payload.ts';

import { applyQuality } from './quality.ts';

const MAX_SAMPLES = 1_000_000;

export type DecodedFrame = {
  readonly frame: Frame;
  /** Values that were NaN or infinite: they are left out. */
  readonly notFinite: number;
  /** Values of which the source says that they are bad: they are left out. */
  readonly bad: number;
  /** Values of a type that no reading has, and the first of their signals: they are left out. */
  readonly wrong: number;
  readonly wrongSignals: readonly string[];
};

/**
 * Reads a frame `{time, values}`, a block `{time: […], values: {signal: […]}}` or a packed block
 * `{time, step, type?, values: {signal: bytes}}`, any of them with `quality`. Each value counts by itself: of one signal some
 * may be numbers and some texts.
 *
 * @throws MalformedError when the message as a whole is none of these
 */
export function decodeFrame(message: Message, origin: Origin, asset: AssetKey): DecodedFrame {
  const plain = readPlainFrame(message);
  return plain === undefined
    ? decodeAnyFrame(message, origin, asset)
    : framePlain(plain, origin, asset);
}

const NO_TEXTS: readonly TextColumn[] = [];
const NO_NAMES: readonly string[] = [];

function framePlain(plain: PlainFrame, origin: Origin, asset: AssetKey): DecodedFrame {
  const { time, signals, numbers } = plain;
  const times = allocate(1);
  times[0] = timeField(time);
  const values = allocate(signals.length);
  for (let at = 0; at < values.length; at += 1) values[at] = numbers[at] ?? 0;
  const frame: Frame = { kind: 'frame', origin, asset, times, signals, values, texts: NO_TEXTS };
  return { frame, notFinite: 0, bad: 0, wrong: 0, wrongSignals: NO_NAMES };
}

/** The long way: by an object of all that the payload says. */
export function decodeAnyFrame(message: Message, origin: Origin, asset: AssetKey): DecodedFrame {
  const read = readFrame(unpack(message));
  // Reading all digits costs more, and is seldom needed: only then.
  const { times, filled, quality } = read.filled.large ? readFrame(unpack(message, true)) : read;
  const { values, texts, notFinite, wrong, wrongSignals } = filled;
  const signals = sharedSignals(filled.signals);
  const frame: Frame = { kind: 'frame', origin, asset, times, signals, values, texts };
  if (quality === undefined || quality === null) {
    return { frame, notFinite, bad: 0, wrong, wrongSignals };
  }
  return { ...applyQuality(frame, quality), notFinite, wrong, wrongSignals };
}

type FrameParts = {
  readonly times: Float64Array;
  readonly filled: FilledColumns;
  readonly quality: unknown;
};

function readFrame(payload: unknown): FrameParts {
  const { time, step, type, values, quality } = recordOf(payload, 'a frame {time, values}');
  const columns = recordOf(values, 'values by signal');
  const names = Object.keys(columns);
  if (names.length === 0 || names.length > MAX_SIGNALS) {
    throw malformed(`1 to ${MAX_SIGNALS} signals`, names.length);
  }
  const times = step === undefined ? timesOf(time) : undefined;
  const count = times?.length ?? packedCount(columns, type);
  if (count * names.length > MAX_SAMPLES) {
    throw malformed(`at most ${MAX_SAMPLES} readings in one message`, count * names.length);
  }
  const filled = fillColumns(names, columns, count, step === undefined ? undefined : typeOf(type));
  return { times: times ?? steppedTimes(time, step, count), filled, quality };
}

/** 64 KiB: many frames of a few signals share one buffer. Memory of its own for each costs more than all its values. */
const SLAB = 8_192;
let slab = new Float64Array(SLAB);
let used = 0;

/** Zeros, which nobody else writes to. */
function allocate(count: number): Float64Array {
  if (count > SLAB / 8) return new Float64Array(count);
  if (used + count > SLAB) {
    slab = new Float64Array(SLAB);
    used = 0;
  }
  used += count;
  return new Float64Array(slab.buffer, (used - count) * 8, count);
}

type FilledColumns = {
  signals: string[];
  values: Float64Array;
  texts: TextColumn[];
  /** There are numbers so large that integers may have lost digits. */
  large: boolean;
  notFinite: number;
  wrong: number;
  wrongSignals: string[];
};

/** Puts the columns side by side, signal-major; texts apart. */
function fillColumns(
  names: readonly string[],
  columns: Readonly<Record<string, unknown>>,
  count: number,
  packed: 'f32' | 'f64' | undefined,
): FilledColumns {
  const values = allocate(names.length * count);
  // No spread of two: this is made for every message.
  const filled: FilledColumns = {
    signals: [],
    values,
    texts: [],
    large: false,
    notFinite: 0,
    wrong: 0,
    wrongSignals: [],
  };
  for (const name of names) {
    const column = columns[name];
    const at = filled.signals.length * count;
    if (packed !== undefined) {
      const numbers = packedNumbers(column, packed);
      if (numbers.length !== count) throw malformed(`${count} samples of ${name}`, numbers.length);
      values.set(numbers, at);
      filled.notFinite += dropNotFinite(values, at, count);
      filled.signals.push(name);
    } else if (count === 1 && !Array.isArray(column)) {
      addOne(filled, name, column, at);
    } else {
      addColumn(filled, name, column, at, count);
    }
  }
  if (filled.signals.length * count < values.length) {
    filled.values = values.subarray(0, filled.signals.length * count);
  }
  return filled;
}

function addOne(filled: FilledColumns, name: string, value: unknown, at: number): void {
  if (typeof value === 'number') {
    filled.values[at] = isSafe(value) ? value : large(filled, value);
    filled.signals.push(name);
  } else if (typeof value === 'boolean') {
    filled.values[at] = value ? 1 : 0;
    filled.signals.push(name);
  } else if (typeof value === 'string' || typeof value === 'bigint') {
    filled.texts.push({ signal: name, values: [String(value)] });
  } else if (value !== null && value !== undefined) {
    addWrong(filled, name);
  }
}

const MOST_NAMED = 5;

const SAFE = Number.MAX_SAFE_INTEGER;

/** False for NaN and the infinities too. */
function isSafe(value: number): boolean {
  return value <= SAFE && value >= -SAFE;
}

/** What is kept of a number that is not safe. */
function large(filled: FilledColumns, value: number): number {
  if (Number.isFinite(value)) {
    filled.large = true;
    return value;
  }
  filled.notFinite += 1;
  return Number.NaN;
}

function addWrong(filled: FilledColumns, name: string): void {
  filled.wrong += 1;
  // All of a frame of thousands may be wrong, and no more than a few are named.
  const { wrongSignals } = filled;
  if (wrongSignals.length < MOST_NAMED && !wrongSignals.includes(name)) wrongSignals.push(name);
}

function addColumn(
  filled: FilledColumns,
  name: string,
  column: unknown,
  at: number,
  count: number,
): void {
  if (!Array.isArray(column) || column.length !== count) {
    throw malformed(
      `a list of ${count} values for ${name}`,
      Array.isArray(column) ? column.length : column,
    );
  }
  let texts: (string | null)[] | undefined;
  let hasNumbers = false;
  for (let i = 0; i < count; i += 1) {
    const value: unknown = column[i];
    const number = typeof value === 'boolean' ? Number(value) : value;
    if (typeof number === 'number') {
      const kept = isSafe(number) ? number : large(filled, number);
      filled.values[at + i] = kept;
      hasNumbers ||= !Number.isNaN(kept);
      continue;
    }
    filled.values[at + i] = Number.NaN;
    if (typeof number === 'string' || typeof number === 'bigint') {
      texts ??= new Array<null>(count).fill(null);
      texts[i] = String(number);
    } else if (number !== null && number !== undefined) addWrong(filled, name);
  }
  if (texts !== undefined) filled.texts.push({ signal: name, values: texts });
  // The next signal overwrites what a signal of texts alone has left here.
  if (texts === undefined || hasNumbers) filled.signals.push(name);
}

function dropNotFinite(values: Float64Array, from: number, count: number): number {
  let dropped = 0;
  for (let i = from; i < from + count; i += 1) {
    if (Number.isFinite(values[i])) continue;
    values[i] = Number.NaN;
    dropped += 1;
  }
  return dropped;
}

function timesOf(time: unknown): Float64Array {
  if (!Array.isArray(time)) return Float64Array.of(timeField(time));
  if (time.length === 0) throw malformed('at least one time', time);
  return Float64Array.from(time, timeField);
}

function typeOf(type: unknown): 'f32' | 'f64' {
  if (type === undefined || type === 'f32') return 'f32';
  if (type === 'f64') return type;
  throw malformed('type f32 or f64', type);
}

function packedCount(columns: Readonly<Record<string, unknown>>, type: unknown): number {
  for (const column of Object.values(columns)) return packedNumbers(column, typeOf(type)).length;
  return 0;
}

function steppedTimes(time: unknown, step: unknown, count: number): Float64Array {
  const start = timeField(time);
  if (typeof step !== 'number' || !(step > 0))
    throw malformed('a step in milliseconds above 0', step);
  timeField(start / 1_000 + step * count);
  return Float64Array.from({ length: count }, (_, i) => start + Math.round(i * step * 1_000));
}
