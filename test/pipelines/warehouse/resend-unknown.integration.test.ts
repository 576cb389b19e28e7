import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AssetKey, assetKey } from '../../../operators/model/key.ts';
import { RESENT_EVENT } from '../../../operators/model/machine-event.ts';
import { streamManager } from '../../../pipelines/nats/jetstream.ts';
import { connectNats } from '../../../pipelines/nats/nats.ts';
import { createPublisher } from '../../../pipelines/nats/publisher.ts';
import { singleMessage } from '../../../pipelines/nats/stored-message.ts';
import { ensurePartition } from '../../../pipelines/nats/streams.ts';
import { resendUnknown } from '../../../pipelines/warehouse/resend-unknown.ts';
import { unknownRanges } from '../../../pipelines/warehouse/unknown-assets.ts';
import { startNats, type TestNats } from '../../stand/nats.ts';

const SUBJECT = 'telemetry.works.line2.press';
const PRESS: AssetKey = assetKey('works', 'line2', 'press');

let server: TestNats;
let connection: NatsConnection;
beforeAll(async () => {
  server = await startNats();
  connection = await connectNats({ servers: server.url, name: 'test' });
});
afterAll(async () => {
  await connection.close();
  await server.stop();
});

type Sent = { readonly subject: string; readonly n: number; readonly headers?: object };

async function publish(all: readonly Sent[]): Promise<number> {
  const publisher = createPublisher(connection, { run: `test-${performance.now()}` });
  for (const { subject, n, headers } of all) {
    const payload = Buffer.from(JSON.stringify({ n }));
    await publisher.publish({ subject, payload, headers: { ...headers } });
  }
  const { last } = await publisher.flush();
  publisher.close();
  return last;
}

type Behind = {
  readonly backfill: string | undefined;
  readonly identity: string | undefined;
  /** A reading, or a mark. */
  readonly body: {
    readonly n?: number;
    readonly type?: string;
    readonly data?: { readonly to: number };
  };
};

/** What the log has behind a message, in its order. */
async function behind(sequence: number) {
  const found: Behind[] = [];
  for (let seq = sequence + 1; ; seq += 1) {
    const message = await singleMessage(connection, 'ANDON_0', { seq });
    if (message === undefined) return found;
    const { 'Andon-Backfill': backfill, 'Andon-Identity': identity } = message.headers;
    found.push({ backfill, identity, body: JSON.parse(Buffer.from(message.data).toString()) });
  }
}

test('what a source sent comes again once, as backfill, in its order, and goes on where a crash cut it', async () => {
  // Of a first try.
  await (await streamManager(connection)).streams.delete('ANDON_0').catch(() => undefined);
  const { created } = await ensurePartition(connection, { partition: 0, partitions: 1 });
  const counted = (n: number) => ({ 'Andon-Producer': 'p', 'Andon-Sequence': String(n) });
  const others = { subject: 'telemetry.works.line1.press', n: 0 };
  // Some by the mapping of a server, some without one.
  const sent = Array.from({ length: 50 }, (_, n): Sent => {
    return { subject: n % 3 === 0 ? `andon.0.${SUBJECT}` : SUBJECT, n, headers: counted(n) };
  });
  const named = { subject: SUBJECT, n: 50, headers: { 'Andon-Identity': 'own' } };
  const stored = { subject: SUBJECT, n: 51, headers: { 'Andon-Backfill': '1' } };
  const last = await publish([others, ...sent, others, named, stored]);
  let from = 1;
  const source = () => ({
    ...{ stream: 'ANDON_0', created, source: SUBJECT, subject: SUBJECT, asset: PRESS },
    ...{ isKnown: true, count: 51, since: '', ranges: [[from, last]] as const },
  });
  const warehouse = {
    places: async () => [{ stream: 'ANDON_0', created, last: 1_000_000 }],
    sources: async () => [source()],
  };
  const options = {
    connection,
    warehouse,
    partitions: 1,
    rate: 1_000_000,
    owner: 'test',
    part: 20,
  };
  let parts = 0;
  const crash = () => {
    parts += 1;
    if (parts === 2) throw new Error('killed');
  };
  await expect(resendUnknown({ ...options, onPart: crash })).rejects.toThrow('killed');
  const marks = (await behind(last)).filter(({ body }) => body.type !== undefined);
  expect(marks).toHaveLength(1);
  expect(marks[0]?.body).toMatchObject({
    ...{ type: RESENT_EVENT, data: { source: SUBJECT, messages: 20 } },
  });
  // As the warehouse has it from the mark.
  from = (marks[0]?.body.data?.to ?? 0) + 1;
  expect(await resendUnknown(options)).toMatchObject([{ messages: 31, gone: 0 }]);

  const again = (await behind(last)).filter(({ body }) => body.n !== undefined);
  expect(again.every(({ backfill }) => backfill === '1')).toBe(true);
  // What the crash left without a mark came twice, with the same identity.
  expect(again).toHaveLength(51 + 20);
  const byIdentity = new Map(again.map(({ identity, body: { n } }) => [identity, n]));
  expect([...byIdentity.values()]).toEqual(Array.from({ length: 51 }, (_, n) => n));
  expect(byIdentity.get('own')).toBe(50);
  expect(byIdentity.get('p/7')).toBe(7);

  from = 1;
  const forAnother = resendUnknown({ ...options, assets: ['works/line1/press'] });
  await expect(forAnother).rejects.toThrow(/nothing of works\/line1\/press/);
});

describe('in which parts of the log an asset was unknown', () => {
  const change = (at: number, ...assets: string[]) => ({ change: at, assets });
  test.for([
    ['no model at all', [], [[10, 90]]],
    ['never in the model', [change(5), change(50)], [[10, 90]]],
    ['in it from a message on', [change(5), change(50, PRESS)], [[10, 49]]],
    ['in it from the beginning', [change(5, PRESS), change(50, PRESS)], []],
    [
      'in it for a while',
      [change(20, PRESS), change(40)],
      [
        [10, 19],
        [40, 90],
      ],
    ],
    ['in it when everything was over', [change(5), change(95, PRESS)], [[10, 90]]],
    ['out of it when everything was over', [change(5, PRESS), change(95)], []],
  ] as const)('%s', ([, changes, ranges]) => {
    expect(unknownRanges([10, 90], changes, PRESS)).toEqual(ranges);
  });
});
