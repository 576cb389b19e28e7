/** What managers ask of a plant, month by month: stops, failures, repairs, work, money. From the views that analysts use. */

import { z } from 'zod';
import { figureValue } from '../../warehouse/figure-value.ts';
import { reachParameters, withinReach } from '../access/visitor.ts';
import { type ApiRoute, nameParameter, route } from '../api/route.ts';
import { placeQuery, plantInSight, type Services } from './services.ts';

const count = z.coerce.number();
const figure = z.number().nullable();

const firstRow = z.object({ from: count, up_to: z.string() });
const timeRow = z.object({ month: z.string(), running_hours: z.number() });
const stopRow = z.object({
  month: z.string(),
  planned_hours: z.number(),
  failures: count,
  repaired: count,
  repair_hours: z.number(),
});
const workRow = z.object({
  month: z.string(),
  requests: count,
  completed: count,
  withdrawn: count,
});
const costRow = z.object({
  month: z.string(),
  late_orders: count.describe('Requests whose stop would have made an order late.'),
  stop_cost: z.number(),
  avoided_cost: z.number(),
  avoided_stops: count,
});
const alarmRow = z.object({
  month: z.string(),
  alarms: count,
  confirmed: count,
  called_false: count,
});

const monthSchema = z.object({
  month: z.string().describe('By the clocks of the plant: 2026-03.'),
  running_hours: z.number(),
  unplanned_hours: z.number().describe('Of stops that began in the month.'),
  planned_hours: z.number(),
  failures: z.number(),
  mtbf_hours: figure.describe('Running hours for each failure; null without one.'),
  mttr_hours: figure.describe('Mean length of the failures that are over; null without one.'),
  alarms: z.number(),
  confirmed: z.number().describe('Alarms that people called right.'),
  called_false: z.number(),
  requests: z.number().describe('That were opened in the month.'),
  completed: z.number().describe('Of them.'),
  withdrawn: z.number(),
  response_minutes: figure.describe('Median, to accepted or started; null where nobody did.'),
  closeout_hours: figure.describe('Median, to completed.'),
  late_orders: z
    .number()
    .describe('Requests whose stop in production would have made an order late.'),
  stop_cost: z
    .number()
    .describe('Of stops in production for all requests, as they were worked out.'),
  avoided_stops: z.number().describe('Requests whose work was completed within the proposed stop.'),
  avoided_cost: z.number().describe('What that cost less than a stop in production.'),
});
type Month = z.output<typeof monthSchema>;

const valueSchema = z.object({
  value: figure.describe('Null where nothing of it is known.'),
  cases: count.describe('Stops, requests, parts … that it rests on.'),
  complete: figure.describe('Share of the cases that are known; null without a case.'),
});
const definitionSchema = z.object({
  figure: z.string().describe('Its name, as in view `figures`.'),
  ...{ title: z.string(), aggregate: z.string(), unit: z.string(), better: z.string() },
  ...{ definition: z.string(), standard: z.string() },
});
const figureSchema = z.object({
  ...definitionSchema.shape,
  months: z.array(z.object({ month: z.string(), ...valueSchema.shape })),
  before: valueSchema
    .nullable()
    .describe(
      'Of as many months before the first; a sum is a mean month of those with data, null where that is less than one.',
    ),
});
type Figure = z.output<typeof figureSchema>;
const figureRow = z.object({ ...definitionSchema.shape, month: z.string(), ...valueSchema.shape });
type FigureRow = z.output<typeof figureRow>;

const monthOf = (time: string) => `formatDateTime(toStartOfMonth(${time}, {zone:String}), '%Y-%m')`;
const place = (table: string) => `${withinReach(table)} AND ${table}.plant = {plant:String}
  AND ({line:String} = '' OR ${table}.line = {line:String})`;
const since = (time: string) => `${time} >= fromUnixTimestamp64Milli({from:Int64})`;

const RUNNING = `
SELECT ${monthOf('part.`from`')} AS month, sum(part.seconds) / 3600 AS running_hours
FROM machine_timeline AS part
WHERE part.kind = 'running' AND ${place('part')} AND ${since('part.`from`')}
GROUP BY month`;

