import type { Recorded } from '../recordings/recorded.ts';
import type { Outgoing } from './publish.ts';
import { appendedText } from './replay-time.ts';
import { APPENDED_HEADER } from './stored-message.ts';
import { partitionPrefix } from './streams.ts';

/** A recorded message on its way into a partition that is marked as a replay: its append time goes along. */
export function replayed(
  { subject, appended, headers, payload }: Recorded,
  partition: number,
): Outgoing {
  return {
    subject: `${partitionPrefix(partition)}${subject}`,
    headers: { ...headers, [APPENDED_HEADER]: appendedText(appended) },
    payload,
  };
}
