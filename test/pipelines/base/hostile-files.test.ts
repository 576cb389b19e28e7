import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { of } from 'rxjs';
import { afterAll, describe, expect, it } from 'vitest';
import { compilePatterns } from '../../../operators/correlate/compile-patterns.ts';
import { decode } from '../../../operators/decode/decode.ts';
import type { Message } from '../../../operators/model/message.ts';
import { rulesSchema } from '../../../operators/model/rules.ts';
import { readText } from '../../../pipelines/base/read-text.ts';
import { parseYaml } from '../../../pipelines/base/yaml-file.ts';

const directory = mkdtempSync(join(tmpdir(), 'andon-files-'));
afterAll(() => rmSync(directory, { recursive: true }));

const laughs = [
  'a: &a [ha, ha, ha, ha, ha, ha, ha, ha, ha]',
  ...['b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name, index) => {
    const before = 'abcdefg'[index];
    return `${name}: &${name} [${Array(9).fill(`*${before}`).join(', ')}]`;
  }),
].join('\n');

describe('A file that would take all memory or never end is refused in a sentence', () => {
  it.each([
    ['aliases of aliases', laughs, /rules.yaml: expected aliases .* at most 100 values/],
    ['an alias of nothing', 'a: *nobody', /nobody/],
    ['lists in lists', `a: ${'['.repeat(50_000)}${']'.repeat(50_000)}`, /at most 64 deep/],
    ['a few too many lists', `a: ${'['.repeat(100)}${']'.repeat(100)}`, /at most 64 deep/],
    ['maps in maps', `${'{a: '.repeat(5_000)}1${'}'.repeat(5_000)}`, /at most 64 deep/],
  ])('%s', (_, text, sentence) => {
    expect(() => parseYaml(text, 'rules.yaml')).toThrow(sentence);
  });

  it('more than 8 MB', () => {
    const file = join(directory, 'large.yaml');
    writeFileSync(file, Buffer.alloc(8_000_001, '#'));
    expect(() => readText(file)).toThrow(/large.yaml: expected a file of at most 8 MB/);
    expect(() => readText('/dev/zero')).toThrow(/at most 8 MB/);
  });

  it('and what is as large as it may be is read', () => {
    const file = join(directory, 'right.yaml');
    const text = `a: ${'['.repeat(60)}ä${']'.repeat(60)}`;
    writeFileSync(file, text);
    expect(readText(file)).toBe(text);
    expect(parseYaml(text, file).data).toBeDefined();
  });
});

describe('Rules that somebody else published', () => {
  const nested = (levels: number) => {
    const begin = Array.from({ length: levels }, (_, n) => `{"name":"s${n}","stages":[`).join('');
    const inner = `{"name":"x","where":"kind == 'event'"}`;
    return `{"patterns":[{"id":"a","pattern":[${begin}${inner}${']}'.repeat(levels)}]}]}`;
  };
  const decoded = (payload: string) => {
    const value: Message = {
      ...{ subject: 'rules.p1', payload: Buffer.from(payload), headers: {} },
      ...{ sequence: 1 as never, appended: 0 as never },
    };
    const found: string[] = [];
    of({ kind: 'event' as const, key: '' as never, time: 0 as never, value })
      .pipe(decode())
      .subscribe((item) => {
        // A tick stands for the message, so that time goes on.
        if (item.kind === 'event') return;
        if (item.kind !== 'row') found.push(item.kind);
        else if (item.table === 'dead_letters') found.push(item.row.detail);
      });
    return found;
  };

  it('are no rules where they are nested without end', () => {
    expect(decoded(nested(5))).toEqual(['change']);
    expect(decoded(nested(1_000))).toEqual([expect.stringContaining('at most 64 deep')]);
    expect(decoded(nested(50_000))).toEqual([expect.stringContaining('at most 64 deep')]);
  });

  it.each([
    ['a stage', { name: 'a', times: 1_000_000_000, where: "kind == 'event'" }],
    [
      'a group of groups',
      {
        ...{ name: 'a', times: 100 },
        stages: [{ name: 'b', times: 100, stages: [{ name: 'c', where: "kind == 'event'" }] }],
      },
    ],
  ])('do not run where %s repeats more often than memory can hold', (_, stage) => {
    const rules = rulesSchema.parse({ patterns: [{ id: 'p', within: '1h', pattern: [stage] }] });
    expect(compilePatterns(rules).issues).toMatchObject([
      { path: ['patterns', 0], message: expect.stringContaining('at most 5000 repetitions') },
    ]);
  });
});
