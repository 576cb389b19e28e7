import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { textOf } from '../support/architecture.ts';

const SCRIPT = fileURLToPath(new URL('../../scripts/supply-chain.js', import.meta.url));
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

function run(program: string) {
  const code = `import * as s from ${JSON.stringify(`${ROOT}scripts/supply-chain.js`)};
import * as l from ${JSON.stringify(`${ROOT}scripts/lock-file.js`)};
console.log(JSON.stringify(${program}));`;
  const args = ['--input-type=module', '-e', code];
  return JSON.parse(spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout);
}

test('the packages of the lock file are as they may be, and NOTICE names them', () => {
  const done = spawnSync(process.execPath, [SCRIPT, '--check'], { encoding: 'utf8' });
  expect(done.stderr).toBe('');
  expect(done.status).toBe(0);
});

test('a new licence, install script, or package without integrity is told', () => {
  const packages = {
    '': {},
    'node_modules/fine': { integrity: 'sha512-a', license: 'MIT' },
    'node_modules/a/node_modules/copyleft': { integrity: 'sha512-a', license: 'GPL-3.0-only' },
    'node_modules/tool': { integrity: 'sha512-a', license: 'MPL-2.0', dev: true },
    'node_modules/shipped': { integrity: 'sha512-a', license: 'MPL-2.0' },
    'node_modules/bare': { license: 'ISC' },
    'node_modules/@chdb/lib-darwin-x64': { optional: true },
    'node_modules/known': { integrity: 'sha512-a', license: 'MIT', hasInstallScript: true },
    'node_modules/builds': { integrity: 'sha512-a', license: 'MIT', hasInstallScript: true },
  };
  expect(run(`s.unallowed(${JSON.stringify(packages)}, ['known'])`)).toEqual([
    'copyleft has the licence GPL-3.0-only',
    'shipped has the licence MPL-2.0',
    'bare has no integrity',
    'builds has an install script',
  ]);
});

test('what a package needs is found where Node finds it', () => {
  const packages = {
    'node_modules/a': { dependencies: { b: '1' } },
    'node_modules/a/node_modules/b': { dependencies: { c: '1' } },
    'node_modules/b': {},
    'node_modules/c': { optionalDependencies: { gone: '1' } },
    'node_modules/tool': {},
  };
  expect(Object.keys(run(`l.keepReachable(${JSON.stringify(packages)}, { a: '1' })`))).toEqual([
    'node_modules/a',
    'node_modules/a/node_modules/b',
    'node_modules/c',
  ]);
});

test('the install scripts that packages have are not run', () => {
  const { allowScripts } = JSON.parse(textOf('package.json'));
  expect(Object.values(allowScripts)).toEqual(Object.values(allowScripts).map(() => false));
  expect(textOf('deploy/container/Containerfile')).not.toMatch(/npm ci(?!.*--ignore-scripts)/);
});
