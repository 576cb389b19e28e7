/** Brings the simulated plant into the log through an edge, and holds what the edge did not send up against what was sent. */

import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { DeliverPolicy } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { type EventTime, eventTime } from '../../../operators/model/time.ts';
import { EXIT, Problem } from '../../base/problem.ts';
import { streamClient } from '../../nats/jetstream.ts';
import { createPublisher, type PublishCounts } from '../../nats/publisher.ts';
import { partitionStream } from '../../nats/streams.ts';
import { type Recorded, toReplayMessage } from '../../recordings/recorded.ts';
import { EMPTY } from '../plant/messages.ts';
import type { PlantOutlet } from '../publish-plant.ts';
import { type EdgeBeside, PLANT_SOURCE } from './edge-beside.ts';
import { type DeviceMessage, saidByDevice } from './samples.ts';

/**
 * Messages of an edge have no append time of a replay: that of the message before them counts. So a tick goes ahead of each
 * stretch of simulated time of this length (microseconds), and the next one waits until the log has all of the stretch.
 * It is less than what makes a source silent.
 */
const STRETCH = 2_000_000;
/** Milliseconds that a stretch may be under way. */
const PATIENCE = 60_000;
const BETWEEN_LOOKS = 3;
const SOURCED = 'Nats-Stream-Source';

/** What was sent twice, or as bytes that are none, of a subject: as messages of the edge, and as dead letters of it. */
type Planted = { readonly subject: string; messages: number; letters: number };

export async function openEdgeOutlet(
  connection: NatsConnection,
  { nodes, status }: EdgeBeside,
): Promise<PlantOutlet> {
  const publisher = createPublisher(connection, { run: randomUUID() });
  const log = await followLog(connection);
  const first = await status();
  const refusals = createRefusals();
  // What came before: births, and its own state.
  const before = (first.sources[PLANT_SOURCE]?.in_messages ?? 0) - nodes.sent;
  const settled = () => untilSettled({ nodes, status, log, before });
  let until = 0;

  return {
    async publish(message) {
      if (message.appended > until) {
        await settled();
        until = Math.ceil(message.appended / STRETCH) * STRETCH;
        const tick = { subject: 'tick', headers: {}, payload: EMPTY };
        await publisher.publish(toReplayMessage({ ...tick, appended: eventTime(until) }, 0));
        await publisher.flush();
      }
      const said = saidByDevice(message);
      if (said !== undefined) {
        refusals.plant(message, said);
        nodes.say(said);
        return;
      }
      const appended = until as EventTime;
      await publisher.publish(toReplayMessage({ ...message, appended }, 0));
    },
    get counts() {
      return withSourced(publisher.counts, log);
    },
    async flush() {
      await settled();
      return withSourced(await publisher.flush(), log);
    },
    async refused() {
      const { refused = {} } = (await status()).sources[PLANT_SOURCE] ?? {};
      return refusals.letters(refused);
    },
    close() {
      publisher.close();
      log.close();
    },
  };
}

type UnderWay = Pick<EdgeBeside, 'nodes' | 'status'> & {
  readonly log: FollowedLog;
  /** Messages that the edge had before the first of the plant. */
  readonly before: number;
};

/** Resolves when the edge has taken everything, and the log has what it sent up. */
async function untilSettled({ nodes, status, log, before }: UnderWay): Promise<void> {
  const giveUp = performance.now() + PATIENCE;
  for (;;) {
    // It may be started again just now: what was under way then is missing, and told.
    const now = await status().catch(() => undefined);
    const { in_messages = 0, up_messages = 0 } = now?.sources?.[PLANT_SOURCE] ?? {};
    const taken = in_messages - before;
    if (taken >= nodes.sent && log.sourced >= up_messages) return;
    if (performance.now() > giveUp) {
      throw stuck({ sent: nodes.sent, taken, up: up_messages, sourced: log.sourced });
    }
    await pause(BETWEEN_LOOKS);
  }
}

/** What the edge has to refuse, counted as it is sent. */
function createRefusals() {
  const [repeats, malformed] = [new Map<string, Planted>(), new Map<string, Planted>()];
  const numbers = new Map<string, string>();
  return {
    plant({ subject, headers }: Recorded, { samples }: DeviceMessage): void {
      const number = headers['Andon-Sequence'];
      if (samples === undefined) count(malformed, subject, 1, 1);
      else if (number !== undefined && numbers.get(subject) === number) {
        // A message of the edge for each time.
        count(repeats, subject, new Set(samples.map(({ time }) => time)).size, samples.length);
      }
      if (number !== undefined) numbers.set(subject, number);
    },
    letters: (refused: Readonly<{ repeat?: number; malformed?: number }>) => [
      ...lettersOf('duplicate', repeats, refused.repeat ?? 0),
      ...lettersOf('malformed', malformed, refused.malformed ?? 0),
    ],
  };
}

type FollowedLog = { readonly sourced: number; readonly last: number; close(): void };

/** Counts what the log has of edges, from its beginning. */
async function followLog(connection: NatsConnection): Promise<FollowedLog> {
  const consumer = await streamClient(connection).consumers.get(partitionStream(0), {
    ...{ deliver_policy: DeliverPolicy.All, headers_only: true },
  });
  let [sourced, last] = [0, 0];
  const messages = await consumer.consume({
    callback({ headers, seq }) {
      last = seq;
      if (headers?.has(SOURCED) === true) sourced += 1;
    },
  });
  return {
    get sourced() {
      return sourced;
    },
    get last() {
      return last;
    },
    close: () => messages.stop(),
  };
}

function withSourced(counts: PublishCounts, { sourced, last }: FollowedLog): PublishCounts {
  const [published, acknowledged] = [counts.published + sourced, counts.acknowledged + sourced];
  return { ...counts, published, acknowledged, last: Math.max(last, counts.last) };
}

function count(
  all: Map<string, Planted>,
  subject: string,
  messages: number,
  letters: number,
): void {
  const planted = all.get(subject) ?? { subject, messages: 0, letters: 0 };
  planted.messages += messages;
  planted.letters += letters;
  all.set(subject, planted);
}

/** The edge counts by reason alone: what is not as it was planted is shared out. */
function lettersOf(reason: string, all: ReadonlyMap<string, Planted>, refused: number) {
  const sum = [...all.values()].reduce((total, { messages }) => total + messages, 0);
  return [...all.values()].map(({ subject: source, letters }) => {
    return { reason, source, count: (letters * refused) / sum };
  });
}

function stuck(counts: Readonly<Record<'sent' | 'taken' | 'up' | 'sourced', number>>): Problem {
  const { sent, taken, up, sourced } = counts;
  return new Problem({
    expected: 'what the plant says to go through the edge into the log',
    found: `${sent} messages sent and ${taken} taken by the edge, ${up} sent up and ${sourced} in the log, for ${PATIENCE / 1_000} s`,
    remedy: 'Run it again with --keep, and see what stands in the folder edge.',
    exit: EXIT.outside,
  });
}
