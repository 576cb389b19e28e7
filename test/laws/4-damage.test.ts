import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { differences } from '../support/crashes/compare.ts';
import { crashLog } from '../support/crashes/crash-log.ts';
import type { Fault } from '../support/crashes/killable-sink.ts';
import { Outside } from '../support/crashes/outside.ts';
import { plainOracle } from '../support/crashes/plain-oracle.ts';
import { poisoned, runWorkers } from '../support/crashes/run-workers.ts';
import type { LifePlan } from '../support/crashes/schedule.ts';
import { RUN } from '../support/in-process-worker.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const messages = crashLog(11, 40);
const poison = new Set([40]);
const pipeline = poisoned(poison);
const expected = plainOracle(messages, pipeline, poison, RUN);

/** Killed in the middle, when ClickHouse has been away for a while: every kind of file is there. */
const KILLED: LifePlan = {
  death: { by: 'kill', of: 'rename', step: 26, moment: 'after' },
  ...{ seed: 5, seconds: 60, rows: 50, checkpointEvery: 3, backlog: 40, batch: 20 },
  ...{ slow: { disk: 0, sink: 0, log: 0 }, haste: 0, outbox: [], full: [] },
  clickhouse: [...Array<undefined>(30), ...Array<Fault>(40).fill('hangs')],
};

/** Killed amid a batch: ClickHouse failed once, and all that was read meanwhile goes at once. */
const KILLED_AMID_BATCH: LifePlan = {
  ...KILLED,
  death: { by: 'kill', of: 'send', step: 20, moment: 'after' },
  clickhouse: ['fails'],
};

/** Killed with two bases there, and increments behind each. ClickHouse is away, so all epoch files are there. */
const KILLED_AMID_INCREMENTS: LifePlan = {
  ...KILLED,
  ...{ rows: 40, checkpointEvery: 1, backlog: 400 },
  death: { by: 'kill', of: 'rename', step: 40, moment: 'after' },
  clickhouse: [...Array<undefined>(30), ...Array<Fault>(400).fill('hangs')],
};

type Damage = (content: Buffer) => Buffer | undefined;
const DAMAGES: Readonly<Record<string, Damage>> = {
  missing: () => undefined,
  empty: () => Buffer.alloc(0),
  torn: (content) => content.subarray(0, content.length / 2),
  zeroed: (content) => Buffer.alloc(content.length),
  'with a bit flipped': (content) => flipped(content, 0.4),
  'with another digit': (content) => flipped(content, digitIn(content)),
};

type Place = 'newest' | 'oldest' | 'every';
const LIST_OF_BATCHES = 'the list of batches';
const CURSOR_AMID_BATCH = 'a cursor amid a batch';
const newest = (folder: string) => (directory: string) => among(directory, folder, 'newest');
const FILES: Readonly<Record<string, (directory: string) => string[]>> = {
  'the oldest epoch file': (directory) => among(directory, 'epochs', 'oldest'),
  'the newest epoch file': newest('epochs'),
  'the newest checkpoint': newest('checkpoints'),
  'every checkpoint': (directory) => among(directory, 'checkpoints', 'every'),
  'the newest base': (directory) => [newestChain(directory).base],
  'every increment': (directory) => checkpoints(directory, 'increment'),
  'the newest base and an increment before it': (directory) => {
    const { base, before } = newestChain(directory);
    return [base, before.at(-2) ?? ''];
  },
  'every base': (directory) => checkpoints(directory, 'checkpoint'),
  'a cursor': (directory) => [join(directory, 'cursors', 'clickhouse.json')],
  [LIST_OF_BATCHES]: (directory) => [join(directory, 'cursors', 'clickhouse.batches.json')],
  [CURSOR_AMID_BATCH]: (directory) => [join(directory, 'cursors', 'clickhouse.json')],
  'the list of poison': (directory) => [join(directory, 'skipped.json')],
};

/** Where a start is refused, and what it says; everywhere else the outcome is that of an undisturbed pass. */
const REFUSED: Readonly<Record<string, Readonly<Record<string, RegExp>>>> = {
  'every checkpoint': every(/expected at least one whole checkpoint.* Restore/),
  'every base': {
    ...every(/expected at least one whole checkpoint.* Restore/),
    // Increments alone are nothing to begin with.
    missing: /expected at least one whole checkpoint.* Restore/,
  },
  'the list of poison': every(/expected the list of messages that are skipped.* Restore/),
};

