import { setTimeout as delay } from 'node:timers/promises';
import type { Request } from '../../../operators/model/request.ts';
import type { InternalEvent } from '../../../pipelines/observe/observe.ts';
import { runDeliveryLoop } from '../../../pipelines/systems/delivery-loop.ts';
import { isFinal } from '../../../pipelines/systems/entry.ts';
import type { Ledger } from '../../../pipelines/systems/ledger.ts';
import type { FollowOptions } from '../../../pipelines/systems/revision-reader.ts';
import { randomOf } from '../plant-log.ts';
import type { CmmsAndLedger } from './cmms-and-ledger.ts';
import type { DeliveryPlan } from './delivery-schedule.ts';
import { killableCmms, SETTLE, TIMEOUT } from './killable-cmms.ts';
import { KillableProcess } from './killable-process.ts';
import { type VirtualTime, virtualTime } from './virtual-time.ts';

/** A revision, and how many milliseconds after the beginning it is in the stream. */
export type Arrival = { readonly at: number; readonly request: Request };

const EVERY = 10_000;
const WIDTH = 2;

/** Nothing goes wrong, so that every schedule comes to its end. */
const LAST: Omit<DeliveryPlan, 'seed'> = {
  ...{ death: undefined, batch: 100, slow: 0, haste: 0, cmms: [], nats: [] },
};

/** Lives of the delivery of requests, one after the other, until every request is dealt with and closed. */
export async function runDeliveries(
  lives: readonly DeliveryPlan[],
  arrivals: readonly Arrival[],
  outside: CmmsAndLedger,
): Promise<{ readonly ends: readonly string[]; readonly recorded: readonly InternalEvent[] }> {
  const ends: string[] = [];
  const recorded: InternalEvent[] = [];
  const time = virtualTime();
  const begun = Date.now();
  try {
    for (const plan of [...lives, { ...LAST, seed: 0 }]) {
      const random = randomOf(plan.seed);
      time.draw(random, plan.haste);
      const there = () => arrivals.filter(({ at }) => begun + at <= Date.now());
      const all = arrivals.length;
      ends.push(await liveOnce({ plan, outside, time, random, there, all, recorded }));
      if (ends.at(-1) !== 'finished') continue;
      await time.pass(3_600_000);
      return { ends, recorded };
    }
  } finally {
    time.end();
  }
  throw new Error(`the last life did not end well: ${ends.join(', ')}`);
}

type Means = {
  readonly plan: DeliveryPlan;
  readonly outside: CmmsAndLedger;
  readonly time: VirtualTime;
  readonly random: () => number;
  /** What is in the stream by now, and how many revisions it will have. */
  readonly there: () => readonly Arrival[];
  readonly all: number;
  readonly recorded: InternalEvent[];
};

async function liveOnce(means: Means): Promise<string> {
  const { plan, outside, time, random, there, all, recorded } = means;
  const stop = new AbortController();
  const process = new KillableProcess({
    death: plan.death,
    onTold: () => stop.abort(new Error('told to stop')),
    busy: time.busy,
    pause: () => (random() < plan.slow ? random() * 200 : 0),
  });
  const faults = { cmms: [...plan.cmms], nats: [...plan.nats] };

  /** A call to NATS, which fails before or after it took effect. */
  async function ask<T>(whole: () => T): Promise<T> {
    const fault = faults.nats.shift();
    const value = fault === 'fails' ? undefined : await process.act({ call: 'write', whole });
    if (fault !== undefined) throw new Error(`NATS: ${fault}`);
    return value as T;
  }

  const ledger: Ledger = {
    all: () => ask(() => outside.entries),
    get: (id) => ask(() => structuredClone(outside.held(id))),
    put: (entry, version) => ask(() => outside.put(entry, version)),
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

  async function session(): Promise<void> {
    while (!stop.signal.aborted) {
      await runDeliveryLoop({
        ...{ follow, ledger, width: WIDTH, retry: { first: 500, most: 10_000 } },
        revisions: {
          read: (id, revision) =>
            ask(() => {
              const same = ({ request }: Arrival) =>
                request.id === id && request.revision === revision;
              const found = there().find(same);
              return found === undefined ? undefined : { kind: 'request', request: found.request };
            }),
        },
        log: {
          // By producer and sequence the pipeline knows a repeat.
          publish: (_, payload, { headers }) =>
            ask(() => {
              const id = `${headers.get('Andon-Producer')}/${headers.get('Andon-Sequence')}`;
              outside.publish(id, payload);
            }),
        },
        context: {
          ...{ signal: stop.signal, partitions: 1, now: Date.now },
          record: (internalEvent) => void recorded.push(internalEvent),
          cmms: killableCmms({ process, outside, random, fault: () => faults.cmms.shift() }),
          timing: { timeout: TIMEOUT, settle: SETTLE, every: EVERY, faults: 50 },
        },
      }).catch(() => delay(1_000));
    }
  }

  const living = session().then(() => String(stop.signal.reason.message));
  const dying = process.died.then(() => 'kill');
  const end = await time.until(Promise.race([living, dying]));
  stop.abort(new Error('dead'));
  return end;
}

/** All revisions are in the CMMS, and all that became of them is in the log. */
function isDone(outside: CmmsAndLedger, revisions: number): boolean {
  const { entries } = outside;
  const dealtWith = entries.reduce((sum, { revision }) => sum + revision, 0);
  const quiet = entries.every(({ status, unreported }) => isFinal(status) && unreported === null);
  return quiet && dealtWith === revisions;
}
