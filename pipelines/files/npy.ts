/** NumPy's own format: magic, version, and a heading that describes one array of one or two dimensions. */

import { wrongInput } from '../base/problem.ts';
import { type Channel, channelOf } from './channel.ts';

const REMEDY = 'Save one array with numpy.save, of one or two dimensions, as floats or integers.';
/** The most channels; of a table with more rows and columns nobody knows which of them are samples. */
const MOST_CHANNELS = 64;

/** The rows or columns of an array, whichever are longer, as channels. Throws a `Problem` for any other array. */
export function readNpy(file: string, bytes: Buffer): readonly Channel[] {
  if (bytes.toString('latin1', 0, 2) === 'PK') {
    throw wrongInput(file, 'a file of numpy.save', 'one of numpy.savez', REMEDY);
  }
  if (bytes.length < 12 || bytes.toString('latin1', 0, 6) !== '\x93NUMPY') {
    throw wrongInput(file, 'a file of numpy.save', 'another beginning', REMEDY);
  }
  const isLong = (bytes[6] ?? 1) > 1;
  const length = isLong ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8);
  const from = (isLong ? 12 : 10) + length;
  const heading = bytes.toString('latin1', isLong ? 12 : 10, from).trim();
  const [, order = '', type = ''] = /'descr':\s*'([<>|=])([fiu][1248])'/.exec(heading) ?? [];
  const sizes = (/'shape':\s*\(([^)]*)\)/.exec(heading)?.[1] ?? '')
    .split(',')
    .map(Number)
    .filter((size) => size > 1);
  const count = sizes.reduce((product, size) => product * size, 1);
  const read = numberReader(bytes.subarray(from), type, order === '>');
  if (read === undefined || sizes.length < 1 || sizes.length > 2) {
    throw wrongInput(file, 'one or two dimensions of numbers', heading, REMEDY);
  }
  const expected = count * Number(type[1]);
  if (bytes.length - from < expected) {
    const found = `${bytes.length - from}`;
    throw wrongInput(file, `${expected} bytes of numbers`, found, 'Copy the file again.');
  }
  const [rows = 1, columns = 1] = sizes;
  return channelsOf(file, rows, columns, (row, column) =>
    read(/'fortran_order':\s*True/.test(heading) ? column * rows + row : row * columns + column),
  );
}

/** The longer dimension is time. */
export function channelsOf(
  file: string,
  rows: number,
  columns: number,
  valueAt: (row: number, column: number) => number,
  name = '',
): readonly Channel[] {
  const across = rows >= columns;
  const [samples, channels] = across ? [rows, columns] : [columns, rows];
  if (channels > MOST_CHANNELS) {
    const found = `${rows} rows and ${columns} columns`;
    throw wrongInput(file, `at most ${MOST_CHANNELS} channels`, found, 'Save fewer.');
  }
  return Array.from({ length: channels }, (_, channel) => {
    const values = Float32Array.from({ length: samples }, (_, at) =>
      across ? valueAt(at, channel) : valueAt(channel, at),
    );
    const own = channels === 1 ? name : `${name === '' ? 'channel' : name} ${channel + 1}`;
    return { ...channelOf(own, values, undefined, undefined), number: channel + 1 };
  });
}

function numberReader(data: Buffer, type: string, isBig: boolean) {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const little = !isBig;
  const readers: Readonly<Record<string, (at: number) => number>> = {
    f4: (at) => view.getFloat32(4 * at, little),
    f8: (at) => view.getFloat64(8 * at, little),
    i1: (at) => view.getInt8(at),
    i2: (at) => view.getInt16(2 * at, little),
    i4: (at) => view.getInt32(4 * at, little),
    i8: (at) => Number(view.getBigInt64(8 * at, little)),
    u1: (at) => view.getUint8(at),
    u2: (at) => view.getUint16(2 * at, little),
    u4: (at) => view.getUint32(4 * at, little),
    u8: (at) => Number(view.getBigUint64(8 * at, little)),
  };
  return readers[type];
}
