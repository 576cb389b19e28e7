import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Rig } from './rig.ts';

const CATCH_UP_SECONDS = 60;
const START_SECONDS = 30;

/** The last message whose rows ClickHouse has confirmed. */
export async function landedTo(rig: Pick<Rig, 'directory'>): Promise<number> {
  const path = join(rig.directory, 'andon', 'plant-0', 'cursors', 'clickhouse.json');
  try {
    return Number(JSON.parse(await readFile(path, 'utf8')).to);
  } catch {
    return 0;
  }
}

/** Seconds until everything up to this message had landed; undefined when it had not in time. */
export async function caughtUpAfter(
  rig: Rig,
  last: number,
  most = CATCH_UP_SECONDS,
): Promise<number | undefined> {
  const started = performance.now();
  for (;;) {
    const seconds = (performance.now() - started) / 1_000;
    if ((await landedTo(rig)) >= last) return seconds;
    if (seconds > most) return undefined;
    await pause(100);
  }
}

/** How many readings ClickHouse has. One that is just being started is waited for. */
export async function landedReadings(rig: Rig): Promise<number> {
  const until = performance.now() + START_SECONDS * 1_000;
  for (;;) {
    const counted = await countReadings(rig).catch((error: unknown) => {
      if (performance.now() > until) throw error;
      return undefined;
    });
    if (counted !== undefined) return counted;
    await pause(200);
  }
}

async function countReadings(rig: Rig): Promise<number> {
  const client = await rig.warehouse.client();
  try {
    const query = 'SELECT count() AS readings FROM readings';
    const result = await client.query({ query, format: 'JSONEachRow' });
    const [counted] = await result.json<{ readings: string }>();
    return Number(counted?.readings);
  } finally {
    await client.close();
  }
}
