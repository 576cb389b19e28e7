import type { Row } from '../../../operators/flow/flow.ts';
import type { Message } from '../../../operators/model/message.ts';
import type { DeadLetterRow } from '../../../operators/model/tables.ts';
import type {
  Blocks,
  EpochContent,
  PublishedCommand,
  RequestRevision,
} from '../../../sinks/sink.ts';
import type { Run } from './checkpoints.ts';
import type { Collector } from './engine.ts';

/** Gathers what one epoch decided, encoded as it will be sent. */
export interface EpochCollector extends Collector {
  readonly rows: number;
  readonly bytes: number;
  /** Whether there is something that people or systems wait for: revisions of requests, commands. */
  readonly urgent: boolean;
  /** Counts a message as part of the epoch, whatever came of it. */
  message(message: Message): void;
  /** The content, and a clean sheet. The same messages give the same bytes. */
  finish(run: Run, range: { epoch: number; from: number; to: number }): CollectedEpoch;
}

export type CollectedEpoch = {
  readonly content: EpochContent;
  readonly messages: number;
  readonly readings: number;
  /** What left the main way. */
  readonly deadLetters: readonly Pick<DeadLetterRow, 'reason' | 'stage' | 'count'>[];
};

export function createEpochCollector(blocks: Blocks): EpochCollector {
  const outgoing = createOutgoing();
  let first: Message | undefined;
  let last: Message | undefined;
  let messages = 0;
  let deadLetters: DeadLetterRow[] = [];
  return {
    get rows() {
      return blocks.rows;
    },
    get bytes() {
      return blocks.bytes;
    },
    get urgent() {
      return outgoing.isThere;
    },
    row(row: Row, cause: Message) {
      blocks.add(row, cause.sequence, cause.appended);
      if (row.table === 'dead_letters') deadLetters.push(row.row);
      outgoing.add(row);
    },
    message(message) {
      first ??= message;
      last = message;
      messages += 1;
    },
    finish(run, { epoch, from, to }) {
      if (first !== undefined && last !== undefined) {
        blocks.addEpoch({
          pipeline: run.pipeline,
          created: run.created,
          epoch,
          from,
          to,
          first_appended: first.appended,
          last_appended: last.appended,
          messages,
        });
      }
      const finished = blocks.finish(run.stream, run.run);
      const collected: CollectedEpoch = {
        content: { ...run, epoch, from, to, blocks: finished, ...outgoing.take() },
        messages,
        readings: finished.find(({ table }) => table === 'readings')?.rows ?? 0,
        deadLetters,
      };
      first = undefined;
      last = undefined;
      messages = 0;
      deadLetters = [];
      return collected;
    },
  };
}

/** What of the rows of an epoch is published, byte for byte as it lands. */
function createOutgoing() {
  let revisions: RequestRevision[] = [];
  let commands: PublishedCommand[] = [];
  return {
    get isThere(): boolean {
      return revisions.length > 0 || commands.length > 0;
    },
    add(row: Row): void {
      if (row.table === 'requests') {
        const { id, revision, request } = row.row;
        revisions.push({ id, revision, content: request });
      }
      if (row.table === 'commands' && row.row.mode === 'on') {
        const { id, system, command } = row.row;
        commands.push({ id, system, content: command });
      }
    },
    /** All, and a clean sheet. */
    take(): Pick<EpochContent, 'revisions' | 'commands'> {
      const taken = { revisions, commands };
      revisions = [];
      commands = [];
      return taken;
    },
  };
}
