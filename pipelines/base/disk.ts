/** The disk as the epoch store uses it, and files that are written whole or not at all. */

import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A file or directory that is open. `writev` may take less than it was given. */
export interface OpenFile {
  writev(parts: readonly Uint8Array[]): Promise<{ readonly bytesWritten: number }>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * All that the store does to a disk, mostly one call of the operating system each. Nothing is safe from a power cut
 * before the file, and for names the directory, was synced.
 */
export interface Disk {
  mkdir(path: string, options: { readonly recursive: true }): Promise<unknown>;
  readdir(path: string): Promise<string[]>;
  readFile(path: string): Promise<Buffer>;
  stat(path: string): Promise<{ readonly size: number }>;
  open(path: string, flags: 'r' | 'w'): Promise<OpenFile>;
  rename(from: string, to: string): Promise<void>;
  rm(path: string, options: { readonly force: true }): Promise<void>;
}

/**
 * A file in one piece. Node's own `readFile` takes half a megabyte at a time, and every piece waits for its turn beside
 * the messages: an epoch of 20 MB would be forty turns.
 */
async function readFile(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const content = Buffer.allocUnsafeSlow(size);
    let read = 0;
    while (read < size) {
      const { bytesRead } = await file.read(content, read, size - read);
      if (bytesRead === 0) break;
      read += bytesRead;
    }
    return content.subarray(0, read);
  } finally {
    await file.close();
  }
}

/** The disk of this machine. */
export const DISK: Disk = { mkdir, readdir, readFile, stat, open, rename, rm };

/** The same disk, on which nothing is written before `allow` resolves. */
export function guardedDisk(disk: Disk, allow: () => Promise<void>): Disk {
  return {
    ...disk,
    async open(path, flags) {
      if (flags === 'w') await allow();
      return disk.open(path, flags);
    },
  };
}

const TEMPORARY = '.tmp';

/**
 * Writes a file so that it is there whole or not at all, also after a power cut: temporary file, fsync, rename,
 * fsync of the directory. Rejects when the disk took only a part of it.
 */
export async function writeWhole(
  disk: Disk,
  path: string,
  parts: readonly Uint8Array[],
): Promise<void> {
  const temporary = `${path}${TEMPORARY}`;
  await using(await disk.open(temporary, 'w'), async (file) => {
    await writeAll(file, temporary, parts);
    await file.sync();
  });
  await disk.rename(temporary, path);
  await syncDirectory(disk, dirname(path));
}

/**
 * The same in a folder that others may write into. They could lay a link under a temporary name that can be guessed, and
 * have another file written over. So the name is random, and a file that is there already is never opened.
 */
export async function writeWholeBesideOthers(
  path: string,
  parts: readonly Uint8Array[],
): Promise<void> {
  const temporary = `${path}.${randomBytes(8).toString('hex')}${TEMPORARY}`;
  try {
    await using(await open(temporary, 'wx'), async (file) => {
      await writeAll(file, temporary, parts);
      await file.sync();
    });
    // A link under the name itself is replaced, and not followed.
    await DISK.rename(temporary, path);
  } catch (error) {
    await DISK.rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(DISK, dirname(path));
}

/** What lies in a folder that others may write into, and is no file that may be read. */
export class UnfitFile extends Error {
  override readonly name = 'UnfitFile';
}

/**
 * The text of a file that others have written. A link is refused: it could lead to a secret. So is what is no regular
 * file: to open a pipe would wait for a writer, on one of the few threads that all reading of files shares.
 */
export async function readOfOthers(path: string, most: number): Promise<string> {
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch((error: unknown) => {
    const isLink = error instanceof Error && 'code' in error && error.code === 'ELOOP';
    throw isLink ? new UnfitFile(`${path}: expected a regular file, found a link`) : error;
  });
  try {
    if (!(await file.stat()).isFile()) {
      throw new UnfitFile(`${path}: expected a regular file, found something else`);
    }
    // It may grow while it is read: its size says nothing.
    const content = Buffer.allocUnsafeSlow(most + 1);
    let read = 0;
    while (read < content.length) {
      const { bytesRead } = await file.read(content, read, content.length - read);
      if (bytesRead === 0) break;
      read += bytesRead;
    }
    if (read > most) throw new UnfitFile(`${path}: expected at most ${most} bytes, found more`);
    return content.toString('utf8', 0, read);
  } finally {
    await file.close();
  }
}

async function writeAll(file: OpenFile, path: string, parts: readonly Uint8Array[]): Promise<void> {
  const expected = parts.reduce((sum, { length }) => sum + length, 0);
  const { bytesWritten } = await file.writev(parts.filter(({ length }) => length > 0));
  // A disk that is full half-way says how far it came, and calls that no error.
  if (bytesWritten === expected) return;
  throw new Error(`${path}: expected room for ${expected} bytes, found room for ${bytesWritten}`);
}

/**
 * Makes a directory where it is missing, and all that it names durable: what was renamed by a process that was killed
 * right then is there, and gone after a power cut. Nothing may be built on it before.
 */
export async function openDirectory(disk: Disk, path: string): Promise<void> {
  await disk.mkdir(path, { recursive: true });
  await syncDirectory(disk, path);
}

/** Makes directory entries durable: a rename is otherwise only in memory. */
async function syncDirectory(disk: Disk, path: string): Promise<void> {
  await using(await disk.open(path, 'r'), (directory) => directory.sync());
}

async function using<T>(file: OpenFile, use: (file: OpenFile) => Promise<T>): Promise<T> {
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

/** The names in a directory, sorted; leftovers of interrupted writes are removed. */
export async function fileNamesIn(disk: Disk, path: string): Promise<string[]> {
  const names = (await disk.readdir(path)).sort();
  const leftovers = names.filter((name) => name.endsWith(TEMPORARY));
  for (const name of leftovers) await disk.rm(join(path, name), { force: true });
  return names.filter((name) => !name.endsWith(TEMPORARY));
}

/** The content, or undefined when there is no such file. */
export async function readIfThere(disk: Disk, path: string): Promise<Buffer | undefined> {
  try {
    return await disk.readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
