/** Reads the stream of commands: which there are, and what is in them. */

import { DeliverPolicy } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { z } from 'zod';
import type { Command, Json } from '../../operators/model/command.ts';
import type { AssetKey } from '../../operators/model/key.ts';
import type { EventTime } from '../../operators/model/time.ts';
import { prioritySchema } from '../../operators/model/trigger-rule.ts';
import { COMMAND_STREAM, commandSubject } from '../../sinks/outbox.ts';
import {
  streamClient,
  streamIn,
  streamManager,
  subjectIn,
  subjectOutOf,
} from '../nats/jetstream.ts';
import { type Following, followStream, type ReadMessage } from './stream-reader.ts';

/** A stored command, or why it cannot be understood. `sequence`: its place in the stream. */
export type StoredCommand = { readonly sequence: number } & (
  | { readonly kind: 'command'; readonly command: Command }
  | { readonly kind: 'malformed'; readonly subject: string; readonly note: string }
);

export type FollowCommands = (
  from: number,
  following: Following & { readonly onCommand: (stored: StoredCommand) => Promise<void> },
) => Promise<void>;

export interface CommandReader {
  /** Reports the commands of the stream from a sequence on, in its order, until it is aborted. */
  readonly follow: FollowCommands;
  /** The commands that the stream has now, from a sequence on, in its order. */
  from(sequence: number): AsyncGenerator<StoredCommand>;
  /** A command as the stream has it; undefined when there is none, or none that can be understood. */
  read(id: string): Promise<Command | undefined>;
  /** What the marks of a low water are of: the stream that is there. */
  readonly stream: string;
}

/**
 * Of the commands to one system, or with `*` of all, one is read by its id. Followed are those of all systems: of a
 * million subjects, nats-server looks for a filter at each one (5 s and more) before it makes a consumer with it.
 */
export async function openCommands(
  connection: NatsConnection,
  system: string,
): Promise<CommandReader> {
  const { streams } = await streamManager(connection);
  const name = streamIn(connection, COMMAND_STREAM);
  const { created } = await streams.info(name);
  return {
    stream: String(created),
    follow: (from, { onCommand, ...following }) =>
      followStream(
        connection,
        { stream: COMMAND_STREAM, from, bodies: true },
        { ...following, onMessage: (message) => onCommand(parseCommand(message)) },
      ),
    async *from(sequence) {
      const stream = await streamClient(connection).streams.get(name);
      const { last_seq } = (await stream.info()).state;
      if (last_seq < sequence) return;
      const consumer = await stream.getConsumer({
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: sequence,
      });
      let pending = (await consumer.info()).num_pending;
      while (pending > 0) {
        // More than there are would be waited for until the call expires.
        const most = Math.min(512, pending);
        const batch = await consumer.fetch({ max_messages: most, expires: 1_000 });
        let count = 0;
        for await (const message of batch) {
          const { seq: sequence, info, data } = message;
          pending = info.pending;
          count += 1;
          yield parseCommand({
            subject: subjectOutOf(connection, message.subject),
            sequence,
            data,
          });
        }
        if (count > 0) continue;
        // What was removed meanwhile does not come; anything else that does not is no end.
        pending = (await consumer.info()).num_pending;
        if (pending > 0) throw new Error(`nats-server gave none of ${pending} commands in ${name}`);
      }
    },
    async read(id) {
      const message = await streams.getMessage(name, {
        last_by_subj: subjectIn(connection, commandSubject(system, id)),
      });
      if (message === null) return undefined;
      const { seq, data } = message;
      const subject = subjectOutOf(connection, message.subject);
      const stored = parseCommand({ subject, sequence: seq, data });
      return stored.kind === 'command' ? stored.command : undefined;
    },
  };
}

function parseCommand({ subject, sequence, data }: ReadMessage): StoredCommand {
  const malformed = (note: string) => ({ kind: 'malformed', sequence, subject, note }) as const;
  try {
    const command = commandSchema.parse(JSON.parse(Buffer.from(data).toString()));
    const own = commandSubject(command.system, command.id);
    if (own === subject) return { kind: 'command', sequence, command };
    return malformed(`expected the command of ${subject}, found that of ${own}`);
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    return malformed(`expected a command, found: ${found.slice(0, 1_000)}`);
  }
}

const time = z
  .number()
  .int()
  .transform((microseconds) => microseconds as EventTime);
/** A token of a subject, which is a part of keys and of the names of files too. */
const token = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);

/** A command as the outbox holds it. Unknown fields are left out: a newer sender may know more. */
export const commandSchema: z.ZodType<Command> = z.object({
  kind: z.literal('command'),
  id: token,
  request: token,
  asset: z
    .string()
    .regex(/^[A-Za-z0-9_-]+\/[A-Za-z0-9_-]+\/[A-Za-z0-9_-]+$/, 'expected plant/line/asset')
    .transform((key) => key as AssetKey),
  workflow: z.string(),
  step: z.string().min(1).max(128),
  n: z.number().int().min(1),
  system: token,
  verb: z.string().min(1).max(64),
  key: token,
  payload: z.record(z.string(), z.json() as z.ZodType<Json>),
  not_after: time.nullable(),
  undoes: token.nullable(),
  priority: prioritySchema,
  because: z.string(),
  time,
});
