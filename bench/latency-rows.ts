import { every } from './load.ts';
import { assetNames, PLANT } from './paced-plant.ts';
import { type Percentiles, percentilesOf } from './percentiles.ts';
import type { BenchStand } from './stand.ts';

/** Milliseconds between two looks: a row may be seen so much too late. */
const LOOK = 25;

/**
 * From publishing a frame to its row being visible, over all frames of one asset: their event time is the publisher's
 * clock just before it sends them, and who asks ClickHouse runs on the same machine.
 */
export async function rowLatency(stand: BenchStand, until: Promise<unknown>): Promise<Percentiles> {
  const client = stand.client();
  const [first] = assetNames(1);
  const query = `
    SELECT toUnixTimestamp64Milli(time) AS sent FROM readings
    WHERE plant = {plant:String} AND line = {line:String} AND asset = {asset:String}
      AND signal = 'temperature' AND time > fromUnixTimestamp64Milli({seen:Int64}) ORDER BY sent`;
  const latencies: number[] = [];
  let seen = Date.now();
  try {
    await every(LOOK, until, async () => {
      const query_params = { plant: PLANT, line: first?.line, asset: first?.asset, seen };
      const result = await client.query({ query, query_params, format: 'JSONEachRow' });
      const rows = await result.json<{ sent: string }>();
      const now = Date.now();
      for (const { sent } of rows) latencies.push(now - Number(sent));
      seen = Number(rows.at(-1)?.sent ?? seen);
    });
  } finally {
    await client.close();
  }
  return percentilesOf(latencies);
}
