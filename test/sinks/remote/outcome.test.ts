import { describe, expect, it } from 'vitest';
import {
  askedAtTheDoor,
  atTheDoor,
  CallError,
  classifyError,
  classifyStatus,
  isPage,
  placeOf,
  retryAfter,
  searched,
  success,
} from '../../../sinks/remote/outcome.ts';
import { createBreaker } from '../../../sinks/remote/throttle.ts';

describe('an answer', () => {
  it.each<[number, string, string]>([
    [302, 'unknown', 'a way to a log-in, or to another address'],
    [400, 'rejected', 'the request is wrong'],
    [401, 'retryable', 'the credentials are wrong, not the request'],
    [403, 'rejected', 'not allowed'],
    [404, 'rejected', 'nothing there'],
    [408, 'unknown', 'a proxy gave up'],
    [409, 'rejected', 'the steps that know better say otherwise'],
    [422, 'rejected', 'the request is wrong'],
    [425, 'retryable', 'too early'],
    [429, 'retryable', 'too many'],
    [500, 'unknown', 'an error after it was carried out, perhaps'],
    [501, 'rejected', 'not there'],
    [502, 'unknown', 'a proxy lost the server'],
    [503, 'retryable', 'closed for now'],
    [504, 'unknown', 'a proxy gave up'],
  ])('%i is %s: %s', (status, kind, _why) => {
    expect(classifyStatus(status, null, '').kind).toBe(kind);
  });

  it.each([
    [403, true, 'unknown'],
    [404, true, 'unknown'],
    [401, true, 'retryable'],
    [500, true, 'unknown'],
    [302, false, 'unknown'],
  ])('%i with a page for people (%s) is %s', (status, page, kind) => {
    const outcome = classifyStatus(status, null, 'note', page);
    expect(outcome.kind).toBe(kind);
    expect('door' in outcome && outcome.door === true).toBe(status < 500 && status !== 401);
  });

  it.each([
    ['<!DOCTYPE html><p>Forbidden', true],
    ['\n <!-- x --> <HTML lang="de">', true],
    ['{"html":"<html>"}', false],
    ['<a>xml</a>', false],
    ['', false],
  ])('%j is a page for people: %s', (text, page) => {
    expect(isPage(text)).toBe(page);
  });

  it('to a search is about the door, unless it says something of the question', () => {
    const refused = (status: number | null) =>
      searched({ kind: 'rejected', note: 'x', status }).kind;
    expect([403, 404, 405, 410].map(refused)).toEqual(Array(4).fill('retryable'));
    expect([null, 400, 422].map(refused)).toEqual(Array(3).fill('rejected'));
  });

  it.each([
    ['3', null, 3_000],
    ['0', null, 0],
    ['999999', null, 3_600_000],
    ['Sat, 22 Nov 2025 08:00:10 GMT', 'Sat, 22 Nov 2025 08:00:00 GMT', 10_000],
    ['Sat, 22 Nov 2025 08:00:10 GMT', null, null],
    ['soon', null, null],
    [null, null, null],
  ])('with Retry-After %s and Date %s asks for %s ms', (header, date, expected) => {
    expect(retryAfter(header, date)).toBe(expected);
  });
});

describe('a call without an answer', () => {
  it.each([
    ['ECONNREFUSED', 'retryable'],
    ['ENOTFOUND', 'retryable'],
    ['ECONNRESET', 'unknown'],
    ['UND_ERR_SOCKET', 'unknown'],
  ])('that failed with %s is %s', (code, kind) => {
    const cause = Object.assign(new Error('x'), { code });
    expect(classifyError(new TypeError('fetch failed', { cause })).kind).toBe(kind);
    const several = new AggregateError([cause]);
    expect(classifyError(new TypeError('fetch failed', { cause: several })).kind).toBe(kind);
  });

  it('says nothing that another library quotes', () => {
    const quoted = 'Headers.append: "Bearer hunter2" is an invalid header value.';
    expect(classifyError(new TypeError(quoted)).note).toBe('connection lost (TypeError)');
    expect(classifyError(quoted).note).toBe('connection lost (string)');
    expect(classifyError(new CallError('answer too long')).note).toBe('answer too long');
  });

  it('that timed out is unknown', () => {
    expect(classifyError(new DOMException('x', 'TimeoutError'))).toMatchObject({
      kind: 'unknown',
      answered: false,
    });
  });
});

describe('a call that failed is stuck', () => {
  it('at a gateway where that has answered, and else at the system', () => {
    expect(placeOf(atTheDoor('a log-in page', 200))).toBe('gateway');
    expect(placeOf(classifyStatus(502, null, '502'))).toBe('gateway');
    expect(placeOf(classifyStatus(503, null, '503'))).toBe('target');
    expect(placeOf(classifyError(new CallError('no answer')))).toBe('target');
  });

  it('where the last call was stuck that was made, while it is left alone', async () => {
    const guarded = createBreaker({ failures: 2, pause: 60_000 });
    const door = async () => askedAtTheDoor('a log-in page', 200);
    await guarded(door);
    await guarded(door);
    const left = await guarded(async () => success(1));
    expect(left).toMatchObject({ kind: 'retryable', door: true });
    expect(left).toMatchObject({ note: expect.stringContaining('a log-in page') });
    expect(left.kind === 'retryable' && placeOf(left)).toBe('gateway');
  });
});
