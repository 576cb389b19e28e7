/**
 * A door of files for a system without an interface: one file for each command goes out into a folder, and answers are
 * read from another. A file has the key of its command as its name, so that it is there once however often it is written,
 * and it is written under a temporary name first. An answer has the same name; `<key>.ack` says that a file was taken.
 */

import { lstat, mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Call } from '../../sinks/remote/caller.ts';
import { commandFieldsOf } from '../../sinks/remote/fields.ts';
import { textAt } from '../../sinks/remote/http.ts';
import {
  type CallFailure,
  type CallOutcome,
  notSent,
  success,
} from '../../sinks/remote/outcome.ts';
import type { RemoteStatus } from '../../sinks/remote/status.ts';
import {
  type CommandInput,
  type CommandObject,
  NOTHING_GAINED,
  type ObjectState,
  type System,
  type Verb,
  withoutVerb,
} from '../../sinks/remote/system.ts';
import type { FileDoorConfig } from '../../sinks/remote/system-config.ts';
import { fill, TemplateError } from '../../sinks/remote/template.ts';
import { readOfOthers, UnfitFile, writeWholeBesideOthers } from '../base/disk.ts';
import { FILE_FORMATS, type FileFormat } from './file-formats.ts';

type VerbConfig = FileDoorConfig['verbs'][string];
type Answer = NonNullable<VerbConfig['answer']>;

/** Where answers are put away that were read: in the folder of the answers. */
const TAKEN = 'taken';
/** Bytes. An answer is a receipt of a few values. */
const LONGEST_ANSWER = 1_000_000;

export function createFileDoor(config: FileDoorConfig): System {
  const verbs = Object.entries(config.verbs).map(([name, verb]): readonly [string, Verb] => [
    name,
    fileVerb(verb, config),
  ]);
  return {
    name: config.name,
    verbs: new Map(verbs),
    without: withoutVerb(config.name, Object.keys(config.verbs)),
  };
}

function fileVerb(verb: VerbConfig, config: FileDoorConfig): Verb {
  const { answer } = verb;
  return {
    ...{ kind: 'effect', ask: [], changes: [] },
    search: ({ command }) => tried(() => findFile(command.key, config)),
    create: (subject, call) => tried(() => writeFile(subject, verb, config, call)),
    state: answer === undefined ? undefined : stateOf(answer, config),
  };
}

/** It waits to be taken, or it was taken: an answer is there. */
async function findFile(
  key: string,
  { out, in: answers, format }: FileDoorConfig,
): Promise<CallOutcome<readonly CommandObject[]>> {
  const remote = nameOf(key, format);
  const waiting = (await namesIn(out)).includes(remote);
  const places = answers === undefined ? [] : [answers, join(answers, TAKEN)];
  const answered = await Promise.all(places.map(namesIn));
  const found =
    waiting || answered.some((names) => names.includes(remote) || names.includes(`${key}.ack`));
  return success(found ? [{ remote, ...NOTHING_GAINED }] : []);
}

async function writeFile(
  { command, values }: CommandInput,
  { content, root }: VerbConfig,
  { out, maps, format }: FileDoorConfig,
  { sending }: Call,
): Promise<CallOutcome<CommandObject>> {
  let filled: Record<string, unknown>;
  try {
    filled = fill(content, commandFieldsOf(command, null, values), maps) as Record<string, unknown>;
  } catch (error) {
    if (error instanceof TemplateError) return notSent(error.message);
    throw error;
  }
  const text = FILE_FORMATS[format].write(command.verb, filled, root);
  const remote = nameOf(command.key, format);
  await mkdir(out, { recursive: true });
  await sending?.();
  await writeWholeBesideOthers(join(out, remote), [Buffer.from(text)]);
  return success({ remote, ...NOTHING_GAINED });
}

function stateOf(answer: Answer, config: FileDoorConfig): ObjectState {
  const folder = config.in ?? '';
  return {
    final: new Set(answer.final),
    every: answer.every,
    read: (_, remote) => tried(() => readAnswer(remote, answer, folder, config.format)),
    async taken(remote) {
      const names = await namesIn(folder);
      await makeTaken(join(folder, TAKEN));
      for (const name of [remote, acknowledgementOf(remote, config.format)]) {
        if (names.includes(name)) await rename(join(folder, name), join(folder, TAKEN, name));
      }
    },
  };
}

/** An answer says more than an acknowledgement. Without both there is no word yet. */
async function readAnswer(
  remote: string,
  { at, note, words }: Answer,
  folder: string,
  format: FileFormat,
): Promise<CallOutcome<RemoteStatus<string>>> {
  const names = await namesIn(folder);
  if (!names.includes(remote)) {
    const word = names.includes(acknowledgementOf(remote, format)) ? 'ack' : '';
    return success({ word, status: words[word] ?? null, note: null });
  }
  const text = await readOfOthers(join(folder, remote), LONGEST_ANSWER);
  const content = FILE_FORMATS[format].read(text);
  const word = textAt(content, at);
  if (word === undefined) {
    // Perhaps it is still being written. What it says is not told: nobody knows what it is.
    return busy(`${remote}: expected a word at "${at}", found none in ${text.length} letters`);
  }
  const said = note === undefined ? undefined : textAt(content, note);
  return success({ word, status: words[word] ?? null, note: said ?? null });
}

/** A link in its place would have answers put away elsewhere, over what has their names there. */
async function makeTaken(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  if ((await lstat(folder)).isDirectory()) return;
  throw new Error(`${folder}: expected a folder, found a link. Remove it.`);
}

function nameOf(key: string, format: FileFormat): string {
  return `${key}.${format}`;
}

function acknowledgementOf(remote: string, format: FileFormat): string {
  return remote.replace(new RegExp(`\\.${format}$`), '.ack');
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

/** A folder that cannot be read or written is a system that is away. */
async function tried<T>(work: () => Promise<CallOutcome<T>>): Promise<CallOutcome<T>> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UnfitFile) return busy(error.message);
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    return busy(error.message);
  }
}

function busy(note: string): CallFailure {
  return { kind: 'retryable', note, status: null, after: null, down: true };
}
