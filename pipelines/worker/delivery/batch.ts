/** Which waiting epochs a sink is sent as one, and their content as one. */

import type { Block, EpochContent, Sink } from '../../../sinks/sink.ts';
import { EXIT, Problem } from '../../base/problem.ts';
import type { EpochFile } from '../epochs/epoch-files.ts';
import type { EpochStore } from '../epochs/epoch-store.ts';

/** Epochs that are sent as one: one or more, in order, with nothing between them. */
export type Gathered = {
  readonly files: readonly EpochFile[];
  readonly contents: readonly EpochContent[];
  /** Tables that are sent epoch by epoch. */
  readonly apart: readonly string[];
  /** It was noted already, or is one epoch alone. */
  readonly noted: boolean;
};

/**
 * What a batch may have at most. Its blocks must be one block to ClickHouse, as those of an epoch are: it cuts at
 * 1,048,449 rows and at 256 MB.
 */
const MOST = { rows: 1_000_000, bytes: 64_000_000 };

/**
 * The next epochs for a sink: the batch that was noted before, or as many as fit into one. A file that is damaged ends
 * the batch before it; undefined when it is the first, or in a batch that was noted.
 *
 * @throws Problem when a file of a noted batch is missing
 */
export async function gatherBatch(
  sink: Sink,
  waiting: readonly EpochFile[],
  { files: store, cursors }: Pick<EpochStore, 'files' | 'cursors'>,
): Promise<Gathered | undefined> {
  const first = waiting[0]?.epoch ?? 0;
  const noted = cursors.batchFrom(sink.name, first);
  const alone = !sink.takesBatches || cursors.maybeSingle(sink.name, first);
  const last = noted?.last ?? (alone ? first : Number.POSITIVE_INFINITY);
  const files: EpochFile[] = [];
  const contents: EpochContent[] = [];
  const sums = { rows: 0, bytes: 0 };
  for (const file of waiting.filter(({ epoch }) => epoch <= last)) {
    sums.bytes += file.bytes;
    const open = noted === undefined && files.length > 0;
    if (open && sums.bytes > MOST.bytes) break;
    const content = await store.read(file);
    sums.rows += content?.blocks.reduce((sum, { rows }) => sum + rows, 0) ?? 0;
    if (open && (content === undefined || sums.rows > MOST.rows)) break;
    if (content === undefined) return undefined;
    files.push(file);
    contents.push(content);
  }
  if (noted !== undefined && files.length !== noted.last - noted.first + 1) {
    throw filesMissing(noted.first, noted.last, files.length, waiting[0]?.path ?? '');
  }
  const isNoted = noted !== undefined || files.length === 1;
  return { files, contents, apart: noted?.apart ?? [], noted: isNoted };
}

function filesMissing(first: number, last: number, found: number, where: string): Problem {
  return new Problem({
    where,
    expected: `the files of epochs ${first} to ${last}, which were sent as one`,
    found: `${found} of them`,
    remedy: 'Restore them from a backup, or begin a new run (`run` in the configuration).',
    exit: EXIT.outside,
  });
}

/**
 * The content of several epochs as one: their range, their rows table by table, their revisions. The bytes of each
 * format may stand one behind the other. `epochs`, the last table of each, stays the last.
 */
export function mergeContents(contents: readonly EpochContent[]): EpochContent {
  const [first] = contents;
  const end = contents.at(-1);
  if (first === undefined || end === undefined) throw new RangeError('no epoch to merge');
  if (contents.length === 1) return first;
  const tables = new Map<string, Block[]>();
  for (const block of contents.flatMap(({ blocks }) => blocks)) {
    const known = tables.get(block.table) ?? [];
    // To the end: in the order of the last time that each table comes.
    tables.delete(block.table);
    tables.set(block.table, [...known, block]);
  }
  return {
    ...first,
    epoch: end.epoch,
    to: end.to,
    blocks: [...tables.values()].map(mergeBlocks),
    revisions: contents.flatMap(({ revisions }) => revisions),
    commands: contents.flatMap(({ commands }) => commands),
  };
}

function mergeBlocks(blocks: readonly Block[]): Block {
  const [first] = blocks;
  if (first === undefined) throw new RangeError('no block to merge');
  const rows = blocks.reduce((sum, block) => sum + block.rows, 0);
  return { ...first, rows, data: Buffer.concat(blocks.map(({ data }) => data)) };
}
