import { describe, expect, test } from 'vitest';
import { readInstant, readTime } from '../../../pipelines/files/instant.ts';

const SEVEN = Date.UTC(2026, 0, 5, 7);

describe('ISO 8601 as loggers write it', () => {
  test.for([
    '2026-01-05T07:00:00Z',
    '2026-01-05 07:00:00',
    '20260105T070000Z',
    '2026/01/05 07:00:00',
    '2026-01-05T08:00:00+01:00',
    '2026-01-05 08:00:00+01',
    '2026-01-05 08:00:00 +0100',
    '2026-01-05 07:00:00 UTC',
    '2026-01-05T07:00',
    '2026-01-05T07:00:00,000Z',
  ])('%s', (text) => {
    expect(readInstant(text)).toBe(SEVEN);
  });

  test('fractions keep their microseconds', () => {
    expect(readInstant('2026-01-05T07:00:00.123456Z')).toBeCloseTo(SEVEN + 123.456, 2);
    expect(readInstant('2026-01-05T07:00:00,5Z')).toBe(SEVEN + 500);
  });

  test.for([
    '',
    '46027.29',
    '1767596400',
    '05.01.2026 07:00:00',
    '01/05/2026',
    '2026-02-30T00:00:00Z',
    '2026-13-01',
    '2026-01-05T25:00:00Z',
    '2026-01-05T07:61:00Z',
    '2026-01/05',
    'yesterday',
  ])('%j is none', (text) => {
    expect(readInstant(text)).toBeNaN();
  });
});

describe('other formats are said, never guessed', () => {
  test.for([
    ['05.01.2026 07:00:00', 'day-first'],
    ['05/01/2026 07:00:00', 'day-first'],
    ['05-Jan-26 07:00:00', 'day-first'],
    ['01/05/2026 07:00:00', 'month-first'],
    ['01/05/2026 07:00:00 AM', 'month-first'],
    ['46027.2916666667', 'excel'],
  ] as const)('%s as %s', ([text, format]) => {
    expect(readTime(text, format)).toBe(SEVEN);
  });

  test('midnight and noon', () => {
    expect(readTime('01/05/2026 12:30:00 AM', 'month-first')).toBe(Date.UTC(2026, 0, 5, 0, 30));
    expect(readTime('01/05/2026 12:30:00 PM', 'month-first')).toBe(Date.UTC(2026, 0, 5, 12, 30));
    expect(readTime('01/05/2026 13:30:00 PM', 'month-first')).toBeNaN();
  });

  test('a month that is none says that the order was wrong', () => {
    expect(readTime('05/13/2026 07:00:00', 'day-first')).toBeNaN();
  });
});
