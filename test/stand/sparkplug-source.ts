/** A Sparkplug source in this process, with a memory that can be looked into instead of a leaf node. */

import { unpack } from 'msgpackr';
import { isOfKind, readEdgeConfig } from '../../pipelines/edge/edge-config.ts';
import type { EdgeMessage } from '../../pipelines/edge/edge-message.ts';
import { type EdgeMemory, idsOf } from '../../pipelines/edge/memory.ts';
import type { OpenSource } from '../../pipelines/edge/source.ts';
import { openSparkplugSource } from '../../pipelines/edge/sparkplug/source.ts';
import { createTally, type Tally } from '../../pipelines/edge/tally.ts';
import { temporaryFile } from '../support/temporary.ts';

/** A message that was stored. */
export type Stored = {
  readonly subject: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly backfill: boolean;
  /** Epoch milliseconds. */
  readonly at: number;
};

export type PlantSource = {
  readonly source: OpenSource;
  readonly tally: Tally;
  readonly stored: Stored[];
  /** What it could get over, and what it could not. */
  readonly troubles: string[];
};

/** `edge`: the content of `edge.yaml` with one source, whose edge and centre need not be said. */
export async function openPlantSource(edge: object): Promise<PlantSource> {
  const content = { edge: 'e1', centre: { domain: 'hub' }, ...edge };
  const config = readEdgeConfig(temporaryFile('edge.yaml', JSON.stringify(content)));
  const [stored, troubles, known]: [Stored[], string[], Set<string>] = [[], [], new Set()];
  const memory: Pick<EdgeMemory, 'largest' | 'stored' | 'taken' | 'has' | 'store'> = {
    ...{ largest: 1_000_000, stored: 0, taken: 0 },
    has: (subject, id) => known.has(`${subject} ${id}`),
    async store({ subject, payload }: EdgeMessage, receipt, late) {
      for (const id of idsOf(receipt)) known.add(`${subject} ${id}`);
      const backfill = late !== undefined;
      return stored.push({ subject, payload: unpack(payload), backfill, at: Date.now() });
    },
  };
  const tally = createTally('plant', () => undefined);
  const [first] = config.sources;
  if (!isOfKind(first, 'sparkplug')) throw new Error('expected a plant of Sparkplug');
  const source = await openSparkplugSource(first, {
    ...{ config, memory: memory as EdgeMemory, tally },
    record: (event) => {
      if (event.kind === 'edge-trouble') troubles.push(event.error.message);
    },
    onFailure: (error) => troubles.push(String(error)),
  });
  return { source, tally, stored, troubles };
}
