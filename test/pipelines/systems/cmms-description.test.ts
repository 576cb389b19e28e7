import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createCmms } from '../../../sinks/remote/remote.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { readCmmsFile } from './read-cmms-file.ts';

const EXAMPLES = fileURLToPath(new URL('../../../examples/cmms/', import.meta.url));

describe('the description of a CMMS', () => {
  it.each(readdirSync(EXAMPLES))('is understood as it stands in examples/cmms/%s', async (file) => {
    const config = await readCmmsFile(join(EXAMPLES, file));
    expect(config.name).toBe(file.replace('.yaml', ''));
  });

  it('is refused with file, line, column, what was expected and what was found', async () => {
    const path = join(temporaryDirectory(), 'cmms.yaml');
    const text = [
      'name: x',
      'base: http://localhost',
      'search: { path: "/w?k={{key}}", key: key }',
      'create: { path: /w, body: { a: "{{title|shout}}" } }',
      'timeout: soon',
      'colour: red',
    ].join('\n');
    writeFileSync(path, text);
    const { message } = await readCmmsFile(path).then(
      () => new Error('nothing'),
      (error: Error) => error,
    );
    expect(message).toMatch(/cmms.yaml:3:17: search.path: .*instead of {{key}}.*found "\/w\?k/);
    expect(message).toMatch(/cmms.yaml:3:38: search.key: expected a JSON pointer.*found key/);
    expect(message).toMatch(/cmms.yaml:4:\d+: create.body.*instead of {{title\|shout}}/);
    expect(message).toMatch(/cmms.yaml:5:10: timeout: expected a duration.*found soon/);
    expect(message).toMatch(/cmms.yaml:6:1: colour: expected no field colour here/);
  });

  it('names the secret that is missing, not its value', async () => {
    const config = await readCmmsFile(join(EXAMPLES, 'reference.yaml'));
    expect(() => createCmms(config, { CMMS_URL: 'http://localhost' })).toThrow(
      'expected the environment variable CMMS_TOKEN to be set, found nothing',
    );
  });
});
