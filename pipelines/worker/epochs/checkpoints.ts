/** The checkpoints of a run on disk: written, read back, refused when they belong to another run. */

import { join } from 'node:path';
import { type Disk, fileNamesIn, readIfThere, writeWhole } from '../../base/disk.ts';
import { EXIT, Problem } from '../../base/problem.ts';
import { digestOf, FORMATS, seal, unseal } from '../../base/sealed.ts';
import { createStateImage, type PackedStates, type RestoredStates } from './state-image.ts';

/** One processing of one log. Rows and tokens carry it: processing the log again is another run. */
export type Run = {
  readonly pipeline: string;
  readonly run: string;
  readonly stream: string;
  /** When the stream was created, according to its server. */
  readonly created: string;
};

/** A point of a run: after the message `to`, which was the last of `epoch`. */
type RunPoint = Run & { readonly epoch: number; readonly to: number };

export interface Checkpoints {
  /**
   * The states of the newest that is whole and ends before the message `before`; damaged ones after it are reported and
   * removed, with what stands on them. Undefined when there are none at all.
   *
   * @throws Problem when it belongs to another stream or run, or when all are damaged or too late
   */
  newest(
    run: Run,
    before: number,
  ): Promise<(RunPoint & { readonly states: RestoredStates }) | undefined>;
  /** The epoch of the newest, be it damaged or not; 0 without any. */
  last(): Promise<number>;
  /**
   * Writes a base (all states), or an increment to the one that was written before it. `needed`: the first message of
   * the oldest epoch file, which can only be cut again from a checkpoint before it.
   */
  write(checkpoint: RunPoint & { readonly states: PackedStates }, needed?: number): Promise<number>;
}

/**
 * So many are kept at least, and so many bases with all increments behind them: one damaged base makes all behind it
 * useless.
 */
const KEPT = 3;
const BASES_KEPT = 2;

/** What the name of a checkpoint says. */
type CheckpointName = {
  readonly epoch: number;
  readonly to: number;
  readonly isBase: boolean;
};

type CheckpointFile = CheckpointName & { readonly path: string };

/** A base, and the increments behind it in their order. */
type Chain = readonly CheckpointFile[];

const NAME = /^(\d{12})_(\d+)\.(checkpoint|increment)$/;

/** `onRefused`: a file that cannot be used, and why. */
export function openCheckpoints(
  disk: Disk,
  directory: string,
  onRefused: (file: string, reason: string) => void,
): Checkpoints {
  /** Of the checkpoint that was written last: an increment names the one that it stands on. */
  let previous: Uint8Array | undefined;
  const list = async () => (await fileNamesIn(disk, directory)).flatMap(fileOf(directory));

  return {
    async last() {
      return (await list()).at(-1)?.epoch ?? 0;
    },
    async newest(run, before) {
      const all = await list();
      const useless: string[] = [];
      for (const chain of chainsOf(all).reverse()) {
        const read = await readChain(
          disk,
          chain.filter(({ to }) => to < before),
        );
        for (const { path, reason } of read.useless) {
          onRefused(path, reason);
          useless.push(path);
        }
        if (read.checkpoint === undefined) continue;
        const checkpoint = belonging(read.checkpoint, run, directory);
        // They must not count among those that are kept.
        for (const path of useless) await disk.rm(path, { force: true });
        return checkpoint;
      }
      if (all.length === 0) return undefined;
      throw noneWhole(directory, before, useless.length, all.length - useless.length);
    },
    async write({ states, ...point }, needed = Number.POSITIVE_INFINITY) {
      if (!states.whole && previous === undefined) throw new Error('expected a base first');
      const head: SealedHead = states.whole ? point : { ...point, previous };
      const { parts, bytes, digest } = seal(FORMATS.checkpoint, { head, blobs: states.parts });
      const epoch = String(point.epoch).padStart(12, '0');
      const kind = states.whole ? 'checkpoint' : 'increment';
      await writeWhole(disk, join(directory, `${epoch}_${point.to}.${kind}`), parts);
      for (const { path } of outdated(await list(), needed)) await disk.rm(path, { force: true });
      // Last of all: when something above fails, the same is written again, on what it stood on before.
      previous = Uint8Array.from(digest);
      return bytes;
    },
  };
}

