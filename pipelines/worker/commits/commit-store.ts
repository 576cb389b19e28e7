/** The commit log of one run of a partition in JetStream: one subject, whose last entry only its owner may follow. */

import type { MsgRequest, StoredMsg } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { streamClient, streamIn, streamManager, subjectIn } from '../../nats/jetstream.ts';
import {
  COMMIT_STREAM,
  commitSubject,
  isNotPermitted,
  isWithoutStream,
} from '../../nats/streams.ts';

export type StoredCommit = { readonly sequence: number; readonly bytes: Uint8Array };

/** What a commit log is kept in. Every call may fail, also after it took effect. */
export interface CommitStore {
  /** Undefined when there is none, or no stream. */
  last(): Promise<StoredCommit | undefined>;
  /** The first entry at this sequence or behind it. */
  next(sequence: number): Promise<StoredCommit | undefined>;
  /** Appends an entry if the last one has this sequence, 0 for none; rejects otherwise. Gives its own sequence. */
  append(bytes: Uint8Array, after: number): Promise<number>;
  /** Whether trying again is of no use: who asks has no right to, or will never have an answer again. */
  isLasting(error: unknown): boolean;
}

/** Milliseconds: so long one answer may take. After that, what is stored tells. */
const ANSWER = 2_000;

export type CommitSubject = {
  readonly pipeline: string;
  readonly partition: number;
  readonly run: string;
};

export async function openCommitStore(
  connection: NatsConnection,
  { pipeline, partition, run }: CommitSubject,
  timeout = ANSWER,
): Promise<CommitStore> {
  const { streams } = await streamManager(connection, { timeout });
  const client = streamClient(connection);
  const stream = streamIn(connection, COMMIT_STREAM);
  const subject = subjectIn(connection, commitSubject(pipeline, partition, run));
  const asked = async (question: MsgRequest) => {
    try {
      return storedCommit(await streams.getMessage(stream, question));
    } catch (error) {
      // A stream that was deleted has no entry; so has one of which a new leader does not know yet.
      if (isWithoutStream(error)) return undefined;
      throw error;
    }
  };
  return {
    last: () => asked({ last_by_subj: subject }),
    async next(sequence) {
      // Only nats-server knows of asking so, and not the types of the client.
      const question = { seq: sequence, next_by_subj: subject };
      return asked(question);
    },
    async append(bytes, after) {
      const { seq } = await client.publish(subject, bytes, {
        expect: { streamName: stream, lastSubjectSequence: after },
        timeout,
      });
      return seq;
    },
    isLasting: (error) => isNotPermitted(error) || connection.isClosed(),
  };
}

function storedCommit(message: StoredMsg | null): StoredCommit | undefined {
  return message === null ? undefined : { sequence: message.seq, bytes: message.data };
}
