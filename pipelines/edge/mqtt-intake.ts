/** What becomes of the messages of a broker: telemetry that arrives together as blocks, all else by itself. */

import { hash } from 'node:crypto';
import { TelemetryBlocks } from './blocks.ts';
import { decodeJson, decodeTelegraf } from './decode-json.ts';
import { decodeLines, decodePlain } from './decode-lines.ts';
import { decodeSenml } from './decode-senml.ts';
import type { EdgeTopic, SourceOf } from './edge-config.ts';
import type { Mapper } from './mapping.ts';
import type { Arrived } from './mqtt-source.ts';
import { mappedPortions, mapperOf, type Sent, type SourceContext, storeAll } from './source.ts';
import type { TagReading } from './tag-reading.ts';
import { matchTopic, parseTopic, type TopicPattern } from './topic.ts';

type IntakeOptions = {
  readonly source: SourceOf<'mqtt'>;
  readonly context: Pick<SourceContext, 'config' | 'memory' | 'tally' | 'listener' | 'onFailure'>;
};

/** Messages are counted as they arrive, from 1. */
export interface Intake {
  /** Resolves with the number of the message, as soon as the next one may come. */
  take(this: void, arrived: Arrived): Promise<number>;
  /** All that became of the messages up to this number is stored. */
  stored(this: void): number;
}

export function createIntake(options: IntakeOptions): Intake {
  const intake = new BrokerIntake(options);
  return { take: (arrived) => intake.take(arrived), stored: () => intake.stored };
}

/** Messages up to `through` are stored once the memory has stored all up to `number`. */
type Handed = { through: number; readonly number: number };

class BrokerIntake {
  readonly #context: IntakeOptions['context'];
  readonly #mapper: Mapper;
  readonly #topics: readonly Subscribed[];
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
    this.#topics = source.mqtt.topics.flatMap((topic) => {
      const pattern = parseTopic(topic.topic);
      return pattern === undefined ? [] : [{ topic, pattern }];
    });
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

  async take(arrived: Arrived): Promise<number> {
    const { tally, listener } = this.#context;
    // What the log has no room for keeps the next message waiting.
    await this.#storing;
    this.#arrived += 1;
    tally.took(arrived.payload.length);
    if (arrived.retained && listener === undefined) tally.refuse('retained', arrived.topic);
    else {
      for (const sent of messagesOf(arrived, this.#topics, this.#mapper, this.#context)) {
        await this.#place(sent, arrived);
      }
    }
    this.#placed = this.#arrived;
    if (this.#blocks.isEmpty) this.#hand();
    else this.#due ??= setImmediate(() => this.#store().catch(this.#context.onFailure));
    return this.#arrived;
  }

  /** Only what has one time can be a row. Whatever has no place in a block is stored behind what came before it. */
  async #place(sent: Sent, { topic: origin, again }: Arrived): Promise<void> {
    const { tally } = this.#context;
    const { subject, receipt } = sent;
    if (!('rows' in sent) || sent.rows.length > 1 || !('id' in receipt)) {
      await this.#store();
      await storeAll([sent], this.#context, { origin, again });
      return;
    }
    const { id, lasting } = receipt;
    // A source that says no times cannot be told from one that repeats itself, unless it says so.
    const isKnown = this.#context.memory.has(subject, id) || this.#blocks.has(subject, id);
    if ((lasting || again) && isKnown) tally.refuse('repeat', origin);
    else if (this.#blocks.add(sent, receipt)) await this.#store();
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

type Subscribed = { readonly topic: EdgeTopic; readonly pattern: TopicPattern };

function messagesOf(
  arrived: Arrived,
  topics: readonly Subscribed[],
  mapper: Mapper,
  { config, tally }: Pick<SourceContext, 'config' | 'tally'>,
) {
  const arrival = Date.now();
  for (const { topic, pattern } of topics) {
    const captures = matchTopic(pattern, arrived.topic);
    if (captures === undefined) continue;
    try {
      const readings = readingsOf(topic, arrived);
      const timed = topic.clock === 'source' && readings.every(({ time }) => time !== undefined);
      const receipt = { config, id: idOf(arrived, timed), lasting: timed };
      return mappedPortions(mapper, receipt, [topic, readings, captures, arrival]);
    } catch (error) {
      // Whatever a payload brings about: the broker would send it again, and end each start of the edge with it.
      const why = error instanceof Error ? error.message : String(error);
      const bytes = Buffer.from(arrived.payload.subarray(0, 60)).toString();
      tally.refuse('malformed', `${arrived.topic}: ${why} in ${bytes}`);
      return [];
    }
  }
  tally.refuse('unknown-tag', arrived.topic);
  return [];
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
