/**
 * MATLAB's MAT-files of level 5 (versions 5 to 7), after "MAT-File Format" by The MathWorks: elements of a tag and its
 * data, compressed or not, most of them arrays. Read are arrays of numbers, alone and inside structures.
 */

import { inflateSync } from 'node:zlib';
import { EXIT, Problem, wrongInput } from '../base/problem.ts';
import { type Channel, rateNamed, type SampledFile } from './channel.ts';
import { channelsOf } from './npy.ts';

const COMPRESSED = 15;
const MATRIX = 14;
const STRUCTURE = 2;
const FIRST_NUMERIC = 6;
const LAST_NUMERIC = 15;
/** Fewer numbers are parameters, no waveform. */
const LEAST_SAMPLES = 64;
/** Bytes that a file may unpack to: numbers of a machine seldom shrink to a third, while zeros shrink to a thousandth. */
const UNPACKED_AT_LEAST = 64_000_000;
const UNPACKED_RATIO = 32;
const REMEDY = "Save it in MATLAB with save(…, '-v7'), or in Python with scipy.io.savemat.";

/** All arrays that are long enough as channels, and the rate where a variable says it. */
export function readMat(file: string, bytes: Buffer): SampledFile {
  const heading = bytes.toString('latin1', 0, 116);
  if (/MATLAB 7\.3/.test(heading) || bytes.toString('latin1', 0, 4) === '\x89HDF') {
    throw wrongInput(file, 'a MAT-file of level 5', 'one of version 7.3, which is HDF5', REMEDY);
  }
  const order = bytes.toString('latin1', 126, 128);
  if (bytes.length < 136 || (order !== 'IM' && order !== 'MI')) {
    // Level 4 begins with a type below 5,000, and sizes.
    const isOld = bytes.length > 20 && bytes.readUInt32LE(0) < 5_000 && bytes.readUInt32LE(4) > 0;
    const found = isOld ? 'one of level 4' : 'another beginning';
    throw wrongInput(file, 'a MAT-file of level 5', found, REMEDY);
  }
  try {
    const room = UNPACKED_AT_LEAST + UNPACKED_RATIO * bytes.length;
    const found: Found = { channels: [], scalars: new Map(), times: [], room };
    readElements({ file, bytes, at: 128, end: bytes.length, little: order === 'IM' }, '', found);
    return conclude(file, found);
  } catch (error) {
    if (!(error instanceof RangeError) && !isZlib(error)) throw error;
    const parts = { where: file, expected: 'a whole MAT-file', found: error.message };
    throw new Problem({ ...parts, remedy: 'Copy it again.', exit: EXIT.input }, { cause: error });
  }
}

function isZlib(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');
}

type Found = {
  readonly channels: Channel[];
  readonly scalars: Map<string, number>;
  /** Vectors named as times. */
  readonly times: Float64Array[];
  /** Bytes that may still be unpacked. */
  room: number;
};

/** A stretch of bytes, from `at` to `end`. */
type Part = {
  readonly file: string;
  readonly bytes: Buffer;
  readonly at: number;
  readonly end: number;
  readonly little: boolean;
};

type Element = { readonly type: number; readonly part: Part; readonly next: number };

function elementAt({ file, bytes, end, little }: Part, at: number): Element {
  const word = little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
  const small = word >>> 16;
  // Up to four bytes stand in the tag itself; its size is then in the upper half of the type.
  if (small !== 0) {
    const part = { file, bytes, at: at + 4, end: at + 4 + small, little };
    return { type: word & 0xffff, part, next: at + 8 };
  }
  const size = little ? bytes.readUInt32LE(at + 4) : bytes.readUInt32BE(at + 4);
  if (at + 8 + size > Math.max(end, at + 8)) throw new RangeError('an end within an array');
  const part = { file, bytes, at: at + 8, end: at + 8 + size, little };
  const padded = word === COMPRESSED ? size : Math.ceil(size / 8) * 8;
  return { type: word, part, next: at + 8 + padded };
}

function readElements(part: Part, prefix: string, found: Found): void {
  for (let at = part.at; at + 8 <= part.end; ) {
    const element = elementAt(part, at);
    if (element.type === COMPRESSED) {
      const packed = element.part.bytes.subarray(element.part.at, element.part.end);
      const bytes = inflateSync(packed, { maxOutputLength: Math.max(1, found.room) });
      found.room -= bytes.length;
      readElements({ ...part, bytes, at: 0, end: bytes.length }, prefix, found);
    } else if (element.type === MATRIX) readMatrix(element.part, prefix, found);
    at = element.next;
  }
}

