import { describe, expect, test } from 'vitest';
import { decode } from '../../operators/decode/decode.ts';
import type { Message, Sequence } from '../../operators/model/message.ts';
import { type EventTime, parseDuration } from '../../operators/model/time.ts';
import { vibrationUnit } from '../../operators/spectrum/time-waveform.ts';
import { validate } from '../../operators/validate/validate.ts';
import { parseNumber } from '../../pipelines/base/csv.ts';
import { decodeJson, decodeTelegraf } from '../../pipelines/edge/decode-json.ts';
import { decodeLines, decodePlain } from '../../pipelines/edge/decode-lines.ts';
import { decodeSenml } from '../../pipelines/edge/decode-senml.ts';
import { readCsvSamples } from '../../pipelines/files/csv-samples.ts';
import { readTable } from '../../pipelines/files/table.ts';
import { readQuestion } from '../../pipelines/warehouse/questions.ts';
import { inRevision } from '../../sinks/clickhouse/warehouse/native-revision.ts';
import { isPage } from '../../sinks/remote/outcome.ts';
import { event, runThrough } from '../support/flows.ts';
import { MODEL, START } from '../support/plant-log.ts';

const SHORT = 8_192;
const LONG = 4 * SHORT;
/** A text of four times the length takes four times the work in one pass, and sixteen times where each way is tried. */
const MOST = 8;
/** Microseconds of CPU that are measured at a time: far above the resolution of the counter. */
const MEASURED = 2_000;
const ROUNDS = 20;

/**
 * What comes of the long one. Compares the work for both, as CPU, which other processes do not lengthen. What lengthens it
 * (the compiler, the collector of garbage) only adds to it, and not to each round: so the least of all rounds is taken, of
 * short and long in turn. A ratio that is too high is tried again; one that is low enough once is no chance.
 */
