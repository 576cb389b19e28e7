import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { Disk, OpenFile } from '../../../pipelines/base/disk.ts';
import type { KillableProcess } from './killable-process.ts';

/** What the operating system has not made safe yet; survives processes, not power. */
export interface Cache {
  /** Bytes of a file that are safe. A file that is not named here is safe. */
  readonly unsynced: Map<string, number>;
  /** How to take back each change of names of a directory, in order. */
  readonly names: Map<string, (() => void)[]>;
}

export type KillableDiskOptions = {
  readonly process: KillableProcess;
  readonly cache: Cache;
  readonly random: () => number;
  /** Whether the disk is full at this write. */
  readonly isFull: () => boolean;
};

export function emptyCache(): Cache {
  return { unsynced: new Map(), names: new Map() };
}

/**
 * A real directory behind steps that a process can die at. A write can be torn; a full disk takes a part of it and says
 * so, or refuses. Nothing is really synced: what a power cut takes is kept in `cache`.
 */
export function killableDisk({ process, cache, random, isFull }: KillableDiskOptions): Disk {
  const { unsynced } = cache;

  function named(path: string, undo: () => void): void {
    const folder = dirname(path);
    cache.names.set(folder, [...(cache.names.get(folder) ?? []), undo]);
  }

  function opened(path: string, flags: 'r' | 'w'): OpenFile {
    if (flags === 'w') {
      closeSync(openSync(path, 'w'));
      unsynced.set(path, 0);
      named(path, () => rmSync(path, { force: true }));
    }
    const append = (bytes: Uint8Array) => {
      const file = openSync(path, 'a');
      writeSync(file, bytes);
      closeSync(file);
      return { bytesWritten: bytes.length };
    };
    return {
      writev(parts) {
        const bytes = Buffer.concat(parts);
        const some = bytes.subarray(0, Math.floor(random() * bytes.length));
        const full = isFull();
        return process.act({
          call: 'write',
          whole() {
            if (!full) return append(bytes);
            if (random() < 0.5) throw new Error('ENOSPC: no space left on device, write');
            return append(some);
          },
          part: () => append(some),
        });
      },
      sync: () =>
        process.act({
          call: 'sync',
          whole() {
            unsynced.delete(path);
            cache.names.delete(path);
          },
        }),
      close: () => process.act({ call: 'read', whole: () => undefined }),
    };
  }

  return {
    mkdir: (path) =>
      process.act({ call: 'read', whole: () => mkdirSync(path, { recursive: true }) }),
    readdir: (path) => process.act({ call: 'read', whole: () => readdirSync(path) }),
    readFile: (path) => process.act({ call: 'read', whole: () => readFileSync(path) }),
    stat: (path) => process.act({ call: 'read', whole: () => statSync(path) }),
    open: (path, flags) => process.act({ call: 'read', whole: () => opened(path, flags) }),
    rename: (from, to) =>
      process.act({
        call: 'rename',
        whole() {
          const before = contentOf(to);
          const safe = unsynced.get(from);
          renameSync(from, to);
          unsynced.delete(from);
          unsynced.delete(to);
          if (safe !== undefined) unsynced.set(to, safe);
          named(to, () => {
            renameSync(to, from);
            restore(to, before);
          });
        },
      }),
    rm: (path) =>
      process.act({
        call: 'remove',
        whole() {
          const before = contentOf(path);
          if (before === undefined) return;
          rmSync(path);
          named(path, () => restore(path, before));
        },
      }),
  };
}

/** Takes back, of each directory, the last of what was not synced; and of files what was not. */
export function cutPower({ unsynced, names }: Cache, random: () => number): void {
  for (const [path, safe] of unsynced) {
    const content = contentOf(path);
    if (content === undefined) continue;
    truncateSync(path, safe + Math.floor(random() * (content.length - safe + 1)));
  }
  for (const undos of names.values()) {
    const kept = Math.floor(random() * (undos.length + 1));
    for (const undo of undos.slice(kept).reverse()) undo();
  }
  unsynced.clear();
  names.clear();
}

function contentOf(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

function restore(path: string, content: Buffer | undefined): void {
  if (content === undefined) return;
  const file = openSync(path, 'w');
  writeSync(file, content);
  closeSync(file);
}
