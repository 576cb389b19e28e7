import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { Packr } from 'msgpackr';
import { EXIT, Problem } from '../base/problem.ts';
import { lockDirectory } from '../base/process-lock.ts';
import type { Outgoing } from './publisher.ts';
import { SpoolFile } from './spool-file.ts';

export type OpenSpoolOptions = {
  /** Holds the one file; of one process at a time. Made where it is missing. */
  readonly directory: string;
  /** Most bytes of the file. A single message that is greater still goes through. */
  readonly limit: number;
  /** Tells one publication from another: a spool goes on with its own alone. */
  readonly publication: string;
};

/** What a spool is about, from its first message to its last, through all restarts. */
type About = {
  /** Begins the ids of its messages. */
  readonly id: string;
  readonly publication: string;
  /** When the publication began: epoch milliseconds. */
  readonly began: number;
};

/** Messages on their way into the log, in order, on disk. They are numbered from 1. */
export interface Spool extends About {
  /** How many were ever put in: after a restart the source goes on behind them. */
  readonly taken: number;
  /** All up to this one are in the log. */
  readonly delivered: number;
  /** Puts one in; the end of this process cannot undo it. False, and nothing done, when there is no room. */
  append(message: Outgoing): boolean;
  /** The next one that was not read in this life: first those that were not delivered in earlier ones. */
  read(): Outgoing | undefined;
  /** Remembers that all up to this one are in the log. */
  deliver(number: number): void;
  /** Removes the file: the publication is over. */
  remove(): Promise<void>;
  /** Lets go of the file and of the directory. */
  close(): Promise<void>;
}

/** What all spools begin with; the version follows. */
const FAMILY = 'ANDONSP';
const MAGIC = `${FAMILY}1`;
/** Offsets in the head: delivered, messages ahead of this file (64-bit floats), length of `About` as JSON (32 bits). */
const DELIVERED_AT = 8;
const BASE_AT = 16;
const LENGTH_AT = 24;
const ABOUT_AT = 28;
/** Ahead of each message: its length and its CRC-32, 32 bits each, little endian. */
const PREFIX = 8;
/** A file with nothing left to deliver begins anew when it has grown to this. */
const WORTH_EMPTYING = 8_388_608;

const packr = new Packr({ useRecords: false, mapsAsObjects: true });

/** Opens the spool of a directory, or begins one. Rejects with a `Problem` when another publication is under way in it. */
export async function openSpool(options: OpenSpoolOptions): Promise<Spool> {
  const owner = await lockDirectory(options.directory, `andon publish (process ${process.pid})`);
  try {
    return new FileSpool(options, () => owner.release());
  } catch (error) {
    await owner.release();
    throw error;
  }
}

class FileSpool implements Spool {
  readonly id: string;
  readonly publication: string;
  readonly began: number;
  readonly #limit: number;
  readonly #release: () => Promise<void>;
  readonly #file: SpoolFile;
  readonly #begin: number;
  #readAt: number;
  #taken: number;
  #delivered: number;

