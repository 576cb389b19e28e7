/**
 * Universal file format, data set 58 as text and 58b with binary numbers (Structural Dynamics Research Laboratory,
 * University of Cincinnati): one function of time a data set. Other data sets are passed over.
 */

import { wrongInput } from '../base/problem.ts';
import { type Channel, channelOf, type SampledFile } from './channel.ts';

const TIME = 17;
const TIME_RESPONSE = 1;
const HEADING_LINES = 11;
const REMEDY = 'Export the time responses, evenly spaced, as data set 58 or 58b.';

/** All functions of time in a file. Throws a `Problem` that says which line is wrong. */
export function readUff(file: string, bytes: Buffer): SampledFile {
  const channels: Channel[] = [];
  const others: string[] = [];
  const source = { file, bytes };
  let line = 0;
  for (let at = 0; at < bytes.length; ) {
    const [text, next] = lineAt(bytes, at);
    line += 1;
    at = next;
    if (text.trim() !== '-1') continue;
    const [head, after] = lineAt(bytes, at);
    line += 1;
    const kind = head.trim().split(/\s+/)[0] ?? '';
    if (kind === '') break;
    if (!/^58b?$/.test(kind)) {
      others.push(`data set ${kind}`);
      [at, line] = skipTo(bytes, after, line);
      continue;
    }
    const block = readBlock(source, head, after, line);
    if (typeof block.channel === 'string') others.push(block.channel);
    else channels.push(block.channel);
    ({ at, line } = block);
  }
  const all = channels.map((channel, index) => ({ ...channel, number: index + 1 }));
  if (all.length > 0) return { channels: all, notes: noteOf(others) };
  const found = others.length === 0 ? 'none' : [...new Set(others)].join(', ');
  throw wrongInput(file, 'a function of time in data set 58', found, REMEDY);
}

function noteOf(others: readonly string[]): readonly string[] {
  const strange = [...new Set(others)].filter((each) => !/^data set (151|164)$/.test(each));
  return strange.length === 0 ? [] : [`passed over in the file: ${strange.join(', ')}`];
}

function lineAt(bytes: Buffer, at: number): readonly [text: string, next: number] {
  const end = bytes.indexOf(0x0a, at);
  const stop = end < 0 ? bytes.length : end;
  return [bytes.toString('latin1', at, stop).replace(/\r$/, ''), stop + 1];
}

function skipTo(bytes: Buffer, from: number, lines: number): [at: number, line: number] {
  let at = from;
  let line = lines;
  while (at < bytes.length) {
    const [text, next] = lineAt(bytes, at);
    at = next;
    line += 1;
    if (text.trim() === '-1') break;
  }
  return [at, line];
}

type Source = { readonly file: string; readonly bytes: Buffer };
type Block = { readonly channel: Channel | string; readonly at: number; readonly line: number };

function readBlock(source: Source, head: string, from: number, before: number): Block {
  const records: string[] = [];
  let at = from;
  for (let count = 0; count < HEADING_LINES; count++) {
    const [text, next] = lineAt(source.bytes, at);
    records.push(text);
    at = next;
  }
  const line = before + HEADING_LINES;
  const heading = headingOf(source.file, records, line);
  const isBinary = /^\s*58b/.test(head);
  const fields = head
    .replace(/^\s*58b?/, '')
    .trim()
    .split(/\s+/)
    .map(Number);
  const bytesStated = fields[3] ?? 0;
  const [values, end, last] = isBinary
    ? binaryValues(source, at, bytesStated, heading, {
        big: fields[0] === 2,
        ieee: fields[1] !== 1,
      })
    : textValues(source, at, line, heading);
  const [after, lines] = skipTo(source.bytes, end, last);
  return { channel: channelIn(source.file, heading, values, line), at: after, line: lines };
}

type Heading = {
  readonly name: string;
  readonly kind: number;
  readonly form: number;
  readonly count: number;
  readonly even: boolean;
  readonly increment: number;
  readonly abscissa: number;
  readonly unit: string;
};

