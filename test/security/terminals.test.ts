import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { printable } from '../../operators/model/plain.ts';
import type { Request } from '../../operators/model/request.ts';
import { escapeXml } from '../../pipelines/base/panel.ts';
import { ansi } from '../../pipelines/demo/view/ansi.ts';
import { createInternalEvents } from '../../pipelines/observe/observe.ts';
import { templateFieldsOf } from '../../sinks/remote/fields.ts';
import { tries } from '../support/long.ts';

const directory = mkdtempSync(join(tmpdir(), 'andon-terminals-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** What no output may hold: C0 without tab and line break, DEL, C1, and what turns the direction of writing. */
const FORBIDDEN = [
  ...Array.from({ length: 32 }, (_, code) => code).filter((code) => code !== 9 && code !== 10),
  ...Array.from({ length: 33 }, (_, index) => 127 + index),
  ...[0x61c, 0x200e, 0x200f, 0x2028, 0x2029],
  ...[0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069],
].map((code) => String.fromCharCode(code));

function forbiddenIn(text: string): readonly string[] {
  return FORBIDDEN.filter((letter) => text.includes(letter)).map((letter) =>
    JSON.stringify(letter),
  );
}

const ATTACKS = [
  '\u001b[2J\u001b[1;1Hall is well',
  '\u001b]0;title\u0007',
  '\u001b]52;c;cm0gLXJm\u0007',
  '\u009b31mred',
  'pump\u202egnp.exe',
  'a\rb\u0008\u0008',
  'line\u2028break',
];
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(...FORBIDDEN, ...ATTACKS),
      fc.string({ unit: 'grapheme', maxLength: 8 }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

describe('No output holds what a terminal or browser obeys', () => {
  it('whatever a text is made of', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const shown = printable(text);
        expect(forbiddenIn(shown)).toEqual([]);
        expect(printable(shown)).toBe(shown);
        const json = JSON.stringify({ text });
        expect(JSON.parse(printable(json))).toEqual({ text });
      }),
      { numRuns: tries(500, 20_000), seed: 12 },
    );
  });

  it.each([true, false])('log lines (for people: %s)', (pretty) => {
    const written: string[] = [];
    const destination = { write: (line: string) => written.push(line) };
    const { record } = createInternalEvents({ pretty, destination });
    for (const message of ATTACKS) {
      record({
        ...{ kind: 'message-failed', stream: 'ANDON', sequence: 1, subject: 'event.p.l.a' },
        error: `${message}\nfake line`,
      });
      record({ kind: 'log-interrupted', stream: 'ANDON', reason: message });
    }
    expect(written).toHaveLength(2 * ATTACKS.length);
    expect(forbiddenIn(written.join(''))).toEqual([]);
    expect(written.join('')).not.toContain('\nfake line');
  });

  it('the screen of the demo and pictures', () => {
    for (const text of ATTACKS) {
      const plain = ansi([{ text, style: 'danger' }], false);
      expect(forbiddenIn(plain)).toEqual([]);
      expect(ansi([{ text: `a\n${text}`, style: 'plain' }], true)).not.toContain('\n');
      expect(forbiddenIn(escapeXml(text))).toEqual([]);
    }
  });

  it('what templates of a CMMS are filled with', () => {
    const request = {
      ...{ id: 'r', asset: 'p/l/a', title: ATTACKS[0], description: ATTACKS.join('\n') },
      evidence: ATTACKS.map((text) => ({ time: 0, text })),
      parts: ATTACKS,
      ids: { sap: '10' },
    } as unknown as Request;
    const fields = templateFieldsOf(request, null);
    expect(forbiddenIn(Object.values(fields).map(String).join(''))).toEqual([]);
    expect(fields).toMatchObject({
      ids: { sap: '10' },
      title: '\\u001b[2J\\u001b[1;1Hall is well',
    });
  });

  it('sentences about files', () => {
    const plant = join(directory, 'plant\u202e.yaml');
    const listed = ATTACKS.map((text) => JSON.stringify(text)).join(', ');
    writeFileSync(plant, `id: "\u009b2J"\nlines: [${listed}]\n\u202eunknown: 1\n`);
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['scripts/andon.js', 'apply', '--check', plant],
      { encoding: 'utf8' },
    );
    expect(stderr).toContain('mistake');
    expect(forbiddenIn(stdout + stderr)).toEqual([]);
  });
});
