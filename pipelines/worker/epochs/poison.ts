import { join } from 'node:path';
import { z } from 'zod';
import { type Disk, readIfThere, writeWhole } from '../../base/disk.ts';
import { EXIT, Problem } from '../../base/problem.ts';
import { FORMATS, sealJson, unsealJson } from '../../base/sealed.ts';

/** Poison messages: those on which an operator throws. Twice, and they are skipped from then on. */

const entrySchema = z.object({ sequence: z.number(), reason: z.string(), at: z.string() });
const skippedSchema = z.object({ messages: z.array(entrySchema) });

/** An operator threw: a defect of ours that this message brings out. The engine cannot be used any more. */
export class PoisonError extends Error {
  override name = 'PoisonError' as const;
  readonly sequence: number;
  readonly subject: string;

  constructor(sequence: number, subject: string, cause: unknown) {
    super(
      `message ${sequence} cannot be processed: ${cause instanceof Error ? cause.message : cause}`,
      {
        cause,
      },
    );
    this.sequence = sequence;
    this.subject = subject;
  }
}

/** Messages on which an operator threw, twice. They are passed over from then on. */
export interface Skipped {
  reasonFor(sequence: number): string | undefined;
  /** Whether a message is passed over at all. */
  any(): boolean;
  /** @throws Problem when too many were skipped within an hour: then it is not the messages */
  add(sequence: number, reason: string): Promise<void>;
}

const MOST_PER_HOUR = 10;
/** The list of a directory. */
export const SKIPPED = 'skipped.json';

/**
 * Adds what another directory has skipped. Where both have skipped a message its reason counts, because epochs with it are
 * committed: a reason has the paths of the program that threw.
 */
export async function adoptSkipped(
  disk: Disk,
  directory: string,
  other: Uint8Array,
): Promise<void> {
  const path = join(directory, SKIPPED);
  const bytes = await readIfThere(disk, path);
  const theirs = read('copy of the list of skipped messages', other);
  const known = new Set(theirs.map(({ sequence }) => sequence));
  const own = bytes === undefined ? [] : read(path, bytes);
  const messages = [...theirs, ...own.filter(({ sequence }) => !known.has(sequence))];
  const sealed = sealJson(FORMATS.skipped, { messages });
  if (bytes?.equals(sealed) !== true) await writeWhole(disk, path, [sealed]);
}

export async function openSkipped(disk: Disk, directory: string): Promise<Skipped> {
  const path = join(directory, SKIPPED);
  const bytes = await readIfThere(disk, path);
  const list = bytes === undefined ? [] : read(path, bytes);
  const reasons = new Map(list.map(({ sequence, reason }) => [sequence, reason]));
  return {
    reasonFor: (sequence) => reasons.get(sequence),
    any: () => list.length > 0,
    async add(sequence, reason) {
      const hourAgo = new Date(Date.now() - 3_600_000).toISOString();
      if (list.filter(({ at }) => at > hourAgo).length >= MOST_PER_HOUR) {
        throw new Problem({
          where: path,
          expected: `at most ${MOST_PER_HOUR} messages an hour that operators throw on`,
          found: `one more: message ${sequence} (${reason})`,
          remedy:
            'This is a defect. The partition stands still and loses nothing; report the stack in the log.',
          exit: EXIT.defect,
        });
      }
      const added = { sequence, reason, at: new Date().toISOString() };
      await writeWhole(disk, path, [sealJson(FORMATS.skipped, { messages: [...list, added] })]);
      list.push(added);
      reasons.set(sequence, reason);
    },
  };
}

function read(path: string, bytes: Uint8Array): z.infer<typeof entrySchema>[] {
  const { data } = skippedSchema.safeParse(unsealJson(FORMATS.skipped, bytes, path));
  if (data !== undefined) return data.messages;
  throw new Problem({
    where: path,
    expected: 'the list of messages that are skipped, as it was written',
    found: `${bytes.length} bytes that are torn or were changed`,
    remedy:
      'Restore it from a backup. Without one, remove it: what is poison is found again, after two more throws at each.',
    exit: EXIT.outside,
  });
}
