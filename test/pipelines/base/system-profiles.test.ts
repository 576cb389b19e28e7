import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { explainConfig, readConfig } from '../../../pipelines/base/config.ts';
import { readSystems } from '../../../pipelines/base/system-profiles.ts';
import { textOf } from '../../support/architecture.ts';
import { blocksOf } from '../../support/documents.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const EXAMPLES = fileURLToPath(new URL('../../../examples/systems/', import.meta.url));

/** A folder with a configuration and the files beside it. Gives the path of the configuration. */
function written(config: string, files: Readonly<Record<string, string>> = {}): string {
  const folder = temporaryDirectory();
  mkdirSync(join(folder, 'systems'), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const path = join(folder, 'andon.yaml');
  writeFileSync(path, config);
  return path;
}

const systemsOf = (path: string) => readSystems(readConfig(path, {}).systems, path);

const SMALL = `base: https://erp.example
verbs:
  ask:
    kind: query
    ask: [{ path: /a, gives: { free: /free } }]
`;

describe('systems of a configuration', () => {
  it.each(readdirSync(EXAMPLES))('are described by %s as it stands', (name) => {
    const path = written(`systems: { some: ${join(EXAMPLES, name)} }\n`);
    const kinds = { 'mail.yaml': 'mail', 'people.yaml': 'notify', 'mes-files.yaml': 'files' };
    const kind = kinds[name as keyof typeof kinds] ?? 'http';
    const more = kind === 'notify' ? { fallback: 'maintenance' } : { timeout: 10_000 };
    expect(systemsOf(path)).toMatchObject([{ kind, name: 'some', ...more }]);
  });

  it('tell a mistake in a people file with its line', () => {
    const text = textOf('examples/systems/people.yaml').replace('channel: pager,', 'channel: fax,');
    const path = written('systems: { notify: people.yaml }\n', { 'people.yaml': text });
    const line = text.slice(0, text.indexOf('channel: fax')).split('\n').length;
    expect(() => systemsOf(path)).toThrow(new RegExp(`people.yaml:${line}:.*found fax`));
  });

  it('are found from its folder, with the values of this installation in their places', () => {
    const path = written(
      'systems:\n  erp: { profile: systems/erp.yaml, base: https://here.example, timeout: 3s }\n',
      { 'systems/erp.yaml': SMALL },
    );
    expect(systemsOf(path)).toMatchObject([
      { name: 'erp', base: 'https://here.example', timeout: 3_000, verbs: { ask: {} } },
    ]);
  });

  it('may stand in it, as docs/systems.md says', () => {
    const [block] = blocksOf('docs/systems.md').filter(({ words }) => words.includes('yaml'));
    const path = written(block?.text ?? '', {
      'systems/erp.yaml': textOf('examples/systems/erp.yaml'),
      'systems/planner.yaml': textOf('examples/systems/planner.yaml'),
    });
    expect(systemsOf(path)?.map(({ kind, name }) => `${name}: ${kind}`)).toEqual([
      ...['erp: http', 'planner: http', 'mail: mail'],
    ]);
  });

  it('are none where none are described', () => {
    expect(systemsOf(written('pipeline: p\n'))).toBeUndefined();
    expect(systemsOf(written('systems: {}\n'))).toEqual([]);
  });

  it('are shown without their secrets', () => {
    const auth = 'auth: { kind: oauth2, path: /t, client: me, secret: hunter2 }';
    const path = written(`systems: { erp: { base: https://x:hunter2@y, ${auth}, verbs: {} } }\n`);
    expect(explainConfig(readConfig(path, {}))).not.toContain('hunter2');
  });
});

describe('a mistake is told with its place', () => {
  const profile = (text: string) => written('systems: { erp: erp.yaml }\n', { 'erp.yaml': text });
  const effect = (fields: string) => `base: https://e\nverbs:\n  do:\n    kind: effect\n${fields}`;

  it.each([
    ['in the file of a profile', profile('base: 7\nverbs: {}\n'), /erp\.yaml:1:7: base: expected/],
    [
      'in the configuration itself',
      written('systems:\n  erp:\n    base: https://e\n    verbs: { a: { kind: effekt } }\n'),
      /andon\.yaml:4:\d+: systems\.erp\.verbs\.a/,
    ],
    ['in its name', written('systems: { "E R P": erp.yaml }\n'), /at most 32 of a-z, 0-9 and -/],
    [
      'in a file that is not there',
      written('systems: { erp: no.yaml }\n'),
      /no\.yaml: expected a file/,
    ],
    [
      'of a placeholder',
      profile(SMALL.replace('/a,', "'/a/{{payload.part}}/{{titel}}',")),
      /instead of {{titel}}/,
    ],
    [
      'of a create without a search',
      profile(effect('    create: { path: /a }\n')),
      /expected `search` beside `create`/,
    ],
    [
      'of an effect that does nothing',
      profile(effect('    ask: [{ path: /a }]\n')),
      /expected `create`, or `then`/,
    ],
    [
      'of a verb that is undone by none',
      profile(effect('    then: [{ method: POST, path: /a }]\n    undo: nothing\n')),
      /expected `undo` to name an effect of this system instead of nothing/,
    ],
    [
      'of a value that has the name of a field of the reply',
      profile(SMALL.replace('free: /free', 'outcome: /free')),
      /expected as its name none of id, request, step/,
    ],
  ])('%s', (_what, path, message) => {
    expect(() => readConfig(path, {})).toThrow(message);
  });
});
