import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterEach, expect, test } from 'vitest';
import { readEdgeConfig } from '../../../pipelines/edge/edge-config.ts';
import { type Follower, followCentre } from '../../../pipelines/edge/follow.ts';
import { ensurePartition } from '../../../pipelines/nats/streams.ts';
import { startNats, type TestNats } from '../../stand/nats.ts';
import { until } from '../../stand/stand.ts';
import { temporaryFile } from '../../support/temporary.ts';

const LOG = 'judge_ANDON_0';
const SCHEDULE = 'andon.0.schedule.works.line1';

let nats: TestNats;
let connection: NatsConnection;

afterEach(async () => {
  await connection?.close();
  await nats?.stop();
});

/** A centre whose server is the leaf node as well: to whoever follows it is another domain of the same name. */
async function startCentre() {
  nats = await startNats({ jetstream: 'domain: hub' });
  connection = await connect({ servers: nats.url });
  await ensurePartition(connection, { partition: 0, partitions: 1 });
  const [client, manager] = [jetstream(connection), await jetstreamManager(connection)];
  const config = readEdgeConfig(
    temporaryFile(
      'edge.yaml',
      JSON.stringify({
        ...{ edge: 'e1', centre: { domain: 'hub' }, judge: {}, nats: { servers: nats.url } },
        assets: { p: 'works.line1.press' },
        sources: [{ name: 'b', mqtt: { url: 'mqtt://b', topics: [{ topic: 'f/{machine}' }] } }],
      }),
    ),
  );
  const troubles: string[] = [];
  /** One life of who follows. */
  const live = async (run: (follower: Follower) => Promise<void>) => {
    const over = new AbortController();
    const follower = await followCentre({
      ...{ config, mayAsk: () => true, signal: over.signal },
      record: (event) => {
        if (event.kind === 'edge-trouble') troubles.push(event.error.message);
      },
    });
    await run(follower);
    over.abort();
    await follower.ended;
  };
  const say = (n: number, subject = SCHEDULE) => client.publish(subject, JSON.stringify({ n }));
  const copies = async () => {
    const { state } = await manager.streams.info(LOG, { subjects_filter: '>' });
    return Object.values(state.subjects ?? {}).reduce((sum, count) => sum + count, 0);
  };
  return { live, say, copies, troubles, manager };
}

const come = (count: number) => (follower: Follower) =>
  until(`${count} messages`, 20_000, async () => follower.status.messages >= count);
/** Long enough for what must not come. */
const nothing = async (follower: Follower) => {
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  expect(follower.status.messages).toBe(0);
};

test('what came down does not come again, also when the log here has lost its copies', async () => {
  const { live, say, copies, manager } = await startCentre();
  for (const n of [1, 2, 3]) await say(n);
  await live(come(3));
  await live(nothing);
  await manager.streams.purge(LOG);
  await live(nothing);
  await say(4);
  await live(come(1));
  expect(await copies()).toBe(1);
});

test('of a log of the centre that was made anew all comes down, and that is told', async () => {
  const { live, say, copies, troubles, manager } = await startCentre();
  for (const n of [1, 2, 3]) await say(n);
  await live(come(3));
  await manager.streams.delete('ANDON_0');
  await ensurePartition(connection, { partition: 0, partitions: 1 });
  await say(4);
  await say(5, 'andon.0.rules.works');
  await live(come(2));
  expect(await copies()).toBe(5);
  expect(troubles.filter((text) => text.includes('made anew'))).not.toEqual([]);
});
