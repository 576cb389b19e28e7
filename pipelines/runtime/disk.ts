import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';

/** A file or directory that is open. `writev` may take less than it was given. */
export interface OpenFile {
  writev(parts: readonly Uint8Array[]): Promise<{ readonly bytesWritten: number }>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * All that the store does to a disk, one call of the operating system each, as `node:fs/promises` has them. Nothing is
 * safe from a power cut before the file, and for names the directory, was synced.
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

/** The disk of this machine. */
export const DISK: Disk = { mkdir, readdir, readFile, stat, open, rename, rm };
