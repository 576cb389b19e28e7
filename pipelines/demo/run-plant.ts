import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import type { NatsConnection } from '@nats-io/transport-node';
import { assetKey } from '../../operators/model/key.ts';
import { END_OF_TIME, type EventTime } from '../../operators/model/time.ts';
import { SQL_FOLDER } from '../../sinks/clickhouse/migrate.ts';
import { sqlStatements } from '../../sinks/clickhouse/sql-tokens.ts';
import { listRequests } from '../systems/inspect.ts';
import { askWarehouse, type LandedRevision } from './ask-warehouse.ts';
import type { Mechanic } from './mechanic.ts';
import { BEGIN, type SimulatedPlant } from './plant/plant.ts';
import type { DemoProgress } from './progress.ts';
import { type PlantOutlet, type PublishedPlant, publishPlant } from './publish-plant.ts';
import { type DemoAnswers, score } from './score.ts';
import type { DemoOutcome } from './summary.ts';
import { type WatchOptions, watch } from './watch.ts';

export type RunPlantOptions = {
  /** Simulated seconds in a second of the clock. */
  readonly speed: number;
  /** Of the clock, at full speed; undefined when somebody has to end it. */
  readonly seconds: number | undefined;
  readonly ending: AbortSignal;
  readonly onPublished: () => void;
  readonly progress: DemoProgress;
  readonly client: ClickHouseClient;
  readonly cmms: WatchOptions['cmms'];
  readonly connection: NatsConnection;
  readonly plant: SimulatedPlant;
  /** Works in the CMMS; undefined where nobody does. */
  readonly mechanic: Mechanic | undefined;
  /** The way of the plant into the log; closed when all is published. */
  readonly outlet: PlantOutlet;
};

/** Milliseconds that landing and delivery may take when nothing more is published. */
const DRAIN_WITHIN = 60_000;

/** Publishes a plant, watches what becomes of it until all has landed, and holds that against what was planted. */
export async function runPlant(options: RunPlantOptions): Promise<DemoOutcome> {
  const { progress, client, cmms } = options;
  const over = new AbortController();
  const questions = askWarehouse(client);
  const watching = watch({
    questions,
    cmms,
    signal: over.signal,
    onSight: (sight) => progress.seen(sight),
    onTrouble: (error) => progress.trouble(error instanceof Error ? error.message : String(error)),
  });
  const started = performance.now();
  try {
    progress.phase('running', '');
    const sent = await publish(options);
    const published = performance.now();
    options.onPublished();
    progress.phase('draining', 'what is under way lands');
    const unfinished = await drained(options, sent.counts.last);
    const checks = await runChecks(client);
    const answers = await questions.answers();
    const done = await questions.done();
    over.abort();
    await watching;
    const drain = performance.now() - published;
    progress.phase('done', '');
    const took = { start: 0, publish: published - started, held: sent.held, drain };
    return { ...outcomeOf(options, sent), checks, answers, done, unfinished, took };
  } finally {
    over.abort();
    await watching;
  }
}

async function publish(options: RunPlantOptions): Promise<PublishedPlant> {
  const { progress, outlet, plant, speed, seconds, ending, mechanic } = options;
  const end = seconds === undefined ? END_OF_TIME : BEGIN + seconds * speed * 1e6;
  return publishPlant({
    outlet,
    messages: plant.messages(),
    begin: BEGIN,
    end: end as EventTime,
    speed,
    held: () => progress.held || mechanic?.isAwaited === true,
    signal: ending,
    onProgress: (so) => progress.published(so),
  });
}

function outcomeOf(
  { progress, plant, speed }: RunPlantOptions,
  { at, counts: sent, refused }: PublishedPlant,
) {
  const { counts, deadLetters, works, revisions, latencies } = progress;
  const truth = plant.truth(at);
  return {
    truth,
    score: score(truth, {
      requests: askedFor(revisions),
      deadLetters: [...deadLetters, ...refused],
    }),
    ...{ speed, counts, deadLetters, revisions, works, latencies },
    published: sent.acknowledged,
  };
}

/** Waits until everything published has landed, every request is in the CMMS, and what was worked there is posted; gives a sentence for what has not, when it takes too long. */
async function drained(
  { progress, connection, mechanic }: RunPlantOptions,
  last: number,
): Promise<readonly string[]> {
  const giveUp = performance.now() + DRAIN_WITHIN;
  const landed = () => progress.counts.sequence >= last;
  const settled = async () => {
    const list = await listRequests(connection);
    const done = new Set(list.filter((one) => one.delivered === one.revisions).map(({ id }) => id));
    return (
      list.length >= progress.counts.requests && progress.revisions.every(({ id }) => done.has(id))
    );
  };
  const answered = () => progress.counts.answered >= progress.counts.commands;
  const worked = () =>
    mechanic === undefined || (mechanic.idle && progress.counts.done >= mechanic.closed);
  while (performance.now() < giveUp) {
    if (landed() && worked() && answered() && (await settled())) return [];
    await pause(100);
  }
  return [
    ...(landed() ? [] : [`message ${last} has not landed, only ${progress.counts.sequence}`]),
    ...(worked() ? [] : ['not every work of the mechanic is closed: see the CMMS']),
    ...(answered() ? [] : ['not every command has its answer: see andon commands']),
    ...((await settled()) ? [] : ['not every request is in the CMMS: see andon requests']),
  ];
}

/** Asks every file of `sql/checks`, each of which returns no row when all is well. */
async function runChecks(
  client: ClickHouseClient,
): Promise<{ readonly count: number; readonly failed: readonly string[] }> {
  const folder = join(SQL_FOLDER, 'checks');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  const failed: string[] = [];
  for (const name of names) {
    for (const query of sqlStatements(await readFile(join(folder, name), 'utf8'))) {
      const rows = await (await client.query({ query, format: 'JSONEachRow' })).json();
      if (rows.length > 0) failed.push(name);
    }
  }
  return { count: names.length, failed };
}

/** Each request once: when it was opened, and its failure mode by now. */
function askedFor(revisions: readonly LandedRevision[]): DemoAnswers['requests'] {
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
