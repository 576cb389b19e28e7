import { tap } from 'rxjs';
import type { Message } from '../../../operators/model/message.ts';
import type { Log } from '../../../pipelines/nats/log.ts';
import type { InternalEvent } from '../../../pipelines/observe/observe.ts';
import { plant } from '../../../pipelines/plant.ts';
import type { CommitStore } from '../../../pipelines/worker/commits/commit-store.ts';
import type { Objects } from '../../../pipelines/worker/copies/objects.ts';
import type { Pipeline } from '../../../pipelines/worker/epochs/engine.ts';
import { runWorker, type WorkerRun } from '../in-process-worker.ts';
import { commitsOfDirectory } from '../memory-commits.ts';
import { memoryLog } from '../memory-log.ts';
import { randomOf } from '../plant-log.ts';
import { killableCommits, killableObjects } from './killable-commits.ts';
import { type Cache, cutPower, emptyCache, killableDisk } from './killable-disk.ts';
import { type Call, KillableProcess } from './killable-process.ts';
import { killableSink } from './killable-sink.ts';
import type { Outside } from './outside.ts';
import type { CrashSchedule, LifePlan } from './schedule.ts';
import { type VirtualTime, virtualTime } from './virtual-time.ts';

/** What is there from life to life. */
export type Place = {
  readonly directory: string;
  /** Default: one for all lives of the directory. */
  readonly commits?: CommitStore;
  /** Where checkpoints are copied to; nowhere without it. */
  readonly objects?: Objects;
  readonly owner?: string;
  readonly messages: readonly Message[];
  readonly pipeline: Pipeline;
  readonly outside: Outside;
  readonly cache: Cache;
  /** What becomes of the directory after a life that has not finished; true when its disk is lost. */
  readonly between?: (life: number) => unknown;
};

/** What became of a schedule. */
export type WorkersRun = {
  readonly recorded: readonly InternalEvent[];
  /** Steps of each life, and how it ended. */
  readonly lives: readonly { readonly steps: number; readonly end: string }[];
};

/** Nothing goes wrong, so that every schedule comes to its end. */
export const CALM_LIFE: Omit<LifePlan, 'seed'> = {
  death: { by: 'kill', of: undefined, step: Number.POSITIVE_INFINITY, moment: 'before' },
  ...{ seconds: 60, rows: 120, checkpointEvery: 3, backlog: 1_000, batch: 100, haste: 0 },
  slow: { disk: 0, sink: 0, log: 0 },
  ...{ clickhouse: [], outbox: [], full: [] },
};

/** An hour: whatever is late has arrived by then. */
const LATE = 3_600_000;

/** Lives one life after the other, as planned, until the whole log is worked off and all is delivered. */
export async function runWorkers(
  { seed, lives }: Pick<CrashSchedule, 'seed' | 'lives'>,
  place: Omit<Place, 'cache'>,
): Promise<WorkersRun> {
  const cache = emptyCache();
  const recorded: InternalEvent[] = [];
  const course: { steps: number; end: string }[] = [];
  const time = virtualTime();
  try {
    for (const plan of [...lives, { ...CALM_LIFE, seed }]) {
      const random = randomOf(plan.seed);
      time.draw(random, plan.haste);
      const one = await liveOnce(plan, { ...place, cache }, time, random, recorded);
      course.push({ steps: one.steps, end: one.end });
      if (one.end !== 'finished') {
        if (place.between?.(course.length) === true) {
          cache.unsynced.clear();
          cache.names.clear();
        }
        continue;
      }
      // What was under way outside when a process died arrives in a later life, or after all of them.
      await time.pass(LATE);
      return { recorded, lives: course };
    }
  } finally {
    time.end();
  }
  throw new Error(`the last life did not end well: ${JSON.stringify(course)}`);
}

/** One life, until it ends, dies or is paused; after a pause `wake` goes on and gives how it ended. */
export async function liveOnce(
  plan: LifePlan,
  place: Place,
  time: VirtualTime,
  random: () => number,
  recorded: InternalEvent[],
): Promise<WorkersRun['lives'][number] & { readonly wake: () => Promise<string> }> {
  const { directory, messages, pipeline, outside, cache, owner = 'worker' } = place;
  const told = { abort: new AbortController(), drain: new AbortController() };
  const process = new KillableProcess({
    death: plan.death,
    onTold: (by) => told[by].abort(new Error(`told to ${by}`)),
    busy: time.busy,
    pause: (call) => (random() < slowness(plan, call) ? random() * 20 : 0),
  });
  let writes = 0;
  const isFull = () => plan.full.includes(writes++);
  const sinks = (['clickhouse', 'outbox'] as const).map((name) => {
    const faults = [...plan[name]];
    return killableSink({ name, process, outside, random, fault: () => faults.shift() });
  });
  const commitFaults = [...(plan.commits ?? [])];
  const store = place.commits ?? commitsOfDirectory(directory);
  const life: WorkerRun = {
    owner,
    commits: killableCommits({ process, store, fault: () => commitFaults.shift() }),
    objects: place.objects && killableObjects(process, place.objects),
    ...{
      directory,
      messages,
      pipeline,
      sinks,
      record: (internalEvent) => recorded.push(internalEvent),
    },
    ...{
      seconds: plan.seconds,
      rows: plan.rows,
      checkpointEvery: plan.checkpointEvery,
      backlog: plan.backlog,
    },
    disk: killableDisk({ process, cache, random, isFull }),
    openLog: (after) => process.act({ call: 'pull', whole: () => mortalLog(after) }),
    drain: told.drain.signal,
    abort: told.abort.signal,
  };

  function mortalLog(after: number): Log {
    const most = () => Math.floor(random() * (plan.batch + 1));
    const log = memoryLog(messages, after, most);
    return {
      ...log,
      async pull(limit, wait, signal) {
        const pulled = await log.pull(limit, wait, signal);
        return process.act({ call: 'pull', whole: () => pulled });
      },
    };
  }

  const living = runWorker(life).then(
    () => (told.drain.signal.aborted ? 'drained' : 'finished'),
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  const dying = process.died.then(() => plan.death.by);
  const end = await time.until(Promise.race([living, dying]));
  if (end !== 'pause') told.abort.abort(new Error('dead'));
  if (end === 'power') cutPower(cache, random);
  const wake = () => {
    process.wake();
    return time.until(living);
  };
  return { steps: process.steps, end, wake };
}

function slowness({ slow }: LifePlan, call: Call): number {
  if (call === 'send') return slow.sink;
  return call === 'pull' ? slow.log : slow.disk;
}

/** The plant's own pipeline, with an operator that throws on these messages. */
export function poisoned(poison: ReadonlySet<number>): Pipeline {
  return (states) => (log) =>
    plant(states)(
      log.pipe(
        tap((item) => {
          if (item.kind !== 'event' || !poison.has(item.value.sequence)) return;
          throw new Error(`poison in message ${item.value.sequence}`);
        }),
      ),
    );
}
