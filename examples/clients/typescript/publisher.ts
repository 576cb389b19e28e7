/**
 * Publishes samples of one machine through a spool: see docs/wire-format.md.
 *
 *     npm install
 *     npx tsx publisher.ts nats://127.0.0.1:4222 works.line1.press spool [COUNT [SECONDS]]
 *
 * Kill it or the server at any time and start it again: nothing is lost, and what is sent twice counts once.
 */

import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type JetStreamClient, jetstream } from '@nats-io/jetstream';
import { connect, headers } from '@nats-io/transport-node';

/** Without acknowledgement at a time. Andon tells repeats among the last 1,024 of a producer from new messages. */
const WINDOW = 256;
/** Bytes that wait at most; then no sample is taken until there is room. */
const LIMIT = 256_000_000;
/** A spool whose messages the log has all is emptied when it is larger. */
const EMPTIED = 1_000_000;

type Waiting = { readonly number: number; readonly subject: string; readonly message: string };

/** Numbered messages in a file, one a line. A file beside it says up to which the log has them. One process at a time. */
class Spool {
  producer = '';
  /** Of the last message. */
  count = 0;
  waiting: Waiting[] = [];
  private file = 0;
  private size = 0;
  private readonly folder: string;

  constructor(folder: string, name: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
    if (!existsSync(join(folder, 'messages'))) {
      // Another spool is another boot: its numbers may begin at 1 again.
      this.begin(`${name}/${Date.now()}`, 0);
    }
    this.open();
  }

  get isFull(): boolean {
    return this.size >= LIMIT;
  }

  /** On disk when it returns. */
  append(subject: string, message: object): void {
    const entry = [subject, JSON.stringify(message)] as const;
    this.size += writeSync(this.file, `${JSON.stringify(entry)}\n`);
    fsyncSync(this.file);
    this.count += 1;
    this.waiting.push({ number: this.count, subject: entry[0], message: entry[1] });
  }

  /** The log has all messages up to this one. */
  acknowledge(number: number): void {
    this.waiting = this.waiting.filter((one) => one.number > number);
    this.replace('acknowledged', String(number));
    if (this.waiting.length > 0 || this.size <= EMPTIED) return;
    this.begin(this.producer, this.count);
    closeSync(this.file);
    this.open();
  }

  private begin(producer: string, after: number): void {
    this.replace('messages', `${JSON.stringify({ producer, after })}\n`);
  }

  private open(): void {
    const path = join(this.folder, 'messages');
    const data = readFileSync(path);
    // What a kill or a power cut left of a line was never published.
    const whole = data.subarray(0, data.lastIndexOf('\n') + 1);
    this.file = openSync(path, 'a');
    this.size = whole.length;
    ftruncateSync(this.file, this.size);
    const [first = '{}', ...lines] = whole.toString().trimEnd().split('\n');
    const { producer, after } = JSON.parse(first) as { producer: string; after: number };
    const mark = join(this.folder, 'acknowledged');
    const acknowledged = existsSync(mark) ? Number(readFileSync(mark, 'utf8')) : 0;
    this.producer = producer;
    this.count = after + lines.length;
    this.waiting = lines
      .map((line, at) => {
        const [subject, message] = JSON.parse(line) as [string, string];
        return { number: after + at + 1, subject, message };
      })
      .filter(({ number }) => number > acknowledged);
  }

  private replace(name: string, text: string): void {
    const path = join(this.folder, name);
    const file = openSync(`${path}.new`, 'w');
    writeSync(file, text);
    fsyncSync(file);
    closeSync(file);
    renameSync(`${path}.new`, path);
  }
}

/** Sends what waits, in order, until nothing more comes. */
async function send(stream: JetStreamClient, spool: Spool, isOver: () => boolean): Promise<void> {
  while (spool.waiting.length > 0 || !isOver()) {
    const batch = spool.waiting.slice(0, WINDOW);
    for (let left = batch; left.length > 0; ) {
      const publishing = left.map((one) => publish(stream, spool.producer, one));
      const answers = await Promise.allSettled(publishing);
      left = left.filter((_, at) => answers[at]?.status === 'rejected');
      if (left.length === 0) break;
      console.error(`${left.length} messages are not in the log yet`);
      await pause(500);
    }
    const last = batch.at(-1);
    if (last !== undefined) spool.acknowledge(last.number);
    else await pause(10);
  }
}

async function publish(stream: JetStreamClient, producer: string, one: Waiting): Promise<void> {
  const said = headers();
  said.set('Content-Type', 'application/json');
  said.set('Andon-Producer', producer);
  said.set('Andon-Sequence', String(one.number));
  await stream.publish(one.subject, one.message, { headers: said, timeout: 2_000 });
}

/** What a machine says: replace this. Every tenth message is a waveform. */
function sample(asset: string, number: number): readonly [subject: string, message: object] {
  const now = Date.now();
  if (number % 10 === 0) {
    const [rate, count] = [25_600, 512];
    const wave = (_: unknown, at: number) =>
      Number(Math.sin((2 * Math.PI * 50 * at) / rate).toFixed(4));
    const samples = Array.from({ length: count }, wave);
    const time = now - (1_000 * count) / rate;
    return [`waveform.${asset}.de`, { time, rate, unit: 'g', samples, rpm: 1_480 }];
  }
  const values = { number, temperature: 41.5, lubricating: true };
  return [`telemetry.${asset}`, { time: now, values }];
}

const [url = '', asset = '', folder = 'spool', count = '100', seconds = '1'] =
  process.argv.slice(2);
const spool = new Spool(folder, `${asset}-typescript`);
const connection = await connect({
  ...{ servers: url, waitOnFirstConnect: true },
  ...{ maxReconnectAttempts: -1, reconnectTimeWait: 500 },
});
const sending = send(jetstream(connection), spool, () => spool.count >= Number(count));
while (spool.count < Number(count)) {
  if (!spool.isFull) spool.append(...sample(asset, spool.count + 1));
  await pause(1_000 * Number(seconds));
}
await sending;
await connection.drain();
