/** How far each sink has carried out the epochs, and which of them it was sent as one. */

import { join } from 'node:path';
import { z } from 'zod';
import { type Disk, readIfThere, writeWhole } from '../../base/disk.ts';
import { FORMATS, type Format, sealJson, unsealJson } from '../../base/sealed.ts';

export const batchSchema = z.object({
  first: z.number().int(),
  last: z.number().int(),
  apart: z.array(z.string()).readonly(),
});

/**
 * Epochs that a sink is sent as one content, whose tokens are of the whole range. `apart`: tables that were refused
 * so, and are sent epoch by epoch.
 */
export type Batch = z.infer<typeof batchSchema>;

const cursorSchema = z.object({
  epoch: z.number().int(),
  to: z.number().int(),
  /** The batch that is under way. */
  batch: batchSchema.optional(),
  /** Up to here an epoch may have been sent by itself, and not noted. */
  single: z.number().int().optional(),
  /** Of a sink that has taken nothing: it is owed all from the first epoch on, whether there are files or not. */
  owed: z.literal(true).optional(),
});
const batchesSchema = z.object({ batches: z.array(batchSchema) });

/** How far a sink has carried out the epochs. */
export type Cursor = { readonly epoch: number; readonly to: number };

export interface Cursors {
  of(sink: string): Cursor;
  /** Whether it is owed all from the first epoch on: its directory was taken from copies, which have no epoch files. */
  isOwedAll(sink: string): boolean;
  move(sink: string, cursor: Cursor): Promise<void>;
  /** The batch that begins with this epoch, if one was ever noted. */
  batchFrom(sink: string, epoch: number): Batch | undefined;
  /** Whether the sink may have had this epoch by itself already: then it must come so again. */
  maybeSingle(sink: string, epoch: number): boolean;
  /**
   * Notes a batch, before anything of it is sent: what comes again must come with the same tokens. Older batches are
   * kept as long as there are files of theirs; `oldest` is the epoch of the oldest file.
   */
  note(sink: string, batch: Batch, oldest: number): Promise<void>;
  /**
   * Adds batches that are in the log of commits. Every other epoch up to `single` may have been sent by itself. How far the
   * sink is stays: what comes again in the same way is no harm, as long as its tokens are known (`refuseStale`).
   */
  adopt(sink: string, known: SentEpochs): Promise<void>;
  /** The last epoch up to this one that does not part a batch. */
  wholeTo(epoch: number): number;
}

type SentEpochs = {
  readonly batches: readonly Batch[];
  readonly single: number;
};

/**
 * Two small files per sink. The cursor has the batch under way, the other file all batches whose epoch files may still
 * be there. So either may be lost: a sink without a cursor begins at the oldest file, and what comes again comes in
 * the batches of before, with their tokens. `newest`: the last epoch of which there is a file.
 */
export async function openCursors(
  disk: Disk,
  directory: string,
  sinks: readonly string[],
  newest: number,
): Promise<Cursors> {
  const states = new Map<string, SinkState>();
  const write = (sink: string, state: SinkState, batch?: Batch) =>
    writeWhole(disk, join(directory, `${sink}.json`), [sealedCursor(state, batch)]);
  const writeBatches = (sink: string, batches: readonly Batch[]) =>
    writeWhole(disk, join(directory, `${sink}.batches.json`), [
      sealJson(FORMATS.batches, { batches }),
    ]);
  for (const sink of sinks) {
    const state = await readState(disk, directory, sink, newest);
    states.set(sink, state);
    // From now on a missing cursor is one that was lost.
    if (newest === 0 && state.cursor.epoch === 0) await write(sink, state);
  }

  function stateOf(sink: string): SinkState {
    const state = states.get(sink);
    if (state === undefined) throw new Error(`expected one of ${sinks.join(', ')}, found ${sink}`);
    return state;
  }

  return {
    of: (sink) => stateOf(sink).cursor,
    isOwedAll: (sink) => stateOf(sink).owed,
    async move(sink, cursor) {
      const moved = { ...stateOf(sink), cursor, owed: false };
      await write(sink, moved);
      states.set(sink, moved);
    },
    batchFrom: (sink, epoch) => stateOf(sink).batches.find(({ first }) => first === epoch),
    maybeSingle: (sink, epoch) => epoch <= stateOf(sink).single,
    async note(sink, batch, oldest) {
      const before = stateOf(sink);
      const others = before.batches.filter(
        ({ first, last }) => last >= oldest && first !== batch.first,
      );
      const noted = { ...before, batches: [...others, batch] };
      await writeBatches(sink, noted.batches);
      await write(sink, noted, batch);
      states.set(sink, noted);
    },
    async adopt(sink, sent) {
      const before = stateOf(sink);
      const known = withSent(before, sent);
      if (sent.batches.length === 0 && known.single === before.single) return;
      await writeBatches(sink, known.batches);
      await write(sink, known);
      states.set(sink, known);
    },
    wholeTo(epoch) {
      const all = [...states.values()].flatMap(({ batches }) => batches);
      return wholeBefore(all, epoch);
    },
  };
}

