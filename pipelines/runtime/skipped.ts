import { join } from 'node:path';
import { z } from 'zod';
import { EXIT, Problem } from '../problem.ts';
import type { Disk } from './disk.ts';
import { readIfThere, writeWhole } from './files.ts';

const listSchema = z.array(z.object({ sequence: z.number(), reason: z.string(), at: z.string() }));

/** Messages on which an operator threw, twice. They are passed over from then on. */
export interface Skipped {
  reasonFor(sequence: number): string | undefined;
  /** @throws Problem when too many were skipped within an hour: then it is not the messages */
  add(sequence: number, reason: string): Promise<void>;
}

const MOST_PER_HOUR = 10;

export async function openSkipped(disk: Disk, directory: string): Promise<Skipped> {
  const path = join(directory, 'skipped.json');
  const text = await readIfThere(disk, path);
  const list = text === undefined ? [] : read(path, text.toString());
  const reasons = new Map(list.map(({ sequence, reason }) => [sequence, reason]));
  return {
    reasonFor: (sequence) => reasons.get(sequence),
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
      await writeWhole(disk, path, [Buffer.from(JSON.stringify([...list, added]))]);
      list.push(added);
      reasons.set(sequence, reason);
    },
  };
}

function read(path: string, text: string): z.infer<typeof listSchema> {
  try {
    return listSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new Problem(
      {
        where: path,
        expected: 'the list of messages that are skipped',
        found: error instanceof Error ? error.message : String(error),
        remedy:
          'Restore it from a backup, or begin a new run (`run`): without it other rows come out.',
        exit: EXIT.outside,
      },
      { cause: error },
    );
  }
}
