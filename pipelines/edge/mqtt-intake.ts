/** What becomes of the messages of a broker: telemetry that arrives together as blocks, all else by itself. */

import { hash } from 'node:crypto';
import { TelemetryBlocks } from './blocks.ts';
import { decodeJson, decodeTelegraf } from './decode-json.ts';
import { decodeLines, decodePlain } from './decode-lines.ts';
import { decodeSenml } from './decode-senml.ts';
import type { EdgeTopic, SourceOf } from './edge-config.ts';
import type { Telemetry } from './edge-message.ts';
import type { Mapper } from './mapping.ts';
import type { Receipt } from './memory.ts';
import type { Arrived } from './mqtt-source.ts';
import { mapperOf, type Sent, type SourceContext, storeAll, withReceipts } from './source.ts';
import type { Labels, TagReading } from './tag-reading.ts';
import { matchTopic, parseTopic, type TopicPattern } from './topic.ts';

type IntakeOptions = {
  readonly source: SourceOf<'mqtt'>;
  readonly context: Pick<SourceContext, 'config' | 'memory' | 'tally' | 'listener' | 'onFailure'>;
};

/** Names of topics that are kept. */
const MOST_TOPICS = 4_096;

/** Messages are counted as they arrive, from 1. */
export interface Intake {
  /** The number of the message; a promise where the next one may not come yet. */
  take(this: void, arrived: Arrived): number | Promise<number>;
  /** All that became of the messages up to this number is stored. */
  stored(this: void): number;
}

export function createIntake(options: IntakeOptions): Intake {
  const intake = new BrokerIntake(options);
  return { take: (arrived) => intake.take(arrived), stored: () => intake.stored };
}

/** Messages up to `through` are stored once the memory has stored all up to `number`. */
type Handed = { through: number; readonly number: number };

type RowSent = Telemetry & { readonly receipt: Receipt };

class BrokerIntake {
  readonly #context: IntakeOptions['context'];
  readonly #mapper: Mapper;
  readonly #topics: Topics;
  readonly #blocks = new TelemetryBlocks();
  #arrived = 0;
  /** The last message of which all is in blocks, or in the memory. */
  #placed = 0;
  #stored = 0;
  readonly #handed: Handed[] = [];
  /** Ends when the memory had room for what was in the blocks. */
  #storing: Promise<void> | undefined;
  #due: NodeJS.Immediate | undefined;

  constructor({ source, context }: IntakeOptions) {
    this.#context = context;
    this.#mapper = mapperOf(context);
    this.#topics = new Topics(source.mqtt.topics);
  }

  get stored(): number {
    const { stored } = this.#context.memory;
    for (let [first] = this.#handed; first !== undefined; [first] = this.#handed) {
      if (first.number > stored) break;
      this.#stored = first.through;
      this.#handed.shift();
    }
    return this.#stored;
  }

  /** A promise only where something has to wait: most messages have a place at once. */
  take(arrived: Arrived): number | Promise<number> {
    // What the log has no room for keeps the next message waiting.
    if (this.#storing !== undefined) return this.#storing.then(() => this.take(arrived));
    const { tally, listener } = this.#context;
    this.#arrived += 1;
    tally.took(arrived.payload.length);
    if (arrived.retained && listener === undefined) {
      tally.refuse('retained', arrived.topic);
      return this.#finish();
    }
    const messages = messagesOf(arrived, this.#topics, this.#mapper, this.#context);
    const [only] = messages;
    if (only !== undefined && messages.length === 1 && this.#isRow(only)) {
      return this.#addRow(only, arrived)
        ? this.#store().then(() => this.#finish())
        : this.#finish();
    }
    return messages.length === 0 ? this.#finish() : this.#placeAll(messages, arrived);
  }

  #finish(): number {
    this.#placed = this.#arrived;
    if (this.#blocks.isEmpty) this.#hand();
    else this.#due ??= setImmediate(() => this.#store().catch(this.#context.onFailure));
    return this.#arrived;
  }

  async #placeAll(messages: readonly Sent[], arrived: Arrived): Promise<number> {
    for (const sent of messages) {
      if (this.#isRow(sent)) {
        if (this.#addRow(sent, arrived)) await this.#store();
      } else {
        // Behind what came before it.
        await this.#store();
        const { topic: origin, again } = arrived;
        await storeAll([sent], this.#context, { origin, again });
      }
    }
    return this.#finish();
  }

  /** Only what has one time can be a row of a block. */
  #isRow(sent: Sent): sent is RowSent {
    return 'rows' in sent && sent.rows.length === 1 && 'id' in sent.receipt;
  }

  /** True when a block is full. */
  #addRow(sent: RowSent, { topic: origin, again }: Arrived): boolean {
    const { tally, memory } = this.#context;
    const { subject, receipt } = sent;
    const isKnown = memory.has(subject, receipt.id) || this.#blocks.has(subject, receipt.id);
    // A source that says no times cannot be told from one that repeats itself, unless it says so.
    if (!isKnown || !(receipt.lasting || again)) return this.#blocks.add(sent, receipt);
    tally.refuse('repeat', origin);
    return false;
  }

  /** What is in the blocks. */
  #store(): Promise<void> {
    clearImmediate(this.#due);
    this.#due = undefined;
    this.#storing ??= this.#storeBlocks().finally(() => {
      this.#storing = undefined;
    });
    return this.#storing;
  }

  async #storeBlocks(): Promise<void> {
    if (this.#blocks.isEmpty) return;
    await storeAll(this.#blocks.take(), this.#context, { origin: 'blocks' });
    this.#hand();
  }

  #hand(): void {
    const [through, number] = [this.#placed, this.#context.memory.taken];
    const last = this.#handed.at(-1);
    if (last?.number === number) last.through = through;
    else this.#handed.push({ through, number });
  }
}

