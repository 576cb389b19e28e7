import { expect, test } from 'vitest';
import { EXIT } from '../../../pipelines/base/problem.ts';
import { streamClient } from '../../../pipelines/nats/jetstream.ts';
import { openJetstreamLog } from '../../../pipelines/nats/log-reader.ts';
import { connectNats } from '../../../pipelines/nats/nats.ts';
import { ensurePartition } from '../../../pipelines/nats/streams.ts';
import { startNats } from '../../stand/nats.ts';

/** Each user, and what it may not ask. */
const DENIED = {
  uninformed: '$JS.API.STREAM.INFO.>',
  idle: '$JS.API.CONSUMER.CREATE.>',
  blind: '$JS.API.STREAM.MSG.GET.>',
};

test('a log is not opened for a user without a right that it needs, who is told what to do', async () => {
  const users = Object.entries(DENIED).map(([user, subject]) => {
    const permissions = `permissions { publish: { deny: ["${subject}"] } }`;
    return `{ user: ${user}, password: ${user}, ${permissions} }`;
  });
  const all = ['{ user: admin, password: admin }', ...users].join(', ');
  const server = await startNats({ config: `authorization { users [${all}] }` });
  const as = (user: string) =>
    connectNats({ servers: server.url, name: user, user, password: user });
  const [admin, others] = await Promise.all([
    as('admin'),
    Promise.all(Object.keys(DENIED).map(as)),
  ]);
  try {
    // Of a replay the append time at a message is asked for, too.
    await ensurePartition(admin, { partition: 0, partitions: 1, replay: true });
    await streamClient(admin).publish('telemetry.plant.line.asset', 'x');
    for (const connection of others) {
      const opening = openJetstreamLog({ connection, stream: 'ANDON_0', after: 1 });
      await expect(opening).rejects.toMatchObject({
        exit: EXIT.outside,
        message: expect.stringMatching(
          /stream ANDON_0: expected to read it, found .*permission.*\$JS\.API.*nats-config/is,
        ),
      });
    }
  } finally {
    for (const each of [admin, ...others]) await each.close();
    await server.stop();
  }
});
