import { AckPolicy, DeliverPolicy, jetstreamManager } from '@nats-io/jetstream';
import { createInbox, type Msg, type NatsConnection, nanos } from '@nats-io/transport-node';
import type { Message, Sequence } from '../operators/model/message.ts';
import type { EventTime } from '../operators/model/time.ts';
import type { Log } from '../pipelines/nats/log.ts';
import { LogBuffer } from '../pipelines/nats/log-buffer.ts';

/** Buffered at most, and asked for at once. */
const BATCH = 2_000;
const EXPIRES = 2_000;
const ZERO = 48;
const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});

/**
 * A stream as the client gives it: a subscription, one pull request at a time, and of each message the client's own
 * subject, headers and payload. It is the yardstick that figures of different versions are held against, so it stays
 * as the product read its log in revision 0017808. Only this and the way of decoding are pinned: encoder and insert are
 * those of today, so what is gained there makes the yardstick faster too. Nothing is mended here: a message that was
 * lost on its way ends it.
 */
export async function openPinnedLog(
  connection: NatsConnection,
  stream: string,
): Promise<Pick<Log, 'pull' | 'close'>> {
  const manager = await jetstreamManager(connection);
  const { name } = await manager.consumers.add(stream, {
    name: createInbox('pinned').replaceAll('.', '-'),
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.All,
    inactive_threshold: nanos(60_000),
    mem_storage: true,
    num_replicas: 1,
  });
  const buffer = new LogBuffer(async () => 'gap');
  const inbox = createInbox();
  let outstanding = 0;
  let last = 0;
  const subscription = connection.subscribe(inbox, {
    callback(error, message) {
      if (error !== null) return buffer.fail(error);
      const stored = storedBy(message);
      if (stored === undefined) outstanding = 0;
      else {
        if (last > 0 && stored.sequence !== last + 1) return buffer.fail(lost(last + 1));
        last = stored.sequence;
        outstanding -= 1;
        buffer.add(stored);
      }
      refill();
    },
  });
  const next = `$JS.API.CONSUMER.MSG.NEXT.${stream}.${name}`;
  function refill(): void {
    const room = BATCH - buffer.length;
    if (outstanding > 0 || room < BATCH / 2) return;
    outstanding = room;
    const demand = { batch: room, expires: nanos(EXPIRES) };
    connection.publish(next, JSON.stringify(demand), { reply: inbox });
  }
  return {
    async pull(limit, wait, signal) {
      const pulled = await buffer.pull(limit, wait, signal);
      // A request goes with its connection.
      if (pulled.messages.length === 0) outstanding = 0;
      refill();
      return pulled;
    },
    async close() {
      subscription.unsubscribe();
    },
  };
}

function lost(sequence: number): Error {
  return new Error(`expected message ${sequence} next: it was lost on its way; run it again`);
}

/** Undefined for a word of the server: the request is over. */
function storedBy(message: Msg): Message | undefined {
  const reply = message.reply ?? '';
  if (!reply.startsWith('$JS.ACK.')) return undefined;
  const { subject, data } = message;
  const dots: number[] = [];
  for (let at = reply.indexOf('.'); at >= 0; at = reply.indexOf('.', at + 1)) dots.push(at);
  const [, , , , sequenceAt = 0, , timeAt = 0, timeEnd = 0] = dots;
  return {
    sequence: numberAt(reply, sequenceAt, 16) as Sequence,
    // Nanoseconds, less their last three digits.
    appended: numberAt(reply, timeAt, timeEnd - timeAt - 1 - 3) as EventTime,
    subject,
    headers: headersOf(message),
    payload: new Uint8Array(data.buffer, data.byteOffset, data.length),
  };
}

/** The number behind a dot of `$JS.ACK.<stream>.<consumer>.<deliveries>.<sequence>.<delivered>.<nanoseconds>.<pending>`. */
function numberAt(text: string, dot: number, most: number): number {
  let value = 0;
  for (let at = dot + 1; at <= dot + most; at += 1) {
    const digit = text.charCodeAt(at) - ZERO;
    if (!(digit >= 0 && digit <= 9)) break;
    value = value * 10 + digit;
  }
  return value;
}

function headersOf({ headers }: Msg): Readonly<Record<string, string>> {
  if (headers === undefined) return NO_HEADERS;
  let record: Record<string, string> | undefined;
  for (const [name, [value]] of headers) {
    if (value === undefined || name.startsWith('Nats-')) continue;
    record ??= {};
    record[name] = value;
  }
  return record ?? NO_HEADERS;
}