function wholeBefore(batches: readonly Batch[], epoch: number): number {
  let whole = epoch;
  const parted = () => batches.find(({ first, last }) => first <= whole && whole < last);
  for (let batch = parted(); batch !== undefined; batch = parted()) whole = batch.first - 1;
  return whole;
}

function sealedCursor(
  { cursor, single, owed }: Omit<SinkState, 'batches'>,
  batch: Batch | undefined,
): Buffer {
  return sealJson(FORMATS.cursor, {
    ...cursor,
    ...(batch && { batch }),
    ...(single > cursor.epoch && { single }),
    ...(owed && { owed }),
  });
}

/**
 * Writes how far a sink is by the log of commits, for a directory that is taken from copies: each epoch behind that may have
 * been sent by itself, up to `single`.
 */
export async function placeCursor(
  disk: Disk,
  directory: string,
  sink: string,
  { cursor, single }: Pick<SinkState, 'cursor' | 'single'>,
): Promise<void> {
  const owed = cursor.epoch === 0;
  const path = join(directory, `${sink}.json`);
  await writeWhole(disk, path, [sealedCursor({ cursor, single, owed }, undefined)]);
}

/** A sink that tells only what comes from now on, and is switched off: once it is on again it is owed nothing of before. */
export async function forgetSink(disk: Disk, directory: string, sink: string): Promise<void> {
  for (const name of [`${sink}.json`, `${sink}.batches.json`]) {
    await disk.rm(join(directory, name), { force: true });
  }
}

function withSent(before: SinkState, { batches, single }: SentEpochs): SinkState {
  const others = before.batches.filter((own) => !batches.some(({ first }) => first === own.first));
  return {
    ...before,
    batches: [...others, ...batches],
    single: Math.max(before.single, single),
  };
}

type SinkState = {
  readonly cursor: Cursor;
  readonly batches: readonly Batch[];
  readonly single: number;
  readonly owed: boolean;
};

async function readState(
  disk: Disk,
  directory: string,
  sink: string,
  newest: number,
): Promise<SinkState> {
  const read = async (format: Format, name: string) => {
    const path = join(directory, name);
    const bytes = await readIfThere(disk, path);
    return bytes === undefined ? undefined : unsealJson(format, bytes, path);
  };
  const written = await read(FORMATS.cursor, `${sink}.json`);
  const noted = await read(FORMATS.batches, `${sink}.batches.json`);
  const batches = noted === undefined ? [] : batchesSchema.parse(noted).batches;
  // Nobody knows which of the files that are left were sent already.
  if (written === undefined)
    return { cursor: { epoch: 0, to: 0 }, batches, single: newest, owed: false };
  const { epoch, to, batch, single = 0, owed = false } = cursorSchema.parse(written);
  const others = batches.filter(({ first }) => first !== batch?.first);
  return {
    cursor: { epoch, to },
    batches: batch === undefined ? batches : [...others, batch],
    // Of what is not noted as a batch, the next one alone can have been sent.
    single: Math.max(single, epoch + 1),
    owed,
  };
}
