/**
 * What comes with the packages of package-lock.json: says whatever is not allowed (a licence, an install script, a
 * package without integrity), and writes NOTICE. `--check` only says. What is allowed stands here and, for install
 * scripts, in `allowScripts` of package.json; a new entry is somebody's decision, with a line in docs/decisions.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { keepReachable, nameAt } from './lock-file.js';

const root = new URL('../', import.meta.url);
/** What may be given on in a product under Apache-2.0. */
const LICENCES = [
  '0BSD',
  'Apache-2.0',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'MIT-0',
  'MIT OR Apache-2.0',
  'Unlicense',
];
/** What only tools have that are not given on. */
const LICENCES_OF_TOOLS = [...LICENCES, 'BSD-2-Clause', 'EPL-2.0', 'MPL-2.0'];
/** What their manifests do not say, and their own texts do: README of the one, LICENSE of the other. Tests alone have them. */
const LICENCES_BY_TEXT = new Map([
  ['precond@0.2.3', 'MIT'],
  ['dequeue@1.0.5', 'BSD-2-Clause'],
]);
/**
 * Of other platforms: the registry that the lock was made with does not carry them, and so not their sha512. npm
 * installs them unchecked where they are wanted.
 */
const WITHOUT_INTEGRITY = ['@chdb/lib-darwin-', '@chdb/lib-linux-arm64-'];

/**
 * What is not allowed, one sentence each.
 * @param {import('./lock-file.js').Packages} packages @param {readonly string[]} scripts that are known, and not run
 * @returns {string[]}
 */
export function unallowed(packages, scripts) {
  return Object.entries(packages).flatMap(([place, entry]) => {
    if (place === '') return [];
    const name = nameAt(place);
    const wrong = [];
    const { version, integrity, hasInstallScript, dev, optional } = entry;
    const license = entry.license ?? LICENCES_BY_TEXT.get(`${name}@${version}`) ?? 'none';
    const foreign =
      optional === true && WITHOUT_INTEGRITY.some((prefix) => name.startsWith(prefix));
    if (integrity === undefined && !foreign) wrong.push(`${name} has no integrity`);
    const allowed = dev === true ? LICENCES_OF_TOOLS : LICENCES;
    if (!(foreign && license === 'none') && !allowed.includes(license)) {
      wrong.push(`${name} has the licence ${license}`);
    }
    if (hasInstallScript === true && !scripts.includes(name)) {
      wrong.push(`${name} has an install script`);
    }
    return wrong;
  });
}

/**
 * The text of NOTICE: what is given on with the product.
 * @param {import('./lock-file.js').Packages} packages
 */
export function noticeOf(packages) {
  const lines = Object.entries(packages)
    .filter(([place, { optional }]) => place !== '' && optional !== true)
    .map(([place, { version, license }]) => `- ${nameAt(place)} ${version}: ${license}`);
  return [
    'Andon',
    '',
    'Licensed under the Apache License, Version 2.0: see LICENSE.',
    '',
    'It uses these packages at run time, each under its own licence. Their texts are in their folders in node_modules.',
    '',
    ...[...new Set(lines)].sort(),
    '',
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const read = (/** @type {string} */ name) => readFileSync(new URL(name, root), 'utf8');
  const { packages } = JSON.parse(read('package-lock.json'));
  const { allowScripts, dependencies } = JSON.parse(read('package.json'));
  const wrong = unallowed(packages, Object.keys(allowScripts));
  const notice = noticeOf(keepReachable(packages, dependencies));
  if (!process.argv.includes('--check')) writeFileSync(new URL('NOTICE', root), notice);
  else if (read('NOTICE') !== notice) {
    wrong.push('NOTICE is not what package-lock.json says. Run node scripts/supply-chain.js');
  }
  for (const sentence of wrong) console.error(`supply chain: ${sentence}`);
  process.exitCode = wrong.length === 0 ? 0 : 1;
}
