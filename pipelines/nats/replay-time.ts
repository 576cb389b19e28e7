import type { JetStreamManager } from '@nats-io/jetstream';
import { headers as noHeaders } from '@nats-io/transport-node';
import type { EventTime } from '../../operators/model/time.ts';
import { recordedAppendTime } from './stored-message.ts';

const NO_TIME = 0 as EventTime;

/**
 * The append time in force at a message of a replay stream. A message without the header has that of the message
 * before it, so the way goes back to the nearest one with a header; 1970 when there is none.
 */
export async function appendTimeAt(
  manager: JetStreamManager,
  stream: string,
  sequence: number,
): Promise<EventTime> {
  for (let at = sequence; at > 0; at -= 1) {
    const stored = await manager.streams.getMessage(stream, { seq: at });
    if (stored === null) continue;
    const appended = recordedAppendTime({ headers: stored.header ?? noHeaders() });
    if (appended !== undefined) return appended;
  }
  return NO_TIME;
}

/** As the header `Andon-Appended` has it: epoch milliseconds, with fractions where there are any. */
export function appendedText(time: EventTime): string {
  return String(time / 1_000);
}
