import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type LogReaderEvent, openJetstreamLog } from '../../../pipelines/nats/log-reader.ts';
import { startNats, type TestNats } from '../../stand/nats.ts';
import { until } from '../../stand/stand.ts';

/** A server without JetStream of its own: what its API answers after a change of leader is played here. */
let server: TestNats;
let connection: NatsConnection;
/** The last message that whoever leads says the stream has; undefined: that there is no such stream. */
let last: number | undefined;
let replicas: number;

beforeAll(async () => {
  server = await startNats({ config: 'jetstream: disabled' });
});
afterAll(() => server.stop());
beforeEach(async () => {
  connection = await connect({ servers: server.url });
  replicas = 3;
  last = 100;
  answer('$JS.API.STREAM.INFO.ANDON_0', () =>
    last === undefined
      ? { error: { code: 404, err_code: 10059, description: 'stream not found' } }
      : {
          type: 'io.nats.jetstream.api.v1.stream_info_response',
          created: '2026-11-30T00:00:00Z',
          config: { name: 'ANDON_0', description: 'Andon log', num_replicas: replicas },
          state: { first_seq: 1, last_seq: last, messages: last, bytes: last },
        },
  );
  answer('$JS.API.CONSUMER.CREATE.>', () => ({
    type: 'io.nats.jetstream.api.v1.consumer_create_response',
    ...{ stream_name: 'ANDON_0', name: 'reader', config: {} },
  }));
});
afterEach(() => connection.close());

function answer(subject: string, say: () => object): void {
  connection.subscribe(subject, {
    callback: (_, message) => void message.respond(JSON.stringify(say())),
  });
}

/** A log that has read 100 messages. Nobody answers its pulls, so it soon asks for its place again. */
async function read100(settles: number) {
  const events: LogReaderEvent[] = [];
  const log = await openJetstreamLog({
    ...{ connection, stream: 'ANDON_0', after: 100, settles },
    onEvent: (event) => void events.push(event),
  });
  const never = new AbortController().signal;
  return { events, log, pull: () => log.pull(10, 20_000, never) };
}

const asked = (events: readonly LogReaderEvent[]) =>
  events.some((event) => event.kind === 'log-interrupted' && /asked again/.test(event.reason));

test.each([
  ['ends before what was read', 90],
  ['is not there', undefined],
])(
  'a stream that %s, by the first word of a new leader, is read on when it is there again',
  async (_, says) => {
    const { events, log } = await read100(30_000);
    last = says;
    await until('the question to be asked again', 20_000, async () => asked(events));
    last = 100;
    const resumed = () => events.some(({ kind }) => kind === 'log-resumed');
    await until('the log to be read on', 20_000, async () => resumed());
    await log.close();
  },
);

test('a stream that ends before what was read for as long as it may settle has lost its end', async () => {
  const { events, log, pull } = await read100(1_000);
  last = 90;
  await expect(pull()).rejects.toThrow(/that it ends at 90: the server lost the end of it/);
  expect(asked(events)).toBe(true);
  await log.close();
});

test('a stream of one replica is believed at once: no other server can know more', async () => {
  replicas = 1;
  const { events, log, pull } = await read100(30_000);
  last = 90;
  await expect(pull()).rejects.toThrow(/that it ends at 90/);
  expect(asked(events)).toBe(false);
  await log.close();
});
