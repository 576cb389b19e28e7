import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { describe, expect } from 'vitest';
import { disturbances } from '../stand/disturbances.ts';
import { landedTo, rowsOf } from '../stand/landed.ts';
import { expectOutcome, publishInto, readingsOf } from '../stand/outcome.ts';
import { type Stand, until } from '../stand/stand.ts';
import { FAULTS_PRELOAD, withFault } from '../stand/worker-fault-of.ts';
import { longTest } from '../support/long.ts';

const { calm, plant, relayed } = disturbances();

type Streams = Awaited<ReturnType<typeof jetstreamManager>>['streams'];

/** What somebody with all rights does to the streams behind the worker's back. */
async function meddle<T>({ nats }: Stand, use: (streams: Streams) => Promise<T>): Promise<T> {
  const connection = await connect({ servers: nats.url });
  try {
    return await use((await jetstreamManager(connection)).streams);
  } finally {
    await connection.close();
  }
}

/** A worker that dies while it is in the middle of the log. */
async function half(stand: Stand): Promise<void> {
  await stand.worker.live(withFault({ file: 'epochs', step: 'rename', moment: 'before', nth: 20 }));
}

function lastWords(stand: Stand): string {
  return stand.worker.lines.slice(-6).join('\n');
}

describe('a stream that was trimmed before it was read', () => {
  longTest(
    'stops the worker with the range; with --accept-loss only what was in it is missing',
    240_000,
    async () => {
      const expected = await calm();
      const { stand } = await relayed(FAULTS_PRELOAD);
      await half(stand);
      const first = (await landedTo(stand)) + 1_000;
      await meddle(stand, (streams) => streams.purge('ANDON_0', { seq: first }));
      expect((await stand.worker.live()).code).toBe(3);
      const [, from = ''] =
        /messages (\d+) to \d+ were trimmed before/.exec(lastWords(stand)) ?? [];
      expect(lastWords(stand)).toContain(`messages ${from} to ${first - 1} were trimmed`);

      await stand.worker.start({}, '--accept-loss');
      await until(
        'everything to land',
        120_000,
        async () => (await landedTo(stand)) >= expected.last,
      );
      // What had been written down before it died is there, though no state remembers it.
      const [row] = await rowsOf<{ last: number }>(
        stand,
        `SELECT toUInt32(max(last_sequence)) AS last FROM {db}.epochs WHERE last_sequence < ${first}`,
      );
      const written = row?.last ?? 0;
      expect(written).toBeGreaterThanOrEqual(Number(from) - 1);
      const left = Object.entries(expected.readings).filter(
        ([message]) => Number(message) <= written || Number(message) >= first,
      );
      expect(await readingsOf(stand)).toEqual(Object.fromEntries(left));
      const query =
        "SELECT originals[1] AS original, toUInt32(count) AS count FROM {db}.dead_letters WHERE reason = 'trimmed'";
      expect(await rowsOf(stand, query)).toEqual([
        { original: `${from}-${first - 1}`, count: first - Number(from) },
      ]);
      const acts =
        "SELECT act, what FROM {db}.audit FINAL WHERE act LIKE '%loss' AND step = 'done' ORDER BY sequence";
      await until('the loss to be written down', 30_000, async () => {
        return (await rowsOf(stand, acts)).length === 2;
      });
      expect(await rowsOf(stand, acts)).toEqual([
        { act: 'accept-loss', what: 'plant-0' },
        { act: 'loss', what: `ANDON_0 ${from}-${first - 1}` },
      ]);
    },
  );
});

describe('a stream that is gone', () => {
  longTest(
    'deleted under the worker ends it; what it had made stands, and another stream is not taken for it',
    240_000,
    async () => {
      const expected = await calm();
      const { stand } = await relayed();
      await stand.worker.start();
      await expectOutcome(stand, expected);
      const life = stand.worker.ended();
      await meddle(stand, (streams) => streams.delete('ANDON_0'));
      expect((await life).code).toBe(3);
      await publishInto(stand, plant);
      expect((await stand.worker.live()).code).toBe(2);
      expect(lastWords(stand)).toContain('The stream was made anew');
      await stand.worker.start({ ANDON_RUN: '2', ANDON_DIR: `${stand.directory}-2` });
      const query = "SELECT toUInt32(count()) AS readings FROM {db}.readings WHERE run = '2'";
      await until('the new run to land', 120_000, async () => {
        const [row] = await rowsOf<{ readings: number }>(stand, query);
        return String(row?.readings) === expected.rows.readings?.rows;
      });
      await stand.worker.stop();
      await rowsOf(stand, "SELECT 1 FROM {db}.readings WHERE run = '1' LIMIT 1");
    },
  );

  longTest(
    'made anew while the worker was dead, it is refused, and nothing of it is taken',
    240_000,
    async () => {
      const { stand } = await relayed(FAULTS_PRELOAD);
      await half(stand);
      // What was on its way into the warehouse when the worker died may still land.
      let before = await readingsOf(stand);
      await until('the warehouse to be at rest', 30_000, async () => {
        await pause(1_000);
        const now = await readingsOf(stand);
        const rests = isDeepStrictEqual(now, before);
        before = now;
        return rests;
      });
      await meddle(stand, (streams) => streams.delete('ANDON_0'));
      await publishInto(stand, plant);
      expect((await stand.worker.live()).code).toBe(2);
      expect(lastWords(stand)).toContain('The stream was made anew');
      expect(await readingsOf(stand)).toEqual(before);
    },
  );
});
