/** What an owner of a partition appends to its commit log. */

import { z } from 'zod';
import { batchSchema } from '../epochs/cursors.ts';

const whole = z.number().int().min(0);
const pointSchema = z.object({ epoch: whole, to: whole });

const headSchema = z.object({
  /** Who appended it. `holding`: of one ownership, so that no two of them append the same bytes. */
  by: z.object({
    owner: z.string(),
    host: z.string(),
    directory: z.string(),
    holding: z.string(),
  }),
  /** The log that is worked: another stream of the same name is another log. */
  stream: z.string(),
  created: z.string(),
  /** The last epoch that is committed, this one included, and its last message. */
  ...pointSchema.shape,
  /** The sequence of the oldest entry that a start needs; 0 for this one. */
  since: whole,
  /** How far each sink was. */
  cursors: z.record(z.string(), pointSchema),
  /** The epoch of the newest checkpoint: for people, who see from it how much a start works again. */
  checkpoint: whole,
});

/** An epoch: its bounds, and what must come out when it is cut again. */
const committedSchema = z.object({
  ...pointSchema.shape,
  from: whole,
  /** Of the epoch file. */
  sha256: z.string(),
  /** Rows and CRC-32 of each table: which of them is another one when the sha256 is. */
  tables: z.record(z.string(), z.string()),
  /** The version of the format of epoch files, which the sha256 is of. */
  format: whole,
});
export type CommittedEpoch = z.infer<typeof committedSchema>;

const entrySchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('epoch'), ...headSchema.shape, ...committedSchema.shape }),
  /** Epochs that a sink is sent as one, from now on. */
  z.object({
    kind: z.literal('batch'),
    ...headSchema.shape,
    sink: z.string(),
    batch: batchSchema,
  }),
  z.object({ kind: z.literal('take-over'), ...headSchema.shape }),
  /** The owner has stopped, and nothing is under way. */
  z.object({ kind: z.literal('release'), ...headSchema.shape }),
]);
export type CommitEntry = z.infer<typeof entrySchema>;

/** Who appends. */
export type CommitWriter = Omit<CommitEntry['by'], 'holding'>;

export function entryBytes(entry: CommitEntry): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(entry));
}

/** @throws ZodError when it is none */
export function entryFrom(bytes: Uint8Array): CommitEntry {
  return entrySchema.parse(JSON.parse(Buffer.from(bytes).toString()));
}

/** Whether both are processes of one directory on one host: of those, one at a time holds its lock. */
export function isWriterSame(one: CommitWriter, other: CommitWriter): boolean {
  return one.host === other.host && one.directory === other.directory;
}
