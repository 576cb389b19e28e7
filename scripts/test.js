/**
 * Everything that must hold, in one command: set-up, lint, types, dead code, unit tests, laws, recorded data,
 * integration tests. Goes on after a failure so that one run shows all of them. A failed step that is no test counts as
 * one failure. The last line is `N passed, N failed`.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'andon-test-'));
/** Milliseconds that one step may take. */
const LONGEST = 30 * 60_000;
const total = { passed: 0, failed: 0, skipped: 0 };

if (step('set-up', [process.execPath, 'scripts/setup.js'])) {
  step('lint', [tool('biome'), 'ci', '.']);
  step('types', [tool('tsc'), '-p', '.']);
  step('types of the page', [tool('tsc'), '-p', 'web']);
  step('dead code', [tool('knip')]);
  tests('unit tests, laws, recorded data', ['unit', 'laws', 'recorded']);
  tests('integration tests', ['integration']);
}
rmSync(work, { recursive: true, force: true });
if (total.skipped > 0) console.log(`${total.skipped} skipped, with the reasons above`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;

/**
 * A program of an npm package. Not through npx, which speaks of its own settings in between.
 * @param {string} name
 */
function tool(name) {
  return join(root, 'node_modules', '.bin', name);
}

/** @param {string} name @param {string[]} command */
function step(name, command) {
  const done = run(name, command, {});
  if (!done) total.failed += 1;
  return done;
}

/** @param {string} name @param {string[]} projects */
function tests(name, projects) {
  const file = join(work, `${projects[0]}.json`);
  const chosen = projects.flatMap((project) => ['--project', project]);
  const environment = { ANDON_TEST_COUNTS: file, ANDON_RUNS: 'full' };
  const done = run(name, [tool('vitest'), 'run', ...chosen], environment);
  const counts = countsIn(file);
  total.passed += counts.passed;
  total.skipped += counts.skipped;
  // A run that failed without a failed test (it crashed, or found no test) is a failure all the same.
  total.failed += done ? counts.failed : Math.max(counts.failed, 1);
}

/** @param {string} name @param {string[]} command @param {NodeJS.ProcessEnv} env */
function run(name, [program = '', ...args], env) {
  console.log(`\n== ${name}`);
  const done = spawnSync(program, args, {
    cwd: root,
    // A test that never ends must not keep anybody from the last line.
    timeout: LONGEST,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
    shell: process.platform === 'win32',
  });
  if (done.status !== 0) {
    const reason = done.error === undefined ? '' : ` (${done.error.message})`;
    console.log(`== ${name} failed${reason}`);
  }
  return done.status === 0;
}

/** @param {string} file @returns {{ passed: number; failed: number; skipped: number }} */
function countsIn(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { passed: 0, failed: 0, skipped: 0 };
  }
}
