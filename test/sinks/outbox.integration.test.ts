import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureCommands, ensureRequests } from '../../pipelines/nats/streams.ts';
import { createOutbox } from '../../sinks/outbox.ts';
import { type EpochContent, RefusedError, type RequestRevision } from '../../sinks/sink.ts';

import { startNats, type TestNats } from '../stand/nats.ts';

let nats: TestNats;
let connection: NatsConnection;
const never = new AbortController().signal;

beforeAll(async () => {
  nats = await startNats();
  connection = await connect({
    servers: nats.url,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 50,
  });
  await ensureRequests(connection);
  await ensureCommands(connection);
});
afterAll(async () => {
  await connection.close();
  await nats.stop();
});

const revision = (
  id: string,
  number: number,
  content = `{"n":${number},"é":"ü"}`,
): RequestRevision => ({
  id,
  revision: number,
  content,
});
const epoch = (...revisions: RequestRevision[]): EpochContent => ({
  pipeline: 'plant',
  run: 'r1',
  stream: 'ANDON_0',
  created: '2025-11-22T00:00:00Z',
  epoch: 7,
  from: 1,
  to: 9,
  blocks: [],
  revisions,
  commands: [],
});

async function stored(id: string): Promise<string[]> {
  const { streams } = await jetstreamManager(connection);
  const info = await streams.info('ANDON_REQUESTS', { subjects_filter: `request.${id}.*` });
  const subjects = Object.keys(info.state.subjects ?? {}).sort();
  return Promise.all(
    subjects.map(async (subject) => {
      const message = await streams.getMessage('ANDON_REQUESTS', { last_by_subj: subject });
      return `${subject} ${message?.string()}`;
    }),
  );
}

describe('the outbox', () => {
  it('keeps each revision once, in order, however often an epoch is written', async () => {
    const outbox = createOutbox(connection);
    const content = epoch(revision('TWICE', 1), revision('TWICE', 2));
    await outbox.write(content, never);
    await outbox.write(content, never);
    await createOutbox(connection).write(content, never);
    expect(await stored('TWICE')).toEqual([
      'request.TWICE.1 {"n":1,"é":"ü"}',
      'request.TWICE.2 {"n":2,"é":"ü"}',
    ]);
  });

  it('goes on where a killed one stopped', async () => {
    await jetstream(connection).publish('request.HALF.1', '{"n":1,"é":"ü"}');
    await createOutbox(connection).write(epoch(revision('HALF', 1), revision('HALF', 2)), never);
    expect(await stored('HALF')).toHaveLength(2);
  });

  it('refuses another content of the same revision, loudly, and publishes the rest', async () => {
    const outbox = createOutbox(connection);
    await outbox.write(epoch(revision('OTHER', 1)), never);
    const error = await outbox
      .write(epoch(revision('OTHER', 1, '{"n":9}'), revision('OTHER', 2)), never)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RefusedError);
    expect(error).toMatchObject({ parts: ['request.OTHER.1'] });
    expect(String(error)).toMatch(/epoch 7 \(ANDON_0 1-9, run r1\)/);
    expect(await stored('OTHER')).toEqual([
      'request.OTHER.1 {"n":1,"é":"ü"}',
      'request.OTHER.2 {"n":2,"é":"ü"}',
    ]);
  });

  it('keeps each command once, and refuses another content of it', async () => {
    const outbox = createOutbox(connection);
    const command = (id: string, content: string) => ({ id, system: 'erp', content });
    const content = { ...epoch(revision('WITH', 1)), commands: [command('c1', '{"n":1}')] };
    await outbox.write(content, never);
    await outbox.write(content, never);
    const { streams } = await jetstreamManager(connection);
    const info = await streams.info('ANDON_COMMANDS', { subjects_filter: '>' });
    expect(Object.entries(info.state.subjects ?? {})).toEqual([['command.erp.c1', 1]]);
    const found = await streams.getMessage('ANDON_COMMANDS', { last_by_subj: 'command.erp.c1' });
    expect(found?.string()).toBe('{"n":1}');
    const other = { ...epoch(), commands: [command('c1', '{"n":2}'), command('c2', '{"n":3}')] };
    await expect(outbox.write(other, never)).rejects.toMatchObject({ parts: ['command.erp.c1'] });
    const next = await streams.getMessage('ANDON_COMMANDS', { last_by_subj: 'command.erp.c2' });
    expect(next?.string()).toBe('{"n":3}');
  });

  it('asks to be tried again while there is no server, and then keeps everything once', async () => {
    const outbox = createOutbox(connection);
    await nats.kill();
    const failed = await outbox.write(epoch(revision('AWAY', 1)), AbortSignal.timeout(20_000)).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failed).toBeInstanceOf(Error);
    expect(failed).not.toBeInstanceOf(RefusedError);
    await nats.restart();
    await expect
      .poll(() => outbox.write(epoch(revision('AWAY', 1)), never).then(() => stored('AWAY')), {
        timeout: 20_000,
      })
      .toHaveLength(1);
  });
});
