import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Child, startChild } from '../../../pipelines/base/child.ts';
import { EXIT } from '../../../pipelines/base/problem.ts';
import { lockDirectory } from '../../../pipelines/base/process-lock.ts';
import { until } from '../../stand/stand.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const CHILD = fileURLToPath(new URL('./process-lock-child.ts', import.meta.url));
/** As a container has them: network, processes and host name of its own; the directory is shared. */
const APART = ['--net', '--pid', '--uts', '--fork', '--kill-child', '--map-root-user'];
const possible = spawnSync('unshare', [...APART, 'true']).status === 0;

const children: Child[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL');
    await child.exited;
  }
});

/** A process in namespaces of its own that wants the directory. */
async function container(directory: string, name: string) {
  const lines: string[] = [];
  const child = await startChild({
    command: 'unshare',
    args: [...APART, process.execPath, '--import', 'tsx', CHILD, directory, name],
    onLine: (line) => void lines.push(line),
  });
  children.push(child);
  const said = async (text: string) =>
    until(`${name} to say "${text}"`, 30_000, async () => lines.join('\n').includes(text));
  return { child, lines, said };
}

describe('a directory that two containers share', () => {
  beforeEach((context) => {
    context.skip(!possible, 'unshare makes no namespaces here');
  });

  test('belongs to the first; the second one hears its name', async () => {
    const directory = temporaryDirectory();
    const first = await container(directory, 'hall-7');
    await first.said('taken');
    const second = await container(directory, 'hall-8');
    await second.said('found that it belongs to hall-7');
    expect(second.lines).not.toContain('taken');
  });

  test('goes to the second one once the first was killed', async () => {
    const directory = temporaryDirectory();
    const first = await container(directory, 'hall-7');
    await first.said('taken');
    first.child.kill('SIGKILL');
    await first.child.exited;
    await (await container(directory, 'hall-8')).said('taken');
  });

  test('is asked for by two at once after a crash: one gets it, the other one loses it', async () => {
    const directory = temporaryDirectory();
    const first = await container(directory, 'hall-7');
    await first.said('taken');
    first.child.kill('SIGKILL');
    await first.child.exited;
    const [one, other] = [
      await container(directory, 'hall-8'),
      await container(directory, 'hall-9'),
    ];
    const owners = () => [one, other].filter(({ lines }) => lines.at(-1) === 'taken').length;
    const ended = () =>
      [one, other].some(({ lines }) => /belongs to hall-[89]/.test(lines.join('\n')));
    await until('one to have it', 30_000, async () => owners() === 1 && ended());
  });
});

describe('the lock file', () => {
  test('goes with its owner; one that was left behind here is taken at once', async () => {
    const directory = temporaryDirectory();
    const path = join(directory, 'owner.lock');
    const first = await lockDirectory(directory, 'a');
    const left = readFileSync(path);
    await first.release();
    expect(readdirSync(directory)).toEqual([]);
    writeFileSync(path, left);
    // With an hour of patience for an owner elsewhere.
    await (await lockDirectory(directory, 'b', { beat: 50, term: 3_600_000 })).release();
  });

  test('of an owner elsewhere is taken when nobody touches it for a term', async () => {
    const directory = temporaryDirectory();
    const held = { owner: 'a', place: 'elsewhere', holding: 'x' };
    writeFileSync(join(directory, 'owner.lock'), JSON.stringify(held));
    await (await lockDirectory(directory, 'b', { beat: 50, term: 300 })).release();
    expect(readdirSync(directory)).toEqual([]);
  });

  test('whose owner was silent for long is lost to another one, and nothing is written any more', async () => {
    const directory = temporaryDirectory();
    const lock = await lockDirectory(directory, 'a', { beat: 50, term: 300 });
    await lock.confirm();
    const other = { owner: 'b', place: 'elsewhere', holding: 'x' };
    writeFileSync(join(directory, 'owner.lock'), JSON.stringify(other));
    await expect(lock.confirm()).rejects.toMatchObject({
      exit: EXIT.owned,
      message: expect.stringContaining('belongs to b'),
    });
    await until('the loss to be told', 5_000, async () => lock.lost.aborted);
    await lock.release();
    expect(readdirSync(directory)).toEqual(['owner.lock']);
  });

  test('that somebody removed is made again', async () => {
    const directory = temporaryDirectory();
    const lock = await lockDirectory(directory, 'a', { beat: 50, term: 300 });
    rmSync(join(directory, 'owner.lock'));
    await until('the file', 5_000, async () => readdirSync(directory).length === 1);
    expect(lock.lost.aborted).toBe(false);
    await lock.release();
  });

  test('that is empty, as after a power cut, is taken when nobody touches it', async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'owner.lock'), '');
    utimesSync(join(directory, 'owner.lock'), 1, 1);
    await (await lockDirectory(directory, 'b', { beat: 50, term: 300 })).release();
  });
});
