import {
  type JetStreamManager,
  type JetStreamOptions,
  jetstream,
  jetstreamManager,
} from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { installedStream, installedSubject } from './installation.ts';
import { type EpochContent, RefusedError, type Sink } from './sink.ts';

/** Every revision of every request, one message a subject, for ever. */
export const REQUEST_STREAM = 'ANDON_REQUESTS';

/**
 * `request.<id>.<revision>`: the stream takes one message per subject, so a revision cannot enter twice. `*` stands for
 * every one.
 */
export function requestSubject(id: string, revision: number | '*'): string {
  return `request.${id}.${revision}`;
}

/** Every command to every system, one message a subject, until it is over and taken out. */
export const COMMAND_STREAM = 'ANDON_COMMANDS';

/** `command.<system>.<id>`: the stream takes one message per subject, so a command cannot enter twice. */
export function commandSubject(system: string, id: string): string {
  return `command.${system}.${id}`;
}

/** How JetStream is reached, and the prefix of the installation in it. */
export type OutboxOptions = JetStreamOptions & { readonly prefix?: string | undefined };

/** Something to publish: the subject is its name, and `content` its bytes. */
type Outgoing = { readonly stream: string; readonly subject: string; readonly content: string };

/** What an epoch publishes. Revisions first: they wait for nothing. */
function outgoingOf({ revisions, commands }: EpochContent): readonly Outgoing[] {
  return [
    ...revisions.map(({ id, revision, content }) => {
      return { stream: REQUEST_STREAM, subject: requestSubject(id, revision), content };
    }),
    ...commands.map(({ id, system, content }) => {
      return { stream: COMMAND_STREAM, subject: commandSubject(system, id), content };
    }),
  ];
}

function installed(outgoing: Outgoing, prefix: string | undefined): Outgoing {
  const { stream, subject, content } = outgoing;
  return {
    stream: installedStream(prefix, stream),
    subject: installedSubject(prefix, subject),
    content,
  };
}

/**
 * Publishes every revision and command of an epoch into its stream, in order, each once however often it is called.
 *
 * A stored message with other bytes is a `RefusedError`: the same log has given two answers, and nothing that is
 * tried again would heal that. What comes before and after it in the epoch is published all the same. Everything
 * else that fails is to be tried again.
 */
export function createOutbox(
  connection: NatsConnection,
  { prefix, ...options }: OutboxOptions = {},
): Sink {
  let manager: Promise<JetStreamManager> | undefined;
  const client = jetstream(connection, options);

  /** The stored bytes, or undefined when the subject is empty. The stored message alone decides: error codes and
   * words of "already there" differ between server versions, and a full stream answers much the same. */
  async function stored(stream: string, subject: string): Promise<Uint8Array | undefined> {
    manager ??= jetstreamManager(connection, { ...options, checkAPI: false }).catch(
      (error: unknown) => {
        manager = undefined;
        throw error;
      },
    );
    const { streams } = await manager;
    const message = await streams.getMessage(stream, { last_by_subj: subject });
    return message?.data;
  }

  /** Gives the subject when other bytes are stored there. */
  async function publish(outgoing: Outgoing): Promise<string | undefined> {
    const { stream, subject, content } = installed(outgoing, prefix);
    const bytes = new TextEncoder().encode(content);
    const header = headers();
    header.set('Content-Type', 'application/json');
    try {
      await client.publish(subject, bytes, { headers: header, expect: { streamName: stream } });
      return undefined;
    } catch (cause) {
      // Refused because it is there, or the answer was lost, or the server is away: only reading can tell.
      const found = await stored(stream, subject);
      if (found === undefined) throw cause;
      return Buffer.compare(found, bytes) === 0 ? undefined : subject;
    }
  }

  return {
    name: 'outbox',
    takesBatches: false,
    async write(content: EpochContent, signal: AbortSignal): Promise<void> {
      const differing: string[] = [];
      for (const outgoing of outgoingOf(content)) {
        signal.throwIfAborted();
        const subject = await publish(outgoing);
        if (subject !== undefined) differing.push(subject);
      }
      if (differing.length > 0) {
        throw new RefusedError(
          `outbox: expected the content of epoch ${content.epoch} (${content.stream} ` +
            `${content.from}-${content.to}, run ${content.run}), found other bytes stored under ` +
            `${differing.join(', ')}. What is stored stands and has perhaps been sent. The same messages gave ` +
            'another answer than before: keep the epoch file and report it as a defect.',
          differing,
        );
      }
    },
  };
}
