import { rmSync } from 'node:fs';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { describe, expect } from 'vitest';
import { partitionOf } from '../../pipelines/nats/partition.ts';
import { disturbances } from '../stand/disturbances.ts';
import { checksOf, factsOf, rowsOf } from '../stand/landed.ts';
import { publishFirstHalf, publishSecondHalf } from '../stand/outcome.ts';
import { type Service, type Stand, startStand, until } from '../stand/stand.ts';
import { longTest } from '../support/long.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const { keep, plant } = disturbances();
const PARTITIONS = 4;

/** A log of four partitions with the first half of the recording in it, and a warehouse; no worker yet. */
async function stood(): Promise<Stand> {
  const stand = keep(
    await startStand({
      warehouse: 'apart',
      config: { partitions: PARTITIONS, group: {}, epoch: { seconds: 1, checkpointEvery: 3 } },
      env: { ANDON_PARTITIONS: String(PARTITIONS) },
    }),
  );
  await publishFirstHalf(stand, plant);
  return stand;
}

type Joined = { readonly service: Service; readonly directory: string; readonly name: string };

function join(stand: Stand, name: string): Joined {
  const directory = temporaryDirectory();
  const env = { ANDON_DIR: directory, ANDON_OWNER: name, ANDON_HTTP_PORT: '0' };
  const service = keep(stand.twin(env));
  service.live().catch(() => undefined);
  return { service, directory, name };
}

/** Who holds each partition. */
async function owners(stand: Stand): Promise<readonly (string | null)[]> {
  const { out } = await stand.andon(['status', '--all', '--json', '--config', stand.config]);
  const lines = out.trim().split('\n');
  return lines.map((line) => (JSON.parse(line) as { owner: string | null }).owner);
}

/** Waits until every message of every partition has landed. */
async function allLanded(stand: Stand): Promise<void> {
  const connection = await connect({ servers: stand.nats.url });
  try {
    const { streams } = await jetstreamManager(connection);
    await until('all partitions to land', 240_000, async () => {
      const rows = await rowsOf<{ stream: string; last: number }>(
        stand,
        'SELECT stream, toUInt32(max(last_sequence)) AS last FROM {db}.epochs GROUP BY stream',
      );
      for (let partition = 0; partition < PARTITIONS; partition += 1) {
        const { state } = await streams.info(`ANDON_${partition}`);
        const landed = rows.find(({ stream }) => stream === `ANDON_${partition}`)?.last ?? 0;
        if (landed < state.last_seq) return false;
      }
      return true;
    });
  } finally {
    await connection.close();
  }
}

describe('a group of workers', () => {
  longTest(
    'one is lost with its directory, one joins: the rows are those of one that works alone',
    600_000,
    async () => {
      const calm = await stood();
      await publishSecondHalf(calm, plant);
      const alone = join(calm, 'alone');
      await allLanded(calm);
      const expected = await factsOf(calm);
      expect((await alone.service.stop()).code).toBe(0);

      const stand = await stood();
      const three = ['hall-1', 'hall-2', 'hall-3'].map((name) => join(stand, name));
      await until('every partition to be owned', 120_000, async () => {
        return (await owners(stand)).every((owner) => owner !== null);
      });
      await allLanded(stand);
      const busy = (await owners(stand))[partitionOf('p1', 'l1', PARTITIONS)];
      const lost = three.find(({ name }) => name === busy);
      await lost?.service.kill();
      rmSync(lost?.directory ?? '', { recursive: true });
      const fourth = join(stand, 'hall-4');
      await publishSecondHalf(stand, plant);
      await allLanded(stand);
      expect(await owners(stand)).not.toContain(busy);
      expect(await factsOf(stand)).toEqual(expected);
      expect(await checksOf(stand)).toEqual({});
      for (const { service } of [...three, fourth]) {
        if (service !== lost?.service) expect((await service.stop()).code).toBe(0);
      }
    },
  );
});