  constructor({ directory, limit, publication }: OpenSpoolOptions, release: () => Promise<void>) {
    this.#limit = limit;
    this.#release = release;
    this.#file = new SpoolFile(join(directory, 'spool'));
    const about = aboutOf(this.#file) ?? beginNew(this.#file, publication);
    this.id = about.id;
    this.publication = about.publication;
    this.began = about.began;
    const head = this.#file.view(0, ABOUT_AT) ?? Buffer.alloc(ABOUT_AT);
    this.#delivered = head.readDoubleLE(DELIVERED_AT);
    this.#taken = head.readDoubleLE(BASE_AT);
    this.#begin = ABOUT_AT + head.readUInt32LE(LENGTH_AT);
    this.#readAt = this.#begin;
    this.#recover();
    if (publication !== this.publication) throw this.#ofAnother();
  }

  get taken(): number {
    return this.#taken;
  }

  get delivered(): number {
    return this.#delivered;
  }

  append({ subject, headers, payload }: Outgoing): boolean {
    const packed = packr.pack([subject, headers ?? {}, payload]);
    const size = PREFIX + packed.length;
    const end = this.#file.size;
    if (end + size > this.#limit && end > this.#begin) {
      if (this.#delivered < this.#taken) return false;
      this.#empty();
    }
    const record = Buffer.allocUnsafe(size);
    record.writeUInt32LE(packed.length, 0);
    record.writeUInt32LE(crc32(packed), 4);
    record.set(packed, PREFIX);
    this.#file.write(record, this.#file.size);
    this.#taken += 1;
    return true;
  }

  read(): Outgoing | undefined {
    const record = this.#record(this.#readAt);
    if (record === undefined) return undefined;
    this.#readAt += PREFIX + record.length;
    // Whole, as its check sum says, so as `append` packed it.
    const [subject, headers, payload] = packr.unpack(record) as [
      string,
      Record<string, string>,
      Uint8Array,
    ];
    return { subject, headers, payload };
  }

  deliver(number: number): void {
    if (number <= this.#delivered) return;
    this.#delivered = number;
    this.#file.write(float(number), DELIVERED_AT);
    if (number === this.#taken && this.#file.size >= WORTH_EMPTYING) this.#empty();
  }

  async remove(): Promise<void> {
    await rm(this.#file.path, { force: true });
  }

  async close(): Promise<void> {
    this.#file.close();
    await this.#release();
  }

  /** Counts what is there, cuts off what was torn, and goes to the first message that was not delivered. */
  #recover(): void {
    let at = this.#begin;
    for (;;) {
      const record = this.#record(at);
      if (record === undefined) break;
      at += PREFIX + record.length;
      this.#taken += 1;
      if (this.#taken <= this.#delivered) this.#readAt = at;
    }
    this.#file.truncate(at);
    // After a power cut more may be delivered than is left of the file.
    if (this.#taken < this.#delivered) {
      this.#taken = this.#delivered;
      this.#empty();
    }
  }

  #ofAnother(): Problem {
    const waiting = this.#taken - this.#delivered;
    return new Problem({
      where: this.#file.path,
      expected: 'the spool of this publication',
      found: `one of other files or options, of which ${waiting} messages still have to go`,
      remedy:
        'Finish that one as it was begun, name another directory, or remove the file to give it up.',
      exit: EXIT.input,
    });
  }

  /** Everything is delivered: the messages go, their numbers go on. */
  #empty(): void {
    // In this order a crash in between leaves an empty file that knows what was delivered.
    this.#file.write(float(this.#taken), DELIVERED_AT);
    this.#file.truncate(this.#begin);
    this.#file.write(float(this.#taken), BASE_AT);
    this.#readAt = this.#begin;
  }

  /** The packed message at an offset; undefined at the end, or where the file is torn. */
  #record(at: number): Buffer | undefined {
    const prefix = this.#file.view(at, PREFIX);
    const length = prefix?.readUInt32LE(0) ?? 0;
    // A power cut can leave nothing but zeros, whose check sum is right.
    if (prefix === undefined || length === 0) return undefined;
    const packed = this.#file.view(at + PREFIX, length);
    return packed !== undefined && crc32(packed) === prefix.readUInt32LE(4) ? packed : undefined;
  }
}

/** Undefined in an empty file, or one whose beginning was torn. */
function aboutOf(file: SpoolFile): About | undefined {
  const head = file.view(0, ABOUT_AT);
  if (head === undefined) return undefined;
  const magic = head.toString('latin1', 0, MAGIC.length);
  if (magic !== MAGIC) throw notASpool(file.path, magic.startsWith(FAMILY));
  const json = file.view(ABOUT_AT, head.readUInt32LE(LENGTH_AT));
  // Written by `beginNew`.
  return json === undefined ? undefined : (JSON.parse(json.toString()) as About);
}

function beginNew(file: SpoolFile, publication: string): About {
  const about = { id: `spool-${randomUUID()}`, publication, began: Date.now() };
  const json = Buffer.from(JSON.stringify(about));
  const head = Buffer.alloc(ABOUT_AT);
  head.write(MAGIC, 'latin1');
  head.writeUInt32LE(json.length, LENGTH_AT);
  file.truncate(0);
  file.write(Buffer.concat([head, json]), 0);
  file.sync();
  return about;
}

function float(number: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(number);
  return bytes;
}

function notASpool(path: string, isSpool: boolean): Problem {
  return new Problem({
    where: path,
    expected: 'a spool of andon publish, as this release writes it',
    found: isSpool ? 'one of another release' : 'another file',
    remedy: isSpool
      ? 'Finish the publication with the release that began it, or name another directory.'
      : 'Name another directory.',
    exit: EXIT.input,
  });
}
