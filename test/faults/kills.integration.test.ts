import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { checksOf, factsOf, landedTo, rowsOf } from '../stand/landed.ts';
import { recordedPlant } from '../stand/recorded-plant.ts';
import {
  andon,
  ROOT,
  type Stand,
  startStand,
  until,
  untilPublished,
  worksAt,
} from '../stand/stand.ts';
import { longTest } from '../support/long.ts';
import { randomOf } from '../support/plant-log.ts';
import { shared } from '../support/real-data.ts';
import { temporaryDirectory } from '../support/temporary.ts';

/** How many kills in each scenario; more of them for a long run. */
const KILLS = Number(process.env.ANDON_KILLS ?? 4);
const SEED = Number(process.env.ANDON_KILLS_SEED ?? Date.now() % 1_000_000);
/** Seconds from one kill to the next, at most. */
const PAUSE = 3;

type Scenario = {
  readonly files: readonly string[];
  readonly recording: string;
  /** Of event time, in seconds. */
  readonly lasts: number;
};

function madeUp(): Scenario {
  const plant = recordedPlant(temporaryDirectory(), 900, 17);
  return { ...plant, lasts: 900 };
}

function recorded(): (Scenario & { readonly name: string })[] {
  if (shared('data/pronostia/Bearing1_1_raw_i16.bin') === undefined) return [];
  const folder = `${ROOT}examples/pronostia`;
  return [
    {
      name: 'the recorded bearing 1_1',
      files: ['--model', `${folder}/plant.yaml`, '--rules', `${folder}/rules.yaml`],
      recording: `${ROOT}examples/recordings/pronostia-bearing1_1.yaml`,
      lasts: 28_030,
    },
  ];
}

type Victim = 'worker' | 'nats-server' | 'warehouse' | 'cmms';
const VICTIMS: readonly Victim[] = ['worker', 'nats-server', 'warehouse', 'cmms'];

/** Every victim as often as every other, in an order of chance. */
function orderOf(random: () => number): Victim[] {
  return Array.from({ length: KILLS }, (_, at) => VICTIMS[at % VICTIMS.length] ?? 'worker')
    .map((victim) => ({ victim, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ victim }) => victim);
}

async function kill(stand: Stand, victim: Victim): Promise<void> {
  switch (victim) {
    case 'worker':
      await stand.worker.kill();
      return stand.worker.start();
    case 'nats-server':
      await stand.nats.kill();
      return stand.nats.start();
    case 'cmms':
      await stand.cmms.kill();
      return stand.cmms.start();
    case 'warehouse': {
      const pid = stand.engine()?.pid;
      // Between two lives there is nothing to kill.
      if (pid === undefined) return;
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        return;
      }
    }
  }
}

/** Waits a little for an epoch of which some rows have landed and others not: the worst of moments. */
async function partLanded(stand: Stand): Promise<boolean> {
  const query =
    'SELECT toInt32((SELECT max(sequence) FROM {db}.waveforms) > max(last_sequence)) AS part ' +
    'FROM {db}.epochs';
  const deadline = performance.now() + 1_500;
  while (performance.now() < deadline) {
    const [row] = await rowsOf<{ part: number }>(stand, query);
    if (row?.part === 1) return true;
  }
  return false;
}

const stands: Stand[] = [];
afterAll(async () => {
  for (const stand of stands.reverse()) await stand.stop();
});

const NAME = `with ${KILLS} kills gives what an undisturbed run of the same log gives`;
const LIMIT = 150_000 + KILLS * 10_000;

// The first has rows of every kind. `npm test` is content with it.
describe('a plant with three machines', () => {
  test(NAME, { timeout: LIMIT }, () => throughKills(madeUp()));
});

describe.each(recorded())('$name', (scenario) => {
  longTest(NAME, LIMIT, () => throughKills(scenario));
});

async function throughKills({ files, recording, lasts }: Scenario): Promise<void> {
  const random = randomOf(SEED);
  const disturbed = await startStand();
  stands.push(disturbed);
  const victims = orderOf(random);
  const speed = `${lasts / Math.max(5, (KILLS * PAUSE) / 2)}`;
  const args = ['publish', '--replay', '--speed', speed, ...files, recording, '--json'];
  const publishing = andon(args, disturbed.env);
  await untilPublished(disturbed);
  await disturbed.worker.start();
  const began = performance.now();
  let worst = 0;
  for (const victim of victims) {
    await pause(random() * PAUSE * 1_000);
    const lands = victim === 'worker' || victim === 'warehouse';
    if (lands && (await partLanded(disturbed))) worst += 1;
    await kill(disturbed, victim);
  }
  const killing = performance.now() - began;
  const published = await publishing;
  expect(published.err).toBe('');
  const { acknowledged, last } = JSON.parse(published.out);
  expect(last).toBe(acknowledged);
  await until('everything to land', 60_000, async () => (await landedTo(disturbed)) >= last);
  const settled = performance.now() - began;
  console.log(
    `seed ${SEED}: ${victims.join(', ')} in ${seconds(killing)}, ${worst} in a landing; ` +
      `${last} messages landed ${seconds(settled - killing)} after the last kill`,
  );

  await expectAsCalm(disturbed, last);
  await expectAsBacktest(disturbed, last, [...files, '--data', recording]);
}

/** The rows are those of an undisturbed worker on the same log. */
async function expectAsCalm(disturbed: Stand, last: number): Promise<void> {
  const calm = await startStand({
    nats: disturbed.nats,
    config: { pipeline: 'calm', cmms: undefined },
  });
  stands.push(calm);
  await calm.worker.start();
  await until('the calm run to land', 60_000, async () => (await landedTo(calm)) >= last);

  expect(await factsOf(disturbed)).toEqual(await factsOf(calm));
  expect(await checksOf(disturbed)).toEqual({});
  expect(errorsOf(disturbed)).toEqual([]);
  expect(errorsOf(calm)).toEqual([]);
}

/** The requests are those of a backtest, and the CMMS has the last revision of each, once. */
async function expectAsBacktest(
  disturbed: Stand,
  last: number,
  args: readonly string[],
): Promise<void> {
  const backtest = await andon(['backtest', ...args, '--json']);
  expect(JSON.parse(backtest.err).messages).toBe(last);
  const told = backtest.out.split('\n').filter((line) => line.startsWith('{"table":"requests"'));
  const landed = await rowsOf<{ request: string }>(
    disturbed,
    'SELECT request FROM {db}.request_history ORDER BY sequence, id, revision',
  );
  expect(landed.map(({ request }) => `{"table":"requests",${request.slice(1)}`)).toEqual(told);

  const expected = new Map<string, number>();
  for (const { request } of landed) {
    const { id, revision } = JSON.parse(request);
    expected.set(id, Math.max(expected.get(id) ?? 0, revision));
  }
  expect(expected.size).toBeGreaterThan(0);
  await until('the last revisions in the CMMS', 30_000, async () => {
    const works = await worksAt(disturbed);
    return [...expected].every(([id, revision]) =>
      works.some((work) => work.external_key === id && work.revision === revision),
    );
  });
  const works = await worksAt(disturbed);
  expect(works.map(({ external_key }) => external_key).sort()).toEqual([...expected.keys()].sort());
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1_000).toFixed(1)} s`;
}

/** What the worker called an error, in all its lives. */
function errorsOf({ worker }: Stand): string[] {
  return worker.lines.filter((line) => line.startsWith('{"level":"error"'));
}
