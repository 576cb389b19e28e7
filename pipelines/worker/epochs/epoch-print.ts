/** What says whether an epoch that is cut again is the same, and in which tables it is not. */

import { crc32 } from 'node:zlib';
import type { EpochContent } from '../../../sinks/sink.ts';

export type EpochPrint = {
  /** Of the epoch file. */
  readonly sha256: string;
  /** Of each table its rows and the CRC-32 of its block; of what is published its count and CRC-32. */
  readonly tables: Readonly<Record<string, string>>;
};

export function printOf(content: EpochContent, digest: Uint8Array): EpochPrint {
  const { blocks, revisions, commands } = content;
  const tables: Record<string, string> = {};
  for (const { table, rows, data } of blocks) tables[table] = `${rows} ${hex(crc32(data))}`;
  const published = [...revisions, ...commands].map((each) => each.content);
  if (published.length > 0) {
    tables[PUBLISHED] = `${published.length} ${hex(crc32(published.join('\n')))}`;
  }
  return { sha256: Buffer.from(digest).toString('hex'), tables };
}

/** No table has a blank in its name. */
const PUBLISHED = 'requests and commands';

function hex(crc: number): string {
  return crc.toString(16).padStart(8, '0');
}

/** For people: the tables in which two epochs are not the same. */
export function differingTables(
  one: EpochPrint['tables'],
  other: EpochPrint['tables'],
): readonly string[] {
  const all = new Set([...Object.keys(one), ...Object.keys(other)]);
  const differing = [...all].filter((table) => one[table] !== other[table]);
  // Bounds and the names of run and log are in the sha256, and in no table.
  return differing.length > 0 ? differing : ['the head of the epoch'];
}