const STOPS = `
SELECT
  ${monthOf('stop.`from`')} AS month, sum(stop.planned_seconds) / 3600 AS planned_hours, countIf(stop.cause = 'failure') AS failures,
  countIf(stop.cause = 'failure' AND NOT stop.standing) AS repaired,
  sumIf(stop.seconds, stop.cause = 'failure' AND NOT stop.standing) / 3600 AS repair_hours
FROM downtime AS stop
WHERE ${place('stop')} AND ${since('stop.`from`')}
GROUP BY month`;

const WORK = `
SELECT
  ${monthOf('work.requested')} AS month, count() AS requests, countIf(work.completed IS NOT NULL) AS completed,
  countIf(work.withdrawn) AS withdrawn
FROM request_times AS work
WHERE ${place('work')} AND ${since('work.requested')}
GROUP BY month`;

const COSTS = `
SELECT
  ${monthOf('request.opened')} AS month, countIf(request.order_late) AS late_orders,
  ifNull(sum(request.stop_cost), 0) AS stop_cost,
  countIf(times.completed BETWEEN request.slot_start AND request.slot_end) AS avoided_stops,
  ifNull(sumIf(
    request.stop_cost - ifNull(JSONExtract(request.request, 'stop', 'cost_in_slot', 'Nullable(Float64)'), 0),
    times.completed BETWEEN request.slot_start AND request.slot_end
  ), 0) AS avoided_cost
FROM current_requests AS request
INNER JOIN request_times AS times ON request.id = times.id
WHERE ${place('request')} AND ${since('request.opened')}
GROUP BY month`;

const ALARMS_OF_MONTH = `
SELECT
  ${monthOf('raised.time')} AS month, count() AS alarms, countIf(answer.verdict = 'confirmed') AS confirmed,
  countIf(answer.verdict = 'false') AS called_false
FROM raised_alarms AS raised
LEFT JOIN rule_answers AS answer
  ON raised.plant = answer.plant AND raised.line = answer.line AND raised.asset = answer.asset AND raised.id = answer.id
WHERE ${place('raised')} AND ${since('raised.time')}
GROUP BY month`;

/**
 * Each figure by the rule that view `figures` has for it; with an empty month the time before. Its sums are by the months with data: none where that is
 * less than a month.
 */
const DEFINED = `
WITH
  (SELECT min(oldest) FROM newest WHERE plant = {plant:String}) AS oldest,
  fromUnixTimestamp64Milli({from:Int64}, {zone:String}) AS first,
  addMonths(first, -{months:Int32}) AS start,
  {months:Int32} * dateDiff('second', greatest(start, oldest), first) / dateDiff('second', start, first) AS known
SELECT
  figures.figure AS figure, any(figures.title) AS title, any(figures.aggregate) AS aggregate, any(figures.unit) AS unit,
  any(figures.better) AS better, any(figures.definition) AS definition, any(figures.standard) AS standard,
  if(${since('cases.time')}, ${monthOf('cases.time')}, '') AS month, count() AS cases,
  countIf(cases.part IS NOT NULL) / count() AS complete,
  ${figureValue((sum) => `${sum} / multiIf(month != '', 1, known >= 1, known, NULL)`)} AS value
FROM figure_cases AS cases
INNER JOIN figures ON cases.figure = figures.figure
WHERE ${place('cases')} AND cases.time >= start
GROUP BY figure, month
ORDER BY title, month DESC`;

/** When the first of the months begins by the clocks of the plant, in milliseconds. */
const FIRST_MONTH = `
SELECT
  toUnixTimestamp(toDateTime(addMonths(toStartOfMonth(max(time), {zone:String}), 1 - {months:Int32}), {zone:String})) * 1000 AS from,
  formatDateTime(max(time), '%Y-%m-%dT%H:%i:%SZ', 'UTC') AS up_to
FROM newest WHERE plant = {plant:String} HAVING count() > 0`;

