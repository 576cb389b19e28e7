import { type Frame, GOOD, QUALITIES } from '../../operators/model/decoded.ts';
import type { Sequence } from '../../operators/model/message.ts';
import type { EventTime } from '../../operators/model/time.ts';
import type { Block } from '../sink.ts';
import { constant, lowCardinality, numbers, times } from './native/columns.ts';
import { createDictionary, type Dictionary } from './native/dictionary.ts';
import { type NativeColumn, nativeBlock } from './native/native.ts';

const WORD = 4_294_967_296;
/** Times and values of 8 bytes, six columns that repeat, two that are runs: what one row takes in a block. */
const BYTES_PER_ROW = 40;
const FIRST_CAPACITY = 65_536;

/** The `readings` of one epoch: one row for each finite number and each text of the frames that were appended. */
interface ReadingsBlock {
  readonly rows: number;
  /** About how many bytes the block will have. */
  readonly bytes: number;
  append(frame: Frame, sequence: Sequence, appended: EventTime): void;
  /** The block, or undefined if there is no row. Empties the builder. */
  finish(stream: string, run: string): Block | undefined;
}

/**
 * Makes a builder of `readings` blocks. Nothing is allocated per reading. The same frames in the same order give the
 * same bytes, whatever the builder has seen before. A row that holds a text has NaN as its value.
 */
export function createReadingsBlock(): ReadingsBlock {
  const signals = createDictionary();
  const draft: Draft = {
    rows: 0,
    columns: createColumns(FIRST_CAPACITY),
    runs: noRuns(),
    texts: { rows: [], indexes: [], dictionary: createDictionary(['']) },
    rated: { rows: [], codes: [] },
    signals,
    assets: createDictionary(),
    shapes: createSignalShapes(signals),
  };
  return {
    get rows() {
      return draft.rows;
    },
    get bytes() {
      return draft.rows * BYTES_PER_ROW;
    },
    append(frame, sequence, appended) {
      const before = draft.rows;
      const columnsOfFrame = frame.signals.length + frame.texts.length;
      growColumns(draft.columns, before + columnsOfFrame * frame.times.length);
      appendNumbers(draft, frame);
      if (frame.quality !== undefined) rateNumbers(draft, frame.values, frame.quality, before);
      appendTexts(draft, frame);
      if (draft.rows === before) return;
      const { runs, assets } = draft;
      runs.ends.push(draft.rows);
      runs.assets.push(assets.indexOf(frame.asset));
      runs.sequences.push(sequence);
      runs.appended.push(appended);
    },
    finish(stream, run) {
      const { rows } = draft;
      if (rows === 0) return undefined;
      const data = nativeBlock(encodeColumns(draft, stream, run));
      clear(draft);
      return { table: 'readings', format: 'Native', rows, data };
    },
  };
}

/** The rows so far. */
type Draft = {
  rows: number;
  readonly columns: Columns;
  runs: Runs;
  readonly texts: { rows: number[]; indexes: number[]; readonly dictionary: Dictionary };
  /** The rows whose quality is not good: few, if any. */
  readonly rated: { rows: number[]; codes: number[] };
  readonly signals: Dictionary;
  readonly assets: Dictionary;
  readonly shapes: SignalShapes;
};

/** Rows of one message lie together, so what is the same in all of them is kept once: where the run ends, and what. */
type Runs = { ends: number[]; assets: number[]; sequences: number[]; appended: number[] };

function appendNumbers(draft: Draft, frame: Frame): void {
  const samples = frame.times.length;
  const indexes = draft.shapes.indexesOf(frame.signals);
  const { times, values, signals } = draft.columns;
  let { rows } = draft;
  for (let s = 0, at = 0; s < indexes.length; s += 1) {
    const signal = indexes[s] ?? 0;
    for (let i = 0; i < samples; i += 1, at += 1) {
      const value = frame.values[at] ?? Number.NaN;
      // False for NaN and the infinities.
      if (value - value !== 0) continue;
      const time = frame.times[i] ?? 0;
      const high = Math.floor(time / WORD);
      times[rows * 2] = time - high * WORD;
      times[rows * 2 + 1] = high;
      values[rows] = value;
      signals[rows] = signal;
      rows += 1;
    }
  }
  draft.rows = rows;
}

/** The quality of the numbers that were appended from row `first` on. */
function rateNumbers(
  { rated }: Draft,
  values: Float64Array,
  quality: Uint8Array,
  first: number,
): void {
  let row = first;
  for (let at = 0; at < values.length; at += 1) {
    if (!Number.isFinite(values[at])) continue;
    rate(rated, row, quality[at] ?? GOOD);
    row += 1;
  }
}

function rate({ rows, codes }: Draft['rated'], row: number, code: number): void {
  if (code === GOOD) return;
  rows.push(row);
  codes.push(code);
}

function appendTexts(draft: Draft, frame: Frame): void {
  const { columns, texts, rated, signals } = draft;
  for (const column of frame.texts) {
    const signal = signals.indexOf(column.signal);
    for (let i = 0; i < column.values.length; i += 1) {
      const text = column.values[i];
      if (text === null || text === undefined) continue;
      const row = draft.rows;
      const time = frame.times[i] ?? 0;
      const high = Math.floor(time / WORD);
      columns.times[row * 2] = time - high * WORD;
      columns.times[row * 2 + 1] = high;
      columns.values[row] = Number.NaN;
      columns.signals[row] = signal;
      texts.rows.push(row);
      texts.indexes.push(texts.dictionary.indexOf(text));
      if (column.quality !== undefined) rate(rated, row, column.quality[i] ?? GOOD);
      draft.rows += 1;
    }
  }
}

