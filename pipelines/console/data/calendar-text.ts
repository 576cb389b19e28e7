/** Stops as a calendar (iCalendar, RFC 5545), for whoever plans with one. */

export type CalendarEntry = {
  /** The same for all versions of an entry. */
  readonly id: string;
  /** Epoch milliseconds. */
  readonly start: number;
  readonly end: number;
  /** When what is said of it was said last, in epoch milliseconds. */
  readonly said: number;
  readonly title: string;
  readonly text: string;
  /** Somebody has agreed to it; else it is proposed. */
  readonly agreed: boolean;
  /** Where more is to be read; empty for nowhere. */
  readonly url: string;
};

export function calendarText(name: string, entries: readonly CalendarEntry[]): string {
  const lines = [
    ...['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Andon//Stops//EN', 'METHOD:PUBLISH'],
    `X-WR-CALNAME:${escaped(name)}`,
    ...entries.flatMap(entryLines),
    'END:VCALENDAR',
  ];
  return `${lines.map(folded).join('\r\n')}\r\n`;
}

function entryLines({ id, start, end, said, title, text, agreed, url }: CalendarEntry): string[] {
  return [
    'BEGIN:VEVENT',
    `UID:${escaped(id)}@andon`,
    `DTSTAMP:${utc(said)}`,
    `DTSTART:${utc(start)}`,
    `DTEND:${utc(end)}`,
    `SUMMARY:${escaped(title)}`,
    `DESCRIPTION:${escaped(text)}`,
    `STATUS:${agreed ? 'CONFIRMED' : 'TENTATIVE'}`,
    // It says when a machine stands, and makes nobody busy.
    'TRANSP:TRANSPARENT',
    ...(url === '' ? [] : [`URL:${url}`]),
    'END:VEVENT',
  ];
}

function utc(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replaceAll(/[-:]|\.\d+/g, '');
}

/** Text by 3.3.11: a line break is `\n`, and nothing else of what ends or parts a value stands in it. */
function escaped(text: string): string {
  return (
    text
      .replaceAll(/\r\n?/g, '\n')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what a value may not have
      .replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f]/g, ' ')
      .replaceAll(/[\\;,]/g, (letter) => `\\${letter}`)
      .replaceAll('\n', '\\n')
  );
}

const LONGEST_LINE = 75;

/** Lines of at most 75 octets, each further part behind a blank: no letter is cut in two. */
function folded(line: string): string {
  const parts: string[] = [];
  let part = '';
  let size = 0;
  for (const letter of line) {
    const more = Buffer.byteLength(letter);
    if (size + more > LONGEST_LINE) {
      parts.push(part);
      [part, size] = [' ', 1];
    }
    part += letter;
    size += more;
  }
  return [...parts, part].join('\r\n');
}
