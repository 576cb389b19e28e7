import { describe, expect, it } from 'vitest';
import { classifyError, classifyStatus, retryAfter } from '../../../sinks/remote/outcome.ts';

describe('an answer', () => {
  it.each<[number, string, string]>([
    [302, 'rejected', 'a redirect would turn a POST into a GET'],
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

  it('that timed out is unknown', () => {
    expect(classifyError(new DOMException('x', 'TimeoutError'))).toMatchObject({
      kind: 'unknown',
      answered: false,
    });
  });
});