function inOnePass<I, T>(make: (length: number) => I, run: (input: I) => T): T {
  const [short, long] = [make(SHORT), make(LONG)];
  // Both are compiled before.
  run(short);
  const result = run(long);
  const cpuOf = (input: I, times: number) => {
    const before = process.cpuUsage();
    for (let time = 0; time < times; time += 1) run(input);
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  const times = Math.min(1_000, Math.ceil(MEASURED / Math.max(1, cpuOf(short, 1))));
  let least = { short: Number.POSITIVE_INFINITY, long: Number.POSITIVE_INFINITY };
  for (let round = 0; round < ROUNDS; round += 1) {
    least = {
      short: Math.min(least.short, cpuOf(short, times)),
      long: Math.min(least.long, cpuOf(long, times)),
    };
    if (round > 0 && least.long < MOST * least.short) return result;
  }
  expect(least.long / least.short, `${JSON.stringify(least)} µs`).toBeLessThan(MOST);
  return result;
}

let sequence = 0;

function message(subject: string, payload: string) {
  sequence += 1;
  const appended = (START * 1_000) as EventTime;
  const headers = { 'Content-Type': 'application/json' };
  const bytes = Buffer.from(payload);
  const value: Message = {
    ...{ sequence: sequence as Sequence, appended, subject, headers },
    payload: bytes,
  };
  return event('', appended, value);
}

/** What comes of a message of line l1: rows by their table, and of which kind the rest is. */
function outcomeOf(subject: string, payload: string): readonly string[] {
  const model = message('model.p1', JSON.stringify(MODEL));
  const decoded = runThrough(decode, [model, message(subject, payload)]);
  return runThrough(validate, decoded).flatMap((item) => {
    if (item.kind === 'row') return [`${item.table} ${(item.row as { reason?: string }).reason}`];
    return item.kind === 'event' ? [item.value.kind] : [];
  });
}

const ones = (length: number) => '1'.repeat(length);
const blanks = (length: number) => ' '.repeat(length);

describe('A long text is read in one pass', () => {
  test('what tries each way to read a text is seen to do so', () => {
    const tries = (text: string) => /^\d+\.?\d*$/.test(text);
    expect(() => inOnePass((length) => `${ones(length / 8)}x`, tries)).toThrow(/less than 8/);
  });

  test.each([
    ['event.p1.l1.press'],
    ['act.p1.l1.press.gateway.operator'],
    ['status.sap.p1.l1.press'],
    ['finding.p1.l1.press'],
    ['telemetry.p1.l1.press'],
  ])('a payload on %s whose texts do not end is a dead letter', (subject) => {
    const open = (length: number) => `{"time":1234567890123456789${'\\"'.repeat(length / 2)}`;
    const outcome = inOnePass(open, (text) => outcomeOf(subject, text));
    expect(outcome).toContain('dead_letters malformed');
  });

  test.each([
    ['digits', (length: number) => `${ones(length)}x`],
    ['digits alone', ones],
    ['blanks', (length: number) => `${blanks(length)}x`],
    ['digits of an exponent', (length: number) => `1e${ones(length)}x`],
  ])('%s as a number of a signal are a text, and land', (_, make) => {
    const payload = (length: number) =>
      JSON.stringify({ time: START, values: { temperature: make(length) } });
    const outcome = inOnePass(payload, (text) => outcomeOf('telemetry.p1.l1.press', text));
    expect(outcome).toContain('frame');
  });

  test('an integer of many digits is read as none', () => {
    const payload = (length: number) =>
      `{"time":${START},"type":"report","data":{"a":${ones(length * 32)}}}`;
    expect(inOnePass(payload, (text) => outcomeOf('event.p1.l1.press', text))).not.toEqual([]);
  });

  test('a duration, a number of a table and a unit', () => {
    expect(inOnePass(ones, parseDuration)).toBeUndefined();
    expect(
      inOnePass(
        (length) => `${ones(length)}x`,
        (text) => parseNumber(text),
      ),
    ).toBeNaN();
    expect(inOnePass((length) => `m${blanks(length)}x`, vibrationUnit)).toBeUndefined();
  });

  test.each([
    ['blanks in a heading', (length: number) => `t,a${blanks(length)}x\n1,2\n3,4\n5,6\n`],
    ['brackets in a heading', (length: number) => `t,a${'('.repeat(length)}\n1,2\n3,4\n5,6\n`],
  ])('a table with %s', (_, make) => {
    expect(inOnePass(make, (text) => readTable('a.csv', text)).rows).toHaveLength(3);
  });

  test('a table with digits and words in a cell', () => {
    inOnePass(
      (length) => `${ones(length)} x y,a\n`,
      (text) => expect(() => readTable('a.csv', text)).toThrow('rows of numbers'),
    );
  });

  test('a table with words of a rate above it', () => {
    const make = (length: number) => {
      const words = `${'sampl'.repeat(length / 80)}${'freq'.repeat(length / 80)}`;
      return `${words};\nt,a\n0.1,2\n0.2,4\n0.3,6\n`;
    };
    expect(inOnePass(make, (text) => readCsvSamples('a.csv', text)).channels).toHaveLength(1);
  });

  test('a parameter of a statement that does not end', () => {
    const make = (length: number) => `SELECT {a:${blanks(length)}`;
    expect(inOnePass(make, (text) => readQuestion('a', text)).parameters).toEqual([]);
  });

  test('a type with a quote that does not end', () => {
    const block = (length: number) => {
      // As many as one byte of length can say.
      const type = Buffer.from(`Enum8('${'\\'.repeat((99 * length) / LONG)})`);
      return Buffer.concat([Buffer.from([1, 1, 1, 97, type.length]), type, Buffer.from([1])]);
    };
    expect(inOnePass(block, (bytes) => inRevision(bytes, 54_454))).toHaveLength(
      block(LONG).length + 9,
    );
  });

  test.each([26, 142, 10_000])(
    '%i comments are no page, and a page behind them is one',
    (count) => {
      const comments = (length: number) => '<!---->'.repeat(Math.ceil((count * length) / LONG));
      expect(inOnePass((length) => `${comments(length)}{}`, isPage)).toBe(false);
      // Only the first thousand letters are looked at.
      expect(inOnePass((length) => `${comments(length)}\n<html>`, isPage)).toBe(count <= 142);
      expect(isPage('<!-- without an end <html>')).toBe(false);
    },
  );
});

/** Payloads that sources of an edge may send: with one long text, and with many values that it belongs to. */
describe('A long payload of a source is read in one pass', () => {
  const malformedOr = (read: (payload: Buffer) => readonly unknown[]) => (payload: Buffer) => {
    try {
      return read(payload).length;
    } catch (error) {
      return error instanceof Error ? error.name : 'something else';
    }
  };
  const lines = malformedOr((payload) => decodeLines(payload, 'epoch-ns'));
  const json = malformedOr((payload) => decodeJson(payload, {}));
  const listed = malformedOr((payload) =>
    decodeJson(payload, {
      ...{ each: 'list', time: { path: 'at', format: 'iso' }, quality: { path: 'q' }, unit: 'u' },
    }),
  );
  const senml = malformedOr(decodeSenml);
  const telegraf = malformedOr((payload) => decodeTelegraf(payload, 'epoch-s'));
  /** As many values as there are letters in 32, so that length times values is not the length. */
  const many = (length: number, each: (n: number) => string) =>
    Array.from({ length: length / 32 }, (_, n) => each(n)).join(',');

  test.each<readonly [string, (length: number) => string, (payload: Buffer) => unknown, unknown]>([
    ['digits of a line', (n) => `m f=${ones(n)}x`, lines, 'MalformedError'],
    ['backslashes of a line', (n) => `m,t=${'\\'.repeat(n)}`, lines, 'MalformedError'],
    ['line feeds', (n) => '\r\n'.repeat(n), lines, 0],
    ['a text that does not end', (n) => `m f="${'\\"'.repeat(n)}`, lines, 'MalformedError'],
    ['digits of a time', (n) => `m f=1 ${ones(n)}`, lines, 'MalformedError'],
    [
      'a long tag of many fields',
      (n) => `m,t=${ones(n)} ${many(n, (field) => `f${field}=1`)}`,
      lines,
      LONG / 32,
    ],
    [
      'many tags of many fields',
      (n) => `m,${many(n, (tag) => `t${tag}=1`)} ${many(n, (field) => `f${field}=1`)}`,
      lines,
      LONG / 32,
    ],
    ['many fields', (n) => `{${many(n, (name) => `"n${name}":${name}`)}}`, json, LONG / 32],
    [
      'a long path to many fields',
      (n) => `{"${'a'.repeat(n)}":{${many(n, (name) => `"n${name}":1`)}}}`,
      json,
      'MalformedError',
    ],
    [
      'a quality and a unit of many samples',
      (n) =>
        `{"at":"2026-11-30","q":"${blanks(n)}","u":"${ones(n)}","list":[${many(n, () => '{"a":1}')}]}`,
      listed,
      LONG / 32,
    ],
    [
      'a time of many samples',
      (n) => `{"at":"2026${blanks(n)}","list":[${many(n, () => '{"a":1}')}]}`,
      listed,
      'MalformedError',
    ],
    [
      'a base name of many records',
      (n) => `[{"bn":"${'a'.repeat(n)}"},${many(n, () => '{"n":"x","v":1}')}]`,
      senml,
      'MalformedError',
    ],
    [
      'a tag of many fields, by Telegraf',
      (n) =>
        `{"name":"m","tags":{"t":"${ones(n)}"},"fields":{${many(n, (name) => `"f${name}":1`)}}}`,
      telegraf,
      LONG / 32,
    ],
    ['digits and a letter as a text', (n) => `${ones(n)}x`, malformedOr(decodePlain), 1],
    ['blanks within a text', (n) => `a${blanks(n)}b`, malformedOr(decodePlain), 1],
  ])('%s', (_, make, read, outcome) => {
    expect(inOnePass((length) => Buffer.from(make(length)), read)).toBe(outcome);
  });
});
