/** Epochs on disk, one sealed file each. */

import { join } from 'node:path';
import type { Block, EpochContent } from '../../../sinks/sink.ts';
import { type Disk, fileNamesIn, readIfThere, writeWhole } from '../../base/disk.ts';

import { type Content, digestOf, FORMATS, isWhole, seal, unseal } from '../../base/sealed.ts';

/** What a file's name says: which messages an epoch took. */
export type EpochRange = { readonly epoch: number; readonly from: number; readonly to: number };
export type EpochFile = EpochRange & { readonly path: string; readonly bytes: number };

/** The epochs that are written down and not yet carried out everywhere, in order. */
export interface EpochFiles {
  readonly list: readonly EpochFile[];
  write(content: EpochContent): Promise<EpochFile>;
  /** The content, or undefined when the file is damaged. */
  read(file: EpochFile): Promise<EpochContent | undefined>;
  /** The first file that is torn or was changed. */
  firstDamaged(): Promise<EpochFile | undefined>;
  /** Whether the file holds exactly this content. */
  holds(file: EpochFile, content: EpochContent): Promise<'same' | 'other' | 'damaged'>;
  /** Removes the files up to and including this epoch. */
  removeTo(epoch: number): Promise<void>;
}

const NAME = /^(\d{12})_(\d+)-(\d+)\.epoch$/;

export async function openEpochFiles(disk: Disk, directory: string): Promise<EpochFiles> {
  const list: EpochFile[] = [];
  for (const name of await fileNamesIn(disk, directory)) {
    const [, epoch, from, to] = NAME.exec(name) ?? [];
    if (epoch === undefined) continue;
    const path = join(directory, name);
    const { size } = await disk.stat(path);
    list.push({ epoch: Number(epoch), from: Number(from), to: Number(to), path, bytes: size });
  }

  // Sinks nearly always want the epoch that was just written: it need not be read again for each of them.
  let latest: { readonly path: string; readonly content: EpochContent } | undefined;

  return {
    list,
    async write(content) {
      const { epoch, from, to } = content;
      const path = join(directory, `${String(epoch).padStart(12, '0')}_${from}-${to}.epoch`);
      const { parts, bytes } = seal(FORMATS.epoch, contentToSeal(content));
      await writeWhole(disk, path, parts);
      const file: EpochFile = { epoch, from, to, path, bytes };
      const at = list.findIndex((other) => other.epoch >= epoch);
      if (at < 0) list.push(file);
      else list.splice(at, list[at]?.epoch === epoch ? 1 : 0, file);
      latest = { path, content };
      return file;
    },
    async read(file) {
      if (latest?.path === file.path) return latest.content;
      const sealed = await readIfThere(disk, file.path);
      const content = sealed === undefined ? undefined : unseal(FORMATS.epoch, sealed, file.path);
      return content === undefined ? undefined : unsealedContent(content);
    },
    async firstDamaged() {
      for (const file of [...list]) {
        const sealed = await readIfThere(disk, file.path);
        // Carried out and removed while it was read.
        if (!list.includes(file)) continue;
        if (sealed === undefined || !isWhole(FORMATS.epoch, sealed, file.path)) return file;
      }
      return undefined;
    },
    async holds(file, content) {
      const sealed = await readIfThere(disk, file.path);
      if (sealed === undefined || !isWhole(FORMATS.epoch, sealed, file.path)) return 'damaged';
      const { digest } = seal(FORMATS.epoch, contentToSeal(content));
      return Buffer.compare(digest, digestOf(sealed)) === 0 ? 'same' : 'other';
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

function unsealedContent({ head, blobs }: Content): EpochContent {
  // Sealed by `contentToSeal`: the digest vouches for the shape.
  const { blocks, commands = [], ...rest } = head as SealedHead;
  const whole = blocks.map((block, index) => ({
    ...block,
    data: blobs[index] ?? new Uint8Array(),
  }));
  return { ...rest, blocks: whole, commands };
}
