import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startNats, type TestNats } from '../stand/nats.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
let folder: string;
let nats: TestNats;

function run(command: string, args: readonly string[], cwd = ROOT) {
  const env = { ...process.env, ANDON_DIR: join(folder, '.andon'), NATS_URL: nats.url };
  const done = spawnSync(command, args, { cwd, env, encoding: 'utf8', timeout: 120_000 });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

const andon = (...args: string[]) => run(join(folder, 'scripts/andon.js'), args, folder);

beforeAll(async () => {
  // What a migration changes is written down there.
  nats = await startNats();
  folder = join(temporaryDirectory(), 'package');
  expect(run('npm', ['run', '--silent', 'package'])).toMatchObject({ code: 0 });
  const archive = join(ROOT, 'dist', `andon-${version}.tgz`);
  expect(run('tar', ['-xzf', archive, '-C', join(folder, '..')])).toMatchObject({ code: 0 });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
});
afterAll(() => nats?.stop());

test('the package holds JavaScript and no sources, and the versions of all it needs', () => {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const own = files.filter((file) => !file.startsWith('node_modules'));
  // An example is a source for others.
  const sources = own.filter((file) => file.endsWith('.ts') && !file.startsWith('examples/'));
  expect(sources).toEqual([]);
  expect(own).toEqual(expect.arrayContaining(['LICENSE', 'NOTICE', 'sql', 'examples', 'deploy']));
  const read = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
  const { dependencies, devDependencies } = read('package.json');
  expect(Object.keys(dependencies)).not.toContain('tsx');
  expect(devDependencies).toBeUndefined();
  const { packages } = read('npm-shrinkwrap.json');
  const names = Object.keys(packages);
  for (const name of Object.keys(dependencies)) expect(names).toContain(`node_modules/${name}`);
  expect(names.filter((name) => /tsx|esbuild|vitest|typescript/.test(name))).toEqual([]);
});

test('it runs: version, examples of rules, and the embedded warehouse', () => {
  expect(andon('--version')).toEqual({ code: 0, out: `${version}\n`, err: '' });
  const patterns = readdirSync(join(folder, 'examples/patterns')).map(
    (name) => `examples/patterns/${name}`,
  );
  expect(andon('test', 'examples/rules.yaml', ...patterns)).toMatchObject({ code: 0, err: '' });
  expect(andon('migrate')).toMatchObject({ code: 0 });
  expect(andon('sql', 'SELECT 6 * 7')).toMatchObject({
    code: 0,
    out: expect.stringContaining('42'),
  });
});
