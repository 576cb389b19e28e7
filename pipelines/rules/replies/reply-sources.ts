/**
 * Where the replies of a backtest come from: the record, by request and step; else the record's last answer for the same
 * verb and machine; else what the rules assume; else nowhere.
 */

import { unpack } from '../../../operators/decode/payload.ts';
import { parseSubject } from '../../../operators/decode/subject.ts';
import {
  type AssumedReply,
  assumedData,
  assumptionFor,
} from '../../../operators/model/assumed-reply.ts';
import type { Command } from '../../../operators/model/command.ts';
import type { Key } from '../../../operators/model/key.ts';
import type { EventData } from '../../../operators/model/machine-event.ts';
import type { Message } from '../../../operators/model/message.ts';
import { type EventTime, SECOND } from '../../../operators/model/time.ts';
import type { FiniteLog } from '../replay-log.ts';
import { createAssumedLog } from './assumed-log.ts';

/** How many commands were answered from where. */
export type ReplyCounts = {
  record: number;
  last_answer: number;
  assumed: number;
  none: number;
};

export interface ReplySources {
  readonly counts: ReplyCounts;
  /** A command was decided that would be sent. */
  onCommand(command: Command, now: EventTime): void;
  /** What comes before this message of the record; it is learnt from. */
  before(message: Message): readonly Message[];
}

/**
 * `recorded`: the ids of the commands that the record answers. `assume`: undefined where nothing is made up, so that whoever
 * was silent in the record is silent again.
 */
export function createReplySources(
  recorded: ReadonlySet<string>,
  assume: readonly AssumedReply[] | undefined,
): ReplySources {
  const counts: ReplyCounts = { record: 0, last_answer: 0, assumed: 0, none: 0 };
  const log = createAssumedLog();
  const lastAnswers = new Map<string, EventData>();
  return {
    counts,
    onCommand(command, now) {
      if (recorded.has(command.id)) {
        counts.record += 1;
        return;
      }
      if (assume === undefined) {
        counts.none += 1;
        return;
      }
      const last = lastAnswers.get(subjectOf(command));
      if (last !== undefined) {
        counts.last_answer += 1;
        log.answer(command, now, { after: SECOND, data: sameAnswer(command, last) });
        return;
      }
      const assumed = assumptionFor(command, assume);
      if (assumed === undefined) {
        counts.none += 1;
        return;
      }
      counts.assumed += 1;
      log.answer(command, now, { after: assumed.after, data: assumedData(command, assumed) });
    },
    before(message) {
      const reply = replyIn(message);
      // Later words on an object are about that one alone.
      if (reply !== undefined && !('state' in reply.data)) {
        lastAnswers.set(subjectOf({ ...reply, verb: String(reply.data.verb) }), reply.data);
      }
      return log.before(message);
    },
  };
}

type Answerer = { readonly system: string; readonly verb: string; readonly asset: Key };

function subjectOf({ system, verb, asset }: Answerer): string {
  return `${system}.${verb} ${asset}`;
}

/** The answer to another command: its outcome and values, without the object that it was about. */
function sameAnswer({ id, request, step, n, verb }: Command, last: EventData): object {
  const { remote: _, note: _note, ...values } = last;
  return { ...values, id, request, step, n, verb };
}

type RecordedReply = { readonly system: string; readonly asset: Key; readonly data: EventData };

/** The reply to a command that a message is, if it is one. */
function replyIn(message: Message): RecordedReply | undefined {
  if (!message.subject.startsWith('status.')) return undefined;
  const target = parseSubject(message.subject);
  if (target.kind !== 'event' || target.attested?.kind !== 'status') return undefined;
  const content = contentOf(message);
  if (content?.type !== 'command' || typeof content.data !== 'object') return undefined;
  return {
    system: target.attested.system,
    asset: target.asset,
    data: (content.data ?? {}) as EventData,
  };
}

function contentOf(
  message: Message,
): { readonly type?: unknown; readonly data?: unknown } | undefined {
  try {
    const content = unpack(message);
    return typeof content === 'object' && content !== null ? content : undefined;
  } catch {
    // The pipeline makes a dead letter of it.
    return undefined;
  }
}

/** Reads a log through for the commands that it answers. */
export async function recordedReplies({
  openLog,
  signal,
}: FiniteLog): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  const log = await openLog();
  try {
    for (let ended = false; !ended && !signal.aborted; ) {
      const pulled = await log.pull(1_000, 0, signal);
      for (const message of pulled.messages) {
        const id = replyIn(message)?.data.id;
        if (typeof id === 'string') ids.add(id);
      }
      ended = pulled.ended;
    }
  } finally {
    await log.close();
  }
  return ids;
}
