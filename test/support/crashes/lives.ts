import { setTimeout as delay } from 'node:timers/promises';
import type { InternalEvent } from '../../../pipelines/observe/observe.ts';
import { randomOf } from '../plant-log.ts';
import type { DeliveryPlan } from './delivery-schedule.ts';
import { KillableProcess } from './killable-process.ts';
import type { Fault } from './killable-sink.ts';
import { type VirtualTime, virtualTime } from './virtual-time.ts';

/** What one life of a process has at hand. */
export type Life = {
  readonly plan: DeliveryPlan;
  readonly process: KillableProcess;
  readonly random: () => number;
  /** Fires when it is told to end, and when it is dead. */
  readonly stop: AbortController;
  /** What becomes of the next call to a system. */
  readonly fault: () => Fault | undefined;
  /** A call to NATS, which fails before or after it took effect. */
  readonly nats: <T>(whole: () => T) => Promise<T>;
  /** What has arrived by now. */
  readonly there: () => readonly { readonly at: number }[];
  readonly record: (event: InternalEvent) => void;
};

/** Nothing goes wrong, so that every schedule comes to its end. */
const LAST: Omit<DeliveryPlan, 'seed'> = {
  ...{ death: undefined, batch: 100, slow: 0, haste: 0, cmms: [], nats: [] },
};

/**
 * Lives of a process, one after the other, until one ends because all is done. `session` is run again while the life goes on.
 * `arrivals`: milliseconds after the beginning at which something is there.
 */
export async function runLives(
  lives: readonly DeliveryPlan[],
  arrivals: readonly { readonly at: number }[],
  session: (life: Life) => Promise<void>,
): Promise<{ readonly ends: readonly string[]; readonly recorded: readonly InternalEvent[] }> {
  const ends: string[] = [];
  const recorded: InternalEvent[] = [];
  const time = virtualTime();
  const begun = Date.now();
  const there = () => arrivals.filter(({ at }) => begun + at <= Date.now());
  const record = (event: InternalEvent) => void recorded.push(event);
  try {
    for (const plan of [...lives, { ...LAST, seed: 0 }]) {
      const random = randomOf(plan.seed);
      time.draw(random, plan.haste);
      ends.push(await liveOnce({ plan, time, random, there, record }, session));
      if (ends.at(-1) !== 'finished') continue;
      await time.pass(3_600_000);
      return { ends, recorded };
    }
  } finally {
    time.end();
  }
  throw new Error(`the last life did not end well: ${ends.join(', ')}`);
}

async function liveOnce(
  means: Pick<Life, 'plan' | 'random' | 'there' | 'record'> & { readonly time: VirtualTime },
  session: (life: Life) => Promise<void>,
): Promise<string> {
  const { plan, time, random } = means;
  const stop = new AbortController();
  const process = new KillableProcess({
    death: plan.death,
    onTold: () => stop.abort(new Error('told to stop')),
    busy: time.busy,
    pause: () => (random() < plan.slow ? random() * 200 : 0),
  });
  const faults = { cmms: [...plan.cmms], nats: [...plan.nats] };

  async function nats<T>(whole: () => T): Promise<T> {
    const fault = faults.nats.shift();
    const value = fault === 'fails' ? undefined : await process.act({ call: 'write', whole });
    if (fault !== undefined) throw new Error(`NATS: ${fault}`);
    return value as T;
  }

  const life = { ...means, process, stop, nats, fault: () => faults.cmms.shift() };
  async function live(): Promise<void> {
    while (!stop.signal.aborted) await session(life).catch(() => delay(1_000));
  }
  const living = live().then(() => String(stop.signal.reason.message));
  const dying = process.died.then(() => 'kill');
  const end = await time.until(Promise.race([living, dying]));
  stop.abort(new Error('dead'));
  return end;
}
