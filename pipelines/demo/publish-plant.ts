import { randomUUID } from 'node:crypto';
import { setImmediate as macrotask, setTimeout as pause } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import type { EventTime } from '../../operators/model/time.ts';
import { createPublisher, type PublishCounts } from '../nats/publisher.ts';
import { type Recorded, toReplayMessage } from '../recordings/recorded.ts';
import type { DemoAnswers } from './score.ts';

/** The way of a plant into the log. */
export interface PlantOutlet {
  /** In the order of append times. */
  publish(message: Recorded): Promise<unknown>;
  /** Resolves when the log has everything published so far. */
  flush(): Promise<PublishCounts>;
  readonly counts: PublishCounts;
  /** What did not come so far as the log, as it would stand among its dead letters. */
  refused(): Promise<DemoAnswers['deadLetters']>;
  close(): void;
}

/** Straight into a log that is marked as a replay. */
export function createLogOutlet(connection: NatsConnection): PlantOutlet {
  const publisher = createPublisher(connection, { run: randomUUID() });
  return {
    publish: (message) => publisher.publish(toReplayMessage(message, 0)),
    flush: () => publisher.flush(),
    get counts() {
      return publisher.counts;
    },
    refused: async () => [],
    close: () => publisher.close(),
  };
}

type PublishPlantOptions = {
  readonly outlet: PlantOutlet;
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

/** All of a plant. */
export type PublishedPlant = Published & { readonly refused: DemoAnswers['deadLetters'] };

/** How often the clock is looked at while nothing is due: milliseconds. */
const STEP = 20;
/** The most messages without a look at the rest of the world. */
const BATCH = 200;

/**
 * Publishes a plant into a log that is marked as a replay, at the pace of simulated time. Ends at `end`, or early when
 * `signal` fires: then `at` says how far it came. Everything is acknowledged when it resolves.
 */
export async function publishPlant(options: PublishPlantOptions): Promise<PublishedPlant> {
  const { outlet, messages, begin, end, speed, held, signal, onProgress } = options;
  const pace = createPace(begin, speed, performance.now());
  let now = begin;
  let at = begin;
  let batch = 0;
  const report = () => onProgress({ counts: outlet.counts, at, held: pace.held });
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
      await outlet.publish(message);
      batch += 1;
      if (batch >= BATCH) await look(0);
    }
    const counts = await outlet.flush();
    report();
    return { counts, at, held: pace.held, refused: await outlet.refused() };
  } finally {
    outlet.close();
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
