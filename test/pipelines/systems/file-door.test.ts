import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Command } from '../../../operators/model/command.ts';
import { createFileDoor } from '../../../pipelines/systems/file-door.ts';
import { FILE_FORMATS, type FileFormat } from '../../../pipelines/systems/file-formats.ts';
import { type FileDoorConfig, systemConfigSchema } from '../../../sinks/remote/system-config.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { exampleCommand } from './example-command.ts';

const call = { priority: 'delivery', signal: new AbortController().signal } as const;

function door(format: FileFormat, changes: object = {}) {
  const folder = temporaryDirectory();
  const [out, answers] = [join(folder, 'out'), join(folder, 'in')];
  const config = systemConfigSchema.parse({
    ...{ kind: 'files', name: 'old-erp', out, in: answers, format },
    verbs: {
      requisition: {
        content: {
          key: '{{key}}',
          part: '{{payload.part}}',
          quantity: '{{payload.quantity}}',
          why: '{{because}}',
        },
        answer: {
          ...{
            at: format === 'xml' ? '/answer/status' : '/status',
            final: ['approved', 'refused'],
          },
          words: { ack: 'taken', OK: 'approved', NO: 'refused' },
        },
      },
    },
    ...changes,
  }) as FileDoorConfig;
  const verb = createFileDoor(config).verbs.get('requisition');
  if (verb?.create === undefined || verb.search === undefined || verb.state === undefined) {
    throw new Error('the verb lacks something');
  }
  const { create, search, state } = verb;
  const subject = (command: Command) => ({ command, remote: null, values: {} });
  return {
    ...{ out, answers },
    create: (command: Command) => create(subject(command), call),
    search: (command: Command) => search(subject(command), call),
    read: (remote: string) => state.read('', remote, call),
    taken: (remote: string) => state.taken?.(remote),
    answer(name: string, text: string) {
      mkdirSync(answers, { recursive: true });
      writeFileSync(join(answers, name), text);
    },
  };
}

describe('a door of files', () => {
  const command = exampleCommand({ system: 'old-erp', verb: 'requisition' });

  it('lays one file for one key, whole, however often it is told to', async () => {
    const { out, create, search } = door('json');
    expect(await search(command)).toEqual({ kind: 'ok', value: [] });
    const remote = `${command.key}.json`;
    for (const _ of [1, 2]) {
      expect(await create(command)).toMatchObject({ kind: 'ok', value: { remote } });
    }
    expect(readdirSync(out)).toEqual([remote]);
    expect(JSON.parse(readFileSync(join(out, remote), 'utf8'))).toEqual({
      ...{ key: command.key, part: '6205-2RS', quantity: 1, why: command.because },
    });
    expect(await search(command)).toMatchObject({ kind: 'ok', value: [{ remote }] });
  });

  it.each([
    ['json', '{"status":"OK"}'],
    ['csv', 'key,status\r\nx,OK\r\n'],
    ['xml', '<?xml version="1.0"?>\n<answer><key>x</key><status>OK</status></answer>\n'],
  ] as const)(
    'finds a file that was taken by its acknowledgement, and reads the answer (%s)',
    async (format, text) => {
      const { create, search, read, taken, answer, answers } = door(format);
      await create(command);
      const remote = `${command.key}.${format}`;
      expect(await read(remote)).toMatchObject({ kind: 'ok', value: { status: null, word: '' } });
      answer(`${command.key}.ack`, '');
      expect(await read(remote)).toMatchObject({ kind: 'ok', value: { status: 'taken' } });
      answer(remote, text);
      expect(await read(remote)).toMatchObject({
        kind: 'ok',
        value: { status: 'approved', word: 'OK' },
      });
      await taken(remote);
      expect(readdirSync(answers)).toEqual(['taken']);
      expect(await search(command)).toMatchObject({ kind: 'ok', value: [{ remote }] });
    },
  );

  it.each([
    ['json', '{"status":"O'],
    ['csv', 'key,status\r\nx,O'],
    ['xml', '<answer><status>OK</status>'],
    ['xml', '<!DOCTYPE a [<!ENTITY x "OK">]><answer><status>&x;</status></answer>'],
  ] as const)('waits for the rest of an answer that is not whole (%s %s)', async (format, text) => {
    const { create, read, answer } = door(format);
    await create(command);
    const remote = `${command.key}.${format}`;
    answer(remote, text);
    expect(await read(remote)).toMatchObject({ kind: 'retryable' });
  });

  it('takes a folder that cannot be written for a system that is away', async () => {
    const { create } = door('json', { out: '/dev/null/out' });
    expect(await create(command)).toMatchObject({ kind: 'retryable', down: true });
  });
});

describe('the formats of files', () => {
  const words = fc
    .string({ unit: 'grapheme' })
    .map((text) => text.replaceAll(/[\s\p{C}]+/gu, ' ').trim());

  it.each(['json', 'csv', 'xml'] as const)('give back what was written (%s)', (format) => {
    fc.assert(
      fc.property(words, words, (a, b) => {
        fc.pre(a !== '' && !/^[=+\-@'\ufeff]/.test(a) && !/^[=+\-@'\ufeff]/.test(b));
        const read = FILE_FORMATS[format].read(FILE_FORMATS[format].write('note', { a, b }));
        expect(read).toEqual(format === 'xml' ? { note: { a, b } } : { a, b });
      }),
    );
  });

  it('know the entities of XML and no others', () => {
    const text = '<note><a>&lt;1&#65;&constructor;&nbsp;</a></note>';
    expect(FILE_FORMATS.xml.read(text)).toEqual({ note: { a: '<1A&constructor;&nbsp;' } });
  });

  it('let no text be a formula of a spreadsheet', () => {
    const text = FILE_FORMATS.csv.write('note', { a: '=1+1', b: '@x', c: -1, d: '"q"' });
    expect(text).toBe(`a,b,c,d\r\n'=1+1,'@x,-1,"""q"""\r\n`);
  });
});
