/**
 * `npm run package`: a package that runs JavaScript, as `dist/andon-<version>.tgz`. What it needs is locked in it
 * (npm-shrinkwrap.json), from package-lock.json, so that every installation gets what was tested. `dist/package` is the
 * same unpacked, for the image.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { keepReachable } from './lock-file.js';

const root = new URL('../', import.meta.url);
const dist = new URL('dist/', root);
const target = new URL('package/', dist);
/** Taken over as they are. */
const COPIED = [
  ...['LICENSE', 'NOTICE', 'README.md', 'CHANGELOG.md', 'SECURITY.md'],
  ...['scripts/andon.js', 'sql', 'examples', 'deploy', 'web/dist'],
];
/** What runs the sources of a checkout. */
const OF_SOURCES = ['tsx'];

rmSync(dist, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
run(process.execPath, [
  'node_modules/typescript/bin/tsc',
  '-p',
  'tsconfig.build.json',
  '--noCheck',
]);
run(process.execPath, [
  ...['node_modules/vite/bin/vite.js', 'build', '--config', 'web/vite.config.ts'],
  ...['--logLevel', 'error'],
]);
for (const name of COPIED) cpSync(new URL(name, root), new URL(name, target), { recursive: true });
chmodSync(new URL('scripts/andon.js', target), 0o755);
writeManifests();
writeBillOfMaterials();
run('npm', ['pack', fileURLToPath(target), '--pack-destination', fileURLToPath(dist), '--silent']);

function writeManifests() {
  const { scripts, devDependencies, allowScripts, ...manifest } = read('package.json');
  for (const name of OF_SOURCES) delete manifest.dependencies[name];
  write('package.json', manifest);
  const lock = read('package-lock.json');
  const packages = keepReachable(lock.packages, manifest.dependencies);
  write('npm-shrinkwrap.json', { ...lock, packages: { '': manifest, ...packages } });
}

/** What the package consists of, in CycloneDX, from its lock alone. */
function writeBillOfMaterials() {
  const args = ['sbom', '--sbom-format=cyclonedx', '--omit=dev', '--package-lock-only'];
  const made = spawnSync('npm', args, { cwd: target, encoding: 'utf8', maxBuffer: 64_000_000 });
  if (made.status !== 0) {
    console.error(`package: npm sbom failed: ${made.stderr}`);
    process.exit(1);
  }
  const { name, version } = JSON.parse(readFileSync(new URL('package.json', target), 'utf8'));
  writeFileSync(new URL(`${name}-${version}.cdx.json`, dist), made.stdout);
}

/** @param {string} name */
function read(name) {
  return JSON.parse(readFileSync(new URL(name, root), 'utf8'));
}

/** @param {string} name @param {object} content */
function write(name, content) {
  writeFileSync(new URL(name, target), `${JSON.stringify(content, null, 2)}\n`);
}

/** @param {string} command @param {string[]} args */
function run(command, args) {
  const done = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (done.status === 0) return;
  console.error(`package: ${command} failed with code ${done.status}`);
  process.exit(1);
}
