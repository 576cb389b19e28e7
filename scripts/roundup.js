/**
 * Finds Roundup, or installs it into the cache folder: a ticket desk of somebody else, which takes no write without an ETag. From
 * PyPI into a virtual environment of its own, without root. Node built-ins alone. Run by itself it installs: exit 0 when it is
 * there, 3 when it cannot be had (with --optional 0).
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cacheFolder } from './nats-server.js';

/** What to do when it is missing. */
export const ROUNDUP_REMEDY =
  'Run node scripts/roundup.js: it needs python3 (3.9 or newer, with venv) and PyPI within reach.';

/** @param {NodeJS.ProcessEnv} env */
function folder(env) {
  return join(cacheFolder(env), 'roundup-2.6');
}

/**
 * Its programs. Undefined if it is not installed, or not to its end.
 * @returns {{ admin: string; server: string } | undefined}
 */
export function findRoundup(env = process.env) {
  const bin = join(folder(env), 'venv', 'bin');
  const found = { admin: join(bin, 'roundup-admin'), server: join(bin, 'roundup-server') };
  return existsSync(join(folder(env), 'whole')) ? found : undefined;
}

/** Installs it. Throws with what did not go. */
function installRoundup(env = process.env) {
  const root = folder(env);
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root, { recursive: true });
  run('python3', ['-m', 'venv', join(root, 'venv')]);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  run(join(root, 'venv', 'bin', 'python'), [...pip, 'roundup==2.6.0']);
  // The name that it is found by comes last: whatever ends this before leaves nothing that looks whole.
  mkdirSync(join(root, 'making'));
  renameSync(join(root, 'making'), join(root, 'whole'));
}

/** @param {string} command @param {string[]} args */
function run(command, args) {
  const done = spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] });
  if (done.status === 0) return;
  const reason = done.error?.message ?? done.stderr.trim().split('\n').at(-1);
  throw new Error(
    `Roundup is missing and could not be installed (${reason || `exit code ${done.status}`}). ${ROUNDUP_REMEDY}`,
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    if (findRoundup() === undefined) installRoundup();
  } catch (error) {
    console.error(`roundup: ${error instanceof Error ? error.message : String(error)}`);
    // Scenarios run without it, and say which of them did not.
    process.exitCode = process.argv.includes('--optional') ? 0 : 3;
  }
}
