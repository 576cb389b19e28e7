import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';

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
