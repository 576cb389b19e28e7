import { parseArgs } from 'node:util';
import { decodeAnyFrame, decodeFrame } from '../operators/decode/frame.ts';
import { createSubjectParser } from '../operators/decode/subject.ts';
import type { Message, Sequence } from '../operators/model/message.ts';
import type { EventTime } from '../operators/model/time.ts';
import type { Log } from '../pipelines/nats/log.ts';
import { openJetstreamLog } from '../pipelines/nats/log-reader.ts';
import { connectNats } from '../pipelines/nats/nats.ts';
import { createClickHouseSink } from '../sinks/clickhouse/clickhouse.ts';
import { createWarehouseClient } from '../sinks/clickhouse/client.ts';
import { createReadingsBlock } from '../sinks/clickhouse/readings-block.ts';
import type { Block, Sink } from '../sinks/sink.ts';
import { openPinnedLog } from './pinned-log.ts';

/** What a bare loop prints, as one line of JSON. CPU seconds are of its own process, without its start. */
export type BareResult = {
  readonly readings: number;
  readonly seconds: number;
  readonly cpu: number;
};

type Frames = {
  readonly log: Pick<Log, 'pull'>;
  readonly decode: typeof decodeFrame;
  readonly until: number;
};
type Insert = (block: Block, from: number, to: number) => Promise<void>;

const ROWS = 500_000;
const BATCH = 1_000;

/**
 * The least that a program must do between JetStream and ClickHouse: the same pull, the same decoder, the same encoder
 * and the same table as the product, without stages, epochs or checkpoints. `--reader pinned` pulls and decodes as in
 * revision 0017808, however the product does; encoder and insert are those of today in both. `--mode pull` leaves the
 * inserts out, `--mode insert` pulls once and measures nothing but inserts of the same block.
 */
export async function bare(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      nats: { type: 'string', default: 'nats://127.0.0.1:4222' },
      clickhouse: { type: 'string', default: 'http://127.0.0.1:8123' },
      database: { type: 'string', default: 'bare' },
      until: { type: 'string', default: '0' },
      mode: { type: 'string', default: 'all' },
      reader: { type: 'string', default: 'product' },
    },
  });
  const connection = await connectNats({ servers: values.nats, name: 'bench bare' });
  const client = createWarehouseClient({
    url: values.clickhouse,
    // Not an option: everybody sees the arguments of a process.
    password: process.env.CLICKHOUSE_PASSWORD ?? '',
    database: values.database,
  });
  const insert = inserting(createClickHouseSink(client, { database: values.database }));
  const isPinned = values.reader === 'pinned';
  const log = isPinned
    ? await openPinnedLog(connection, 'ANDON_0')
    : await openJetstreamLog({ connection, stream: 'ANDON_0', after: 0 });
  const decode = isPinned ? decodeAnyFrame : decodeFrame;
  const frames = { log, decode, until: Number(values.until) };
  try {
    const before = { time: performance.now(), cpu: process.cpuUsage() };
    const readings =
      values.mode === 'insert'
        ? await repeat(frames, insert, before)
        : await pump(frames, values.mode === 'pull' ? async () => undefined : insert);
    const { user, system } = process.cpuUsage(before.cpu);
    const seconds = (performance.now() - before.time) / 1_000;
    const result: BareResult = { readings, seconds, cpu: (user + system) / 1e6 };
    console.log(JSON.stringify(result));
  } finally {
    await log.close();
    await client.close();
    await connection.close();
  }
  return true;
}

/** Pull, decode, encode; while one block is inserted, the next is filled. */
async function pump({ log, decode, until }: Frames, insert: Insert): Promise<number> {
  const block = createReadingsBlock();
  const append = appender(block, decode);
  let inserting: Promise<void> = Promise.resolve();
  let readings = 0;
  let from = 1;
  for (let last = 0; last < until; ) {
    const { messages } = await log.pull(BATCH, 1_000, AbortSignal.timeout(60_000));
    for (const message of messages) append(message);
    last = messages.at(-1)?.sequence ?? last;
    if (block.rows < ROWS && last < until) continue;
    readings += block.rows;
    const finished = block.finish('ANDON_0', 'bare');
    await inserting;
    if (finished !== undefined) inserting = insert(finished, from, last);
    from = last + 1;
  }
  await inserting;
  return readings;
}

function appender(
  block: ReturnType<typeof createReadingsBlock>,
  decode: Frames['decode'],
): (message: Message) => void {
  const parse = createSubjectParser();
  return (message) => {
    const { subject, sequence, appended } = message;
    const target = parse(subject);
    if (target.kind !== 'telemetry') return;
    const { frame } = decode(message, { subject, sequence, appended }, target.asset);
    block.append(frame, sequence as Sequence, appended as EventTime);
  };
}

/** Inserts one block of the log again and again, as often as the log would fill it. The clock begins with the inserts. */
async function repeat(
  { log, decode, until }: Frames,
  insert: Insert,
  before: { time: number; cpu: NodeJS.CpuUsage },
): Promise<number> {
  const block = createReadingsBlock();
  const append = appender(block, decode);
  let pulled = 0;
  while (block.rows < ROWS && pulled < until) {
    const { messages } = await log.pull(BATCH, 1_000, AbortSignal.timeout(60_000));
    for (const message of messages) append(message);
    pulled += messages.length;
  }
  const finished = block.finish('ANDON_0', 'bare');
  if (finished === undefined) throw new Error('expected telemetry in the stream, found none');
  const times = Math.max(1, Math.round(until / pulled));
  before.time = performance.now();
  before.cpu = process.cpuUsage();
  for (let time = 1; time <= times; time += 1) await insert(finished, time, time);
  return times * finished.rows;
}

function inserting(landing: Sink): Insert {
  const created = new Date().toISOString();
  const run = { pipeline: 'bare', run: 'bare', stream: 'ANDON_0', created };
  return (block, from, to) =>
    landing.write(
      { ...run, epoch: from, from, to, blocks: [block], revisions: [], commands: [] },
      AbortSignal.timeout(120_000),
    );
}