/** Which epoch's checkpoint is gone on from: what a damaged file stands on, and never what stands on it. */
const RESTORED: Readonly<Record<string, number>> = {
  'the newest base': 9,
  'every increment': 10,
  'the newest base and an increment before it': 7,
};

function every(said: RegExp): Record<string, RegExp> {
  const { missing: _, ...others } = DAMAGES;
  return Object.fromEntries(Object.keys(others).map((damage) => [damage, said]));
}

const CASES = Object.keys(FILES).flatMap((file) =>
  Object.keys(DAMAGES).map((damage) => [file, damage, REFUSED[file]?.[damage]] as const),
);

describe('a file of the store that is damaged', () => {
  test.each(CASES)('%s, %s, changes nothing or is refused', async (file, damage, refusal) => {
    const outside = new Outside();
    const directory = temporaryDirectory();
    let damaged = 0;
    const between = () => {
      // Once: what is refused is refused again.
      if (damaged > 0) return;
      for (const path of FILES[file]?.(directory) ?? []) {
        damaged += 1;
        harm(path, DAMAGES[damage] ?? (() => undefined));
      }
    };
    const lives = { seed: 1, lives: [lifeOf(file)] };
    const working = runWorkers(lives, { directory, messages, pipeline, outside, between });
    if (refusal !== undefined) return expect(working).rejects.toThrow(refusal);
    const { recorded } = await working;
    expect(damaged).toBeGreaterThan(0);
    expect(differences(outside, expected, messages.length)).toEqual([]);
    expect(recorded.filter(({ kind }) => kind === 'replay-mismatch')).toEqual([]);
    if (RESTORED[file] === undefined) return;
    const restored = recorded.flatMap((each) =>
      each.kind === 'checkpoint-restored' ? [each.epoch] : [],
    );
    expect(restored.at(-1)).toBe(RESTORED[file]);
  });
});

function lifeOf(file: string): LifePlan {
  if ([LIST_OF_BATCHES, CURSOR_AMID_BATCH].includes(file)) return KILLED_AMID_BATCH;
  return file === 'every base' || file in RESTORED ? KILLED_AMID_INCREMENTS : KILLED;
}

/** Bases (`checkpoint`), or increments. */
function checkpoints(directory: string, ending: 'checkpoint' | 'increment'): string[] {
  const paths = among(directory, 'checkpoints', 'every').filter((path) => path.endsWith(ending));
  expect(paths.length).toBeGreaterThan(1);
  return paths;
}

/** The newest base that has increments behind it, and what is before it. */
function newestChain(directory: string): { readonly base: string; readonly before: string[] } {
  const all = among(directory, 'checkpoints', 'every');
  const at = all.findLastIndex((path) => path.endsWith('checkpoint'));
  expect(all.slice(at + 1).length).toBeGreaterThan(0);
  expect(all.slice(0, at).filter((path) => path.endsWith('increment')).length).toBeGreaterThan(1);
  return { base: all[at] ?? '', before: all.slice(0, at) };
}

function among(directory: string, folder: string, place: Place): string[] {
  const names = readdirSync(join(directory, folder)).sort();
  // With only one of them there would be nothing to fall back on, or to miss.
  expect(names.length).toBeGreaterThan(1);
  const from = place === 'newest' ? -1 : 0;
  return names
    .slice(from, place === 'oldest' ? 1 : undefined)
    .map((name) => join(directory, folder, name));
}

function harm(path: string, damage: Damage): void {
  expect(existsSync(path), path).toBe(true);
  const content = damage(readFileSync(path));
  if (content === undefined) rmSync(path);
  else writeFileSync(path, content);
}

function flipped(content: Buffer, share: number): Buffer {
  const at = Math.floor(content.length * share);
  content[at] = (content[at] ?? 0) ^ 1;
  return content;
}

/** Where the first digit is. */
function digitIn(content: Buffer): number {
  const at = content.findIndex((byte) => byte >= 0x30 && byte <= 0x39);
  return at / content.length;
}
