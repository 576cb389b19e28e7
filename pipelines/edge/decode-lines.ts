/**
 * Payloads of plain text: one value, or the line protocol of InfluxDB, one point a line:
 * `measurement,tag=x field=1.5,other=2i 1767254400000000000`.
 */

import { malformed } from '../../operators/decode/payload.ts';
import { parseNumber } from '../base/csv.ts';
import type { TimeFormat } from '../files/instant.ts';
import { MOST_READINGS, readingTime, type TagReading, type TagValue } from './tag-reading.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });
const FLOAT = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const WHOLE = /^[+−-]?\d+$/;
const INTEGER = /^([+-]?\d+)[iu]$/;
const TRUE: ReadonlySet<string> = new Set(['t', 'T', 'true', 'True', 'TRUE']);
const FALSE: ReadonlySet<string> = new Set(['f', 'F', 'false', 'False', 'FALSE']);

/**
 * Each field of each point. Labels: `measurement`, `field` and the tags. Times are counts of `format`, nanoseconds where
 * nobody said otherwise. Integers beyond 2^53 are texts with all their digits.
 *
 * @throws MalformedError that names the line
 */
export function decodeLines(payload: Uint8Array, format: TimeFormat): readonly TagReading[] {
  const content = textOf(payload);
  const scanner: Scanner = { content, at: 0, line: 1 };
  const samples: TagReading[] = [];
  while (scanner.at < content.length) {
    if (isBlank(scanner)) continue;
    addPoint(scanner, format, samples);
  }
  return samples;
}

/**
 * A number where it is one, else the text as it is, also where a number would lose digits.
 *
 * @throws MalformedError for what is no text
 */
export function decodePlain(payload: Uint8Array): readonly TagReading[] {
  const text = textOf(payload).trim();
  const number = parseNumber(text);
  const isNumber = Number.isFinite(number) && (Number.isSafeInteger(number) || !WHOLE.test(text));
  const value = isNumber ? number : text;
  return [{ labels: { path: '' }, time: undefined, value, quality: 'good' }];
}

function textOf(payload: Uint8Array): string {
  try {
    return utf8.decode(payload);
  } catch {
    throw malformed('a text in UTF-8', `${payload.length} bytes that are none`);
  }
}

type Scanner = { readonly content: string; at: number; line: number };

/** Passes over an empty line or a comment. */
function isBlank(scanner: Scanner): boolean {
  const { content, at } = scanner;
  const end = content.indexOf('\n', at);
  const line = content.slice(at, end < 0 ? content.length : end);
  if (line.trim() !== '' && !line.startsWith('#')) return false;
  scanner.at = end < 0 ? content.length : end + 1;
  scanner.line += 1;
  return true;
}

function addPoint(scanner: Scanner, format: TimeFormat, into: TagReading[]): void {
  const measurement = word(scanner, ', ');
  if (measurement === '') throw wrong(scanner, 'a measurement');
  const tags: Record<string, string> = Object.create(null);
  while (take(scanner, ',')) {
    const name = word(scanner, '=, ');
    if (name === '' || !take(scanner, '=')) throw wrong(scanner, 'tag=value');
    tags[name] = word(scanner, ', ');
  }
  if (!take(scanner, ' ')) throw wrong(scanner, 'a blank and fields');
  while (take(scanner, ' '));
  const fields: { readonly field: string; readonly value: TagValue }[] = [];
  do {
    const field = word(scanner, '=, ');
    if (field === '' || !take(scanner, '=')) throw wrong(scanner, 'field=value');
    fields.push({ field, value: fieldValue(scanner) });
    if (into.length + fields.length > MOST_READINGS) {
      throw malformed(`at most ${MOST_READINGS} values`, 'more');
    }
  } while (take(scanner, ','));
  const time = timeAt(scanner, format);
  const sample = { ...tags, measurement };
  for (const { field, value } of fields) {
    into.push({ labels: { field }, sample, time, value, quality: 'good' });
  }
}

/** What stands before one of these signs, or the end of the line. A backslash takes its meaning from the next sign. */
function word(scanner: Scanner, ends: string): string {
  const { content } = scanner;
  let found = '';
  for (;;) {
    const sign = content[scanner.at];
    if (sign === undefined || sign === '\n' || ends.includes(sign)) return found.replace(/\r$/, '');
    const next = content[scanner.at + 1];
    if (sign === '\\' && next !== undefined && ',= \\'.includes(next)) {
      found += next;
      scanner.at += 2;
    } else {
      found += sign;
      scanner.at += 1;
    }
  }
}

function take(scanner: Scanner, sign: string): boolean {
  if (scanner.content[scanner.at] !== sign) return false;
  scanner.at += 1;
  return true;
}

function fieldValue(scanner: Scanner): TagValue {
  if (take(scanner, '"')) return quotedText(scanner);
  const text = word(scanner, ', ');
  if (TRUE.has(text)) return true;
  if (FALSE.has(text)) return false;
  if (FLOAT.test(text)) return Number(text);
  const [, digits] = INTEGER.exec(text) ?? [];
  if (digits === undefined)
    throw wrong(scanner, 'a number, an integer (2i), true, false or "text"');
  return Number.isSafeInteger(Number(digits)) ? Number(digits) : digits.replace('+', '');
}

/** A text may hold line feeds. `\"` and `\\` are a quote and a backslash; any other backslash is one. */
function quotedText(scanner: Scanner): string {
  const { content } = scanner;
  let found = '';
  for (;;) {
    const sign = content[scanner.at];
    if (sign === undefined) throw wrong(scanner, 'the end of a text');
    scanner.at += 1;
    if (sign === '"') return found;
    const next = content[scanner.at];
    if (sign === '\\' && (next === '"' || next === '\\')) {
      found += next;
      scanner.at += 1;
    } else found += sign;
  }
}

/** The time at the end of a line, if there is one, and the line feed. */
function timeAt(scanner: Scanner, format: TimeFormat): number | undefined {
  while (take(scanner, ' '));
  const text = word(scanner, ' ');
  while (take(scanner, ' '));
  take(scanner, '\r');
  if (!take(scanner, '\n') && scanner.at < scanner.content.length) throw wrong(scanner, 'one time');
  scanner.line += 1;
  return text === '' ? undefined : readingTime(text, format);
}

function wrong(scanner: Scanner, expected: string): Error {
  const rest = scanner.content.slice(scanner.at, scanner.at + 20);
  return malformed(`${expected} in line ${scanner.line}`, rest);
}
