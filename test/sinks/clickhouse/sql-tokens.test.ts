import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  identifier,
  literal,
  sqlStatements,
  sqlTokens,
} from '../../../sinks/clickhouse/sql-tokens.ts';

describe('the statements of a script', () => {
  test.each<[string, string, string[]]>([
    ['one without an end', 'SELECT 1', ['SELECT 1']],
    ['several', 'A; B ;\n C;', ['A', 'B', 'C']],
    ['none', ' ; -- x\n;', []],
    ['a semicolon in a string', "A ';' B; C", ["A ';' B", 'C']],
    ['an escaped quote', "A '\\';' ; B '''; '", ["A '\\';'", "B '''; '"]],
    ['a semicolon in a comment', 'A -- ; \n B /* ; */ C; D', ['A -- ; \n B /* ; */ C', 'D']],
    ['a semicolon in a name', 'A `;` "b;"; C', ['A `;` "b;"', 'C']],
    ['a semicolon in a heredoc', 'A $x$ ; $$ ; $x$; B', ['A $x$ ; $$ ; $x$', 'B']],
  ])('%s', (_name, script, expected) => {
    expect(sqlStatements(script)).toEqual(expected);
  });
});

test('any text is a literal and an identifier that reads back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect([...sqlTokens(literal(text))]).toMatchObject([{ kind: 'string', text }]);
      expect([...sqlTokens(identifier(text))]).toMatchObject([{ kind: 'quoted-name', text }]);
    }),
  );
});

test('tokens cover every character of any text that is no blank or comment', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      let end = 0;
      for (const token of sqlTokens(text)) {
        expect(token.start).toBeGreaterThanOrEqual(end);
        expect(token.end).toBeGreaterThan(token.start);
        end = token.end;
      }
    }),
  );
});

test.each([
  "'",
  '`',
  '"',
  '/*',
  '/* /*',
  '$a$b',
  '$',
  '--',
  '\\',
  "'\\",
  '/',
  '#',
  '((',
  '1.',
  '\u00a0',
])('a long text of %j is cut in one pass', (piece) => {
  // One token of each, or the rest at once: a pass for each would take minutes.
  const text = piece.repeat(Math.floor(200_000 / piece.length));
  let end = 0;
  for (const token of sqlTokens(text)) ({ end } = token);
  expect(end).toBeLessThanOrEqual(text.length);
});
