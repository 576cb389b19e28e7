import { randomUUID } from 'node:crypto';
import { setImmediate as macrotask, setTimeout as pause } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import type { EventTime } from '../../operators/model/time.ts';
import { createPublisher, type PublishCounts } from '../nats/publisher.ts';
import { type Recorded, toReplayMessage } from '../recordings/recorded.ts';

type PublishPlantOptions = {
  readonly connection: NatsConnection;
  /** In the order of their append times. */
  readonly messages: Iterable<Recorded>;
  readonly begin: EventTime;
  /** The first append time that is not published any more. */
  readonly end: EventTime;
  /** Times faster than the clock. */
  readonly speed: number;
  /** Whether simulated time has to stand still. */
  readonly held: () => boolean;
  readonly signal: AbortSignal;
  /** Called often: what the stream has taken, and how far simulated time is. */
  readonly onProgress: (progress: Published) => void;
};

export type Published = {
  readonly counts: PublishCounts;
  /** Simulated time: everything appended before it is published. */
  readonly at: EventTime;
  /** Milliseconds that simulated time stood still so far. */
  readonly held: number;
};

/** How often the clock is looked at while nothing is due: milliseconds. */
const STEP = 20;
/** The most messages without a look at the rest of the world. */
const BATCH = 200;

/**
 * Publishes a plant into a log that is marked as a replay, at the pace of simulated time. Ends at `end`, or early when
 * `signal` fires: then `at` says how far it came. Everything is acknowledged when it resolves.
 */
export async function publishPlant(options: PublishPlantOptions): Promise<Published> {
  const { connection, messages, begin, end, speed, held, signal, onProgress } = options;
  const publisher = createPublisher(connection, { run: randomUUID() });
  const pace = createPace(begin, speed, performance.now());
  let now = begin;
  let at = begin;
  let batch = 0;
  const report = () => onProgress({ counts: publisher.counts, at, held: pace.held });
  const look = async (milliseconds: number) => {
    batch = 0;
    await (milliseconds > 1 ? pause(Math.min(STEP, milliseconds)) : macrotask());
    now = pace.at(performance.now(), held());
    report();
  };
  try {
    for (const message of messages) {
      const { appended } = message;
      if (appended >= end) {
        at = end;
        break;
      }
      while (appended > now && !signal.aborted) {
        at = now;
        await look(pace.untilDue(appended));
      }
      // Messages of one append time belong together: the truth holds up to a time.
      const begun = appended === at;
      at = appended;
      if (signal.aborted && !begun) break;
      await publisher.publish(toReplayMessage(message, 0));
      batch += 1;
      if (batch >= BATCH) await look(0);
    }
    const counts = await publisher.flush();
    report();
    return { counts, at, held: pace.held };
  } finally {
    publisher.close();
  }
}

/** How simulated time follows the clock of the machine. */
interface Pace {
  /** Simulated time now. `held`: it stands still, because what was published is not landing fast enough. */
  at(now: number, held: boolean): EventTime;
  /** Milliseconds until that simulated time at full speed, from `now`. */
  untilDue(time: EventTime): number;
  /** Milliseconds that it stood still. */
  readonly held: number;
}

/** How much faster than its speed it may run to make up for a stop. */
const CATCHING_UP = 1.5;

/**
 * Simulated time that begins at `begin` and runs `speed` times as fast as the clock (`started`, `now`: milliseconds).
 * It never jumps: what was lost while it was held is made up for slowly, so that nothing piles up in a burst.
 */
export function createPace(begin: EventTime, speed: number, started: number): Pace {
  let simulated = begin as number;
  let looked = started;
  let held = 0;
  return {
    at(now, hold) {
      const passed = now - looked;
      looked = now;
      if (hold) {
        held += passed;
      } else {
        const wanted = begin + (now - started) * speed * 1_000;
        simulated = Math.min(wanted, simulated + passed * speed * CATCHING_UP * 1_000);
      }
      return Math.round(simulated) as EventTime;
    },
    untilDue: (time) => (time - simulated) / (speed * 1_000),
    get held() {
      return held;
    },
  };
}
