/** What all kinds of recordings share: a recorded message, its lineage, what is wrong with it. */

import { access } from 'node:fs/promises';
import type { Message } from '../../operators/model/message.ts';
import type { EventTime } from '../../operators/model/time.ts';
import { EXIT, Problem } from '../base/problem.ts';
import type { Outgoing } from '../nats/publisher.ts';
import { APPENDED_HEADER, appendedText } from '../nats/stored-message.ts';
import { partitionPrefix } from '../nats/streams.ts';

/** A message of a recording: it gets its place in a log when it is read in order with all others. */
export type Recorded = Omit<Message, 'sequence'>;

/** Where a time of a recording lies in the log that it goes into. */
export type MoveTime = (time: EventTime) => EventTime;

export const UNMOVED: MoveTime = (time) => time;

/**
 * Each message of a recording names its producer and counts, so that one published twice is recognised. `boot` is '0'
 * for the recording itself: the same recording is the same messages.
 */
export function lineage(name: string, boot: string, count: number): Record<string, string> {
  return { 'Andon-Producer': `${name}/${boot}`, 'Andon-Sequence': String(count) };
}

export function wrongRecording(parts: {
  readonly where: string;
  readonly expected: string;
  readonly found: string;
}): Problem {
  const remedy = 'Correct the recording or its description.';
  return new Problem({ ...parts, remedy, exit: EXIT.input });
}

/** Rejects with a `Problem` when the file of a recording is not there. */
export async function present(file: string): Promise<void> {
  try {
    await access(file);
  } catch (error) {
    const parts = {
      where: file,
      expected: 'the file of the recording',
      found: 'none that can be read',
      remedy: 'Correct `file` in its description, or say with --base where it lies.',
      exit: EXIT.input,
    };
    throw new Problem(parts, { cause: error });
  }
}

/** A recorded message on its way into a partition that is marked as a replay: its append time goes along. */
export function toReplayMessage(
  { subject, appended, headers, payload }: Recorded,
  partition: number,
): Outgoing {
  return {
    subject: `${partitionPrefix(partition)}${subject}`,
    headers: { ...headers, [APPENDED_HEADER]: appendedText(appended) },
    payload,
  };
}
