import { createHash } from 'node:crypto';
import { chmod, mkdir, realpath, rm, stat } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { type LockFile, type LockTiming, takeLockFile } from './lock-file.ts';
import { EXIT, Problem } from './problem.ts';

export interface DirectoryLock {
  /** Fires with a `Problem` when another process took the directory: this one was silent for too long. */
  readonly lost: AbortSignal;
  /** @throws Problem when another process has the directory by now */
  confirm(): Promise<void>;
  release(): Promise<void>;
}

const ANSWER_WITHIN = 1_000;

/**
 * Takes the directory for this process, by two locks. The first is one of the operating system, which dies with the
 * process: a listening socket in the abstract namespace (Linux), or a socket file elsewhere. Whoever comes second
 * connects to it and reads the owner's name. It is seen only inside of one network namespace. The second is a file in the
 * directory (`takeLockFile`), for processes in containers and on machines that share it.
 *
 * @throws Problem with the owner's name, or when there can be no such directory
 */
export async function lockDirectory(
  directory: string,
  name: string,
  timing?: LockTiming,
): Promise<DirectoryLock> {
  await mkdir(directory, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw impossible(directory, error);
  });
  const path = await realpath(directory);
  await makePrivate(path);
  const server = await listenFor(path, name);
  const free = () => new Promise<void>((resolve) => server.close(() => resolve()));
  try {
    const file = await takeLockFile(path, name, timing).catch((error: unknown) => {
      throw impossible(directory, error);
    });
    if (typeof file === 'string') throw taken(directory, file);
    return held(directory, file, free);
  } catch (error) {
    await free();
    throw error;
  }
}

function held(directory: string, file: LockFile, free: () => Promise<void>): DirectoryLock {
  const lost = new AbortController();
  file.lost.addEventListener('abort', () => {
    lost.abort(taken(directory, String(file.lost.reason)));
  });
  return {
    lost: lost.signal,
    async confirm() {
      // A disk that cannot be read says nothing of others.
      const taker = await file.taker().catch(() => undefined);
      if (taker !== undefined) throw taken(directory, taker);
    },
    async release() {
      await file.release();
      await free();
    },
  };
}

async function listenFor(path: string, name: string): Promise<Server> {
  const address = await addressOf(path);
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(name);
  });
  server.unref();
  try {
    await listen(server, address);
  } catch (error) {
    const owner = await ask(address);
    const stale = owner === undefined && !address.startsWith('\0');
    if (!stale) throw taken(path, owner, error);
    // A socket file outlives its process; nobody listens behind this one.
    await rm(address, { force: true });
    await listen(server, address);
  }
  return server;
}

/**
 * What is in it are readings, requests and secrets of a plant: nobody else may enter, and nobody else may own it, since
 * an owner lets in whom he likes.
 */
async function makePrivate(path: string): Promise<void> {
  const { uid, mode } = await stat(path);
  const own = process.getuid?.() ?? uid;
  if (uid !== own) {
    throw new Problem({
      where: path,
      expected: `a directory that belongs to the user who runs this (${own})`,
      found: `one of user ${uid}`,
      remedy: 'Give it to that user (chown -R), or name another directory.',
      exit: EXIT.outside,
    });
  }
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) await chmod(path, 0o700);
}

/** The name of whoever has taken a directory; undefined when nobody has. Rejects when there is no such directory. */
export async function ownerOf(directory: string): Promise<string | undefined> {
  return ask(await addressOf(await realpath(directory)));
}

async function addressOf(path: string): Promise<string> {
  if (process.platform !== 'linux') return join(path, 'owner.sock');
  // Two containers of one network may have different directories of one name.
  const { dev, ino } = await stat(path);
  const digest = createHash('sha256').update(`${path} ${dev} ${ino}`).digest('hex');
  return `\0andon-${digest.slice(0, 32)}`;
}

function listen(server: Server, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** The owner's name; undefined when nobody listens, `a process that does not answer` when it is frozen. */
function ask(address: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    let name = '';
    const socket = connect(address);
    socket.setTimeout(ANSWER_WITHIN, () => {
      resolve('a process that does not answer');
      socket.destroy();
    });
    socket.on('data', (chunk) => {
      name += chunk.toString();
    });
    socket.on('end', () => resolve(name));
    socket.on('error', () => resolve(undefined));
  });
}

function impossible(directory: string, cause: unknown): Problem {
  return new Problem(
    {
      where: directory,
      expected: 'a directory that is there or can be made',
      found: cause instanceof Error ? cause.message : String(cause),
      remedy: 'Correct `directory` in the configuration, or the permissions.',
      exit: EXIT.input,
    },
    { cause },
  );
}

function taken(directory: string, owner: string | undefined, cause?: unknown): Problem {
  return new Problem(
    {
      where: directory,
      expected: 'a directory that no other process uses',
      found: `that it belongs to ${owner ?? 'another process'}`,
      remedy: 'Stop that process, or use another directory (and `partition`, for a worker).',
      exit: EXIT.owned,
    },
    { cause },
  );
}
