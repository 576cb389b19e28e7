/** What a source finds in place of the memory of its edge, without a leaf node. */

import { unpack } from 'msgpackr';
import { type EdgeMemory, idsOf } from '../../pipelines/edge/memory.ts';

/** A log that stores when it is told to. */
export function createEdgeLog() {
  const messages: { subject: string; payload: Record<string, unknown>; lasting: boolean }[] = [];
  const known = new Set<string>();
  const log = {
    ...{ messages, holds: false, stored: 0, room: Promise.resolve() },
    tell: () => undefined as unknown,
  };
  const memory = {
    ...{ largest: 1_000_000, has: (subject: string, id: string) => known.has(subject + id) },
    get taken() {
      return messages.length;
    },
    get stored() {
      return log.stored;
    },
    async store({ subject, payload }, receipt) {
      await log.room;
      for (const id of idsOf(receipt)) known.add(subject + id);
      messages.push({ subject, payload: unpack(payload), lasting: receipt.lasting });
      if (!log.holds) log.stored = messages.length;
      return messages.length;
    },
  } satisfies Partial<EdgeMemory> as unknown as EdgeMemory;
  return Object.assign(log, { memory });
}
