import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { expect } from 'vitest';
import { REQUEST_STREAM } from '../../sinks/outbox.ts';
import { checksOf, type Facts, factsOf, landedTo, rowsOf } from './landed.ts';
import type { RecordedPlant } from './recorded-plant.ts';
import { andon, type Stand, startStand, until, worksAt } from './stand.ts';

/** All that the world has of a log once everything is carried out. */
export type Outcome = Facts & {
  /** The last message of the log. */
  readonly last: number;
  /** How many readings each message gave, and the sum of their hashes. */
  readonly readings: Readonly<Record<number, string>>;
  /** The last version of each window that was corrected. */
  readonly corrected: readonly unknown[];
  /** Subject and content of every revision in the outbox stream. */
  readonly revisions: readonly string[];
  /** What the CMMS holds, but for the ids and times that are its own. */
  readonly works: readonly object[];
};

/** Publishes a recording into the log of a stand as a replay. The last message. */
export function publishInto(stand: Stand, plant: RecordedPlant): Promise<number> {
  return published(stand, [...plant.files, plant.recording]);
}

/** The first half alone, with the model and the rules. */
export function publishFirstHalf(stand: Stand, { files, halves }: RecordedPlant): Promise<number> {
  // Ticks behind it would be later than what follows.
  return published(stand, [...files, '--settle', '0s', halves[0]]);
}

export function publishSecondHalf(stand: Stand, { halves }: RecordedPlant): Promise<number> {
  return published(stand, [halves[1]]);
}

async function published(stand: Stand, args: readonly string[]): Promise<number> {
  const { err, out } = await andon(['publish', '--replay', ...args, '--json'], stand.env);
  expect(err).toBe('');
  return JSON.parse(out).last;
}

/** What a worker that nothing befalls makes of the recording, in a stand of its own. */
export async function undisturbed(plant: RecordedPlant): Promise<Outcome> {
  const stand = await startStand();
  try {
    const last = await publishInto(stand, plant);
    await stand.worker.start();
    await until('the calm run to land', 60_000, async () => (await landedTo(stand)) >= last);
    const sent = await rowsOf<{ requests: number }>(
      stand,
      'SELECT toUInt32(uniqExact(id)) AS requests FROM {db}.request_history',
    );
    const requests = sent[0]?.requests ?? 0;
    expect(requests).toBeGreaterThan(0);
    await until(
      'the calm CMMS',
      30_000,
      async () => (await settledWorks(stand)).length === requests,
    );
    const outcome = await outcomeOf(stand, last);
    expect(outcome.corrected.length).toBeGreaterThan(0);
    expect(await checksOf(stand)).toEqual({});
    return outcome;
  } finally {
    await stand.stop();
  }
}

/** Waits until everything has landed and been sent; then rows, requests, revisions and CMMS are those of a calm run. */
export async function expectOutcome(stand: Stand, calm: Outcome, limit = 120_000): Promise<void> {
  await until('everything to land', limit, async () => (await landedTo(stand)) >= calm.last);
  await until('the CMMS to have it all', limit, async () => {
    const works = await settledWorks(stand);
    return JSON.stringify(works) === JSON.stringify(calm.works);
  }).catch(() => undefined);
  expect(await outcomeOf(stand, calm.last)).toEqual(calm);
  expect(await checksOf(stand)).toEqual({});
}

async function outcomeOf(stand: Stand, last: number): Promise<Outcome> {
  return {
    ...(await factsOf(stand)),
    last,
    readings: await readingsOf(stand),
    corrected: await rowsOf(
      stand,
      'SELECT * FROM {db}.windows FINAL WHERE version > 1 ORDER BY plant, line, asset, signal, `window`, start',
    ),
    revisions: await revisionsOf(stand),
    works: await settledWorks(stand),
  };
}

/** By the number of their message. */
export async function readingsOf(stand: Stand): Promise<Record<number, string>> {
  const rows = await rowsOf<{ message: number; readings: string }>(
    stand,
    "SELECT toUInt32(sequence) AS message, concat(toString(count()), ' ', " +
      "toString(sum(cityHash64(formatRowNoNewline('JSONEachRow', *))))) AS readings " +
      'FROM {db}.readings GROUP BY sequence',
  );
  return Object.fromEntries(rows.map(({ message, readings }) => [message, readings]));
}

async function revisionsOf({ nats }: Stand): Promise<string[]> {
  const connection = await connect({ servers: nats.url });
  try {
    const { streams } = await jetstreamManager(connection);
    const { state } = await streams.info(REQUEST_STREAM);
    const found: string[] = [];
    for (let at = state.first_seq; at <= state.last_seq; at += 1) {
      const message = await streams.getMessage(REQUEST_STREAM, { seq: at });
      if (message !== null) found.push(`${message.subject} ${message.string()}`);
    }
    return found.sort();
  } finally {
    await connection.close();
  }
}

/** The CMMS may misbehave to whoever looks into it, too: then there is nothing to be seen. */
async function settledWorks(stand: Stand): Promise<object[]> {
  const works = await worksAt(stand).catch(() => []);
  return works
    .map(({ id: _id, created: _created, changed: _changed, ...work }) => work)
    .sort((a, b) => (a.external_key < b.external_key ? -1 : 1));
}
