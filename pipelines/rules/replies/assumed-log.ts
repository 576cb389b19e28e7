/** Replies that no system gave, put into a log where they would have come. */

import type { Command } from '../../../operators/model/command.ts';
import type { Message } from '../../../operators/model/message.ts';
import { type Duration, type EventTime, plus } from '../../../operators/model/time.ts';

/** The data of a reply, and how long after its command it comes. */
export type MadeUpReply = { readonly after: Duration; readonly data: object };

export interface AssumedLog {
  /** A command was decided at this append time. */
  answer(command: Command, now: EventTime, reply: MadeUpReply): void;
  /** Takes what comes before this message, in order of append time; each has its sequence. */
  before(message: Message): readonly Message[];
}

/** Holds replies back until a log has come to their time. */
export function createAssumedLog(): AssumedLog {
  let waiting: Omit<Message, 'sequence'>[] = [];
  return {
    answer({ id, system, asset }, now, { after, data }) {
      const appended = plus(now, after);
      const body = { time: appended / 1_000, type: 'command', data };
      waiting.push({
        appended,
        subject: `status.${system}.${asset.replaceAll('/', '.')}`,
        headers: {
          'Content-Type': 'application/json',
          'Andon-Producer': `systems/${system}/${id}`,
          'Andon-Sequence': '1',
        },
        payload: Buffer.from(JSON.stringify(body)),
      });
      waiting.sort((a, b) => a.appended - b.appended);
    },
    before({ appended, sequence }) {
      const due = waiting.filter((one) => one.appended <= appended);
      waiting = waiting.slice(due.length);
      return due.map((one) => ({ ...one, sequence }));
    },
  };
}
