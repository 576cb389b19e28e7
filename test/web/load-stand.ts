/** A plant of a thousand machines with a console, pages that nobody sees, and what a page takes on it. */

import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Packr } from 'msgpackr';
import { plantFile, RULES_FILE } from '../../bench/paced-plant.ts';
import { type BenchStand, placed, startBenchStand } from '../../bench/stand.ts';
import type { Child } from '../../pipelines/base/child.ts';
import { readConfig } from '../../pipelines/base/config.ts';
import { accountsOf } from '../../pipelines/console/console.ts';
import { connectNats } from '../../pipelines/nats/nats.ts';
import { createPublisher, type LogPublisher } from '../../pipelines/nats/publisher.ts';
import { until } from '../stand/stand.ts';

export const MACHINES = 1_000;
/** Of every machine twenty signals, once a second. */
export const READINGS_A_SECOND = 20_000;
/** Sessions that an account may have are twenty: its pages are shared out. */
const PAGES_OF_ACCOUNT = 15;
/** The machine whose temperature has a week behind it. */
export const WEEK_OF = { line: 'line1', asset: 'machine2', signal: 'temperature' } as const;
const HOURS_OF_WEEK = 168;
export const SAMPLES_OF_WEEK = HOURS_OF_WEEK * 3_600;
/** The one sample of that week that is out of the ordinary. */
export const SPIKE = 999;

export type Week = { readonly from: number; readonly to: number };

export type LoadStand = {
  readonly stand: BenchStand;
  readonly url: string;
  /** Of accounts `page0`, `page1` … */
  readonly password: string;
  readonly week: Week;
  readonly publisher: LogPublisher;
  /** Begins to send at full rate for so many seconds. */
  flood(seconds: number): Promise<Child>;
  stop(): Promise<void>;
};

export async function startLoadStand(): Promise<LoadStand> {
  const stand = await startBenchStand({});
  await stand.worker.start();
  const model = await placed(stand, 'plant.yaml', plantFile(MACHINES));
  const rules = await placed(stand, 'rules.yaml', RULES_FILE);
  await stand.run(['apply', model, rules]);
  const connection = await connectNats({ servers: stand.nats.url, name: 'load of the page' });
  const publisher = createPublisher(connection, { inFlight: 200, run: `load-${process.pid}` });
  const week = await sendWeek(publisher);
  const password = randomBytes(12).toString('base64url');
  const accounts = accountsOf(readConfig(stand.config, {}));
  for (let at = 0; at * PAGES_OF_ACCOUNT < 100; at += 1) {
    await accounts.put(`page${at}`, password, [{ role: 'engineer' }]);
  }
  await stand.console.start();
  return {
    ...{ stand, url: stand.console.url, password, week, publisher },
    flood: (seconds) => {
      const given = { url: stand.nats.url, assets: MACHINES, rate: READINGS_A_SECOND, seconds };
      const args = Object.entries(given).flatMap(([name, value]) => [`--${name}`, String(value)]);
      return stand.bench(['paced-publisher', ...args], () => undefined);
    },
    async stop() {
      publisher.close();
      await connection.close();
      await stand.stop();
    },
  };
}

const packr = new Packr({ useRecords: false });

/** A week of 1 Hz, an hour in a message, which ends where live data begins. */
async function sendWeek(publisher: LogPublisher): Promise<Week> {
  const to = Math.floor(Date.now() / 1_000) * 1_000 - 60_000;
  const from = to - SAMPLES_OF_WEEK * 1_000;
  const { line, asset, signal } = WEEK_OF;
  for (let hour = 0; hour < HOURS_OF_WEEK; hour += 1) {
    const values = Float64Array.from({ length: 3_600 }, (_, second) => {
      const at = hour * 3_600 + second;
      return at === Math.floor(SAMPLES_OF_WEEK / 2) ? SPIKE : 40 + Math.sin(at / 977) * 5;
    });
    const time = from + hour * 3_600_000;
    const block = {
      time,
      step: 1_000,
      type: 'f64',
      values: { [signal]: Buffer.from(values.buffer) },
    };
    await publisher.publish({
      subject: `telemetry.bench.${line}.${asset}`,
      headers: { 'Andon-Backfill': '1' },
      payload: packr.pack(block),
    });
  }
  await publisher.flush();
  return { from, to };
}

/** Somebody who looks on and is drawn nowhere: it follows the changes, and reads again as a page of the plant does. */
export type UnseenPage = {
  readonly heard: () => number;
  close(): Promise<void>;
};

/** `getSituation` and `getPlants`, each with the least milliseconds between two readings, as `web/src` has them. */
const READS = [
  ['situation', 1_500],
  ['plants', 5_000],
] as const;

export async function openUnseenPages(
  { url, password }: Pick<LoadStand, 'url' | 'password'>,
  count: number,
): Promise<readonly UnseenPage[]> {
  const pages: UnseenPage[] = [];
  for (let at = 0; at < count; at += 1) {
    const name = `page${Math.floor(at / PAGES_OF_ACCOUNT)}`;
    pages.push(await openUnseen(url, await cookieOf(url, name, password)));
  }
  return pages;
}

async function cookieOf(url: string, name: string, password: string): Promise<string> {
  const response = await fetch(`${url}/api/v1/session`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ name, password }),
  });
  if (!response.ok) throw new Error(`expected ${name} to get in, found ${response.status}`);
  await response.arrayBuffer();
  const [cookie = ''] = (response.headers.get('set-cookie') ?? '').split(';');
  return cookie;
}

async function openUnseen(url: string, cookie: string): Promise<UnseenPage> {
  const over = new AbortController();
  const options = { headers: { Cookie: cookie }, signal: over.signal };
  let changes = 0;
  const stream = await fetch(`${url}/api/v1/live`, options);
  const listen = async () => {
    for await (const _ of stream.body ?? []) changes += 1;
  };
  const read = async (path: string, pace: number) => {
    for (let seen = -1; !over.signal.aborted; ) {
      if (seen !== changes) {
        seen = changes;
        await (await fetch(`${url}/api/v1/${path}`, options)).arrayBuffer();
      }
      await pause(pace, undefined, { signal: over.signal });
    }
  };
  const all = [listen(), ...READS.map(([path, pace]) => read(path, pace))].map((each) =>
    each.catch((error: unknown) => {
      if (!over.signal.aborted) throw error;
    }),
  );
  return {
    heard: () => changes,
    async close() {
      over.abort();
      await Promise.all(all);
    },
  };
}

/** Waits until the week has landed. */
export function weekLanded({ stand }: Pick<LoadStand, 'stand'>): Promise<void> {
  const { line, asset, signal } = WEEK_OF;
  const query = `SELECT toUInt32(count()) AS found FROM readings WHERE line = '${line}' AND asset = '${asset}' AND signal = '${signal}'`;
  return until('the week to land', 600_000, async () => {
    const client = stand.client();
    try {
      const answer = await client.query({ query, format: 'JSONEachRow' });
      const [row] = await answer.json<{ found: number }>();
      return (row?.found ?? 0) >= SAMPLES_OF_WEEK;
    } catch {
      // The warehouse is being started, or has no tables yet.
      return false;
    } finally {
      await client.close();
    }
  });
}
