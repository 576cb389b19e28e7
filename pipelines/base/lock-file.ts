/** A lock file: keeps apart those who share a directory and do not see each other, as containers over one volume. */

import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

/** How often an owner shows that it lives, and after how long without that another one may follow it: milliseconds. */
export type LockTiming = { readonly beat: number; readonly term: number };

export interface LockFile {
  /** Fires with the name of whoever has it, when it was taken from us. */
  readonly lost: AbortSignal;
  /** The name of whoever has it by now; undefined while it is ours. */
  taker(): Promise<string | undefined>;
  release(): Promise<void>;
}

const TIMING: LockTiming = { beat: 2_000, term: 10_000 };
const NAME = 'owner.lock';

const holderSchema = z.object({ owner: z.string(), place: z.string(), holding: z.string() });
type Holder = z.infer<typeof holderSchema>;
/** What a look at the file found. One that is being written, or is damaged, has nobody's name yet. */
type Look = { readonly holder: Holder | undefined; readonly touched: bigint };

/**
 * Takes the lock file of a directory, or gives the name of its owner.
 *
 * The caller holds a lock of the operating system on the same directory already. So an owner of the same place is dead.
 * Of an owner elsewhere (another network namespace, another boot, another machine, another path) only the file shows
 * that it lives: it is touched every `beat`. Without that for `term` it is taken over. The two clocks need not agree.
 */
export async function takeLockFile(
  directory: string,
  owner: string,
  timing = TIMING,
): Promise<LockFile | string> {
  const path = join(directory, NAME);
  const mine: Holder = { owner, place: placeOf(directory), holding: randomUUID() };
  for (;;) {
    const found = await look(path);
    if (found === undefined) {
      if (await create(path, mine)) return keep(path, mine, timing);
      continue;
    }
    const here = found.holder?.place === mine.place;
    const seen = here ? 'silent' : await watch(path, found, timing);
    if (seen === 'beats') return found.holder?.owner ?? 'another process';
    if (seen === 'changed') continue;
    await replace(path, mine);
    // Somebody else may have seen the same silence: whose name stands there in the end has it.
    if (!here) await delay(timing.beat / 2);
    if ((await look(path))?.holder?.holding === mine.holding) return keep(path, mine, timing);
  }
}

/** Where the lock of the operating system is seen from. */
function placeOf(directory: string): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/net')} ${directory}`;
  } catch {
    return `${hostname()} ${directory}`;
  }
}

/** Opened anew each time: a network file system answers from its cache to anything less. */
async function look(path: string): Promise<Look | undefined> {
  const file = await open(path, 'r').catch(unlessMissing);
  if (file === undefined) return undefined;
  try {
    const { mtimeNs } = await file.stat({ bigint: true });
    return { holder: parse(await file.readFile('utf8')), touched: mtimeNs };
  } finally {
    await file.close();
  }
}

function parse(text: string): Holder | undefined {
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Looks at the file for a whole term. */
async function watch(
  path: string,
  first: Look,
  { beat, term }: LockTiming,
): Promise<'beats' | 'silent' | 'changed'> {
  const giveUp = performance.now() + term;
  while (performance.now() < giveUp) {
    await delay(beat / 4);
    const now = await look(path);
    if (now?.holder?.holding !== first.holder?.holding) return 'changed';
    if (now?.touched !== first.touched) return 'beats';
  }
  return 'silent';
}

/** False when somebody was quicker. */
async function create(path: string, mine: Holder): Promise<boolean> {
  const file = await open(path, 'wx').catch((error: unknown) => {
    if (codeOf(error) === 'EEXIST') return undefined;
    throw error;
  });
  if (file === undefined) return false;
  try {
    await file.writeFile(JSON.stringify(mine));
  } finally {
    await file.close();
  }
  return true;
}

async function replace(path: string, mine: Holder): Promise<void> {
  const temporary = `${path}.${mine.holding}`;
  await create(temporary, mine);
  await rename(temporary, path);
}

function keep(path: string, mine: Holder, { beat }: LockTiming): LockFile {
  const lost = new AbortController();
  const taker = async () => {
    const found = await look(path);
    // Removed by hand: whoever creates it first has it.
    if (found === undefined && (await create(path, mine))) return undefined;
    const holder = found?.holder ?? (await look(path))?.holder;
    return holder?.holding === mine.holding ? undefined : (holder?.owner ?? 'another process');
  };
  const timer = setInterval(() => {
    // A disk that cannot be read or written shows nobody else's name.
    touch(path, mine, taker).then(
      (other) => other !== undefined && lost.abort(other),
      () => undefined,
    );
  }, beat);
  timer.unref();
  return {
    lost: lost.signal,
    taker,
    async release() {
      clearInterval(timer);
      const found = await look(path).catch(() => undefined);
      if (found?.holder?.holding === mine.holding) await rm(path, { force: true });
    },
  };
}

/** Shows that we live. Gives the name of whoever has taken our place. */
async function touch(
  path: string,
  mine: Holder,
  taker: () => Promise<string | undefined>,
): Promise<string | undefined> {
  const other = await taker();
  if (other !== undefined) return other;
  const file = await open(path, 'r+');
  try {
    // Of the file that is open: by its name it could be another's by now.
    const ours = parse(await file.readFile('utf8'))?.holding === mine.holding;
    if (ours) await file.utimes(new Date(), new Date());
  } finally {
    await file.close();
  }
  return undefined;
}

function unlessMissing(error: unknown): undefined {
  if (codeOf(error) === 'ENOENT') return undefined;
  throw error;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
