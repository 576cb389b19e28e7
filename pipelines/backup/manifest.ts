/** What a backup consists of: its manifest, and the files that it names, each with its sha256. */

import { createHash } from 'node:crypto';
import { type FileHandle, lstat, mkdir, open, readdir, readFile, readlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { z } from 'zod';
import { DISK, writeWhole } from '../base/disk.ts';
import { EXIT, Problem } from '../base/problem.ts';
import { type Format, sealJson, unsealJson } from '../base/sealed.ts';
import { snapshotHeadSchema } from '../nats/stream-snapshot.ts';

const fileSchema = z.object({
  path: z.string(),
  bytes: z.number(),
  sha256: z.string(),
  mode: z.number(),
});
/** A file below the folder of a backup. */
export type BackupFile = z.infer<typeof fileSchema>;

const manifestSchema = z.object({
  made: z.string(),
  pipeline: z.string(),
  partitions: z.number(),
  /** Where ClickHouse was: embedded in the directory, or a server that is backed up by its own means. */
  clickhouse: z.enum(['embedded', 'server']),
  streams: z.array(z.object({ head: snapshotHeadSchema, created: z.string(), file: fileSchema })),
  files: z.array(fileSchema),
  links: z.array(z.object({ path: z.string(), target: z.string() })),
});
export type BackupManifest = z.infer<typeof manifestSchema>;

const FORMAT: Format = { name: 'backup', magic: 'andon-backup', version: 1 };
const NAME = 'manifest.json';
/** Below the folder of a backup. */
export const DIRECTORY = 'directory';
export const STREAMS = 'streams';

/** The last thing of a backup: without it there is none. */
export async function writeManifest(folder: string, manifest: BackupManifest): Promise<void> {
  await writeWhole(DISK, join(folder, NAME), [sealJson(FORMAT, manifest)]);
}

/**
 * The manifest of a backup all of whose files are as they were written.
 *
 * @throws Problem that names the first that is not
 */
export async function readBackup(folder: string): Promise<BackupManifest> {
  const path = join(folder, NAME);
  const bytes = await readFile(path).catch(() => undefined);
  const content = bytes === undefined ? undefined : unsealJson(FORMAT, bytes, path);
  if (content === undefined) {
    throw damaged(
      path,
      bytes === undefined ? 'none: it was not finished' : 'torn or changed bytes',
    );
  }
  const manifest = manifestSchema.parse(content);
  const files = [...manifest.streams.map((stream) => stream.file), ...manifest.files];
  await forAll(files, async (file) => {
    const found = await copyFile(join(folder, file.path), undefined).catch(() => undefined);
    if (found?.sha256 === file.sha256) return;
    throw damaged(join(folder, file.path), found === undefined ? 'nothing' : 'other bytes');
  });
  return manifest;
}

function damaged(where: string, found: string): Problem {
  return new Problem({
    where,
    expected: 'a backup as `andon backup` wrote it',
    found,
    remedy: 'Take another backup.',
    exit: EXIT.input,
  });
}

/** Copies a file, or with no target only reads it: its length and sha256. */
export async function copyFile(
  source: string,
  target: string | undefined,
  mode = 0o600,
): Promise<Pick<BackupFile, 'bytes' | 'sha256'>> {
  const hash = createHash('sha256');
  let bytes = 0;
  const from = await open(source, 'r');
  const to = target === undefined ? undefined : await create(target, mode);
  try {
    const buffer = Buffer.allocUnsafe(PIECE);
    for (;;) {
      const { bytesRead } = await from.read(buffer, 0, PIECE);
      if (bytesRead === 0) break;
      const piece = buffer.subarray(0, bytesRead);
      hash.update(piece);
      bytes += bytesRead;
      await to?.writeFile(piece);
    }
    await to?.sync();
  } finally {
    await from.close();
    await to?.close();
  }
  return { bytes, sha256: hash.digest('hex') };
}

const PIECE = 262_144;

async function create(path: string, mode: number): Promise<FileHandle> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  return open(path, 'wx', mode);
}

/** Files under way at a time: an embedded warehouse has thousands of small ones, and a disk syncs many as one. */
const AT_ONCE = 32;

/** Does the same for all items, some at a time. The results are in the order of the items. */
export async function forAll<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += AT_ONCE) {
    results.push(...(await Promise.all(items.slice(at, at + AT_ONCE).map(work))));
  }
  return results;
}

/** Of a process that runs, or left behind by one that was killed. */
const PASSING = /(^|\/)(owner\.sock|address\.json|status)$|\.tmp$/;

/** All files and links below a directory. Not behind links, where `readdir` goes: what is there has a name of its own. */
async function namesBelow(directory: string, below = ''): Promise<string[]> {
  const entries = await readdir(join(directory, below), { withFileTypes: true });
  const names: string[] = [];
  for (const entry of entries) {
    const name = join(below, entry.name);
    if (entry.isDirectory()) names.push(...(await namesBelow(directory, name)));
    else names.push(name);
  }
  return names;
}

/** Copies all files and links below a directory into a backup. */
export async function copyTree(
  source: string,
  folder: string,
): Promise<Pick<BackupManifest, 'files' | 'links'>> {
  const links: { path: string; target: string }[] = [];
  const kept = (await namesBelow(source)).filter((one) => !PASSING.test(one)).sort();
  const found = await forAll(kept, async (name) => {
    const from = join(source, name);
    const info = await lstat(from);
    if (info.isSymbolicLink()) {
      const target = await readlink(from);
      // What points into the directory points into it wherever it will be.
      const inside = target.startsWith(source);
      links.push({ path: name, target: inside ? relative(dirname(from), target) : target });
    }
    if (!info.isFile()) return undefined;
    const path = join(DIRECTORY, name);
    const mode = info.mode & 0o777;
    return { path, mode, ...(await copyFile(from, join(folder, path), mode)) };
  });
  return { files: found.filter((file) => file !== undefined), links };
}
