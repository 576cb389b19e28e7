/**
 * Adds to package-lock.json the optional packages of other platforms that npm left out. npm writes an optional
 * package into the lock only if the registry at hand carries it, and a mirror often carries its own platform alone;
 * `npm ci` then refuses the lock everywhere. Run it after every `npm install <package>`. The registry is asked for
 * integrity and licence of what has none; what it does not carry stays without, and is named.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { nameAt } from './lock-file.js';

const FILE = new URL('../package-lock.json', import.meta.url);
const SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];
const PROCESSORS = ['arm', 'arm64', 'ia32', 'ppc64', 'riscv64', 's390x', 'x64'];

const lock = JSON.parse(readFileSync(FILE, 'utf8'));
let added = 0;
for (const parent of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const place = `node_modules/${name}`;
    // A range has no one version that could be written down; npm has always found those so far.
    if (lock.packages[place] !== undefined || !/^\d/.test(version)) continue;
    const words = name.split(/[/-]/);
    const system = SYSTEMS.filter((word) => words.includes(word));
    const processor = PROCESSORS.filter((word) => words.includes(word));
    if (system.length !== 1 || processor.length !== 1) {
      throw new Error(
        `${name}: expected a name that says system and processor, found neither. Add it by hand.`,
      );
    }
    lock.packages[place] = {
      version,
      cpu: processor,
      ...(parent.dev ? { dev: true } : {}),
      optional: true,
      os: system,
    };
    added += 1;
  }
}
const unknown = [];
for (const [place, entry] of Object.entries(lock.packages)) {
  if (place === '' || entry.integrity !== undefined) continue;
  const name = `${nameAt(place)}@${entry.version}`;
  const asked = spawnSync('npm', ['view', name, 'dist.integrity', 'license', '--json'], {
    encoding: 'utf8',
  });
  if (asked.status !== 0) {
    unknown.push(name);
    continue;
  }
  const { 'dist.integrity': integrity, license } = JSON.parse(asked.stdout);
  Object.assign(entry, { integrity, license });
}
lock.packages = Object.fromEntries(
  Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en')),
);
writeFileSync(FILE, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`package-lock.json: ${added} packages of other platforms added`);
if (unknown.length > 0) {
  console.log(
    `without integrity, because the registry at hand does not carry them: ${unknown.join(', ')}`,
  );
}
