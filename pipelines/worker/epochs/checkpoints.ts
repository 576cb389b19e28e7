/** The checkpoints of a run on disk: written, read back, refused when they belong to another run. */

import { join } from 'node:path';
import { type Disk, fileNamesIn, readIfThere, writeWhole } from '../../base/disk.ts';
import { EXIT, Problem } from '../../base/problem.ts';
import { type Content, FORMATS, seal, unseal } from '../../base/sealed.ts';
import type { PackedStates } from './snapshots.ts';

/** One processing of one log. Rows and tokens carry it: processing the log again is another run. */
export type Run = {
  readonly pipeline: string;
  readonly run: string;
  readonly stream: string;
  /** When the stream was created, according to its server. */
  readonly created: string;
};

/** The states of all stages after the message `to`, which was the last of `epoch`. */
type Checkpoint = Run & {
  readonly epoch: number;
  readonly to: number;
  readonly states: PackedStates;
};

export interface Checkpoints {
  /**
   * The newest that is whole and ends before the message `before`; damaged ones after it are reported and removed.
   * Undefined when there are none at all.
   *
   * @throws Problem when it belongs to another stream or run, or when all are damaged or too late
   */
  newest(run: Run, before: number): Promise<Checkpoint | undefined>;
  /** The epoch of the newest, be it damaged or not; 0 without any. */
  last(): Promise<number>;
  /** `needed`: the first message of the oldest epoch file, which can only be cut again from a checkpoint before it. */
  write(checkpoint: Checkpoint, needed?: number): Promise<number>;
}

const KEPT = 3;
const NAME = /^(\d{12})_(\d+)\.checkpoint$/;

export function openCheckpoints(
  disk: Disk,
  directory: string,
  onDamaged: (file: string) => void,
): Checkpoints {
  const list = async () =>
    (await fileNamesIn(disk, directory)).filter((name) => NAME.test(name)).reverse();
  return {
    async last() {
      const [newest] = await list();
      return Number(NAME.exec(newest ?? '')?.[1] ?? 0);
    },
    async newest(run, before) {
      const all = await list();
      const damaged: string[] = [];
      for (const name of all.filter((one) => endOf(one) < before)) {
        const path = join(directory, name);
        const sealed = await readIfThere(disk, path);
        const content = sealed === undefined ? undefined : unseal(FORMATS.checkpoint, sealed, path);
        if (content === undefined) {
          onDamaged(path);
          damaged.push(path);
          continue;
        }
        const checkpoint = belonging(unsealedCheckpoint(content), run, directory);
        // They must not count among those that are kept.
        for (const useless of damaged) await disk.rm(useless, { force: true });
        return checkpoint;
      }
      if (all.length === 0) return undefined;
      throw noneWhole(directory, before, damaged.length, all.length - damaged.length);
    },
    async write(checkpoint, needed = Number.POSITIVE_INFINITY) {
      const { states, ...head } = checkpoint;
      const { parts, bytes } = seal(FORMATS.checkpoint, { head, blobs: states });
      const epoch = String(checkpoint.epoch).padStart(12, '0');
      await writeWhole(disk, join(directory, `${epoch}_${checkpoint.to}.checkpoint`), parts);
      const names = await list();
      const base = names.find((name) => endOf(name) < needed);
      for (const name of names.slice(KEPT))
        if (name !== base) await disk.rm(join(directory, name), { force: true });
      return bytes;
    },
  };
}

/** To begin with empty states instead would give other answers wherever the stream is trimmed. */
function noneWhole(directory: string, before: number, damaged: number, late: number): Problem {
  const limit = before === Number.POSITIVE_INFINITY ? '' : ` before message ${before}`;
  return new Problem({
    where: directory,
    expected: `at least one whole checkpoint${limit}`,
    found: `${damaged} damaged ones, and ${late} too late ones`,
    remedy: 'Restore the directory from a backup, or begin a new run (`run` in the configuration).',
    exit: EXIT.outside,
  });
}

/** The last message that a checkpoint of this name covers. */
function endOf(name: string): number {
  return Number(NAME.exec(name)?.[2]);
}

function unsealedCheckpoint({ head, blobs }: Content): Checkpoint {
  // Sealed by `write` above: the digest vouches for the shape.
  return { ...(head as Omit<Checkpoint, 'states'>), states: blobs };
}

function belonging(checkpoint: Checkpoint, run: Run, directory: string): Checkpoint {
  for (const what of ['pipeline', 'run', 'stream', 'created'] as const) {
    if (checkpoint[what] === run[what]) continue;
    throw new Problem({
      where: directory,
      expected: `a checkpoint whose ${what} is ${run[what]}`,
      found: checkpoint[what],
      remedy:
        what === 'created'
          ? 'The stream was made anew. Begin a new run: another `run` and another `directory` in the configuration.'
          : 'Use another `directory`, or the one that belongs to this run.',
      exit: EXIT.input,
    });
  }
  return checkpoint;
}
