/** Listens to a server for a while: what its nodes are, and what they say. Nothing of it is kept, here or there. */

import { messageOf } from '../../base/problem.ts';
import { within } from '../../base/within.ts';
import { TAGGED } from '../mapping.ts';
import type { Listener, OpenSource, SourceContext } from '../source.ts';
import { DESCRIBED_AT_ONCE, describeNodes } from './opcua-browse.ts';
import { type OpcuaSession, openOpcuaSession, type SessionOptions } from './opcua-client.ts';
import { resolveNodes, type WantedNode } from './opcua-nodes.ts';
import { serverReading } from './opcua-readings.ts';
import { type Delivery, Subscription } from './opcua-subscription.ts';

/** Over one connection, with a subscription that ends with it. Rejects when the server does not answer. */
export async function listenToServer(
  options: SessionOptions,
  { record, tally }: SourceContext,
  listener: Listener,
): Promise<OpenSource> {
  const { name, config } = options;
  const patience = config.answer / 1_000;
  const opened = await openOpcuaSession(options);
  try {
    const { session } = opened;
    const { wanted, missing } = await resolveNodes(session, config.nodes);
    for (const sentence of missing) tally.refuse('no-node', sentence);
    await describeAll(opened, wanted, patience, listener);
    const subscription = await Subscription.create(session, {
      ...{ config, wanted, stored: () => 0 },
      take: async (delivery) => {
        hear(delivery, wanted, listener);
        tally.took(0);
        return 0;
      },
      onMissed: (sequence) => tally.refuse('missed', `message ${sequence} of the subscription`),
    });
    for (const [handle, why] of await subscription.addItems(session)) {
      tally.refuse('no-node', `${wanted[handle]?.labels.tag}: ${why}`);
    }
    record({ kind: 'source-connected', source: name, kept: false });
    let closing = false;
    const tellEnd = (reason: string) => {
      if (!closing) record({ kind: 'source-away', source: name, reason });
    };
    subscription.run(session).then(tellEnd, (error: unknown) => tellEnd(messageOf(error)));
    return {
      acknowledge: () => undefined,
      async close() {
        closing = true;
        // With its subscription: nobody comes back for it.
        await within(patience, session.close(true)).catch(() => undefined);
        await opened.close({ keepsSession: true });
      },
    };
  } catch (error) {
    await opened.close({ keepsSession: false });
    throw error;
  }
}

async function describeAll(
  { session }: OpcuaSession,
  wanted: readonly WantedNode[],
  patience: number,
  listener: Listener,
): Promise<void> {
  for (let at = 0; at < wanted.length; at += DESCRIBED_AT_ONCE) {
    const some = wanted.slice(at, at + DESCRIBED_AT_ONCE);
    const named = some.map(({ nodeId, labels }) => ({ nodeId, path: labels.tag }));
    const described = await within(patience, describeNodes(session, named));
    for (const [index, { labels }] of some.entries()) {
      const { type, unit = '', low, high } = described[index] ?? {};
      const said = unit === '' ? undefined : unit;
      listener.describe(labels.machine, labels.tag, { type, unit: said, low, high });
    }
  }
}

function hear({ values }: Delivery, wanted: readonly WantedNode[], listener: Listener): void {
  const readings = values.flatMap(({ handle, value }) => {
    const { labels, entry } = wanted[handle] ?? {};
    if (labels === undefined || entry === undefined) return [];
    const { odd, ...reading } = serverReading(value, labels, entry.clock);
    return odd === undefined ? [reading] : [];
  });
  listener.map(TAGGED, readings, {}, Date.now());
}
