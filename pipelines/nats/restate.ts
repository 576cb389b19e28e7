import { type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';

export type RestateOptions = {
  readonly connection: NatsConnection;
  readonly stream: string;
  /** Milliseconds after which the stream trims a message. */
  readonly maxAge: number;
  /** Epoch milliseconds. Default: the clock. */
  readonly now?: () => number;
};

const KINDS = ['model', 'rules'] as const;

/**
 * Puts plant models and rules into the log again before the stream trims them, byte for byte, so that a new run of
 * what the stream still holds knows its plants. Only those older than half of the stream's age are said again; the
 * same content again changes nothing. Gives the subjects that were said again.
 */
export async function restate(options: RestateOptions): Promise<readonly string[]> {
  const { connection, stream, maxAge, now = Date.now } = options;
  if (maxAge <= 0) return [];
  const manager = await jetstreamManager(connection, { checkAPI: false });
  const client = jetstream(connection);
  const restated: string[] = [];
  for (const subject of await subjectsOf(manager, stream)) {
    const last = await manager.streams.getMessage(stream, { last_by_subj: subject });
    if (last === null || now() - last.time.getTime() < maxAge / 2) continue;
    await client.publish(subject, last.data, {
      headers: last.header,
      // Somebody who changed it just now has the last word.
      expect: { lastSubjectSequence: last.seq },
    });
    restated.push(subject);
  }
  return restated;
}

async function subjectsOf(manager: JetStreamManager, stream: string): Promise<readonly string[]> {
  const subjects: string[] = [];
  const { config } = await manager.streams.info(stream);
  const prefixes = config.subjects.some((subject) => subject.startsWith('model.')) ? [''] : [];
  const partition = config.subjects.find((subject) => /^andon\.\d+\.>$/.test(subject));
  for (const prefix of [...prefixes, partition?.slice(0, -1)]) {
    if (prefix === undefined) continue;
    for (const kind of KINDS) {
      const info = await manager.streams.info(stream, { subjects_filter: `${prefix}${kind}.>` });
      subjects.push(...Object.keys(info.state.subjects ?? {}));
    }
  }
  return subjects.sort();
}
