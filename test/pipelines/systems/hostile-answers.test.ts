import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createFileDoor } from '../../../pipelines/systems/file-door.ts';
import { FILE_FORMATS, type FileFormat } from '../../../pipelines/systems/file-formats.ts';
import { type FileDoorConfig, systemConfigSchema } from '../../../sinks/remote/system-config.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { exampleCommand } from './example-command.ts';

/** Whoever may write into the folders of a door of files lays something else there than an answer. */

const call = { priority: 'delivery', signal: new AbortController().signal } as const;
const command = exampleCommand({ system: 'old-erp', verb: 'note' });
const remote = `${command.key}.json`;

function door() {
  const folder = mkdtempSync(join(temporaryDirectory(), 'door-'));
  const [out, answers] = [join(folder, 'out'), join(folder, 'in')];
  mkdirSync(out);
  mkdirSync(answers);
  const config = systemConfigSchema.parse({
    ...{ kind: 'files', name: 'old-erp', out, in: answers, format: 'json' },
    verbs: {
      note: {
        content: { key: '{{key}}' },
        answer: { at: '/word', words: { done: 'done' }, final: ['done'] },
      },
    },
  }) as FileDoorConfig;
  const verb = createFileDoor(config).verbs.get('note');
  const { create, state } = verb ?? {};
  if (create === undefined || state === undefined) throw new Error('the verb lacks something');
  return {
    ...{ folder, out, answers },
    create: () => create({ command, remote: null, values: {} }, call),
    read: () => state.read('', remote, call),
    taken: () => state.taken?.(remote),
  };
}

describe('an answer that is none', () => {
  it('is not read by way of a link, nor is it quoted', async () => {
    const { folder, answers, read } = door();
    writeFileSync(join(folder, 'key'), 'SUA-SECRET');
    symlinkSync(join(folder, 'key'), join(answers, remote));
    const outcome = await read();
    expect(outcome).toMatchObject({
      ...{ kind: 'retryable', note: expect.stringContaining('found a link') },
    });
    renameSync(join(folder, 'key'), join(answers, remote));
    expect(JSON.stringify([outcome, await read()])).not.toContain('SECRET');
  });

  it('does not hold what reads files where it is a pipe', async () => {
    const { answers, read } = door();
    execFileSync('sh', ['-c', 'mkfifo "$0"', join(answers, remote)]);
    try {
      const outcome = await Promise.race([read(), delay(3_000, 'stuck')]);
      expect(outcome).toMatchObject({
        ...{ kind: 'retryable', note: expect.stringContaining('expected a regular file') },
      });
    } finally {
      // A reader that waits is let go.
      execFileSync('sh', ['-c', '(exec 3<>"$0")', join(answers, remote)]);
    }
  });

  it('is not read where it has more than a megabyte', async () => {
    const { answers, read } = door();
    writeFileSync(join(answers, remote), '{"word":"done"}');
    expect(await read()).toMatchObject({ kind: 'ok', value: { word: 'done' } });
    truncateSync(join(answers, remote), 5_000_000_000);
    expect(await read()).toMatchObject({
      ...{ kind: 'retryable', note: expect.stringContaining('at most 1000000 bytes') },
    });
  });

  it.each([
    ['xml', ' '.repeat(1_000_000)],
    ['xml', `<?xml?>${' '.repeat(999_000)}x`],
    ['xml', `<a>${'</a> '.repeat(199_000)}x`],
    ['xml', `<a ${' '.repeat(999_000)}`],
    ['xml', `<a>${'<a '.repeat(300_000)}</a>`],
    ['xml', `<a>&${'x'.repeat(999_000)}</a>`],
    ['csv', `${'\n'.repeat(999_000)}x`],
    ['csv', `a\n"${'x\n'.repeat(499_000)}`],
    ['csv', `a\n${'"x" '.repeat(249_000)}\n`],
    ['json', '['.repeat(200_000)],
    ['json', `{"word":${'['.repeat(200_000)}${']'.repeat(200_000)}}`],
  ] as const)('is read in time that grows no faster than its size (%s %#)', (format, text) => {
    const before = process.cpuUsage();
    FILE_FORMATS[format satisfies FileFormat].read(text);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1e6).toBeLessThan(2);
  });
});

describe('a link in the folders of a door', () => {
  it('under a temporary name has nothing written over', async () => {
    const { folder, out, create } = door();
    const victim = join(folder, 'victim');
    writeFileSync(victim, 'precious');
    symlinkSync(victim, join(out, `${remote}.tmp`));
    symlinkSync(victim, join(out, remote));
    expect(await create()).toMatchObject({ kind: 'ok' });
    expect(readFileSync(victim, 'utf8')).toBe('precious');
    expect(JSON.parse(readFileSync(join(out, remote), 'utf8'))).toEqual({ key: command.key });
    expect(readdirSync(out).sort()).toEqual([remote, `${remote}.tmp`]);
  });

  it('in place of the folder of what was taken moves nothing elsewhere', async () => {
    const { folder, answers, taken } = door();
    const elsewhere = join(folder, 'elsewhere');
    mkdirSync(elsewhere);
    writeFileSync(join(elsewhere, remote), 'precious');
    writeFileSync(join(answers, remote), '{"word":"done"}');
    symlinkSync(elsewhere, join(answers, 'taken'));
    await expect(taken()).rejects.toThrow(/expected a folder, found a link/);
    expect(readFileSync(join(elsewhere, remote), 'utf8')).toBe('precious');
  });
});