function encodeColumns(draft: Draft, stream: string, run: string): readonly NativeColumn[] {
  const { rows, columns, runs, texts, signals, assets } = draft;
  const { keys } = texts.dictionary;
  const textColumn = keys.length <= 0x100 ? new Uint8Array(rows) : new Uint32Array(rows);
  texts.rows.forEach((row, index) => {
    textColumn[row] = texts.indexes[index] ?? 0;
  });
  return [
    constant('stream', stream, rows),
    constant('run', run, rows),
    numbers('sequence', spread(runs, runs.sequences, new BigUint64Array(rows))),
    times('appended', spread(runs, runs.appended, new BigInt64Array(rows))),
    ...assetColumns(assets.keys, runs, rows),
    lowCardinality('signal', signals.keys, columns.signals.subarray(0, rows)),
    times('time', columns.times.subarray(0, rows * 2)),
    numbers('value', columns.values.subarray(0, rows)),
    lowCardinality('text', keys, textColumn),
    qualityColumn(draft),
  ];
}

/** One entry in the dictionary as long as every reading is good. */
function qualityColumn({ rows, rated }: Draft): NativeColumn {
  if (rated.rows.length === 0) return constant('quality', QUALITIES[GOOD], rows);
  const codes = new Uint8Array(rows);
  rated.rows.forEach((row, index) => {
    codes[row] = rated.codes[index] ?? GOOD;
  });
  return lowCardinality('quality', QUALITIES, codes);
}

/** The columns keep their memory for the next epoch. */
function clear(draft: Draft): void {
  const { texts, rated, signals, assets, shapes } = draft;
  draft.rows = 0;
  draft.runs = noRuns();
  texts.rows = [];
  texts.indexes = [];
  rated.rows = [];
  rated.codes = [];
  for (const part of [signals, assets, texts.dictionary, shapes]) part.clear();
}

function noRuns(): Runs {
  return { ends: [], assets: [], sequences: [], appended: [] };
}

/** Writes each run's value into all rows of the run: a BigInt per message, not per reading. */
function spread(
  { ends }: Runs,
  values: readonly number[],
  into: BigUint64Array | BigInt64Array,
): typeof into {
  let from = 0;
  ends.forEach((end, index) => {
    into.fill(BigInt(values[index] ?? 0), from, end);
    from = end;
  });
  return into;
}

/** `plant`, `line` and `asset` out of the index of a `plant/line/asset` key per run. */
function assetColumns(keys: readonly string[], runs: Runs, rows: number): readonly NativeColumn[] {
  const parts = keys.map((key) => key.split('/'));
  return ['plant', 'line', 'asset'].map((name, part) => {
    const dictionary = createDictionary();
    const mapped = parts.map((tokens) => dictionary.indexOf(tokens[part] ?? ''));
    const indexes = dictionary.keys.length <= 0x100 ? new Uint8Array(rows) : new Uint32Array(rows);
    let from = 0;
    runs.ends.forEach((end, index) => {
      indexes.fill(mapped[runs.assets[index] ?? 0] ?? 0, from, end);
      from = end;
    });
    return lowCardinality(name, dictionary.keys, indexes);
  });
}

/** Room for the values of one epoch's readings: typed arrays that double when full and are kept for the next epoch. */
type Columns = {
  capacity: number;
  /** Low and high word of microseconds since 1970. */
  times: Uint32Array;
  values: Float64Array;
  /** Index into the block's signals. */
  signals: Uint32Array;
};

function createColumns(capacity: number): Columns {
  return {
    capacity,
    times: new Uint32Array(capacity * 2),
    values: new Float64Array(capacity),
    signals: new Uint32Array(capacity),
  };
}

/** Makes room for `rows` rows in all. What is there stays. */
function growColumns(room: Columns, rows: number): void {
  if (rows <= room.capacity) return;
  const larger = createColumns(2 ** Math.ceil(Math.log2(rows)));
  larger.times.set(room.times);
  larger.values.set(room.values);
  larger.signals.set(room.signals);
  Object.assign(room, larger);
}

type Shape = { readonly indexes: Uint32Array; epoch: number };

/** Finds the dictionary indexes of a frame's signals without looking each of them up: frames with the same share their list. */
interface SignalShapes {
  indexesOf(signals: readonly string[]): Uint32Array;
  /** Forgets the indexes, but not the shapes: the dictionary begins anew. */
  clear(): void;
}

function createSignalShapes(dictionary: Dictionary): SignalShapes {
  const shapes = new WeakMap<readonly string[], Shape>();
  let epoch = 0;
  return {
    indexesOf(signals) {
      let shape = shapes.get(signals);
      if (shape === undefined) {
        shape = { indexes: new Uint32Array(signals.length), epoch: -1 };
        shapes.set(signals, shape);
      }
      if (shape.epoch !== epoch) {
        for (let s = 0; s < signals.length; s += 1) {
          shape.indexes[s] = dictionary.indexOf(signals[s] ?? '');
        }
        shape.epoch = epoch;
      }
      return shape.indexes;
    },
    clear() {
      epoch += 1;
    },
  };
}
