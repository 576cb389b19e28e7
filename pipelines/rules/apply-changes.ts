import { randomUUID } from 'node:crypto';
import type { NatsConnection } from '@nats-io/transport-node';
import type { EventTime } from '../../operators/model/time.ts';
import { EXIT, Problem } from '../base/problem.ts';
import type { PlantChange } from '../nats/partition.ts';
import { partitionsOf } from '../nats/partition.ts';
import { createPublisher } from '../nats/publisher.ts';
import { APPENDED_HEADER, appendedText } from '../nats/stored-message.ts';
import {
  ensurePartition,
  isNotPermitted,
  isReplay,
  logStream,
  partitionPrefix,
} from '../nats/streams.ts';

export type ApplyOptions = {
  readonly connection: NatsConnection;
  readonly changes: readonly PlantChange[];
  readonly partitions: number;
  /** Into a replay, at this append time; the streams are made, marked so, where there are none. Live without it. */
  readonly replayAt?: EventTime;
};

/** Where a change went: it takes effect at exactly this message. */
export type Applied = {
  readonly subject: string;
  readonly change: string;
  readonly stream: string;
  readonly sequence: number;
};

/**
 * Publishes changes into every partition that holds a line of their plant. Rejects with a `Problem` before anything is
 * published when a stream is not fit.
 */
export async function applyChanges(options: ApplyOptions): Promise<readonly Applied[]> {
  const { connection, changes, partitions, replayAt } = options;
  const targets = new Set(
    changes.flatMap(({ plant, lines }) => partitionsOf(plant, lines, partitions)),
  );
  for (const partition of targets) await checkStream(options, partition);
  const stamp = replayAt === undefined ? {} : { [APPENDED_HEADER]: appendedText(replayAt) };
  const publisher = createPublisher(connection, { run: randomUUID() });
  const applied: Applied[] = [];
  try {
    for (const { plant, lines, messages } of changes) {
      for (const partition of partitionsOf(plant, lines, partitions)) {
        for (const { subject, headers, payload } of messages) {
          const prefixed = `${partitionPrefix(partition)}${subject}`;
          await publisher.publish({
            subject: prefixed,
            headers: { ...headers, ...stamp },
            payload,
          });
          // One by one: the sequence at which a change takes effect is worth knowing, and they are few.
          const { last } = await publisher.flush();
          const stream = logStream(connection, partition);
          applied.push({
            subject,
            change: headers?.['Andon-Change'] ?? '',
            stream,
            sequence: last,
          });
        }
      }
    }
    return applied;
  } finally {
    publisher.close();
  }
}

async function checkStream(options: ApplyOptions, partition: number): Promise<void> {
  const { connection, partitions, replayAt } = options;
  const replay = replayAt !== undefined;
  const wanted = { partition, partitions, replay, anyLimits: true };
  const info = await ensurePartition(connection, wanted).catch((error: unknown) => {
    if (!replay && isNotPermitted(error)) return undefined;
    throw error;
  });
  if (info === undefined || isReplay(info) === replay) return;
  throw new Problem({
    where: `stream ${logStream(connection, partition)}`,
    expected: replay ? 'a stream marked as a replay' : 'a live stream',
    found: replay ? 'a live one' : 'one marked as a replay',
    remedy: replay
      ? 'Leave --replay out, or use a server without that stream.'
      : 'Say with --replay RECORDING whose beginning the change belongs to.',
    exit: EXIT.outside,
  });
}
