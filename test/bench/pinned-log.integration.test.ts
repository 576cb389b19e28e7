import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPinnedLog } from '../../bench/pinned-log.ts';
import type { Message } from '../../operators/model/message.ts';
import type { Log } from '../../pipelines/nats/log.ts';
import { openJetstreamLog } from '../../pipelines/nats/log-reader.ts';
import { connectNats } from '../../pipelines/nats/nats.ts';
import { createPublisher } from '../../pipelines/nats/publisher.ts';
import { ensurePartition } from '../../pipelines/nats/streams.ts';
import { startNats, type TestNats } from '../stand/nats.ts';

/** More than one request asks for. */
const COUNT = 3_500;

let server: TestNats;
beforeAll(async () => {
  server = await startNats();
});
afterAll(() => server.stop());

async function readAll(log: Pick<Log, 'pull' | 'close'>): Promise<readonly Message[]> {
  const messages: Message[] = [];
  const signal = new AbortController().signal;
  while (messages.length < COUNT) messages.push(...(await log.pull(500, 1_000, signal)).messages);
  await log.close();
  return messages;
}

test('the pinned loop reads the same log as the product', async () => {
  const connection = await connectNats({ servers: server.url, name: 'test', patience: 'wait' });
  try {
    await ensurePartition(connection, { partition: 0, partitions: 1 });
    const publisher = createPublisher(connection, { run: 'test' });
    for (let count = 1; count <= COUNT; count += 1) {
      await publisher.publish({
        subject: 'telemetry.plant.line.press',
        headers: { 'Andon-Producer': 'bench/0', 'Andon-Sequence': String(count) },
        payload: Buffer.from(`frame ${count}`),
      });
    }
    await publisher.flush();
    publisher.close();
    const pinned = await readAll(await openPinnedLog(connection, 'ANDON_0'));
    const product = await readAll(
      await openJetstreamLog({ connection, stream: 'ANDON_0', after: 0 }),
    );
    expect(pinned).toEqual(product);
  } finally {
    await connection.close();
  }
});
