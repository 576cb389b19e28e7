import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const TEMPORARY = '.tmp';

/**
 * Writes a file so that it is there whole or not at all, also after a power cut: temporary file, fsync, rename,
 * fsync of the directory.
 */
export async function writeWhole(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const temporary = `${path}${TEMPORARY}`;
  await using(await open(temporary, 'w'), async (file) => {
    await file.writev(parts.filter(({ length }) => length > 0));
    await file.sync();
  });
  await rename(temporary, path);
  await syncDirectory(dirname(path));
}

/** Makes directory entries durable: a rename is otherwise only in memory. */
export async function syncDirectory(path: string): Promise<void> {
  await using(await open(path, 'r'), (directory) => directory.sync());
}

async function using<T>(file: FileHandle, use: (file: FileHandle) => Promise<T>): Promise<T> {
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

/** The names in a directory, sorted; leftovers of interrupted writes are removed. Makes it where it is missing. */
export async function namesIn(path: string): Promise<string[]> {
  await mkdir(path, { recursive: true });
  const names = (await readdir(path)).sort();
  const leftovers = names.filter((name) => name.endsWith(TEMPORARY));
  for (const name of leftovers) await rm(join(path, name), { force: true });
  return names.filter((name) => !name.endsWith(TEMPORARY));
}

/** The content, or undefined when there is no such file. */
export async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
