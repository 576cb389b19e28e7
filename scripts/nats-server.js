/** Finds the nats-server program, or fetches it into a cache folder without root. Node built-ins alone: it runs before npm. */
import { spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Where this project keeps programs that are no npm packages: `$XDG_CACHE_HOME/andon`, else `~/.cache/andon`. */
export function cacheFolder(env = process.env) {
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'andon');
}

/**
 * The path of nats-server: `NATS_SERVER_BIN`, else PATH, else where Debian puts it, else the cache folder. Undefined
 * if there is none. Throws when `NATS_SERVER_BIN` names no program, rather than to start another one than was meant.
 * @returns {string | undefined}
 */
export function findNatsServer(env = process.env) {
  const named = env.NATS_SERVER_BIN;
  if (named) {
    if (isProgram(named)) return named;
    throw new Error(
      `NATS_SERVER_BIN: expected a program, found none at ${named}. Correct it or unset it.`,
    );
  }
  // Debian's package lies in /usr/sbin, which is not on the PATH of ordinary users.
  const folders = [...(env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin'];
  const places = folders.filter(Boolean).map((folder) => join(folder, 'nats-server'));
  return [...places, join(unpacked(env), 'usr', 'sbin', 'nats-server')].find(isProgram);
}

/** What to do when nats-server is missing and cannot be fetched. */
export const NATS_SERVER_REMEDY =
  'Install nats-server 2.9.4 or newer with your package manager, put it on the PATH, or name it in NATS_SERVER_BIN.';

/**
 * Fetches nats-server: the Debian or Ubuntu package unpacked into the cache folder, else Homebrew. Throws with what
 * was tried. Says each step through `say`.
 * @param {(line: string) => void} say
 * @returns {string}
 */
export function installNatsServer(say, env = process.env) {
  /** @type {string[]} */
  const tried = [];
  if (has('apt-get') && has('dpkg-deb')) {
    say(`unpacking the nats-server package into ${unpacked(env)}`);
    tried.push(...unpackPackage(env));
  } else if (has('brew')) {
    say('installing nats-server with Homebrew');
    tried.push(...run('brew', ['install', '--quiet', 'nats-server']));
  }
  const found = findNatsServer(env);
  if (found !== undefined) return found;
  const attempts = tried.length === 0 ? 'neither apt-get nor brew is here' : tried.join('; ');
  throw new Error(
    `nats-server is missing and could not be fetched (${attempts}). ${NATS_SERVER_REMEDY}`,
  );
}

/** @param {NodeJS.ProcessEnv} env */
function unpacked(env) {
  return join(cacheFolder(env), 'nats-server');
}

/** @param {NodeJS.ProcessEnv} env */
function unpackPackage(env) {
  mkdirSync(cacheFolder(env), { recursive: true });
  const work = mkdtempSync(join(cacheFolder(env), 'unpacking-'));
  try {
    // As root apt drops its rights for the download and then cannot write here.
    const root = process.getuid?.() === 0 ? ['-o', 'APT::Sandbox::User=root'] : [];
    const failed = run('apt-get', [...root, '-qq', 'download', 'nats-server'], work);
    if (failed.length > 0) {
      // No package lists, or stale ones. Lists of our own need no root and leave the machine's alone.
      for (const folder of ['lists/partial', 'archives/partial']) {
        mkdirSync(join(work, folder), { recursive: true });
      }
      const own = [...root, '-o', `Dir::State::lists=${work}/lists`, '-o', `Dir::Cache=${work}`];
      failed.push(...run('apt-get', [...own, '-qq', 'update'], work));
      const again = run('apt-get', [...own, '-qq', 'download', 'nats-server'], work);
      if (again.length > 0) return [...failed, ...again];
    }
    const file = readdirSync(work).find((name) => name.endsWith('.deb'));
    if (file === undefined) return ['apt-get download left no package'];
    const broken = run('dpkg-deb', ['-x', join(work, file), join(work, 'tree')]);
    if (broken.length > 0) return broken;
    rmSync(unpacked(env), { recursive: true, force: true });
    renameSync(join(work, 'tree'), unpacked(env));
    return [];
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * Runs a program to its end; what went wrong, or nothing.
 * @param {string} command @param {string[]} args @param {string} [cwd]
 */
function run(command, args, cwd) {
  const done = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (done.status === 0) return [];
  const reason = done.error?.message ?? done.stderr.trim().split('\n').at(-1);
  return [`${command} ${args.at(-1)}: ${reason || `exit code ${done.status}`}`];
}

/** @param {string} command */
function has(command) {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .some((folder) => isProgram(join(folder, command)));
}

/** @param {string} path */
function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
