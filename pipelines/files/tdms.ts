/**
 * TDMS files of National Instruments, version 2, after "TDMS File Format Internal Structure": segments, each with
 * descriptions of objects and the raw numbers of its channels. What an object says holds until another segment says
 * otherwise.
 */

import { EXIT, Problem, wrongInput } from '../base/problem.ts';
import { type Channel, channelOf, rateNamed, type SampledFile } from './channel.ts';

const METADATA = 1 << 1;
const NEW_OBJECTS = 1 << 2;
const RAW = 1 << 3;
const INTERLEAVED = 1 << 5;
const BIG_ENDIAN = 1 << 6;
const DAQMX = 1 << 7;
const LEAD_IN = 28;
/** Of a segment that was not closed. */
const UNFINISHED = 0xffff_ffff_ffff_ffffn;
const NO_RAW = 0xffff_ffff;
const AS_BEFORE = 0;
const TEXT = 0x20;
const TIMESTAMP = 0x44;
/** No recorder has more channels and groups. Each segment looks at all of them. */
const MOST_OBJECTS = 10_000;
const REMEDY = 'Export it from DIAdem, LabVIEW or with npTDMS as WAV, UFF 58 or CSV.';

type Property = number | string;
type Layout = { readonly type: number; readonly count: number };
type TdmsObject = {
  readonly path: string;
  readonly properties: Map<string, Property>;
  /** How its numbers stand in a segment; undefined where it has none. */
  layout: Layout | undefined;
  readonly parts: Float32Array[];
};