/** A topic of the configuration, and what its names stand for in that of a message. */
type Fitting = { readonly topic: EdgeTopic; readonly captures: Labels };

/** The topics of a broker are few beside its messages: what each stands for is looked for once. */
class Topics {
  readonly #patterns: readonly { readonly topic: EdgeTopic; readonly pattern: TopicPattern }[];
  readonly #known = new Map<string, Fitting | undefined>();

  constructor(topics: readonly EdgeTopic[]) {
    this.#patterns = topics.flatMap((topic) => {
      const pattern = parseTopic(topic.topic);
      return pattern === undefined ? [] : [{ topic, pattern }];
    });
  }

  fit(name: string): Fitting | undefined {
    if (this.#known.has(name)) return this.#known.get(name);
    // Whoever makes up topics fills no memory.
    if (this.#known.size >= MOST_TOPICS) this.#known.clear();
    const fitting = this.#find(name);
    this.#known.set(name, fitting);
    return fitting;
  }

  #find(name: string): Fitting | undefined {
    for (const { topic, pattern } of this.#patterns) {
      const captures = matchTopic(pattern, name);
      if (captures !== undefined) return { topic, captures };
    }
    return undefined;
  }
}

function messagesOf(
  arrived: Arrived,
  topics: Topics,
  mapper: Mapper,
  { tally }: Pick<SourceContext, 'tally'>,
): readonly Sent[] {
  const fitting = topics.fit(arrived.topic);
  if (fitting === undefined) {
    tally.refuse('unknown-tag', arrived.topic);
    return [];
  }
  const { topic, captures } = fitting;
  try {
    const readings = readingsOf(topic, arrived);
    const timed = topic.clock === 'source' && readings.every(({ time }) => time !== undefined);
    const mapped = mapper.map(topic, readings, captures, Date.now());
    return withReceipts(mapped, { id: idOf(arrived, timed), lasting: timed });
  } catch (error) {
    // Whatever a payload brings about: the broker would send it again, and end each start of the edge with it.
    const why = error instanceof Error ? error.message : String(error);
    const bytes = Buffer.from(arrived.payload.subarray(0, 60)).toString();
    tally.refuse('malformed', `${arrived.topic}: ${why} in ${bytes}`);
    return [];
  }
}

function readingsOf(topic: EdgeTopic, { payload }: Arrived): readonly TagReading[] {
  switch (topic.format) {
    case 'json':
      return decodeJson(payload, topic);
    case 'text':
      return decodePlain(payload);
    case 'line-protocol':
      return decodeLines(payload, topic.precision ?? 'epoch-ns');
    case 'telegraf':
      return decodeTelegraf(payload, topic.precision ?? 'epoch-s');
    case 'senml':
      return decodeSenml(payload);
  }
}

/**
 * The same sample has the same topic, time and content, whoever brings it; without a time only its packet is known. What
 * becomes several messages on one subject is told apart by the place of the reading, which no reduction and no arrival
 * changes.
 */
function idOf({ topic, payload, packet }: Arrived, timed: boolean): string {
  const content = Buffer.concat([Buffer.from(`${topic}\0`), payload]);
  // 96 bits: a block has the id of each of its rows.
  const id = hash('sha1', content, 'base64url').slice(0, 16);
  return timed ? id : `${id}/${packet ?? ''}`;
}
