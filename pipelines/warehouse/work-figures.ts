/** Figures of works as metrics: the questions of `sql/queries`, asked again and again by one worker of an installation. */

import { setTimeout as delay } from 'node:timers/promises';
import { EXIT, messageOf, Problem } from '../base/problem.ts';
import type { RecordEvent } from '../observe/observe.ts';
import type { LandingSink } from './landing-sink.ts';
import { readNamedQuestion } from './questions.ts';
import { warehouseProblem } from './warehouse.ts';

export type WorkFiguresOptions = {
  readonly landing: Pick<LandingSink, 'ask'>;
  readonly record: RecordEvent;
  readonly signal: AbortSignal;
  /** Milliseconds between two looks. Default 60,000. */
  readonly every?: number;
};

/** One look may take so long: milliseconds. */
const LONGEST = 30_000;
/** Hours after which a work that is done should be posted. */
const LATE = 8;
const PLACES = ['source', 'worker', 'broker', 'gateway', 'target'] as const;

/** Runs until `signal` aborts. A warehouse that is away is told by the sink: the metrics stand still, and say since when. */
export async function followWorkFigures(options: WorkFiguresOptions): Promise<void> {
  const { signal, record, every = 60_000 } = options;
  const shown = new Set(PLACES.map((place) => seriesOf({ place, system: '' })));
  while (!signal.aborted) {
    await delay(every, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    await lookOnce(options, shown).catch((error: unknown) => {
      if (signal.aborted || isAway(error)) return;
      record({ kind: 'figures-trouble', reason: messageOf(error) });
    });
  }
}

function isAway(error: unknown): boolean {
  const problem = warehouseProblem(error, '');
  return problem instanceof Problem && problem.exit === EXIT.outside;
}

type Stuck = { readonly place: string; readonly system: string };

/** One look. `shown`: the series that were ever shown, which are 0 where nothing is stuck any more. */
export async function lookOnce(
  { landing, record, signal }: Pick<WorkFiguresOptions, 'landing' | 'record' | 'signal'>,
  shown: Set<string>,
): Promise<void> {
  const ending = AbortSignal.any([signal, AbortSignal.timeout(LONGEST)]);
  const rows = async <T>(name: string, given: Readonly<Record<string, string>> = {}) => {
    const { script, parameters } = await readNamedQuestion(name, [], given);
    return landing.ask<T>(script, ending, parameters);
  };
  const counts = new Map([...shown].map((series) => [series, 0]));
  for (const stuck of await rows<Stuck>('where_stuck')) {
    counts.set(seriesOf(stuck), (counts.get(seriesOf(stuck)) ?? 0) + 1);
  }
  const reservations = (await rows('missing_reservations')).length;
  const unposted = await rows<{ readonly hours_since: number }>('late_postings', { hours: '0' });
  const late = unposted.filter((work) => work.hours_since > LATE).length;
  for (const [series, count] of counts) {
    shown.add(series);
    const [place = '', system = ''] = series.split(' ');
    record({ kind: 'works-stuck', place, system, count });
  }
  const [oldest] = await rows<{ readonly age_minutes: number }>('stock_age');
  const stock = (oldest?.age_minutes ?? 0) * 60;
  const copies = (await rows<{ readonly too_old: number }>('copies')).filter(
    ({ too_old }) => too_old === 1,
  ).length;
  const figures = { reservations, unposted: unposted.length, late, stock, copies };
  record({ kind: 'work-figures', ...figures, at: Date.now() });
}

function seriesOf({ place, system }: Stuck): string {
  return `${place} ${system}`;
}
