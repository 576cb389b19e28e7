import { afterAll, beforeAll, expect, test } from 'vitest';
import { streamManager } from '../../../pipelines/nats/jetstream.ts';
import { connectNats } from '../../../pipelines/nats/nats.ts';
import { restoreStream, snapshotStream } from '../../../pipelines/nats/stream-snapshot.ts';
import { ensureRequests } from '../../../pipelines/nats/streams.ts';
import { startNats, type TestNats } from '../../stand/nats.ts';

/** Who reaches JetStream by the name of a domain, and subscribes to inboxes of its own alone. 2.9 checks both names. */
const CONFIG = `
  server_name: hub
  authorization { users: [ { user: u, password: p, permissions: {
    publish: ["$JS.hub.API.>", "$JS.SNAPSHOT.>", "request.>", "$JS.API.>"], subscribe: ["_INBOX_u.>"] } } ] }`;

let nats: TestNats;
beforeAll(async () => {
  nats = await startNats({ config: CONFIG, jetstream: 'domain: hub' });
});
afterAll(() => nats?.stop());

test('a stream is backed up and restored by the name of its domain, over private inboxes', async () => {
  const connection = await connectNats({
    ...{ servers: nats.url, name: 'test', user: 'u', password: 'p' },
    ...{ domain: 'hub', inbox: '_INBOX_u' },
  });
  await ensureRequests(connection);
  await connection.request('request.r1.1', 'x', { timeout: 5_000 });
  const chunks: Uint8Array[] = [];
  const head = await snapshotStream(connection, 'ANDON_REQUESTS', async (chunk) => {
    chunks.push(chunk.slice());
  });
  const { streams } = await streamManager(connection);
  const { created } = await streams.info('ANDON_REQUESTS');
  await streams.delete('ANDON_REQUESTS');
  async function* all() {
    yield* chunks;
  }
  expect(await restoreStream(connection, head, all())).toBe(created);
  expect((await streams.getMessage('ANDON_REQUESTS', { seq: 1 }))?.string()).toBe('x');
  await connection.close();
});
