import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { lineReaches, type TimeToLimit, timeToLimit } from '../../operators/detect/trends.ts';
import type { Evaluation } from './evaluation.ts';
import { type Bearing, bearingsIn, numbersFile } from './pronostia-files.ts';
import { columnOf, readColumns } from './read-columns.ts';

/** A level over the life of a bearing, a number each snapshot. */
type Life = { readonly file: string; readonly set: DataSet; readonly levels: readonly number[] };
/** `reach`: of how many snapshots a trend is made, which is also as far ahead as it looks. */
type DataSet = { readonly name: string; readonly reach: number };
type Points = Parameters<typeof timeToLimit>[0];
type Method = (points: Points, limit: number) => TimeToLimit | undefined;

/** What was said of lives, snapshot by snapshot. */
type Tally = {
  /** Snapshots before a limit was passed, or before the end; and those that were at most a reach before it was. */
  before: number;
  near: number;
  /** Of them those in which something was said, and what came of it. `open`: the record ended first. */
  said: number;
  nearSaid: number;
  right: number;
  sooner: number;
  later: number;
  open: number;
};

const PRONOSTIA: DataSet = { name: 'PRONOSTIA', reach: 120 };
const IMS: DataSet = { name: 'IMS', reach: 144 };
/** Limits are multiples of the usual level, the median of the first snapshots: no one chose them for these bearings. */
const TIMES_USUAL = [1.5, 2, 3, 5];
const USUAL = 60;
/** A limit is passed when the median of so many snapshots is. */
const LASTING = 6;
/** The last two snapshots of IMS were taken after the shutdown. */
const AFTER_SHUTDOWN = 2;

const METHODS: Readonly<Record<string, Method>> = {
  'the interval of the line alone': lineReaches,
  'as a trend says it': timeToLimit,
  'as a trend of the logarithm would': (points, limit) => {
    return timeToLimit(
      points.map(([at, level]) => [at, Math.log(level)] as const),
      Math.log(limit),
    );
  },
};

/** How often the interval of a trend held the time at which a level really passed a limit: `data` holds both sets. */
export async function evaluateRemainingLife(data: string): Promise<Evaluation> {
  const lives = [
    ...(await pronostiaLives(join(data, 'pronostia'))),
    ...(await imsLives(join(data, 'ims'))),
  ];
  const sets = [PRONOSTIA, IMS].filter((set) => lives.some((life) => life.set === set));
  const rows = sets.flatMap((set) =>
    Object.entries(METHODS).map(([method, reach]) => {
      const own = lives.filter((life) => life.set === set);
      return rowOf(`${set.name}, ${method}`, sumOf(own.map((life) => tallyOf(life, reach))));
    }),
  );
  const all = sumOf(lives.map((life) => tallyOf(life, timeToLimit)));
  return {
    name: 'life',
    about: `Remaining life: how often the 90 % interval of a trend held the time at which a level really passed a limit. The levels are the rms from 1 to 5 kHz of ${lives.filter(({ set }) => set === PRONOSTIA).length} PRONOSTIA channels, and the rms of ${lives.filter(({ set }) => set === IMS).length} IMS bearings; the limits are ${TIMES_USUAL.join(', ')} times the median of the first ${USUAL} snapshots. A trend is made of the last 20 minutes (PRONOSTIA) or 24 hours (IMS), and looks as far ahead. "Near" are the snapshots that are at most so far before the limit.`,
    rows,
    bars: [
      {
        bar: 'at least 90 of 100 intervals hold, or nothing is said in 99 of 100 snapshots',
        measured: `${shareOf(all.right, all.said - all.open)} right, said in ${shareOf(all.said, all.before)} of the snapshots`,
        met: all.right >= 0.9 * (all.said - all.open) || all.said <= 0.01 * all.before,
      },
    ],
    files: lives.map((life) => ({ file: life.file, ...tallyOf(life, timeToLimit) })),
    plots: [],
    notes: [
      'Wear speeds up, so the truth comes sooner than the line says. Snapshots follow each other: what is right or wrong once is so many times.',
    ],
  };
}

