/** Epochs on disk, one sealed file each. */

import { join } from 'node:path';
import type { Block, EpochContent } from '../../../sinks/sink.ts';
import { type Disk, fileNamesIn, readIfThere, writeWhole } from '../../base/disk.ts';

import { type Content, digestOf, FORMATS, isWhole, seal, unseal } from '../../base/sealed.ts';
import { type EpochPrint, printOf } from './epoch-print.ts';

/** What a file's name says: which messages an epoch took. */
export type EpochRange = { readonly epoch: number; readonly from: number; readonly to: number };
export type EpochFile = EpochRange & {
  readonly path: string;
  readonly bytes: number;
  /** Of one that this process has written. */
  readonly print?: EpochPrint;
};

/** The epochs that are written down and not yet carried out everywhere, in order. */
export interface EpochFiles {
  readonly list: readonly EpochFile[];
  write(content: EpochContent): Promise<EpochFile>;
  /** The content, or undefined when the file is damaged. */
  read(file: EpochFile): Promise<EpochContent | undefined>;
  /** The first file that is torn or was changed. */
  firstDamaged(): Promise<EpochFile | undefined>;
  /** What it is committed as; undefined when it is damaged. */
  printOf(file: EpochFile): Promise<EpochPrint | undefined>;
  /** Whether the file holds exactly this content. */
  holds(file: EpochFile, content: EpochContent): Promise<'same' | 'other' | 'damaged'>;
  remove(file: EpochFile): Promise<void>;
  /** Removes the files up to and including this epoch. */
  removeTo(epoch: number): Promise<void>;
}

const NAME = /^(\d{12})_(\d+)-(\d+)\.epoch$/;

/** `committed`: the sha256 of epochs as they were committed. A file with another one is as good as damaged. */
export async function openEpochFiles(
  disk: Disk,
  directory: string,
  committed: (epoch: number) => string | undefined = () => undefined,
): Promise<EpochFiles> {
  const list = await filesIn(disk, directory);

  const { sealedBytes, readFile } = createReader(disk, committed);

  // Sinks nearly always want the epoch that was just written: it need not be read again for each of them.
  let latest: { readonly path: string; readonly content: EpochContent } | undefined;

  return {
    list,
    async write(content) {
      const { epoch, from, to } = content;
      const path = join(directory, nameOf(content));
      const { parts, bytes, digest } = seal(FORMATS.epoch, contentToSeal(content));
      await writeWhole(disk, path, parts);
      const file: EpochFile = { epoch, from, to, path, bytes, print: printOf(content, digest) };
      insert(list, file);
      latest = { path, content };
      return file;
    },
    async read(file) {
      return latest?.path === file.path ? latest.content : (await readFile(file))?.content;
    },
    async firstDamaged() {
      for (const file of [...list]) {
        const sealed = await sealedBytes(file);
        // Carried out and removed while it was read.
        if (!list.includes(file)) continue;
        if (sealed === undefined) return file;
      }
      return undefined;
    },
    async printOf(file) {
      const read = await readFile(file);
      return read && printOf(read.content, read.digest);
    },
    async holds(file, content) {
      const sealed = await sealedBytes(file);
      if (sealed === undefined) return 'damaged';
      const { digest } = seal(FORMATS.epoch, contentToSeal(content));
      return Buffer.compare(digest, digestOf(sealed)) === 0 ? 'same' : 'other';
    },
    async remove(file) {
      list.splice(list.indexOf(file), 1);
      await disk.rm(file.path, { force: true });
    },
    async removeTo(epoch) {
      // Off the list first: while the file is being removed, another sweep or a new epoch may change the list.
      for (let file = list[0]; file !== undefined && file.epoch <= epoch; file = list[0]) {
        list.shift();
        await disk.rm(file.path, { force: true });
      }
    },
  };
}

function createReader(disk: Disk, committed: (epoch: number) => string | undefined) {
  /** Whether whole bytes are what was committed. */
  function isCommitted(file: EpochFile, sealed: Uint8Array): boolean {
    const wanted = committed(file.epoch);
    return wanted === undefined || wanted === Buffer.from(digestOf(sealed)).toString('hex');
  }

  /** The bytes, if they are whole and what was committed. */
  async function sealedBytes(file: EpochFile): Promise<Buffer | undefined> {
    const sealed = await readIfThere(disk, file.path);
    if (sealed === undefined || !isWhole(FORMATS.epoch, sealed, file.path)) return undefined;
    return isCommitted(file, sealed) ? sealed : undefined;
  }

  /** The content and its digest, which is worked out once. */
  async function readFile(file: EpochFile) {
    const sealed = await readIfThere(disk, file.path);
    const content = sealed === undefined ? undefined : unsealedEpoch(sealed, file.path);
    if (sealed === undefined || content === undefined || !isCommitted(file, sealed)) {
      return undefined;
    }
    return { content, digest: digestOf(sealed) };
  }

  return { sealedBytes, readFile };
}

function nameOf({ epoch, from, to }: EpochRange): string {
  return `${String(epoch).padStart(12, '0')}_${from}-${to}.epoch`;
}

async function filesIn(disk: Disk, directory: string): Promise<EpochFile[]> {
  const list: EpochFile[] = [];
  for (const name of await fileNamesIn(disk, directory)) {
    const [, epoch, from, to] = NAME.exec(name) ?? [];
    if (epoch === undefined) continue;
    const path = join(directory, name);
    const { size } = await disk.stat(path);
    list.push({ epoch: Number(epoch), from: Number(from), to: Number(to), path, bytes: size });
  }
  return list;
}

/** In the order of epochs, and in the place of the one that was there. */
function insert(list: EpochFile[], file: EpochFile): void {
  const at = list.findIndex((other) => other.epoch >= file.epoch);
  if (at < 0) list.push(file);
  else list.splice(at, list[at]?.epoch === file.epoch ? 1 : 0, file);
}

/** What an epoch is committed as: the sha256 of the file that it makes. */
export function printOfContent(content: EpochContent): EpochPrint {
  return printOf(content, seal(FORMATS.epoch, contentToSeal(content)).digest);
}

/** Files of before there were commands have none, and one without any is as it was then. */
type SealedHead = Omit<EpochContent, 'blocks' | 'commands'> & {
  readonly blocks: readonly Omit<Block, 'data'>[];
  readonly commands?: EpochContent['commands'];
};

/** The rows, which are nearly all of an epoch, are written from where they are. */
function contentToSeal({ blocks, commands, ...rest }: EpochContent): Content {
  const head: SealedHead = {
    ...rest,
    ...(commands.length === 0 ? {} : { commands }),
    blocks: blocks.map(({ table, format, rows }) => ({ table, format, rows })),
  };
  return { head, blobs: blocks.map(({ data }) => data) };
}

function unsealedEpoch(sealed: Uint8Array, path: string): EpochContent | undefined {
  const content = unseal(FORMATS.epoch, sealed, path);
  return content === undefined ? undefined : unsealedContent(content);
}

function unsealedContent({ head, blobs }: Content): EpochContent {
  // Sealed by `contentToSeal`: the digest vouches for the shape.
  const { blocks, commands = [], ...rest } = head as SealedHead;
  const whole = blocks.map((block, index) => ({
    ...block,
    data: blobs[index] ?? new Uint8Array(),
  }));
  return { ...rest, blocks: whole, commands };
}
