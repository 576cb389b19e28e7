import { expect, test } from 'vitest';
import { calendarText } from '../../../pipelines/console/data/calendar-text.ts';

const entry = {
  ...{ id: 'request-r1', start: Date.UTC(2026, 11, 1, 6), end: Date.UTC(2026, 11, 1, 8, 30) },
  ...{ said: Date.UTC(2026, 10, 30, 12), title: 'Press, bearing', text: 'l1/press\nhot; spoke' },
  ...{ agreed: false, url: 'https://andon.example/#/requests/r1' },
};

test('a stop has its times, and whether it is agreed', () => {
  const lines = calendarText('Works', [entry, { ...entry, id: 'b', agreed: true, url: '' }]).split(
    '\r\n',
  );
  for (const line of [
    ...['UID:request-r1@andon', 'DTSTAMP:20261130T120000Z', 'DTSTART:20261201T060000Z'],
    ...[
      'DTEND:20261201T083000Z',
      'SUMMARY:Press\\, bearing',
      'STATUS:TENTATIVE',
      'STATUS:CONFIRMED',
    ],
    ...['DESCRIPTION:l1/press\\nhot\\; spoke', 'URL:https://andon.example/#/requests/r1'],
  ]) {
    expect(lines).toContain(line);
  }
  expect(lines.filter((line) => line.startsWith('URL:'))).toHaveLength(1);
});

test('long lines are folded at 75 octets without cutting a letter, and no text begins a line of its own', () => {
  const title = `${'ä€😀'.repeat(40)}\r\nEND:VCALENDAR\u0007`;
  const text = calendarText('Works', [{ ...entry, title }]);
  const lines = text.split('\r\n');
  for (const line of lines) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75);
  expect(lines.filter((line) => line === 'END:VCALENDAR')).toHaveLength(1);
  const whole = text.replaceAll('\r\n ', '');
  expect(whole).toContain(`SUMMARY:${'ä€😀'.repeat(40)}\\nEND:VCALENDAR \r\n`);
});
