import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { EXIT, Problem } from '../base/problem.ts';

const WINDOW = 262_144;
/** Against a power cut: milliseconds. The end of the process alone loses nothing that was written. */
const BETWEEN_SYNCS = 1_000;

/** A file that is read and written at any place, through a window of what was read last. */
export class SpoolFile {
  readonly path: string;
  readonly #file: number;
  readonly #timer;
  #size: number;
  #window: Buffer = Buffer.alloc(0);
  #windowAt = 0;
  #synced = true;

  /** Makes the file where it is missing. */
  constructor(path: string) {
    this.path = path;
    this.#file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    this.#size = fstatSync(this.#file).size;
    this.#timer = setInterval(() => this.sync(), BETWEEN_SYNCS).unref();
  }

  get size(): number {
    return this.#size;
  }

  /** Bytes of the file; undefined when not all of them are there. */
  view(from: number, length: number): Buffer | undefined {
    if (from + length > this.#size) return undefined;
    const within = from - this.#windowAt;
    if (within < 0 || within + length > this.#window.length) this.#loadWindow(from, length);
    const start = from - this.#windowAt;
    return this.#window.subarray(start, start + length);
  }

  /** @throws `Problem` when the disk does not take it; the file is as it was then, but for a torn end. */
  write(bytes: Uint8Array, at: number): void {
    this.#synced = false;
    try {
      let written = 0;
      while (written < bytes.length) {
        written += writeSync(this.#file, bytes, written, bytes.length - written, at + written);
      }
    } catch (error) {
      throw unwritable(this.path, error);
    }
    this.#size = Math.max(this.#size, at + bytes.length);
    const after = this.#windowAt + this.#window.length;
    if (at < after && at + bytes.length > this.#windowAt) this.#window = Buffer.alloc(0);
  }

  truncate(size: number): void {
    ftruncateSync(this.#file, size);
    this.#size = size;
    this.#window = Buffer.alloc(0);
    this.#synced = false;
  }

  sync(): void {
    if (!this.#synced) fdatasyncSync(this.#file);
    this.#synced = true;
  }

  close(): void {
    clearInterval(this.#timer);
    this.sync();
    closeSync(this.#file);
  }

  /** A window of its own each time: what was handed out stays as it is. */
  #loadWindow(from: number, length: number): void {
    const window = Buffer.allocUnsafe(Math.min(Math.max(length, WINDOW), this.#size - from));
    let filled = 0;
    while (filled < window.length) {
      const read = readSync(this.#file, window, filled, window.length - filled, from + filled);
      if (read === 0) throw new Error(`${this.path} is shorter than it was`);
      filled += read;
    }
    this.#window = window;
    this.#windowAt = from;
  }
}

function unwritable(path: string, cause: unknown): Problem {
  return new Problem(
    {
      where: path,
      expected: 'to write down a message',
      found: cause instanceof Error ? cause.message : String(cause),
      remedy: 'Make room and start again as before: it goes on where it stood.',
      exit: EXIT.outside,
    },
    { cause },
  );
}
