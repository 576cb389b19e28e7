import { describe, expect, test } from 'vitest';
import { decode } from '../../operators/decode/decode.ts';
import type { Message, Sequence } from '../../operators/model/message.ts';
import { type EventTime, parseDuration } from '../../operators/model/time.ts';
import { vibrationUnit } from '../../operators/spectrum/time-waveform.ts';
import { validate } from '../../operators/validate/validate.ts';
import { parseNumber } from '../../pipelines/base/csv.ts';
import { readCsvSamples } from '../../pipelines/files/csv-samples.ts';
import { readTable } from '../../pipelines/files/table.ts';
import { readQuestion } from '../../pipelines/warehouse/questions.ts';
import { inRevision } from '../../sinks/clickhouse/warehouse/native-revision.ts';
import { isPage } from '../../sinks/remote/outcome.ts';
import { event, runThrough } from '../support/flows.ts';
import { MODEL, START } from '../support/plant-log.ts';

const LONG = 32 * 1_024;
const ones = '1'.repeat(LONG);
const blanks = ' '.repeat(LONG);
/** Microseconds of CPU, which other processes do not lengthen. What tries each way to read a text takes more. */
const MOST = 300_000;

function cpuOf<T>(run: () => T): T {
  const before = process.cpuUsage();
  const result = run();
  const { user, system } = process.cpuUsage(before);
  expect(user + system).toBeLessThan(MOST);
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

describe('A long text is read in one pass', () => {
  const open = `{"time":1234567890123456789${'\\"'.repeat(LONG / 2)}`;

  test.each([
    ['event.p1.l1.press'],
    ['act.p1.l1.press.gateway.operator'],
    ['status.sap.p1.l1.press'],
    ['finding.p1.l1.press'],
    ['telemetry.p1.l1.press'],
  ])('a payload on %s whose texts do not end is a dead letter', (subject) => {
    expect(cpuOf(() => outcomeOf(subject, open))).toContain('dead_letters malformed');
  });

  test.each([
    ['digits', `${ones}x`],
    ['digits alone', ones],
    ['blanks', `${blanks}x`],
    ['digits of an exponent', `1e${ones}x`],
  ])('%s as a number of a signal are a text, and land', (_, text) => {
    const payload = JSON.stringify({ time: START, values: { temperature: text } });
    const outcome = cpuOf(() => outcomeOf('telemetry.p1.l1.press', payload));
    expect(outcome).toContain('frame');
  });

  test('an integer of many digits is read as none', () => {
    const payload = `{"time":${START},"type":"report","data":{"a":${ones.repeat(32)}}}`;
    expect(cpuOf(() => outcomeOf('event.p1.l1.press', payload))).not.toEqual([]);
  });

  test('a duration, a number of a table and a unit', () => {
    expect(cpuOf(() => parseDuration(ones))).toBeUndefined();
    expect(cpuOf(() => parseNumber(`${ones}x`))).toBeNaN();
    expect(cpuOf(() => vibrationUnit(`m${blanks}x`))).toBeUndefined();
  });

  test.each([
    ['blanks in a heading', `t,a${blanks}x\n1,2\n3,4\n5,6\n`],
    ['brackets in a heading', `t,a${'('.repeat(LONG)}\n1,2\n3,4\n5,6\n`],
  ])('a table with %s', (_, text) => {
    expect(cpuOf(() => readTable('a.csv', text)).rows).toHaveLength(3);
  });

  test('a table with digits and words in a cell', () => {
    cpuOf(() => expect(() => readTable('a.csv', `${ones} x y,a\n`)).toThrow('rows of numbers'));
  });

  test('a table with words of a rate above it', () => {
    const text = `${'sampl'.repeat(400)}${'freq'.repeat(400)};\nt,a\n0.1,2\n0.2,4\n0.3,6\n`;
    expect(cpuOf(() => readCsvSamples('a.csv', text)).channels).toHaveLength(1);
  });

  test('a parameter of a statement that does not end', () => {
    expect(cpuOf(() => readQuestion('a', `SELECT {a:${blanks}`)).parameters).toEqual([]);
  });

  test('a type with a quote that does not end', () => {
    const type = Buffer.from(`Enum8('${'\\'.repeat(99)})`);
    const block = Buffer.concat([Buffer.from([1, 1, 1, 97, type.length]), type, Buffer.from([1])]);
    expect(cpuOf(() => inRevision(block, 54_454))).toHaveLength(block.length + 9);
  });

  test.each([26, 142, 10_000])(
    '%i comments are no page, and a page behind them is one',
    (count) => {
      const comments = '<!---->'.repeat(count);
      expect(cpuOf(() => isPage(`${comments}{}`))).toBe(false);
      // Only the first thousand letters are looked at.
      expect(cpuOf(() => isPage(`${comments}\n<html>`))).toBe(count <= 142);
      expect(isPage('<!-- without an end <html>')).toBe(false);
    },
  );
});
