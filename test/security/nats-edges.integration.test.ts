import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freePort } from '../../pipelines/base/free-port.ts';
import { streamManager } from '../../pipelines/nats/jetstream.ts';
import { connectNats } from '../../pipelines/nats/nats.ts';
import { partitionedSubject } from '../../pipelines/nats/partition.ts';
import { ensurePartition, ensureRequests } from '../../pipelines/nats/streams.ts';
import { startNats } from '../stand/nats.ts';
import { makeStreams, startPrintedNats } from '../stand/printed-nats.ts';
import { certificateAuthority } from '../support/certificates.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const OWN = 'telemetry.works.line1.press';
const LEAF_LOGIN = 'user: leaf, password: leaf';

test('without accounts the same replies empty the log and forge a request', async () => {
  const plain = await startNats();
  const connection = await connectNats({ servers: plain.url, name: 'test' });
  try {
    await ensurePartition(connection, { partition: 0, partitions: 1 });
    await ensureRequests(connection);
    const { streams } = await streamManager(connection);
    connection.publish(OWN, 'x', { reply: 'request.evil.1' });
    await connection.flush();
    const messages = async (name: string) => (await streams.info(name)).state.messages;
    await expect.poll(() => messages('ANDON_REQUESTS')).toBe(1);
    connection.publish(OWN, 'x', { reply: '$JS.API.STREAM.PURGE.ANDON_0' });
    // The number in the acknowledgement is read as where to purge to: all before it is gone.
    const first = async () => (await streams.info('ANDON_0')).state.first_seq;
    await expect.poll(first).toBe(2);
  } finally {
    await connection.close();
    await plain.stop();
  }
});

test('the limits of a plant hold: connections of an account, and bytes of a message', async () => {
  const nats = await startPrintedNats({ partitions: 1 });
  try {
    const gateway = await nats.connect('gateway.works.line1');
    expect(gateway.info?.max_payload).toBe(8_388_608);
    for (let count = 2; count <= 100; count += 1) await nats.connect('gateway.works.line1');
    const oneMore = { ...nats.settings('gateway.works.line2'), name: 'one more', patience: 300 };
    await expect(connectNats(oneMore)).rejects.toThrow(/expected a nats-server that answers/);
    await expect(nats.connect('gateway.mill.line1')).resolves.toBeDefined();
  } finally {
    await nats.stop();
  }
});

test('a gateway behind a leaf node publishes through the mapping of its plant, and nothing else', async () => {
  const leafPort = await freePort();
  const nats = await startPrintedNats({
    partitions: 4,
    words: ['--no-tls', '--leafnodes', String(leafPort)],
    // A leaf of nats-server 2.9 can show no nkey.
    rewrite: (config) =>
      config.replace(/nkey: U\w+(?=, permissions: \{ # gateway\.works\.line1)/, LEAF_LOGIN),
  });
  const leaf = await startNats({
    config: [
      'accounts { EDGE { users: [{ user: edge, password: edge }] } }',
      `leafnodes { remotes: [{ url: "nats://leaf:leaf@127.0.0.1:${leafPort}", account: EDGE }] }`,
    ].join('\n'),
  });
  const login = { servers: leaf.url, name: 'edge', user: 'edge', password: 'edge' };
  const edge = await connectNats({ ...login, inbox: '_INBOX_gateway.works.line1' });
  try {
    const worker = await makeStreams(nats, 4);
    const send = (subject: string) => edge.request(subject, 'x', { timeout: 2_000 });
    await expect
      .poll(() => send(OWN).then((answer) => answer.json()), { timeout: 20_000 })
      .toMatchObject({ stream: partitionedStream(OWN) });
    for (const subject of [
      'telemetry.works.line2.press',
      'telemetry.mill.line1.press',
      'request.r1.1',
    ]) {
      await expect(send(subject)).rejects.toThrow(/timeout|no responders/i);
    }
    edge.publish(OWN, 'x', { reply: '$JS.API.STREAM.PURGE.ANDON_0' });
    edge.publish(OWN, 'x', { reply: 'request.evil.1' });
    await edge.flush();
    const { streams } = await streamManager(worker);
    expect((await streams.info('ANDON_REQUESTS')).state.messages).toBe(0);
  } finally {
    await edge.close();
    await leaf.stop();
    await nats.stop();
  }
});

function partitionedStream(subject: string): string {
  return `ANDON_${partitionedSubject(subject, 4).split('.')[1]}`;
}

test('with TLS nobody is let in who has another authority, and nothing is said in the clear', async () => {
  const folder = temporaryDirectory();
  const authority = certificateAuthority('plant');
  const own = authority.issue('nats', ['127.0.0.1']);
  copyFileSync(own.certificate, join(folder, 'server-cert.pem'));
  copyFileSync(own.privateKey, join(folder, 'server-key.pem'));
  copyFileSync(authority.certificate, join(folder, 'ca.pem'));
  const nats = await startPrintedNats({ partitions: 1, words: ['--tls', folder] });
  try {
    const settings = { ...nats.settings('worker'), name: 'worker' };
    const connection = await connectNats({ ...settings, tls: { ca: authority.certificate } });
    expect(connection.info?.tls_required).toBe(true);
    await connection.close();
    const other = { ca: certificateAuthority('other').certificate };
    await expect(connectNats({ ...settings, tls: other })).rejects.toThrow(/TLS/);
    const stranger = { servers: nats.server.url, name: 'x', tls: { ca: authority.certificate } };
    await expect(connectNats(stranger)).rejects.toThrow(/expected to be let in/);
  } finally {
    await nats.stop();
  }
});
