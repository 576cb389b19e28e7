/** All that is known of the way of one command into its system and back. */

import { z } from 'zod';
import { COMMAND_OUTCOMES, type Command } from '../../operators/model/command.ts';
import type { EventData } from '../../operators/model/machine-event.ts';
import { attemptFields, NO_ATTEMPTS } from './entry.ts';

const values = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));

export const commandEntrySchema = z.object({
  id: z.string(),
  system: z.string(),
  request: z.string(),
  step: z.string(),
  n: z.number().int(),
  verb: z.string(),
  asset: z.string(),
  priority: z.string(),
  undoes: z.string().nullable(),
  /** Null until it is over. */
  outcome: z.enum(COMMAND_OUTCOMES).nullable(),
  /** Why it came to that, where that is no success. */
  note: z.string().nullable(),
  /** Its object over there, and what the answers gave. */
  remote: z.string().nullable(),
  values,
  /** What only its later calls use. */
  names: values,
  /** How many calls about its object were made. */
  made: z.number().int(),
  /** Written before a call that has an effect: until then the system may still be carrying it out. */
  sending: z.object({ what: z.string(), until: z.number() }).nullable(),
  /** What became of the object later: in our words, and in its own. */
  state: z.string().nullable(),
  word: z.string().nullable(),
  /** The reply that is perhaps not in the log yet. */
  unreported: z.object({ time: z.number(), data: values }).nullable(),
  ...attemptFields,
});
export type CommandEntry = z.infer<typeof commandEntrySchema>;

/** What a command brings into its entry. */
type Identified = Pick<
  Command,
  'id' | 'system' | 'request' | 'step' | 'n' | 'verb' | 'asset' | 'priority' | 'undoes'
>;

export function newCommandEntry(command: Identified): CommandEntry {
  const { id, system, request, step, n, verb, asset, priority, undoes } = command;
  return {
    ...{ id, system, request, step, n, verb, asset, priority, undoes },
    ...{ outcome: null, note: null, remote: null, values: {}, names: {} },
    ...{ made: 0, sending: null },
    ...{ state: null, word: null, unreported: null },
    ...NO_ATTEMPTS,
  };
}

/** It may have had an effect over there, or surely has: an object is known, or a call was not surely in vain. */
export function isBegun({ sending, remote }: CommandEntry): boolean {
  return sending !== null || remote !== null;
}

const LONGEST_NOTE = 4_096;
const LONGEST_REMOTE = 256;

/** What the reply says: `data` of a machine event of the type `command`. */
export function replyOf(entry: CommandEntry): EventData {
  const { id, request, step, n, verb, outcome, remote, note, state } = entry;
  return {
    ...entry.values,
    ...{ id, request, step, n, verb, outcome },
    ...(remote === null ? {} : { remote: remote.slice(0, LONGEST_REMOTE) }),
    ...(note === null ? {} : { note: note.slice(0, LONGEST_NOTE) }),
    ...(state === null ? {} : { state }),
  };
}