function fileOf(directory: string): (name: string) => CheckpointFile[] {
  return (name) => {
    const said = checkpointNamed(name);
    return said === undefined ? [] : [{ path: join(directory, name), ...said }];
  };
}

/** Undefined for what is no checkpoint. */
export function checkpointNamed(name: string): CheckpointName | undefined {
  const [, epoch, to, kind] = NAME.exec(name) ?? [];
  if (epoch === undefined) return undefined;
  return { epoch: Number(epoch), to: Number(to), isBase: kind === 'checkpoint' };
}

/** Checkpoints in their order, as chains. */
export function chainsOf<C extends CheckpointName>(files: readonly C[]): C[][] {
  const chains: C[][] = [];
  for (const file of files) {
    const chain = chains.at(-1);
    if (file.isBase || chain === undefined) chains.push([file]);
    else chain.push(file);
  }
  return chains;
}

/**
 * What nobody needs any more. The newest of a chain goes first: if the process is killed amid that, what is left is a
 * chain all the same.
 */
function outdated(files: readonly CheckpointFile[], needed: number): readonly CheckpointFile[] {
  const chains = chainsOf(files).reverse();
  const base = chains.find(([first]) => first !== undefined && first.to < needed);
  let kept = 0;
  return chains.flatMap((chain, at) => {
    const isKept = at < BASES_KEPT || kept < KEPT || chain === base;
    if (!isKept) return chain.toReversed();
    kept += chain.length;
    return [];
  });
}

/** `previous`: the sha256 of the file that an increment stands on; a base has none. */
type SealedHead = RunPoint & { readonly previous?: Uint8Array | undefined };

type ReadChain = {
  readonly checkpoint: (RunPoint & { readonly states: RestoredStates }) | undefined;
  readonly useless: readonly { readonly path: string; readonly reason: string }[];
};

/** Applies one file to the other as far as they are whole and follow one another. */
async function readChain(disk: Disk, chain: Chain): Promise<ReadChain> {
  const image = createStateImage();
  let point: RunPoint | undefined;
  let digest: Uint8Array | undefined;
  for (const [at, { path, isBase }] of chain.entries()) {
    const sealed = await readIfThere(disk, path);
    const content = sealed === undefined ? undefined : unseal(FORMATS.checkpoint, sealed, path);
    // Sealed by `write` above: the digest vouches for the shape.
    const head = content?.head as SealedHead | undefined;
    if (sealed === undefined || content === undefined || head === undefined) {
      return { checkpoint: pointAt(point, image), useless: uselessFrom(chain, at, DAMAGED) };
    }
    const { previous, ...rest } = head;
    if (isBase ? previous !== undefined : !isSame(previous, digest)) {
      return { checkpoint: pointAt(point, image), useless: uselessFrom(chain, at, ORPHANED) };
    }
    image.apply({ whole: isBase, parts: content.blobs });
    point = rest;
    digest = Uint8Array.from(digestOf(sealed));
  }
  return { checkpoint: pointAt(point, image), useless: [] };
}

const DAMAGED = 'it is damaged';
const ORPHANED = 'the checkpoint that it stands on is not there';

function uselessFrom(chain: Chain, at: number, reason: string): ReadChain['useless'] {
  return chain.slice(at).map(({ path }, index) => {
    return { path, reason: index === 0 ? reason : ORPHANED };
  });
}

function pointAt(point: RunPoint | undefined, states: RestoredStates): ReadChain['checkpoint'] {
  return point === undefined ? undefined : { ...point, states };
}

function isSame(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  return one !== undefined && other !== undefined && Buffer.compare(one, other) === 0;
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

function belonging<C extends Run>(checkpoint: C, run: Run, directory: string): C {
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
