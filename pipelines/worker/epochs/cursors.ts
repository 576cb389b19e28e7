import { join } from 'node:path';
import { z } from 'zod';
import { type Disk, readIfThere, writeWhole } from '../../base/disk.ts';
import { sealJson, unsealJson } from './sealed.ts';

const cursorSchema = z.object({ epoch: z.number().int(), to: z.number().int() });

/** How far a sink has carried out the epochs. */
export type Cursor = z.infer<typeof cursorSchema>;

export interface Cursors {
  of(sink: string): Cursor;
  move(sink: string, cursor: Cursor): Promise<void>;
}

const START: Cursor = { epoch: 0, to: 0 };

/** One small file per sink. A lost or damaged one begins at the oldest file: what comes again is recognised outside. */
export async function openCursors(
  disk: Disk,
  directory: string,
  sinks: readonly string[],
): Promise<Cursors> {
  const cursors = new Map<string, Cursor>();
  for (const sink of sinks) {
    const bytes = await readIfThere(disk, join(directory, `${sink}.json`));
    const read = bytes === undefined ? undefined : unsealJson(bytes);
    cursors.set(sink, read === undefined ? START : cursorSchema.parse(read));
  }
  return {
    of: (sink) => cursors.get(sink) ?? START,
    async move(sink, cursor) {
      await writeWhole(disk, join(directory, `${sink}.json`), [sealJson(cursor)]);
      cursors.set(sink, cursor);
    },
  };
}
