import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import { describe, expect } from 'vitest';
import { createWarehouseClient } from '../../sinks/clickhouse/client.ts';
import { disturbances } from '../stand/disturbances.ts';
import { checksOf, landedTo } from '../stand/landed.ts';
import { expectOutcome } from '../stand/outcome.ts';
import { andon, type Stand, startStand, until, untilPublished, worksAt } from '../stand/stand.ts';
import { longTest } from '../support/long.ts';

const { calm, keep, plant, relayed } = disturbances();
/** How long the warehouse is away, in seconds. */
const AWAY = Number(process.env.ANDON_AWAY_SECONDS ?? 300);
/** Of event time in the recording, in seconds. */
const LASTS = 900;

/** A client that may do everything. */
function administrator(stand: Stand): ClickHouseClient {
  const { url = '' } = stand.engine() ?? {};
  const password = stand.env.CLICKHOUSE_PASSWORD ?? '';
  return createWarehouseClient({ url, password, database: 'andon' });
}

const retries = ({ worker }: Stand) =>
  worker.lines.filter((line) => line.includes('"kind":"sink-retry"')).length;

const insertOfReadings = /INSERT INTO \S*\breadings\b\S* SETTINGS/;

describe('a warehouse that breaks', () => {
  longTest(
    'a view that fails half-way: the next try makes it whole, at every level',
    240_000,
    async () => {
      const expected = await calm();
      const { stand, warehouse } = await relayed();
      const coming = warehouse.hold({ ask: insertOfReadings });
      await stand.worker.start();
      const { go } = await coming;
      const client = administrator(stand);
      await client.command({
        query: 'ALTER TABLE readings_1h ADD CONSTRAINT broken CHECK throwIf(1) = 0',
      });
      go();
      await until('three tries', 30_000, async () => retries(stand) >= 3);
      await client.command({ query: 'ALTER TABLE readings_1h DROP CONSTRAINT broken' });
      await client.close();
      await expectOutcome(stand, expected);
    },
  );

  longTest(
    'a token that it has forgotten: the rows are doubled, and the checks say which',
    240_000,
    async () => {
      const expected = await calm();
      const { stand, warehouse } = await relayed();
      const coming = warehouse.hold({ ask: insertOfReadings, answer: /^HTTP/ });
      await stand.worker.start();
      const { cut } = await coming;
      await stand.worker.kill();
      cut();
      const client = administrator(stand);
      for (const window of [0, 10_000]) {
        const query = `ALTER TABLE readings MODIFY SETTING non_replicated_deduplication_window = ${window}`;
        await client.command({ query });
      }
      await client.close();
      await stand.worker.start();
      await until(
        'everything to land',
        60_000,
        async () => (await landedTo(stand)) >= expected.last,
      );
      expect(Object.keys(await checksOf(stand))).toEqual(
        expect.arrayContaining([expect.stringContaining('readings_doubled')]),
      );
    },
  );
});

describe(`a warehouse that is away for ${AWAY} s of a stream that goes on`, () => {
  longTest(
    'all requests go out, memory stays flat, and everything lands afterwards',
    (AWAY + 300) * 1_000,
    async () => {
      const expected = await calm();
      const stand = keep(await startStand({ warehouse: 'away' }));
      const args = [
        'publish',
        '--replay',
        '--speed',
        `${LASTS / AWAY}`,
        ...plant.files,
        plant.recording,
      ];
      const publishing = andon([...args, '--json'], stand.env);
      await untilPublished(stand);
      await stand.worker.start();
      const sizes: number[] = [];
      for (const end = performance.now() + AWAY * 1_000; performance.now() < end; ) {
        await pause(Math.min(2_000, AWAY * 20));
        sizes.push(residentOf(stand));
      }
      expect((await publishing).err).toBe('');
      await until('all requests in the CMMS', 60_000, async () => {
        return (await worksAt(stand)).length === expected.works.length;
      });
      const [before, after] = [median(part(sizes, 0.3, 0.5)), median(part(sizes, 0.8, 1))];
      console.log(`${AWAY} s away: resident ${before.toFixed(0)} MB, later ${after.toFixed(0)} MB`);
      expect(after - before).toBeLessThan(40);
      await stand.warehouse!.start();
      await expectOutcome(stand, expected, 120_000);
    },
  );
});

/** Megabytes. */
function residentOf({ worker }: Stand): number {
  const status = readFileSync(`/proc/${worker.pid()}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1_024;
}

function part(list: readonly number[], from: number, to: number): readonly number[] {
  return list.slice(Math.floor(list.length * from), Math.ceil(list.length * to));
}

function median(list: readonly number[]): number {
  return list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;
}
