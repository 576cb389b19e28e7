import { relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import { assetKey } from '../../operators/model/key.ts';
import { END_OF_TIME, type EventTime } from '../../operators/model/time.ts';
import { connectNats } from '../nats/connection.ts';
import type { InternalEvent } from '../observe/internal-events.ts';
import { applyChanges } from '../rules/apply-changes.ts';
import { changesOf } from '../rules/changes.ts';
import { readPlantFile, readRulesFile } from '../rules/rules-file.ts';
import { listRequests } from '../systems/inspect.ts';
import { askWarehouse, type Revision } from './ask-warehouse.ts';
import { type Course, createCourse } from './course.ts';
import { publishPlant } from './publish-plant.ts';
import { runChecks } from './run-checks.ts';
import { type Seen, score } from './score.ts';
import { type Services, startServices } from './services.ts';
import { BEGIN, type SimulatedPlant, simulatedPlant } from './simulated-plant.ts';
import type { Outcome } from './summary.ts';
import type { DemoView } from './view/demo-view.ts';
import { watch } from './watch.ts';

export type DemoOptions = {
  readonly seed: number;
  /** Simulated seconds in a second of the clock. */
  readonly speed: number;
  /** Publishes so many seconds of the clock at full speed; without it until `ending` fires. */
  readonly seconds: number | undefined;
  /** Everything that the parts keep is below. */
  readonly directory: string;
  /** Ends it: what was published lands and is delivered first. */
  readonly ending: AbortSignal;
  /** Given once there is something to see. */
  readonly onCourse: (course: Course) => void;
  /** Called when the plant has said its last, before that has landed. */
  readonly onPublished: () => void;
};

/** Milliseconds that landing and delivery may take when nothing more is published. */
const DRAIN_WITHIN = 60_000;

/**
 * A whole plant on this machine: nats-server, the embedded warehouse, a worker with its maintenance pipeline and the
 * reference CMMS, each a process of its own, and a simulated plant that publishes into them at a multiple of real time.
 */
export async function runDemo(options: DemoOptions): Promise<Outcome> {
  const { seed, speed, seconds, directory, onCourse } = options;
  const began = performance.now();
  const plant = simulatedPlant({ seed, begin: BEGIN });
  const plants = await readPlantFile(plant.modelFile);
  const rules = await readRulesFile(plant.rulesFile);
  const course = createCourse({ seed, speed, begin: BEGIN, seconds, plants });
  onCourse(course);
  course.phase('starting', 'starting nats-server, ClickHouse and a CMMS');
  const services = await startServices({
    directory,
    onEvent: (internalEvent) => course.trouble(troubleOf(internalEvent)),
  });
  try {
    course.look(placesOf(services));
    const connection = await connectNats({ servers: services.nats, name: 'andon demo' });
    try {
      const changes = changesOf(plants, rules);
      const applied = await applyChanges({ connection, changes, partitions: 1, replayAt: BEGIN });
      course.phase('starting', 'starting the worker');
      await services.startWorker();
      const start = performance.now() - began;
      const ended = await follow({ ...options, course, services, connection, plant });
      const published = applied.length + ended.published;
      return { ...ended, published, took: { ...ended.took, start } };
    } finally {
      await connection.close();
    }
  } finally {
    await services.stop();
  }
}

type Following = DemoOptions & {
  readonly course: Course;
  readonly services: Services;
  readonly connection: NatsConnection;
  readonly plant: SimulatedPlant;
};

async function follow(options: Following): Promise<Outcome> {
  const { course, services, connection, plant, speed, seconds, ending } = options;
  const { client } = services.warehouse;
  const over = new AbortController();
  const questions = askWarehouse(client);
  const watching = watch({
    questions,
    cmms: services.cmms,
    signal: over.signal,
    onSight: (sight) => course.seen(sight),
    onTrouble: (error) => course.trouble(error instanceof Error ? error.message : String(error)),
  });
  const started = performance.now();
  try {
    course.phase('running', '');
    const end = seconds === undefined ? END_OF_TIME : BEGIN + seconds * speed * 1e6;
    const {
      at,
      counts: sent,
      held,
    } = await publishPlant({
      connection,
      messages: plant.messages(),
      begin: BEGIN,
      end: end as EventTime,
      speed,
      held: () => course.held,
      signal: ending,
      onProgress: (progress) => course.published(progress),
    });
    const published = performance.now();
    options.onPublished();
    course.phase('draining', 'what is under way lands');
    const unfinished = await drained(options, sent.last);
    const checks = await runChecks(client);
    const answers = await questions.answers();
    over.abort();
    await watching;
    const { counts, deadLetters, works, revisions, latencies } = course;
    const truth = plant.truth(at);
    const took = {
      start: 0,
      publish: published - started,
      held,
      drain: performance.now() - published,
    };
    course.phase('done', '');
    return {
      truth,
      score: score(truth, { requests: askedFor(revisions), deadLetters }),
      speed,
      counts,
      deadLetters,
      revisions,
      works,
      published: sent.acknowledged,
      checks,
      answers,
      unfinished,
      took,
      latencies,
    };
  } finally {
    over.abort();
    await watching;
  }
}

/** Waits until everything published has landed and every request is in the CMMS; says what has not, when it takes too long. */
async function drained(
  { course, connection }: Following,
  last: number,
): Promise<readonly string[]> {
  const giveUp = performance.now() + DRAIN_WITHIN;
  const landed = () => course.counts.sequence >= last;
  const settled = async () => {
    const list = await listRequests(connection);
    const done = new Set(list.filter((one) => one.delivered === one.revisions).map(({ id }) => id));
    return (
      list.length >= course.counts.requests && course.revisions.every(({ id }) => done.has(id))
    );
  };
  while (performance.now() < giveUp) {
    if (landed() && (await settled())) return [];
    await pause(100);
  }
  return [
    ...(landed() ? [] : [`message ${last} has not landed, only ${course.counts.sequence}`]),
    ...((await settled()) ? [] : ['not every request is in the CMMS: see andon requests']),
  ];
}

function troubleOf(internalEvent: InternalEvent): string | undefined {
  if (internalEvent.kind !== 'child-exited' || internalEvent.again === undefined) return undefined;
  return `${internalEvent.name} ended (${internalEvent.reason}) and is started again`;
}

/** What works while the demo runs. */
function placesOf({ config, warehouse, cmms }: Services): DemoView['look'] {
  const near = relative(process.cwd(), config);
  const place = near.startsWith('..') ? config : near;
  const andon = (command: string) => `npx andon ${command} --config ${place}`;
  return [
    { where: andon('sql @worst_assets'), what: 'which machine first?' },
    { where: andon('requests'), what: 'requests show ID: why' },
    { where: cmms.url, what: 'the CMMS, in a browser' },
    { where: warehouse.url, what: 'ClickHouse, for any client; database andon' },
  ];
}

/** Each request once: when it was opened, and what it says by now. */
function askedFor(revisions: readonly Revision[]): Seen['requests'] {
  const latest = new Map(revisions.map((one) => [one.id, one.failure_mode]));
  return revisions
    .filter(({ revision }) => revision === 1)
    .map(({ id, plant, line, asset, time }) => ({
      id,
      time,
      asset: assetKey(plant, line, asset),
      failure_mode: latest.get(id) ?? '',
    }));
}
