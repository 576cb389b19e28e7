import { z } from 'zod';
import { malformed } from '../model/decoded.ts';
import type { AssetKey } from '../model/key.ts';
import { knownEventData, type MachineEvent } from '../model/machine-event.ts';
import type { Origin } from '../model/message.ts';
import { timeOf } from './time-field.ts';

const messageSchema = z.object({
  time: z.number(),
  type: z.string().min(1).max(64),
  data: z
    .record(z.string().max(64), z.union([z.string().max(8_192), z.number(), z.boolean(), z.null()]))
    .default({}),
});

/**
 * Reads `{time, type, data?}`. The data of the types that the pipeline understands is checked.
 *
 * @throws MalformedError
 */
export function decodeMachineEvent(
  payload: unknown,
  origin: Origin,
  asset: AssetKey,
): MachineEvent {
  const parsed = messageSchema.safeParse(payload);
  if (!parsed.success) throw malformed('an event {time, type, data}', firstIssue(parsed.error));
  const { time, type, data } = parsed.data;
  if (type === 'state' || type === 'request') {
    const known = knownEventData[type].safeParse(data);
    if (!known.success) throw malformed(`the data of a ${type} event`, firstIssue(known.error));
  }
  return { kind: 'event', origin, asset, time: timeOf(time), type, data };
}

/** `entries.0.end: expected end after start` */
export function firstIssue(error: z.ZodError): string {
  const [issue] = error.issues;
  return issue === undefined ? 'something else' : `${issue.path.join('.')}: ${issue.message}`;
}