/** Records 1 to 11: names, what the function is, its form, and the characteristics of its axes. */
function headingOf(file: string, records: readonly string[], line: number): Heading {
  const numbers = (record: number) => (records[record] ?? '').trim().split(/\s+/).map(Number);
  const [form = Number.NaN, count = Number.NaN, spacing = 0, , increment = 0] = numbers(6);
  if (![2, 4, 5, 6].includes(form) || !(count > 0)) {
    const where = `${file}, line ${line - 4}`;
    throw wrongInput(where, 'the form of the data', JSON.stringify(records[6] ?? ''), REMEDY);
  }
  // Fields of fixed width: entity from column 32, node from 42, direction from 52.
  const identity = records[5] ?? '';
  const [kind = 0] = numbers(5);
  const entity = identity
    .slice(31, 41)
    .trim()
    .replace(/^NONE$/i, '');
  const node = Number(identity.slice(41, 51)) > 0 ? identity.slice(41, 51).trim() : '';
  const named = `${entity} ${node}${node === '' ? '' : directionOf(identity.slice(51, 55))}`;
  const title = (records[0] ?? '').trim();
  return {
    name: named.trim() || (/^NONE$/i.test(title) ? '' : title),
    kind,
    form,
    count,
    even: spacing === 1,
    increment,
    abscissa: numbers(7)[0] ?? 0,
    // 20 characters of the axis' name stand before the 20 of its unit.
    unit: (records[8] ?? '')
      .slice(46, 67)
      .trim()
      .replace(/^NONE$/i, ''),
  };
}

function directionOf(code: string): string {
  const at = Math.abs(Number(code));
  const axis = ['', 'X', 'Y', 'Z'][at] ?? '';
  return axis === '' ? '' : ` ${Number(code) < 0 ? '-' : '+'}${axis}`;
}

function channelIn(
  file: string,
  heading: Heading,
  values: Float64Array,
  line: number,
): Channel | string {
  const { name, kind, form, count, even, increment, abscissa, unit } = heading;
  if ((kind !== TIME_RESPONSE && kind !== 0) || (abscissa !== TIME && abscissa !== 0) || form > 4) {
    return `a function of type ${kind}`;
  }
  const where = `${file}, the data set whose numbers begin at line ${line + 1}`;
  if (!even) throw wrongInput(where, 'even spacing', 'pairs of time and value', REMEDY);
  if (values.length < count) {
    throw wrongInput(where, `${count} numbers`, `${values.length}`, 'Copy the file again.');
  }
  return channelOf(name, Float32Array.from(values.subarray(0, count)), 1 / increment, unit);
}

function widthOf({ form }: Heading): number {
  return form === 2 || form === 5 ? 4 : 8;
}

function numbersOf({ form, count, even }: Heading): number {
  return count * (form > 4 ? 2 : 1) + (even ? 0 : count);
}

function binaryValues(
  { file, bytes }: Source,
  at: number,
  stated: number,
  heading: Heading,
  { big, ieee }: { readonly big: boolean; readonly ieee: boolean },
): readonly [Float64Array, end: number, line: number] {
  if (!ieee) throw wrongInput(file, 'numbers after IEEE 754', 'those of DEC VMS', REMEDY);
  const width = widthOf(heading);
  const size = stated > 0 ? stated : numbersOf(heading) * width;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const count = Math.floor(Math.min(size, bytes.length - at) / width);
  const values = Float64Array.from({ length: count }, (_, index) => {
    const place = at + index * width;
    return width === 4 ? view.getFloat32(place, !big) : view.getFloat64(place, !big);
  });
  return [values, at + size, 0];
}

/** Numbers stand in fields of 13 or 20 characters: where they are negative nothing may stand between them. */
function textValues(
  { file, bytes }: Source,
  from: number,
  before: number,
  heading: Heading,
): readonly [Float64Array, end: number, line: number] {
  const width = widthOf(heading) === 4 ? 13 : 20;
  const values: number[] = [];
  const wanted = numbersOf(heading);
  let at = from;
  let line = before;
  while (values.length < wanted && at < bytes.length) {
    const [text, next] = lineAt(bytes, at);
    if (text.trim() === '-1') break;
    line += 1;
    at = next;
    const fields = fieldsOf(text, width);
    for (const field of fields) {
      const value = Number(field.trim().replace(/[dD]/, 'e'));
      if (field.trim() === '' || Number.isNaN(value)) {
        throw wrongInput(`${file}, line ${line}`, 'numbers', JSON.stringify(field), REMEDY);
      }
      values.push(value);
    }
  }
  return [Float64Array.from(values), at, line];
}

function fieldsOf(text: string, width: number): readonly string[] {
  const words = text.trim().split(/\s+/);
  const areNumbers = words.every((word) => !Number.isNaN(Number(word)));
  return areNumbers ? words : (text.trimEnd().match(new RegExp(`.{1,${width}}`, 'g')) ?? []);
}
