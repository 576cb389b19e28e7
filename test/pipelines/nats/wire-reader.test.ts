import {
  headers as createHeaders,
  Kind,
  MsgImpl,
  type NatsConnection,
  NatsConnectionImpl,
  Parser,
  type ParserEvent,
} from '@nats-io/transport-node';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EventTime } from '../../../operators/model/time.ts';
import { storedMessage } from '../../../pipelines/nats/stored-message.ts';
import {
  createWireReader,
  type DeliveredMessage,
  readPosition,
  type WireReader,
} from '../../../pipelines/nats/wire-reader.ts';

const OURS = 7;
const OTHER = 8;
/** A message with this in it opens or closes the reader of its subscription, in the handler that gets it. */
const [OPENS, CLOSES] = ['opens', 'closes'];

type Sent =
  | {
      kind: 'stored';
      id: number;
      asset: string;
      producer: string;
      payload: Uint8Array;
      headers: boolean;
    }
  | { kind: 'other'; id: number; reply: string; payload: Uint8Array; status: boolean }
  | { kind: 'line'; text: string };

const payloads = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  // What looks like the beginning of a frame, and ends of lines.
  fc.constantFrom('\r\n', 'MSG a 7 b 3\r\n', '\n\n\n\r').map((text) => Buffer.from(text)),
);
const sent: fc.Arbitrary<Sent> = fc.oneof(
  fc.record({
    kind: fc.constant('stored' as const),
    id: fc.constantFrom(OURS, OURS, OTHER),
    asset: fc.constantFrom('press', 'mill', 'säge'),
    producer: fc.constantFrom('edge/0', 'gateway', 'Größe 7', CLOSES),
    payload: payloads,
    headers: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('other' as const),
    id: fc.constantFrom(OURS, OTHER),
    reply: fc.constantFrom('', '_INBOX.x.1', '$JS.ACK.too.short', OPENS, CLOSES),
    payload: payloads,
    status: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('line' as const),
    text: fc.constantFrom('PING\r\n', 'PONG\r\n', '+OK\r\n', "-ERR 'no'\r\n", 'INFO {}\r\n'),
  }),
);

/** As nats-server writes it; `sequence`: in the stream, and of the consumer. */
function bytesOf(item: Sent, sequence: number): Buffer {
  if (item.kind === 'line') return Buffer.from(item.text);
  const { payload } = item;
  if (item.kind === 'other') {
    const reply = item.reply === '' ? '' : ` ${item.reply}`;
    if (!item.status)
      return frame(`MSG some.subject ${item.id}${reply} ${payload.length}`, payload);
    const status = Buffer.from('NATS/1.0 404 No Messages\r\n\r\n');
    const { length } = status;
    return frame(`HMSG some.subject ${item.id}${reply} ${length} ${length}`, status);
  }
  const reply = `$JS.ACK.ANDON_0.andon-x.1.${sequence + 100}.${sequence}.1767254400123456789.42`;
  const subject = `andon.0.telemetry.plant.line.${item.asset}`;
  if (!item.headers) return frame(`MSG ${subject} ${item.id} ${reply} ${payload.length}`, payload);
  const headers = headerBytes({
    'Nats-Msg-Id': 'x',
    'Andon-Producer': item.producer,
    'Andon-Sequence': String(sequence),
  });
  const sizes = `${headers.length} ${headers.length + payload.length}`;
  return frame(`HMSG ${subject} ${item.id} ${reply} ${sizes}`, Buffer.concat([headers, payload]));
}

