import { setTimeout as delay } from 'node:timers/promises';
import type { Request } from '../../../operators/model/request.ts';
import type { InternalEvent } from '../../../pipelines/observe/observe.ts';
import { runDeliveryLoop } from '../../../pipelines/systems/delivery-loop.ts';
import { isFinal } from '../../../pipelines/systems/entry.ts';
import type { Ledger } from '../../../pipelines/systems/ledger.ts';
import type { FollowOptions } from '../../../pipelines/systems/revision-reader.ts';
import { ownLedger } from '../../../pipelines/systems/route.ts';
import type { CmmsAndLedger } from './cmms-and-ledger.ts';
import type { DeliveryPlan } from './delivery-schedule.ts';
import { SETTLE, TIMEOUT } from './killable-call.ts';
import { killableCmms } from './killable-cmms.ts';
import { type Life, runLives } from './lives.ts';

/** A revision, and how many milliseconds after the beginning it is in the stream. */
export type Arrival = { readonly at: number; readonly request: Request };

const EVERY = 10_000;
const WIDTH = 2;

/** Lives of the delivery of requests, one after the other, until every request is dealt with and closed. */
export function runDeliveries(
  lives: readonly DeliveryPlan[],
  arrivals: readonly Arrival[],
  outside: CmmsAndLedger,
): Promise<{ readonly ends: readonly string[]; readonly recorded: readonly InternalEvent[] }> {
  return runLives(lives, arrivals, (life) => deliver(life, arrivals.length, outside));
}

async function deliver(life: Life, all: number, outside: CmmsAndLedger): Promise<void> {
  const { stop, nats, record, plan, random } = life;
  const there = life.there as () => readonly Arrival[];
  const ledger: Ledger = {
    all: () => nats(() => outside.entries),
    get: (id) => nats(() => structuredClone(outside.held(id))),
    put: (entry, version) => nats(() => outside.put(entry, version)),
    resends: async () => [],
    resent: async () => {},
  };

  async function follow({ signal, onRevision, onCaughtUp, onTrouble }: FollowOptions) {
    for (let next = 0; !signal.aborted; ) {
      try {
        const batch = there().slice(next, next + 1 + Math.floor(random() * plan.batch));
        for (const { request } of batch) {
          await onRevision(request.id, request.revision);
          next += 1;
        }
        if (next >= there().length) onCaughtUp();
        if (next === all && isDone(outside, all)) stop.abort(new Error('finished'));
      } catch (error) {
        onTrouble(error instanceof Error ? error : new Error(String(error)));
      }
      await delay(250, undefined, { signal }).catch(() => undefined);
    }
  }

  const route = { isMine: async () => true };
  await runDeliveryLoop({
    ...{
      follow,
      route,
      ledger: ownLedger(ledger, route),
      width: WIDTH,
      retry: { first: 500, most: 10_000 },
    },
    revisions: {
      read: (id, revision) =>
        nats(() => {
          const same = ({ request }: Arrival) => request.id === id && request.revision === revision;
          const found = there().find(same);
          return found === undefined
            ? undefined
            : { kind: 'request', request: found.request, stored: 0 };
        }),
    },
    log: {
      // By producer and sequence the pipeline knows a repeat.
      publish: (_, payload, { headers }) =>
        nats(() => {
          const id = `${headers.get('Andon-Producer')}/${headers.get('Andon-Sequence')}`;
          outside.publish(id, payload);
        }),
      time: async () => Date.now(),
    },
    context: {
      ...{ signal: stop.signal, partitions: 1, now: Date.now, record },
      cmms: killableCmms(life, outside),
      timing: { timeout: TIMEOUT, settle: SETTLE, every: EVERY, faults: 50 },
    },
  });
}

/** All revisions are in the CMMS, and all that became of them is in the log. */
function isDone(outside: CmmsAndLedger, revisions: number): boolean {
  const { entries } = outside;
  const dealtWith = entries.reduce((sum, { revision }) => sum + revision, 0);
  const quiet = entries.every(({ status, unreported }) => isFinal(status) && unreported === null);
  return quiet && dealtWith === revisions;
}
