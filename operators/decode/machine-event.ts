import { z } from 'zod';
import { type AssetKey, locate } from '../model/key.ts';
import {
  type Attested,
  knownEventData,
  type MachineEvent,
  stateOf,
} from '../model/machine-event.ts';
import type { Origin } from '../model/message.ts';
import type { MachineEventRow, MachineStateRow } from '../model/tables.ts';
import { firstIssue, malformed, timeField } from './payload.ts';

/** Characters of a text in the data of an event; an edge brings whole rows. */
const LONGEST = 8_192;
const LONGEST_OF_EDGE = 1_000_000;

const fieldUpTo = (longest: number) =>
  z.union([
    z.string().max(longest),
    z.number(),
    z.boolean(),
    z.null(),
    // Serial numbers, orders: what identifies keeps its digits.
    z.bigint().transform(String),
  ]);

const schemaUpTo = (longest: number) =>
  z.object({
    time: z.number(),
    type: z.string().min(1).max(64),
    data: z.record(z.string().max(64), fieldUpTo(longest)).default({}),
  });
const messageSchema = schemaUpTo(LONGEST);
const findingSchema = schemaUpTo(LONGEST_OF_EDGE);

/**
 * Reads `{time, type, data?}`. The data of the types that the pipeline understands is checked.
 *
 * @throws MalformedError
 */
export function decodeMachineEvent(
  payload: unknown,
  origin: Origin,
  asset: AssetKey,
  attested?: Attested,
): MachineEvent {
  const schema = attested?.kind === 'finding' ? findingSchema : messageSchema;
  const parsed = schema.safeParse(payload);
  if (!parsed.success) throw malformed('an event {time, type, data}', firstIssue(parsed.error));
  const { time, type, data } = parsed.data;
  if (type === 'state' || type === 'request') {
    const known = knownEventData[type].safeParse(data);
    if (!known.success) throw malformed(`the data of a ${type} event`, firstIssue(known.error));
  }
  const event: MachineEvent = { kind: 'event', origin, asset, time: timeField(time), type, data };
  return attested === undefined ? event : { ...event, attested };
}

/** The row of `machine_events`. */
export function toMachineEventRow(event: MachineEvent): MachineEventRow {
  const { asset, time, type, data, attested } = event;
  return {
    ...{
      ...locate(asset),
      time,
      type,
      data: JSON.stringify(data),
      kind: attested?.kind ?? 'event',
    },
    ...{ via: '', user: '', system: '', ...attested },
  };
}

/** The row of `machine_states`, for state events only. */
export function toMachineStateRow(event: MachineEvent): MachineStateRow | undefined {
  const data = stateOf(event);
  if (data === undefined) return undefined;
  const { state, mode = '', product = '', order = '' } = data;
  return { ...locate(event.asset), time: event.time, state, mode, product, order };
}