/** All channels of numbers. Throws a `Problem` for what is no TDMS file, or packed as by DAQmx. */
export function readTdms(file: string, bytes: Buffer): SampledFile {
  if (bytes.toString('latin1', 0, 4) !== 'TDSm') {
    throw wrongInput(file, 'a TDMS file', 'another beginning', REMEDY);
  }
  const objects = new Map<string, TdmsObject>();
  try {
    let active: ReadonlySet<TdmsObject> = new Set();
    for (let at = 0; at + LEAD_IN <= bytes.length; ) {
      const segment = segmentAt(file, bytes, at);
      active = readMetadata(segment, objects, active);
      readRaw(segment, active);
      at = segment.next;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const parts = { where: file, expected: 'a whole TDMS file', found: error.message };
    throw new Problem({ ...parts, remedy: 'Copy it again.', exit: EXIT.input }, { cause: error });
  }
  const channels = [...objects.values()].flatMap((object) => channelIn(object, objects));
  const all = channels.map((channel, at) => ({ ...channel, number: at + 1 }));
  if (all.length > 0) return { channels: all, notes: [] };
  throw wrongInput(file, 'channels of numbers', 'none', REMEDY);
}

type Segment = {
  readonly file: string;
  readonly cursor: Cursor;
  readonly flags: number;
  readonly raw: number;
  readonly next: number;
};

function segmentAt(file: string, bytes: Buffer, at: number): Segment {
  if (bytes.toString('latin1', at, at + 4) !== 'TDSm')
    throw new RangeError(`no segment at byte ${at}`);
  const flags = bytes.readUInt32LE(at + 4);
  const cursor = new Cursor(bytes, at + 8, (flags & BIG_ENDIAN) === 0);
  cursor.u32();
  const [next, raw] = [cursor.u64(), cursor.u64()];
  if ((flags & DAQMX) !== 0)
    throw wrongInput(file, 'raw numbers', 'numbers as DAQmx packs them', REMEDY);
  const end = next === UNFINISHED ? bytes.length : at + LEAD_IN + Number(next);
  return {
    file,
    cursor,
    flags,
    raw: at + LEAD_IN + Number(raw),
    next: Math.min(end, bytes.length),
  };
}

/** Reads numbers and texts one after the other. */
class Cursor {
  readonly bytes: Buffer;
  readonly little: boolean;
  readonly view: DataView;
  at: number;

  constructor(bytes: Buffer, at: number, little: boolean) {
    this.bytes = bytes;
    this.at = at;
    this.little = little;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  u32(): number {
    this.at += 4;
    return this.view.getUint32(this.at - 4, this.little);
  }

  u64(): bigint {
    this.at += 8;
    return this.view.getBigUint64(this.at - 8, this.little);
  }

  text(): string {
    const length = this.u32();
    this.at += length;
    return this.bytes.toString('utf8', this.at - length, this.at);
  }

  number(type: number): number {
    const [width, read] = readerOf(type);
    this.at += width;
    return read(this.view, this.at - width, this.little);
  }
}

/** Objects whose numbers follow in this segment, in their order. */
function readMetadata(
  { file, cursor, flags }: Segment,
  objects: Map<string, TdmsObject>,
  before: ReadonlySet<TdmsObject>,
): ReadonlySet<TdmsObject> {
  if ((flags & METADATA) === 0) return before;
  const active = new Set((flags & NEW_OBJECTS) === 0 ? before : []);
  const count = cursor.u32();
  for (let number = 0; number < count; number++) {
    const path = cursor.text();
    const object = objects.get(path) ?? {
      path,
      properties: new Map(),
      layout: undefined,
      parts: [],
    };
    objects.set(path, object);
    if (objects.size > MOST_OBJECTS) throw new RangeError(`more than ${MOST_OBJECTS} objects`);
    const index = cursor.u32();
    if (index === NO_RAW) object.layout = undefined;
    else if (index !== AS_BEFORE) object.layout = layoutAt(file, path, cursor, index);
    if (index !== NO_RAW) active.add(object);
    readProperties(cursor, object);
  }
  return active;
}

function layoutAt(file: string, path: string, cursor: Cursor, length: number): Layout {
  const type = cursor.u32();
  const dimension = cursor.u32();
  const count = Number(cursor.u64());
  if (type === TEXT) cursor.u64();
  if (length > 64 || dimension !== 1) {
    throw wrongInput(`${file}, ${path}`, 'a row of numbers', 'something else', REMEDY);
  }
  return { type, count };
}

function readProperties(cursor: Cursor, { properties }: TdmsObject): void {
  const count = cursor.u32();
  for (let number = 0; number < count; number++) {
    const name = cursor.text();
    const type = cursor.u32();
    if (type === TEXT) properties.set(name, cursor.text());
    else properties.set(name, cursor.number(type));
  }
}

/** The numbers of all active objects, chunk after chunk, as long as there are some. */
function readRaw({ cursor, flags, raw, next }: Segment, active: ReadonlySet<TdmsObject>): void {
  if ((flags & RAW) === 0 || raw >= next) return;
  // Who has none would be visited in each chunk for nothing, and chunks may be as short as one byte.
  const rows = [...active].flatMap((object) => {
    const { layout } = object;
    return layout === undefined || layout.count === 0 ? [] : [{ object, ...layout }];
  });
  if (rows.some(({ type }) => type === TEXT)) throw new RangeError('texts between the numbers');
  const widths = rows.map(({ type }) => readerOf(type)[0]);
  const chunk = rows.reduce((sum, { count }, at) => sum + count * (widths[at] ?? 0), 0);
  const row = widths.reduce((sum, width) => sum + width, 0);
  const interleaved = (flags & INTERLEAVED) !== 0;
  let begin = raw;
  for (const { object, type, count } of rows) {
    const [width, read] = readerOf(type);
    const step = interleaved ? row : width;
    // The last chunk of a file that was cut has less.
    const wholeAt = (from: number) =>
      Math.max(0, Math.min(count, Math.floor((next - from - width) / step) + 1));
    let length = 0;
    for (let from = begin; from < next; from += chunk) length += wholeAt(from);
    const values = new Float32Array(length);
    let filled = 0;
    for (let from = begin; from < next; from += chunk) {
      const whole = wholeAt(from);
      for (let sample = 0; sample < whole; sample++) {
        values[filled++] = read(cursor.view, from + sample * step, cursor.little);
      }
    }
    object.parts.push(values);
    begin += interleaved ? width : count * width;
  }
}

/** `/'group'/'channel'`, with quotes doubled inside. */
function channelIn(object: TdmsObject, objects: ReadonlyMap<string, TdmsObject>): Channel[] {
  const length = object.parts.reduce((sum, part) => sum + part.length, 0);
  if (length === 0) return [];
  const samples = new Float32Array(length);
  let at = 0;
  for (const part of object.parts) {
    samples.set(part, at);
    at += part.length;
  }
  const names = [...object.path.matchAll(/'((?:[^']|'')*)'/g)].map(([, name = '']) => name);
  const group = objects.get(`/'${names[0] ?? ''}'`);
  const properties = new Map([
    ...(objects.get('/')?.properties ?? []),
    ...(group?.properties ?? []),
    ...object.properties,
  ]);
  const rate = [...properties].flatMap(([name, value]) => {
    return typeof value === 'number' ? (rateNamed(name, value) ?? []) : [];
  });
  const unit = properties.get('unit_string') ?? properties.get('NI_UnitDescription');
  const name = (names.at(-1) ?? object.path).replaceAll("''", "'");
  return [channelOf(name, samples, rate[0], typeof unit === 'string' ? unit : undefined)];
}

type NumberReader = (view: DataView, at: number, little: boolean) => number;

const NUMBERS: Readonly<Record<number, readonly [width: number, read: NumberReader]>> = {
  1: [1, (view, at) => view.getInt8(at)],
  2: [2, (view, at, little) => view.getInt16(at, little)],
  3: [4, (view, at, little) => view.getInt32(at, little)],
  4: [8, (view, at, little) => Number(view.getBigInt64(at, little))],
  5: [1, (view, at) => view.getUint8(at)],
  6: [2, (view, at, little) => view.getUint16(at, little)],
  7: [4, (view, at, little) => view.getUint32(at, little)],
  8: [8, (view, at, little) => Number(view.getBigUint64(at, little))],
  9: [4, (view, at, little) => view.getFloat32(at, little)],
  10: [8, (view, at, little) => view.getFloat64(at, little)],
  25: [4, (view, at, little) => view.getFloat32(at, little)],
  26: [8, (view, at, little) => view.getFloat64(at, little)],
  33: [1, (view, at) => view.getUint8(at)],
  // Seconds since 1904 above 2⁻⁶⁴ fractions of one.
  [TIMESTAMP]: [16, (view, at, little) => Number(view.getBigInt64(little ? at + 8 : at, little))],
};

function readerOf(type: number): readonly [width: number, read: NumberReader] {
  const known = NUMBERS[type];
  if (known === undefined) throw new RangeError(`values of type ${type}`);
  return known;
}