async function pronostiaLives(data: string): Promise<readonly Life[]> {
  if (!existsSync(data)) return [];
  const bearings = (await bearingsIn(data)).filter(({ name }) =>
    existsSync(numbersFile(data, name)),
  );
  const lives = await Promise.all(bearings.map((bearing) => channelsOf(data, bearing)));
  return lives.flat();
}

async function channelsOf(data: string, { name }: Bearing): Promise<readonly Life[]> {
  const channels = ['h', 'v'].map((letter) => `${letter}_rms_g_1000_5000`);
  const table = await readColumns(numbersFile(data, name), 'snapshot', channels);
  return channels.map((channel) => {
    return { file: `${name} ${channel[0]}`, set: PRONOSTIA, levels: columnOf(table, channel) };
  });
}

async function imsLives(data: string): Promise<readonly Life[]> {
  const file = join(data, 'test2_timefeatures.csv.gz');
  if (!existsSync(file)) return [];
  const bearings = [1, 2, 3, 4].map((bearing) => `B${bearing}_std`);
  const table = await readColumns(file, 'timestamp', bearings);
  return bearings.map((bearing) => {
    const levels = columnOf(table, bearing).slice(0, -AFTER_SHUTDOWN);
    return { file: `IMS 2, bearing ${bearing[1]}`, set: IMS, levels };
  });
}

function tallyOf({ levels, set }: Life, method: Method): Tally {
  const usual = medianOf(levels.slice(0, USUAL));
  return sumOf(TIMES_USUAL.map((times) => tallyOfLimit(levels, times * usual, set.reach, method)));
}

function tallyOfLimit(
  levels: readonly number[],
  limit: number,
  reach: number,
  method: Method,
): Tally {
  const tally = noTally();
  const passed = levels.findIndex((_, at) => {
    return at >= LASTING - 1 && medianOf(levels.slice(at + 1 - LASTING, at + 1)) > limit;
  });
  const end = passed < 0 ? levels.length - 1 : passed;
  for (let now = reach - 1; now < end; now += 1) {
    const isNear = passed >= 0 && passed - now <= reach;
    tally.before += 1;
    if (isNear) tally.near += 1;
    const points = levels.slice(now + 1 - reach, now + 1);
    const said = method(
      points.map((level, at) => [at + 1 - reach, level] as const),
      limit,
    );
    if (said === undefined || said.expected > reach) continue;
    tally.said += 1;
    if (isNear) tally.nearSaid += 1;
    tally[outcomeOf(said, passed < 0 ? undefined : passed - now, end - now)] += 1;
  }
  return tally;
}

/** Against when the limit was passed; where it never was, against when the record ended. */
function outcomeOf(
  { earliest, latest }: TimeToLimit,
  truth: number | undefined,
  end: number,
): 'right' | 'sooner' | 'later' | 'open' {
  if (truth === undefined) return latest >= end ? 'open' : 'later';
  // Snapshots are whole.
  if (truth < Math.floor(earliest)) return 'sooner';
  return truth > Math.ceil(latest) ? 'later' : 'right';
}

function rowOf(system: string, tally: Tally): Evaluation['rows'][number] {
  const { before, near, said, nearSaid, right, sooner, later, open } = tally;
  return {
    system,
    'said in': `${said} of ${before}, ${shareOf(said, before)}`,
    'said in those near': shareOf(nearSaid, near),
    right: shareOf(right, said - open),
    'it came sooner': sooner,
    'it came later': later,
    'the record ended first': open,
  };
}

function noTally(): Tally {
  return { before: 0, near: 0, said: 0, nearSaid: 0, right: 0, sooner: 0, later: 0, open: 0 };
}

function sumOf(tallies: readonly Tally[]): Tally {
  const sum = noTally();
  for (const tally of tallies) {
    for (const name of Object.keys(sum) as (keyof Tally)[]) sum[name] += tally[name];
  }
  return sum;
}

function shareOf(part: number, whole: number): string {
  return whole === 0 ? 'none' : `${((100 * part) / whole).toFixed(1)} %`;
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
