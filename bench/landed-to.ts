import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { BenchStand } from './stand.ts';

const CATCH_UP_SECONDS = 60;
const START_SECONDS = 30;

/** The last message whose rows ClickHouse has confirmed to a pipeline that keeps its state in this directory. */
export async function cursorOf(
  directory: string,
  pipeline: string,
  partition = 0,
): Promise<number> {
  const path = join(directory, `${pipeline}-${partition}`, 'cursors', 'clickhouse.json');
  try {
    return Number(JSON.parse(await readFile(path, 'utf8')).to);
  } catch {
    return 0;
  }
}

export function landedTo({ directory }: BenchStand): Promise<number> {
  return cursorOf(directory, 'plant');
}

/** Seconds until everything up to this message had landed; undefined when it had not in time. */
export async function caughtUpAfter(
  stand: BenchStand,
  last: number,
  most = CATCH_UP_SECONDS,
): Promise<number | undefined> {
  const started = performance.now();
  for (;;) {
    const seconds = (performance.now() - started) / 1_000;
    if ((await landedTo(stand)) >= last) return seconds;
    if (seconds > most) return undefined;
    await pause(100);
  }
}

/** How many readings ClickHouse has. One that is just being started is waited for. */
export async function landedReadings(stand: BenchStand): Promise<number> {
  const until = performance.now() + START_SECONDS * 1_000;
  for (;;) {
    const counted = await countReadings(stand).catch((error: unknown) => {
      if (performance.now() > until) throw error;
      return undefined;
    });
    if (counted !== undefined) return counted;
    await pause(200);
  }
}

async function countReadings(stand: BenchStand): Promise<number> {
  const client = stand.client();
  try {
    const query = 'SELECT count() AS readings FROM readings';
    const result = await client.query({ query, format: 'JSONEachRow' });
    const [counted] = await result.json<{ readings: string }>();
    return Number(counted?.readings);
  } finally {
    await client.close();
  }
}
