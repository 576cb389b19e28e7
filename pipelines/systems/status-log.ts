/** What a system says, as a message of the log. Its number is in the ledger before it is published: a repeat is the same. */

import { headers, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import { streamClient, subjectIn } from '../nats/jetstream.ts';
import type { LogTime } from '../nats/log-time.ts';
import { partitionedSubject, partitionOf } from '../nats/partition.ts';

/** The log of a partition, as somewhere to publish into. */
export interface StatusLog {
  publish(
    subject: string,
    payload: string,
    options: { readonly headers: MsgHdrs },
  ): Promise<unknown>;
  /** What time it is in the log of a machine, in milliseconds: deadlines stand on it, and answers carry it. */
  time(asset: string): Promise<number>;
}

/** The log that a connection reaches. */
export function statusLogOf(
  connection: NatsConnection,
  { partitions, logTime }: { readonly partitions: number; readonly logTime: LogTime },
): StatusLog {
  const client = streamClient(connection);
  return {
    time(asset) {
      const [plant = '', line = ''] = asset.split('/');
      return logTime(partitionOf(plant, line, partitions));
    },
    publish: (subject, payload, options) =>
      client.publish(subjectIn(connection, subject), payload, options),
  };
}

/** By producer and number `validate` knows a repeat. */
export type StatusMessage = {
  readonly system: string;
  readonly asset: string;
  readonly producer: string;
  readonly number: number;
  readonly body: { readonly time: number; readonly type: string; readonly data: object };
};

/** `status.<system>.<plant>.<line>.<asset>`: the subject says who says it, and permissions attest it. */
export async function publishStatus(
  log: StatusLog,
  { system, asset, producer, number, body }: StatusMessage,
  partitions: number,
): Promise<void> {
  const header = headers();
  header.set('Content-Type', 'application/json');
  header.set('Andon-Producer', producer);
  header.set('Andon-Sequence', String(number));
  const subject = `status.${system}.${asset.replaceAll('/', '.')}`;
  const published = partitions === 1 ? subject : partitionedSubject(subject, partitions);
  await log.publish(published, JSON.stringify(body), { headers: header });
}

/**
 * The number of the next status. By the clock, so that a ledger that was lost and begun anew goes on above the numbers
 * that it has forgotten: a lower one would be taken for a repeat.
 */
export function nextStatusNumber({ reports }: { readonly reports: number }, now: number): number {
  return Math.max(reports + 1, Math.floor(now));
}
