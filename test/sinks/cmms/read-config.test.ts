import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readCmmsConfig } from '../../../sinks/cmms/read-config.ts';

const EXAMPLES = new URL('../../../examples/cmms/', import.meta.url);

describe('the description of a CMMS', () => {
  it.each(readdirSync(EXAMPLES))('is understood as it stands in examples/cmms/%s', (file) => {
    const config = readCmmsConfig(readFileSync(new URL(file, EXAMPLES), 'utf8'), file);
    expect(config.name).toBe(file.replace('.yaml', ''));
  });

  it('is refused with file, line, column, what was expected and what was found', () => {
    const text = [
      'name: x',
      'base: http://localhost',
      'search: { path: "/w?k={{key}}", key: key }',
      'create: { path: /w, body: { a: "{{title|shout}}" } }',
      'timeout: soon',
      'colour: red',
    ].join('\n');
    const lines = () => readCmmsConfig(text, 'cmms.yaml');
    expect(lines).toThrow(/^cmms.yaml:3:17: search.path: .*found {{key}}/m);
    expect(lines).toThrow(/^cmms.yaml:3:38: search.key: expected a JSON pointer/m);
    expect(lines).toThrow(/^cmms.yaml:4:\d+: create.body.*found {{title\|shout}}/m);
    expect(lines).toThrow(/^cmms.yaml:5:10: timeout: expected a duration.*"soon"/m);
    expect(lines).toThrow(/colour/);
  });
});