function frame(line: string, body: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${line}\r\n`), body, Buffer.from('\r\n')]);
}

function headerBytes(of: Readonly<Record<string, string>>): Buffer {
  const lines = Object.entries(of).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`NATS/1.0\r\n${lines.join('')}\r\n`);
}

/** What arrives when the network cuts the bytes at these places, with or without a reader ahead of the client's parser. */
function arrivals(items: readonly Sent[], cuts: readonly number[], ahead: boolean) {
  const seen: string[] = [];
  let byClient = 0;
  let pieces = 0;
  const readers = new Map<number, WireReader>();
  const parser = new Parser({
    push(event) {
      const { kind, msg, data } = event as ParserEvent;
      if (kind !== Kind.MSG) {
        seen.push(`${kind} ${Buffer.from(data ?? []).toString()}`);
        return;
      }
      byClient += 1;
      takeFromClient(new MsgImpl(msg!, data!, {} as never));
    },
  });
  const parse = parser.parse.bind(parser);
  parser.parse = (piece) => {
    pieces += 1;
    parse(piece);
  };
  const connection = Object.assign(Object.create(NatsConnectionImpl.prototype), {
    protocol: { parser },
  }) as NatsConnection;
  function open(id: number): void {
    const subjectOf = (subject: string) => subject.replace('andon.0.', '');
    const through = ahead ? connection : ({} as NatsConnection);
    const reader = createWireReader(through, id, subjectOf, (message) => take(id, message));
    readers.set(id, reader);
  }
  function close(id: number): void {
    readers.get(id)?.close();
    readers.delete(id);
  }
  function take(id: number, message: DeliveredMessage): void {
    const stored = storedMessage(message, message.microseconds as EventTime);
    seen.push(`${id} ${textOf(stored)}`);
    if (stored.headers['Andon-Producer'] === CLOSES) close(id);
  }
  function takeFromClient(message: MsgImpl): void {
    const { subject, reply, sid } = message;
    const delivered = readers.get(sid)?.read(message);
    if (delivered !== undefined) {
      take(sid, delivered);
      return;
    }
    seen.push(`client ${subject} ${reply} ${sid}`);
    if (reply === OPENS && !readers.has(sid)) open(sid);
    if (reply === CLOSES) close(sid);
  }
  open(OURS);
  const bytes = Buffer.concat(items.map((item, index) => bytesOf(item, index + 1)));
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length];
  places.sort((a, b) => a - b);
  places.forEach((place, index) => {
    // A packet has memory of its own, as from a socket.
    const packet = Buffer.from(bytes.subarray(place, places[index + 1] ?? bytes.length));
    if (packet.length > 0) parser.parse(packet);
  });
  return { seen, byClient, pieces };
}

function textOf(message: ReturnType<typeof storedMessage>): string {
  return JSON.stringify({ ...message, payload: [...message.payload] });
}

describe('reading ahead of the client', () => {
  test('gives the same in the same order, wherever packets are cut', () => {
    fc.assert(
      fc.property(
        fc.array(sent, { maxLength: 12 }),
        fc.array(fc.nat(3_000), { maxLength: 6 }),
        (items, cuts) => {
          const { seen } = arrivals(items, cuts, true);
          expect(seen).toEqual(arrivals(items, [], false).seen);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('leaves to the client only what a packet cuts in two', () => {
    const items = Array.from({ length: 50 }, (_, index): Sent => {
      const headers = index % 2 === 0;
      const payload = Buffer.from('\r\n'.repeat(index));
      return { kind: 'stored', id: OURS, asset: 'press', producer: 'edge/0', payload, headers };
    });
    expect(arrivals(items, [], true)).toMatchObject({ byClient: 0 });
    expect(arrivals(items, [1_000, 1_500, 3_001], true).byClient).toBeLessThanOrEqual(3);
    expect(arrivals(items, [1_000, 1_500, 3_001], true).seen).toEqual(
      arrivals(items, [], false).seen,
    );
  });

  test('gives the client a whole message of another subscription in one piece', () => {
    const items = [true, false].map((headers): Sent => {
      const payload = Buffer.from('\r\n'.repeat(9));
      return { kind: 'stored', id: OTHER, asset: 'press', producer: 'edge/0', payload, headers };
    });
    const replies = ['', '_INBOX.x.1'];
    for (const reply of replies) {
      items.push({ kind: 'other', id: OTHER, reply, payload: Buffer.from('a'), status: false });
      items.push({ kind: 'other', id: OTHER, reply, payload: Buffer.from(''), status: true });
    }
    expect(arrivals(items, [], true)).toMatchObject({ byClient: 6, pieces: 6 });
  });
});

describe('headers', () => {
  test('are those that the client would read', () => {
    const names = fc.stringMatching(/^(Andon|Nats|X|x)-[A-Za-z0-9]{1,6}$/);
    const values = fc.string({ maxLength: 20, unit: 'grapheme' });
    fc.assert(
      fc.property(fc.array(fc.tuple(names, values), { maxLength: 6 }), (pairs) => {
        const headers = createHeaders();
        for (const [name, value] of pairs) {
          if (!/[\r\n]/.test(value)) headers.append(name, value);
        }
        const head = headers.toString();
        const expected: Record<string, string> = {};
        for (const [name, [value = '']] of headers) {
          if (!name.startsWith('Nats-')) expected[name] = value;
        }
        expect(headersIn(head === '' ? headerBytes({}) : Buffer.from(head))).toEqual(expected);
      }),
    );
  });

  test.each([
    ['a name with a blank', 'NATS/1.0\r\nMy Name: 1\r\n\r\n', { 'My Name': '1' }],
    ['a name of every object', 'NATS/1.0\r\nconstructor: 1\r\n\r\n', { constructor: '1' }],
    ['a name that is there twice', 'NATS/1.0\r\nA: 1\r\nA: 2\r\n\r\n', { A: '1' }],
    ['a number with a zero ahead', 'NATS/1.0\r\nA: 007\r\n\r\n', { A: '007' }],
    ['no value', 'NATS/1.0\r\nA:\r\nB: \r\n\r\n', { A: '', B: '' }],
    ['a line that is no header', 'NATS/1.0\r\nnothing\r\nB: 1\r\n\r\n', { B: '1' }],
    ['no end', 'NATS/1.0\r\nA: 1', { A: '1' }],
  ])('may have %s', (_what, text, expected) => {
    expect(headersIn(Buffer.from(text))).toEqual(expected);
  });

  function headersIn(head: Buffer) {
    const position = { streamSequence: 1, consumerSequence: 1, microseconds: 1, subject: 'a' };
    const message = {
      ...position,
      bytes: head,
      headersAt: 0,
      payloadAt: head.length,
      end: head.length,
    };
    return storedMessage(message, 1 as EventTime).headers;
  }
});

describe('the position in a stream', () => {
  const none = { streamSequence: 0, consumerSequence: 0, microseconds: 0 };

  test.each([
    [
      'the form of servers up to 2.14',
      '$JS.ACK.ANDON_0.andon-x.1.104000.17.1767254400123456789.42',
    ],
    [
      'the form with domain and account',
      '$JS.ACK.hub.ACC123.ANDON_0.andon-x.1.104000.17.1767254400123456789.42',
    ],
    [
      'the form with a random end',
      '$JS.ACK._.ACC123.ANDON_0.andon-x.1.104000.17.1767254400123456789.42.r4nd',
    ],
  ])('is read from %s', (_form, reply) => {
    const position = { ...none };
    // Something stands ahead of it and behind it, as in a packet.
    const bytes = Buffer.from(`7 ${reply} 12.5`);
    expect(readPosition(bytes, 2, 2 + reply.length, position)).toBe(true);
    expect(position).toEqual({
      streamSequence: 104_000,
      consumerSequence: 17,
      microseconds: 1_767_254_400_123_456,
    });
  });

  test.each(['', '_INBOX.abc.1', '$JS.ACK.ANDON_0.c.1.2.3', '$KV.a.b.c.d.e.f.g.h'])(
    'is not read from "%s"',
    (reply) => {
      expect(readPosition(Buffer.from(reply), 0, reply.length, { ...none })).toBe(false);
    },
  );
});