function readMatrix(part: Part, prefix: string, found: Found): void {
  if (part.at === part.end) return;
  const flags = elementAt(part, part.at);
  const dims = elementAt(part, flags.next);
  const name = elementAt(part, dims.next);
  const kind = numbersIn(flags).at(0) ?? 0;
  const own = textOf(name.part);
  const path = own === '' ? prefix : prefix === '' ? own : `${prefix}.${own}`;
  const type = kind & 0xff;
  if (type === STRUCTURE) readStructure(part, name.next, path, found);
  if (type >= FIRST_NUMERIC && type <= LAST_NUMERIC && (kind & 0x800) === 0) {
    const real = elementAt(part, name.next);
    if (real.type === MATRIX) return;
    takeArray(part.file, path, [...numbersIn(dims)], numbersIn(real), found);
  }
}

function readStructure(part: Part, at: number, path: string, found: Found): void {
  const width = elementAt(part, at);
  const names = elementAt(part, width.next);
  const length = numbersIn(width)[0] ?? 32;
  const all = textOf(names.part);
  let next = names.next;
  for (let field = 0; field * length < all.length && next + 8 <= part.end; field++) {
    const name = all.slice(field * length, (field + 1) * length).replace(/\0.*$/s, '');
    const element = elementAt(part, next);
    readMatrix(element.part, path === '' ? name : `${path}.${name}`, found);
    next = element.next;
  }
}

function takeArray(
  file: string,
  path: string,
  dims: readonly number[],
  values: Float64Array,
  found: Found,
): void {
  const name = path.split('.').at(-1) ?? '';
  if (dims.reduce((product, size) => product * size, 1) !== values.length) {
    throw new RangeError(`${values.length} numbers in an array of ${dims.join(' by ')}`);
  }
  const sizes = dims.filter((size) => size !== 1);
  if (values.length === 1) found.scalars.set(path, values[0] ?? Number.NaN);
  if (values.length < LEAST_SAMPLES || sizes.length > 2) return;
  if (sizes.length === 1 && /^(t|time|times|zeit)$/i.test(name)) {
    found.times.push(values);
    return;
  }
  const [rows = 1, columns = 1] = dims;
  const at = (row: number, column: number) => values[column * rows + row] ?? Number.NaN;
  found.channels.push(...channelsOf(file, rows, columns, at, path));
}

function conclude(file: string, { channels, scalars, times }: Found): SampledFile {
  if (channels.length === 0) {
    const found = scalars.size === 0 ? 'none' : `only ${[...scalars.keys()].join(', ')}`;
    throw wrongInput(file, `an array of at least ${LEAST_SAMPLES} numbers`, found, REMEDY);
  }
  const stated = [...scalars].flatMap(([path, value]) => {
    return rateNamed(path.split('.').at(-1) ?? '', value) ?? [];
  });
  const [time] = times;
  const span = time === undefined ? 0 : (time.at(-1) ?? 0) - (time[0] ?? 0);
  const rate = stated[0] ?? (span > 0 ? (time?.length ?? 0) - 1 : 0) / (span || 1);
  const all = channels.map((one, at) => ({
    ...one,
    number: at + 1,
    ...(rate > 0 ? { rate } : {}),
  }));
  return { channels: all, notes: [] };
}

function textOf({ bytes, at, end }: Part): string {
  return bytes.toString('latin1', at, end);
}

/** The numbers of an element: they may be stored narrower than their array's class. */
function numbersIn({ type, part }: Element): Float64Array {
  const { bytes, at, end, little } = part;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [width, read] = STORED[type] ?? [0, () => 0];
  if (width === 0) throw new RangeError(`numbers of type ${type}`);
  const count = Math.floor((end - at) / width);
  return Float64Array.from({ length: count }, (_, index) => read(view, at + index * width, little));
}

type Reader = (view: DataView, at: number, little: boolean) => number;

const STORED: Readonly<Record<number, readonly [width: number, read: Reader]>> = {
  1: [1, (view, at) => view.getInt8(at)],
  2: [1, (view, at) => view.getUint8(at)],
  3: [2, (view, at, little) => view.getInt16(at, little)],
  4: [2, (view, at, little) => view.getUint16(at, little)],
  5: [4, (view, at, little) => view.getInt32(at, little)],
  6: [4, (view, at, little) => view.getUint32(at, little)],
  7: [4, (view, at, little) => view.getFloat32(at, little)],
  9: [8, (view, at, little) => view.getFloat64(at, little)],
  12: [8, (view, at, little) => Number(view.getBigInt64(at, little))],
  13: [8, (view, at, little) => Number(view.getBigUint64(at, little))],
};
