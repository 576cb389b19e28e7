/** The report of a month of a plant: objectives, figures for managers, and who did what. */

import type { ClickHouseClient } from '@clickhouse/client';
import { inColumns } from '../base/in-columns.ts';
import { EXIT, Problem, wrongInput } from '../base/problem.ts';
import { figureValue } from '../warehouse/figure-value.ts';
import {
  askRowsOf,
  evaluateObjectives,
  type KeptObjective,
  OBJECTIVES,
  type Objectives,
  type Period,
} from '../warehouse/objectives.ts';

type ReportFigure = {
  readonly title: string;
  readonly unit: string;
  readonly value: number | null;
  /** Of the month before. */
  readonly before: number | null;
  readonly cases: number;
  readonly complete: number | null;
};
type ReportAct = {
  readonly act: string;
  readonly via: string;
  readonly times: number;
  readonly people: number;
  readonly failed: number;
};

export type MonthReport = {
  readonly plant: string;
  readonly month: string;
  readonly period: Period;
  readonly objectives: readonly KeptObjective[];
  readonly figures: readonly ReportFigure[];
  readonly acts: readonly ReportAct[];
};

/** The month by UTC, as epoch milliseconds; of the present one what is over. */
export function monthOf(month: string, where: string, now: number): Period {
  const [, year, of] = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(month) ?? [];
  if (year === undefined) throw wrongInput(where, 'a month such as 2026-11', month);
  const from = Date.UTC(Number(year), Number(of) - 1);
  if (from < now) return { from, to: Math.min(Date.UTC(Number(year), Number(of)), now) };
  throw wrongInput(where, 'a month that has begun', month);
}

const FIGURES = `
  SELECT
    any(figures.title) AS title, any(figures.unit) AS unit, any(figures.aggregate) AS aggregate,
    cases.time >= {from:DateTime64(6, 'UTC')} AS now,
    round(${figureValue()}, 4) AS value,
    toUInt32(count()) AS cases, round(countIf(cases.part IS NOT NULL) / count(), 3) AS complete
  FROM figure_cases AS cases
  INNER JOIN figures ON cases.figure = figures.figure
  WHERE cases.plant = {plant:String} AND cases.time < {to:DateTime64(6, 'UTC')}
    AND cases.time >= addMonths({from:DateTime64(6, 'UTC')}, -1)
  GROUP BY cases.figure, now
  ORDER BY title`;

/** What names the plant: an act on it, its lines and assets, and the messages of its subjects. */
const ACTS = `
  SELECT act, via, toUInt32(countIf(step != 'intent')) AS times, toUInt32(uniqExact(who)) AS people,
         toUInt32(countIf(step = 'failed')) AS failed
  FROM audit FINAL
  WHERE time >= {from:DateTime64(6, 'UTC')} AND time < {to:DateTime64(6, 'UTC')}
    AND match(what, concat('(^|[^a-z0-9_-])', {plant:String}, '([^a-z0-9_-]|$)'))
  GROUP BY act, via
  HAVING times > 0
  ORDER BY act, via`;

export async function reportMonth(
  client: ClickHouseClient,
  objectives: Objectives,
  { plant, month, period }: Pick<MonthReport, 'plant' | 'month' | 'period'>,
): Promise<MonthReport> {
  const query_params = { plant, from: period.from / 1_000, to: period.to / 1_000 };
  const askRows = askRowsOf(client);
  const ask = async <T>(query: string) => (await askRows(query, query_params)) as readonly T[];
  const [known] = await ask('SELECT 1 FROM assets WHERE plant = {plant:String} LIMIT 1');
  if (known === undefined)
    throw unknownPlant(plant, await ask('SELECT DISTINCT plant FROM assets'));
  const kept = await evaluateObjectives(askRows, objectives, period);
  const rows = await ask<ReportFigure & { readonly now: 0 | 1 }>(FIGURES);
  const before = new Map(rows.filter(({ now }) => now === 0).map((one) => [one.title, one.value]));
  return {
    ...{ plant, month, period },
    objectives: kept.filter((one) => one.plant === plant),
    figures: rows
      .filter(({ now }) => now === 1)
      .map(({ title, unit, value, cases, complete }) => {
        return { title, unit, value, before: before.get(title) ?? null, cases, complete };
      }),
    acts: await ask<ReportAct>(ACTS),
  };
}

