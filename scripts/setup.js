/**
 * Installs what a fresh checkout lacks: the npm packages, nats-server, and the built page. Quick and silent when nothing is
 * missing.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { findNatsServer, installNatsServer } from './nats-server.js';

const root = new URL('../', import.meta.url);

/** @param {string} line */
const say = (line) => console.error(`setup: ${line}`);

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  stop(`expected Node 20.19 or newer, found ${process.versions.node}. Install a newer Node.`);
}
const lacking = missingPackages();
if (lacking.length > 0) {
  say(`installing npm packages (${lacking.length} missing, ${lacking[0]} first)`);
  const options = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const done = spawnSync('npm', options, {
    cwd: root,
    // Standard output belongs to whoever wanted the set-up: `npm run demo -- --json` says one object there.
    stdio: ['inherit', 2, 'inherit'],
    shell: process.platform === 'win32',
  });
  if (done.status !== 0) stop('npm ci failed: see above. Is the package registry within reach?');
}
try {
  if (findNatsServer() === undefined) installNatsServer(say);
} catch (error) {
  stop(error instanceof Error ? error.message : String(error));
}
if (isPageOld()) {
  say('building the page');
  const vite = fileURLToPath(new URL('node_modules/vite/bin/vite.js', root));
  const options = ['build', '--config', 'web/vite.config.ts', '--logLevel', 'error'];
  const done = spawnSync(process.execPath, [vite, ...options], {
    cwd: root,
    stdio: ['inherit', 2, 'inherit'],
  });
  if (done.status !== 0) stop('the page could not be built: see above.');
}

/** Whether a source of the page is newer than what was built of it last. */
function isPageOld() {
  const built = changedAt('web/dist/index.html');
  const sources = readdirSync(new URL('web/', root), { recursive: true })
    .map((name) => `web/${name}`.replaceAll('\\', '/'))
    .filter((path) => !path.startsWith('web/dist'));
  return ['package-lock.json', ...sources].some((path) => changedAt(path) > built);
}

/** @param {string} path */
function changedAt(path) {
  return statSync(new URL(path, root), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Names of the locked packages that are not installed as locked. Optional ones are left to npm: they differ by machine. */
function missingPackages() {
  const locked = packagesIn('package-lock.json');
  const installed = packagesIn('node_modules/.package-lock.json');
  return Object.entries(locked)
    .filter(([place, { version, optional }]) => {
      return place !== '' && !optional && installed[place]?.version !== version;
    })
    .map(([place]) => place.replace('node_modules/', ''));
}

/** @param {string} file @returns {Record<string, { version?: string; optional?: boolean }>} */
function packagesIn(file) {
  try {
    return JSON.parse(readFileSync(new URL(file, root), 'utf8')).packages;
  } catch {
    return {};
  }
}

/** @param {string} message @returns {never} */
function stop(message) {
  console.error(`setup: ${message}`);
  process.exit(3);
}
