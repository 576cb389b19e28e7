import type { Frame } from '../operators/model/decoded.ts';
import { lineOf, nameOf, plantOf } from '../operators/model/key.ts';
import type { Sequence } from '../operators/model/message.ts';
import type { EventTime } from '../operators/model/time.ts';
import { createReadingsBlock } from '../sinks/clickhouse/readings-block.ts';

/** How readings can be written for ClickHouse; `encode` gives all frames as one insert. */
export type Format = {
  readonly name: string;
  readonly format: string;
  /** The most rows for which it is worth the wait. */
  readonly most: number;
  encode(frames: readonly Frame[]): Uint8Array;
};

export const COLUMNS =
  'stream, run, sequence, appended, plant, line, asset, signal, time, value, text';
const STREAM = 'bench';
const RUN = '1';

export const FORMATS: readonly Format[] = [
  { name: 'Native, as the product', format: 'Native', most: 1e7, encode: native },
  { name: 'RowBinary', format: 'RowBinary', most: 1e6, encode: rowBinary },
  { name: 'TabSeparated', format: 'TabSeparated', most: 1e6, encode: tabs },
  { name: 'JSONEachRow', format: 'JSONEachRow', most: 1e6, encode: jsonLines },
];

function native(frames: readonly Frame[]): Uint8Array {
  const block = createReadingsBlock();
  for (const frame of frames) block.append(frame, frame.origin.sequence, frame.origin.appended);
  return block.finish(STREAM, RUN)?.data ?? new Uint8Array(0);
}

type Row = {
  readonly sequence: Sequence;
  readonly appended: EventTime;
  readonly plant: string;
  readonly line: string;
  readonly asset: string;
  readonly signal: string;
  readonly time: number;
  readonly value: number;
};

function eachRow(frames: readonly Frame[], take: (row: Row) => void): void {
  for (const { asset: key, origin, times, signals, values } of frames) {
    const { sequence, appended } = origin;
    const [plant, line, asset] = [plantOf(key), nameOf(lineOf(key)), nameOf(key)];
    for (const [position, signal] of signals.entries()) {
      for (const [sample, time] of times.entries()) {
        const value = values[position * times.length + sample] ?? Number.NaN;
        take({ sequence, appended, plant, line, asset, signal, time, value });
      }
    }
  }
}

function jsonLines(frames: readonly Frame[]): Uint8Array {
  const lines: string[] = [];
  eachRow(frames, (row) => {
    lines.push(JSON.stringify({ stream: STREAM, run: RUN, ...row, text: '' }));
  });
  return Buffer.from(lines.join('\n'));
}

function tabs(frames: readonly Frame[]): Uint8Array {
  const lines: string[] = [];
  eachRow(frames, ({ sequence, appended, plant, line, asset, signal, time, value }) => {
    lines.push(
      `${STREAM}\t${RUN}\t${sequence}\t${seconds(appended)}\t${plant}\t${line}\t${asset}\t${signal}\t${seconds(time)}\t${value}\t\n`,
    );
  });
  return Buffer.from(lines.join(''));
}

/** Microseconds as the seconds with a fraction that DateTime64(6) reads. */
function seconds(time: number): string {
  return `${Math.floor(time / 1e6)}.${String(time % 1e6).padStart(6, '0')}`;
}

/** Of one row, its texts included. */
const MOST_BYTES = 256;

function rowBinary(frames: readonly Frame[]): Uint8Array {
  const rows = frames.reduce((sum, { values }) => sum + values.length, 0);
  const buffer = Buffer.allocUnsafe(rows * MOST_BYTES);
  let at = 0;
  // The names here are ASCII and shorter than 128 bytes, so that a length is one byte.
  const text = (value: string) => {
    buffer[at] = value.length;
    at += 1 + buffer.write(value, at + 1, 'latin1');
  };
  const long = (value: number) => {
    at = buffer.writeBigInt64LE(BigInt(value), at);
  };
  eachRow(frames, ({ sequence, appended, plant, line, asset, signal, time, value }) => {
    text(STREAM);
    text(RUN);
    long(sequence);
    long(appended);
    text(plant);
    text(line);
    text(asset);
    text(signal);
    long(time);
    at = buffer.writeDoubleLE(value, at);
    text('');
  });
  return buffer.subarray(0, at);
}