export function figureRoutes({ models, questions }: Services): readonly ApiRoute[] {
  return [
    route({
      id: 'getFigures',
      method: 'GET',
      path: '/plants/{plant}/figures',
      tag: 'Plants',
      access: 'view-plant',
      summary:
        'Stops, failures, repairs, work and money of a plant, month by month, the newest first.',
      pathSchema: z.object({ plant: nameParameter }),
      querySchema: z.object({
        line: placeQuery.line,
        months: z.coerce.number().int().min(1).max(36).default(12).describe('Up to the newest.'),
      }),
      answer: z.object({
        months: z.array(monthSchema),
        figures: z.array(figureSchema).describe('All others, each by its own definition.'),
        currency: z.string().nullable(),
        up_to: z.string().nullable().describe('The newest time in the data of the plant.'),
      }),
      async handle({ reach, path, query }) {
        const { plant } = path;
        const { model } = await plantInSight(models, reach, plant);
        const { time_zone: zone, currency = null } = model;
        const asked = { plant, zone, months: query.months };
        const [first] = await questions.ask(firstRow, FIRST_MONTH, asked);
        if (first === undefined) return { months: [], figures: [], currency, up_to: null };
        const parameters = {
          ...reachParameters(reach),
          ...{ ...asked, line: query.line ?? '', from: first.from },
        };
        const [running, stops, work, costs, alarms, defined] = await Promise.all([
          questions.ask(timeRow, RUNNING, parameters),
          questions.ask(stopRow, STOPS, parameters),
          questions.ask(workRow, WORK, parameters),
          questions.ask(costRow, COSTS, parameters),
          questions.ask(alarmRow, ALARMS_OF_MONTH, parameters),
          questions.ask(figureRow, DEFINED, parameters),
        ]);
        const months = monthsOf(running, stops, work, costs, alarms, definedOf(defined));
        return { months, figures: [...figuresOf(defined)], currency, up_to: first.up_to };
      },
    }),
  ];
}

/** Fields of a month that are figures with a definition of their own. */
const DEFINED_FIELDS: ReadonlyMap<string, keyof Month> = new Map([
  ['unplanned-downtime', 'unplanned_hours'],
  ['response', 'response_minutes'],
  ['close-out', 'closeout_hours'],
]);

function definedOf(rows: readonly FigureRow[]) {
  const months = new Map<string, { month: string }>();
  for (const { figure: name, month, value } of rows) {
    const field = DEFINED_FIELDS.get(name);
    if (field === undefined || month === '') continue;
    months.set(month, { ...months.get(month), month, [field]: value });
  }
  return [...months.values()];
}

function figuresOf(rows: readonly FigureRow[]): readonly Figure[] {
  const found = new Map<string, Figure>();
  for (const { month, value, cases, complete, ...definition } of rows) {
    const known = found.get(definition.figure) ?? { ...definition, months: [], before: null };
    const one = { value, cases, complete };
    found.set(
      definition.figure,
      month === ''
        ? { ...known, before: one }
        : { ...known, months: [...known.months, { month, ...one }] },
    );
  }
  return [...found.values()];
}

function monthsOf(
  running: readonly z.output<typeof timeRow>[],
  stops: readonly z.output<typeof stopRow>[],
  ...others: readonly (readonly { readonly month: string }[])[]
): Month[] {
  const names = [running, stops, ...others].flatMap((rows) => rows.map(({ month }) => month));
  const of = <Row extends { month: string }>(rows: readonly Row[], month: string) =>
    rows.find((row) => row.month === month);
  return [...new Set(names)]
    .sort()
    .reverse()
    .map((month) => ({
      ...NOTHING,
      ...Object.assign({}, ...others.map((rows) => of(rows, month))),
      ...reliabilityOf(of(running, month), of(stops, month)),
      month,
    }));
}

const NOTHING: Omit<Month, 'month'> = {
  ...{ running_hours: 0, unplanned_hours: 0, planned_hours: 0, failures: 0, mtbf_hours: null },
  ...{ mttr_hours: null, alarms: 0, confirmed: 0, called_false: 0, requests: 0, completed: 0 },
  ...{ withdrawn: 0, response_minutes: null, closeout_hours: null, late_orders: 0, stop_cost: 0 },
  ...{ avoided_stops: 0, avoided_cost: 0 },
};

function reliabilityOf(
  running: z.output<typeof timeRow> | undefined,
  stops: z.output<typeof stopRow> | undefined,
) {
  const hours = running?.running_hours ?? 0;
  const { repaired = 0, repair_hours: repair = 0, failures = 0 } = stops ?? {};
  return {
    running_hours: hours,
    planned_hours: stops?.planned_hours ?? 0,
    failures,
    mtbf_hours: failures === 0 ? null : hours / failures,
    mttr_hours: repaired === 0 ? null : repair / repaired,
  };
}
