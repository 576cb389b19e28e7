/**
 * Schedules of others on their way into the log: from files and folders, by HTTP, and from a queue. A repeat changes nothing,
 * since an entry takes the place of the one with its id; so whatever fails is taken again, and is acknowledged when it is in
 * the log and not before.
 */

import { mkdir, readdir, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { jetstream } from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { readBody } from '../../sinks/remote/http.ts';
import { readOfOthers, UnfitFile } from '../base/disk.ts';
import { EXIT, Problem } from '../base/problem.ts';
import { streamClient, subjectIn } from '../nats/jetstream.ts';
import { partitionedSubject } from '../nats/partition.ts';
import { type GivenLine, readSchedule } from './read-schedule.ts';
import { signInToTryton, type TrytonLogin, trytonProductions } from './tryton.ts';

/** What was taken, for people. */
export type TakenSchedule = {
  readonly where: string;
  readonly lines: readonly string[];
  readonly entries: number;
};

export type ScheduleIntake = {
  readonly connection: NatsConnection;
  readonly partitions: number;
  readonly given: GivenLine;
  readonly signal: AbortSignal;
  readonly onTaken: (taken: TakenSchedule) => void;
  /** What each address answered last: what is the same is not published again. */
  readonly answered: Map<string, string>;
  /** What cannot be read. It is put aside, and the others are taken. */
  readonly onRefused: (problem: Problem) => void;
};

/** Bytes of one schedule. */
const LONGEST = 16_000_000;
/** Entries of one message: no server's limit of a message is met. */
const PER_MESSAGE = 500;
const IN_ORDER = new Intl.Collator('en', { numeric: true });
/** Milliseconds that a source may take. */
const PATIENCE = 30_000;

/** Publishes all entries of a text, line by line. Resolves when they are in the log. */
async function publish(intake: ScheduleIntake, text: string, where: string): Promise<void> {
  const { connection, partitions, given } = intake;
  const found = readSchedule(text, where, given);
  for (const { plant, line, entries } of found) {
    const plain = `schedule.${plant}.${line}`;
    const inLog = partitions === 1 ? plain : partitionedSubject(plain, partitions);
    for (let from = 0; from < entries.length; from += PER_MESSAGE) {
      const header = headers();
      header.set('Content-Type', 'application/json');
      const message = JSON.stringify({ entries: entries.slice(from, from + PER_MESSAGE) });
      await streamClient(connection).publish(subjectIn(connection, inLog), message, {
        headers: header,
        timeout: PATIENCE,
      });
    }
  }
  const lines = found.map(({ plant, line }) => `${plant}/${line}`);
  const entries = found.reduce((sum, one) => sum + one.entries.length, 0);
  intake.onTaken({ where, lines, entries });
}

/** Gives whether it is in the log. What cannot be read is told; everything else is thrown. */
async function taken(
  intake: ScheduleIntake,
  text: string | Promise<string>,
  where: string,
): Promise<boolean> {
  try {
    await publish(intake, await text, where);
    return true;
  } catch (error) {
    if (!(error instanceof Problem) || error.exit !== EXIT.input) throw error;
    intake.onRefused(error);
    return false;
  }
}

/** A file that somebody names. It stays where it is. */
export async function takeScheduleFile(intake: ScheduleIntake, file: string): Promise<boolean> {
  return taken(intake, textOfFile(file), file);
}

/**
 * The files of a folder, in the order of their names (`s-9` before `s-10`). What is in the log goes to `taken` below it, what cannot be read to
 * `refused`. Whoever lays files there writes them under a name that ends with `.tmp` first, and renames them.
 */
export async function takeScheduleFolder(intake: ScheduleIntake, folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((one) => one.isFile() && !/\.tmp$|^\./.test(one.name));
  for (const name of names.map((one) => one.name).toSorted(IN_ORDER.compare)) {
    if (intake.signal.aborted) return;
    const isIn = await takeScheduleFile(intake, join(folder, name));
    const place = join(folder, isIn ? 'taken' : 'refused');
    await mkdir(place, { recursive: true });
    await rename(join(folder, name), join(place, `${Date.now()}-${basename(name)}`));
  }
}

/** What an address answers, whatever of the formats it is in. A key goes to this address alone: nobody sends us on. */
export async function takeScheduleFrom(
  intake: ScheduleIntake,
  url: string,
  shown: Readonly<Record<string, string>>,
): Promise<void> {
  await takeAnswer(intake, url, async (signal) => {
    const answer = await fetch(url, { headers: shown, signal, redirect: 'manual' });
    const text = await readBody(answer);
    if (!answer.ok) throw new Error(`${answer.status} ${text.slice(0, 200)}`);
    return text;
  });
}

/** The productions that a Tryton has planned. `url`: the address of its database. */
export async function takeTrytonProductions(
  intake: ScheduleIntake,
  url: string,
  login: TrytonLogin,
): Promise<void> {
  await takeAnswer(intake, url, async (signal) =>
    trytonProductions(await signInToTryton(url, login, signal), Date.now()),
  );
}

async function takeAnswer(
  intake: ScheduleIntake,
  url: string,
  ask: (signal: AbortSignal) => Promise<string>,
): Promise<void> {
  const limit = AbortSignal.any([intake.signal, AbortSignal.timeout(PATIENCE)]);
  const text = await ask(limit).catch((error: unknown) => {
    const { message, cause } = error as Error;
    throw away(url, cause instanceof Error ? cause.message : (message ?? String(error)));
  });
  if (intake.answered.get(url) === text) return;
  if (await taken(intake, text, url)) intake.answered.set(url, text);
}

function away(where: string, found: string): Problem {
  const remedy = 'Nothing was changed. Try again when it answers.';
  return new Problem({ where, expected: 'a schedule', found, remedy, exit: EXIT.outside });
}

/**
 * What waits in a stream of the same NATS, for a durable consumer with this name: made where it is not there. Each message is
 * acknowledged when it is in the log; one that cannot be read is told and not asked for again. One at a time: a message that
 * comes again after the next one would bring an old schedule back. Ends when nothing waits.
 */
export async function takeScheduleQueue(
  intake: ScheduleIntake,
  { stream, durable }: { readonly stream: string; readonly durable: string },
): Promise<void> {
  const { connection, signal } = intake;
  const manager = await jetstream(connection).jetstreamManager();
  await manager.consumers.add(stream, {
    ...{ durable_name: durable, ack_policy: 'explicit', deliver_policy: 'all' },
    ...{ ack_wait: PATIENCE * 2 * 1e6, max_ack_pending: 1 },
  });
  const consumer = await jetstream(connection).consumers.get(stream, durable);
  while (!signal.aborted) {
    const message = await consumer.next({ expires: 1_000 });
    if (message === null) return;
    const where = `${message.subject}, message ${message.seq} of ${stream}`;
    await taken(intake, message.string(), where).catch((error: unknown) => {
      message.nak();
      throw error;
    });
    await message.ackAck();
  }
}

async function textOfFile(file: string): Promise<string> {
  try {
    return await readOfOthers(file, LONGEST);
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    if (!(error instanceof UnfitFile) && !(error instanceof Error && 'syscall' in error))
      throw error;
    const remedy = 'Correct its name, or divide it.';
    throw new Problem({
      where: file,
      expected: 'a file that can be read',
      found,
      remedy,
      exit: EXIT.input,
    });
  }
}
