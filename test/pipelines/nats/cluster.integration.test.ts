import { setTimeout as pause } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Log } from '../../../pipelines/nats/log.ts';
import { openJetstreamLog } from '../../../pipelines/nats/log-reader.ts';
import { createPublisher, type NumberedPublisher } from '../../../pipelines/nats/publisher.ts';
import { ensurePartition } from '../../../pipelines/nats/streams.ts';
import { type NatsCluster, startCluster } from '../../stand/cluster.ts';
import { until } from '../../stand/stand.ts';

const STREAM = 'ANDON_0';

let cluster: NatsCluster;
let connection: NatsConnection;

beforeAll(async () => {
  cluster = await startCluster();
  connection = await connect({
    servers: cluster.servers.map(({ url }) => url),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
  });
});
afterAll(async () => {
  await connection?.close();
  await cluster?.stop();
});

/** Publishes one message after the other, each with its number, until it is told to end. */
function startLoad(publisher: NumberedPublisher) {
  const over = new AbortController();
  const running = (async () => {
    for (let number = 1; !over.signal.aborted; number += 1) {
      const payload = Buffer.from(String(number));
      await publisher.publish({ subject: 'telemetry.p1.l1.press', payload });
      await pause(5);
    }
    return publisher.flush();
  })();
  return {
    end() {
      over.abort();
      return running;
    },
  };
}

/** Reads what comes, and notes when each message was read. */
function startReading(log: Log) {
  const over = new AbortController();
  const numbers: number[] = [];
  const at: number[] = [];
  const gaps: unknown[] = [];
  const running = (async () => {
    while (!over.signal.aborted) {
      const pulled = await log.pull(1_000, 200, over.signal);
      gaps.push(...pulled.gaps);
      for (const { payload } of pulled.messages) {
        numbers.push(Number(Buffer.from(payload).toString()));
        at.push(performance.now());
      }
    }
  })();
  return {
    ...{ numbers, at, gaps },
    end() {
      over.abort();
      return running;
    },
  };
}

/** The server that reads the stream for us: its consumer is lost with it. */
async function readingServer(): Promise<number> {
  const { consumers } = await jetstreamManager(connection, { checkAPI: false });
  for await (const { cluster: home } of consumers.list(STREAM)) {
    if (home?.leader !== undefined) return Number(home.leader.slice(1));
  }
  throw new Error('expected a consumer');
}

test('a step-down of the leader, and the loss of the server that reads, lose and double nothing', async () => {
  await ensurePartition(connection, { partition: 0, partitions: 1, replicas: 3 });
  await cluster.settled();
  const reasons: string[] = [];
  const log = await openJetstreamLog({
    ...{ connection, stream: STREAM, after: 0 },
    onEvent: (event) => void (event.kind === 'log-interrupted' && reasons.push(event.reason)),
  });
  const publisher = createPublisher(connection, { run: 'cluster', answer: 1_000 });
  const load = startLoad(publisher);
  const reading = startReading(log);
  const goesOn = async () => {
    const from = reading.numbers.length;
    await until('the log to go on', 40_000, async () => reading.numbers.length > from + 100);
  };
  await goesOn();
  await cluster.stepDown(STREAM);
  await goesOn();

  const victim = cluster.servers[await readingServer()];
  await victim?.kill();
  const killed = performance.now();
  await goesOn();
  const back = reading.at.find((time) => time > killed + 100) ?? Number.NaN;
  console.log(
    `read again ${((back - killed) / 1_000).toFixed(1)} s after the loss: ${reasons.join('; ')}`,
  );
  await victim?.start();

  const { published, acknowledged, last } = await load.end();
  await until('all to be read', 20_000, async () => reading.numbers.length >= published);
  await reading.end();
  await log.close();
  publisher.close();
  expect({ acknowledged, last }).toEqual({ acknowledged: published, last: published });
  // What the old leader dropped is sent again behind what the new one took: each once, but not in order.
  const numbers = reading.numbers.toSorted((a, b) => a - b);
  expect(numbers).toEqual(Array.from({ length: published }, (_, at) => at + 1));
  expect(reading.gaps).toEqual([]);
});