function unknownPlant(plant: string, known: readonly { readonly plant: string }[]): Problem {
  return new Problem({
    where: '--report',
    expected: `a plant of the warehouse: ${known.map((one) => one.plant).join(', ') || 'there is none'}`,
    found: plant,
    remedy: 'Correct the name.',
    exit: EXIT.input,
  });
}

export function reportText({
  plant,
  month,
  period,
  objectives,
  figures,
  acts,
}: MonthReport): string {
  const day = (milliseconds: number) => new Date(milliseconds).toISOString().slice(0, 16);
  return [
    `# ${plant}, ${month}`,
    `From ${day(period.from)} to ${day(period.to)}, by UTC.`,
    ...['', '## Objectives', '', objectivesText(objectives)],
    ...['', '## Figures', '', figuresText(figures)],
    ...['', '## Who did what', '', actsText(acts)],
  ].join('\n');
}

export function objectivesText(kept: readonly KeptObjective[]): string {
  if (kept.length === 0) return 'Nothing is known of that time.';
  const rows = kept.map(({ plant, objective, target, degraded, budget, spent, held }) => [
    ...[plant, objective, `${target} %`, degraded.toFixed(1), budget.toFixed(1)],
    ...[`${(spent * 100).toFixed(0)} %`, String(held.length)],
  ]);
  const heading = [
    'plant',
    'objective',
    'target',
    'minutes degraded',
    'allowed',
    'spent',
    'held up',
  ];
  const causes = kept.flatMap(({ plant, objective, worst, held }) => {
    if (worst === null) return [];
    const { subject, begun, ended, text } = worst;
    const at = new Date(begun).toISOString().slice(0, 16);
    const waited =
      held.length === 0
        ? ''
        : `; held up: ${held.slice(0, 5).join(', ')}${held.length > 5 ? ' …' : ''}`;
    const minutes = ((ended - begun) / 60_000).toFixed(1);
    return [
      `${plant} ${objective}: longest from ${at} on, ${minutes} min (${subject}: ${text})${waited}`,
    ];
  });
  const titles = kept
    .filter(({ spent }) => spent > 1)
    .map(({ plant, objective }) => `missed at ${plant}: ${OBJECTIVES[objective].title}`);
  return [
    inColumns([heading, ...rows], new Set([2, 3, 4, 5, 6])),
    ...[...causes, ...titles].map((line, at) => (at === 0 ? `\n${line}` : line)),
  ].join('\n');
}

function figuresText(figures: readonly ReportFigure[]): string {
  if (figures.length === 0) return 'No case in that month.';
  const number = (value: number | null) => (value === null ? 'not known' : String(value));
  const rows = figures.map(({ title, unit, value, before, cases, complete }) => [
    ...[title, number(value), unit, number(before), String(cases)],
    complete === null ? '' : `${(complete * 100).toFixed(0)} %`,
  ]);
  const heading = ['figure', 'value', 'unit', 'month before', 'cases', 'known'];
  return inColumns([heading, ...rows], new Set([1, 3, 4, 5]));
}

function actsText(acts: readonly ReportAct[]): string {
  const rows = acts.map(({ act, via, times, people, failed }) => [
    act,
    via,
    ...[times, people, failed].map(String),
  ]);
  const table =
    rows.length === 0
      ? 'Nobody did anything that names the plant.'
      : inColumns([['act', 'by role', 'times', 'people', 'failed'], ...rows], new Set([2, 3, 4]));
  return `${table}\nWhether the chain is whole: andon audit --verify.`;
}
