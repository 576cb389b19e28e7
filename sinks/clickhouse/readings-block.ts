import type { Frame } from '../../operators/model/frame.ts';
import type { Sequence } from '../../operators/model/message.ts';
import type { EventTime } from '../../operators/model/time.ts';
import type { Block } from '../sink.ts';
import { nativeBlock } from './native/block.ts';
import type { Column } from './native/column.ts';
import { createDictionary } from './native/dictionary.ts';
import { numbers, times } from './native/numbers.ts';
import { constant, lowCardinality } from './native/texts.ts';
import { createReadingsRows, growReadingsRows } from './readings-rows.ts';
import { createSignalShapes } from './signal-shapes.ts';

const WORD = 4_294_967_296;
/** Times and values of 8 bytes, five columns that repeat, two that are runs: what one row takes in a block. */
const BYTES_PER_ROW = 40;

/** The `readings` of one epoch: one row for each finite number and each text of the frames that were appended. */
export interface ReadingsBlock {
  readonly rows: number;
  /** About how many bytes the block will have. */
  readonly bytes: number;
  append(frame: Frame, sequence: Sequence, appended: EventTime): void;
  /** The block, or undefined if there is no row. Empties the builder. */
  finish(stream: string, run: string): Block | undefined;
}

/** Rows of one message lie together, so what is the same in all of them is kept once: where the run ends, and what. */
type Runs = { ends: number[]; assets: number[]; sequences: number[]; appended: number[] };

/**
 * Makes a builder of `readings` blocks. Nothing is allocated per reading. The same frames in the same order give the
 * same bytes, whatever the builder has seen before. A row that holds a text has NaN as its value.
 */
export function createReadingsBlock(): ReadingsBlock {
  const room = createReadingsRows(65_536);
  const signals = createDictionary();
  const assets = createDictionary();
  const texts = createDictionary(['']);
  const shapes = createSignalShapes(signals);
  let runs: Runs = noRuns();
  let textRows: number[] = [];
  let textIndexes: number[] = [];
  let rows = 0;

  function appendNumbers(frame: Frame): void {
    const samples = frame.times.length;
    const indexes = shapes.indexesOf(frame.asset, frame.signals);
    const { times, values, signals } = room;
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
  }

  function appendTexts(frame: Frame): void {
    for (const column of frame.texts) {
      const signal = signals.indexOf(column.signal);
      for (let i = 0; i < column.values.length; i += 1) {
        const text = column.values[i];
        if (text === null || text === undefined) continue;
        const time = frame.times[i] ?? 0;
        const high = Math.floor(time / WORD);
        room.times[rows * 2] = time - high * WORD;
        room.times[rows * 2 + 1] = high;
        room.values[rows] = Number.NaN;
        room.signals[rows] = signal;
        textRows.push(rows);
        textIndexes.push(texts.indexOf(text));
        rows += 1;
      }
    }
  }

  function columns(stream: string, run: string): readonly Column[] {
    const textColumn = texts.keys.length <= 0x100 ? new Uint8Array(rows) : new Uint32Array(rows);
    textRows.forEach((row, index) => {
      textColumn[row] = textIndexes[index] ?? 0;
    });
    return [
      constant('stream', stream, rows),
      constant('run', run, rows),
      numbers('sequence', spread(runs, runs.sequences, new BigUint64Array(rows))),
      times('appended', spread(runs, runs.appended, new BigInt64Array(rows))),
      ...assetColumns(assets.keys, runs, rows),
      lowCardinality('signal', signals.keys, room.signals.subarray(0, rows)),
      times('time', room.times.subarray(0, rows * 2)),
      numbers('value', room.values.subarray(0, rows)),
      lowCardinality('text', texts.keys, textColumn),
    ];
  }

  return {
    get rows() {
      return rows;
    },
    get bytes() {
      return rows * BYTES_PER_ROW;
    },
    append(frame, sequence, appended) {
      const before = rows;
      const columnsOfFrame = frame.signals.length + frame.texts.length;
      growReadingsRows(room, rows + columnsOfFrame * frame.times.length);
      appendNumbers(frame);
      appendTexts(frame);
      if (rows === before) return;
      runs.ends.push(rows);
      runs.assets.push(assets.indexOf(frame.asset));
      runs.sequences.push(sequence);
      runs.appended.push(appended);
    },
    finish(stream, run) {
      if (rows === 0) return undefined;
      const data = nativeBlock(columns(stream, run));
      const block = { table: 'readings', format: 'Native', rows, data } as const;
      rows = 0;
      runs = noRuns();
      textRows = [];
      textIndexes = [];
      for (const part of [signals, assets, texts, shapes]) part.clear();
      return block;
    },
  };
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
function assetColumns(keys: readonly string[], runs: Runs, rows: number): readonly Column[] {
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
