/** What machines did, from rows of a bounded stretch: never all states that ever were. */

import { z } from 'zod';
import { isStarting, PACKML_STATES } from '../../../operators/model/machine-event.ts';
import { timeAnswer } from '../api/route.ts';

/** A state as it began. */
export const stateBegun = z.object({
  since: timeAnswer,
  state: z.string(),
  mode: z.string(),
  order: z.string(),
  product: z.string(),
});
export type StateBegun = z.output<typeof stateBegun>;

/** An entry of the schedule in which a machine is planned to stand. */
export const standstillRow = z.object({
  plant: z.string(),
  line: z.string(),
  kind: z.string(),
  start: timeAnswer,
  end: timeAnswer,
  assets: z.array(z.string()),
});
export type PlannedStop = z.output<typeof standstillRow>;

export type StateSpan = {
  readonly from: string;
  readonly to: string;
  readonly state: string;
  readonly kind: string;
  readonly mode: string;
  readonly order: string;
  readonly product: string;
  readonly planned: string;
};

/** The PackML states in few words: as the view `machine_timeline` has them, which a test holds together. */
export const STATE_KINDS: Readonly<Record<string, readonly string[]>> = {
  running: ['EXECUTE', 'COMPLETING'],
  starting: PACKML_STATES.filter(isStarting),
  waiting: ['IDLE', 'COMPLETE', 'SUSPENDED', 'SUSPENDING'],
  held: ['HELD', 'HOLDING'],
  stopped: ['STOPPED', 'STOPPING'],
  failed: ['ABORTED', 'ABORTING'],
};

export function kindOfState(state: string): string {
  return Object.keys(STATE_KINDS).find((kind) => STATE_KINDS[kind]?.includes(state)) ?? 'unknown';
}

/** The kind of the planned standstill that covers most of a stretch of a machine; empty for none. */
export function plannedIn(
  standstills: readonly PlannedStop[],
  { plant, line, asset }: { readonly plant: string; readonly line: string; readonly asset: string },
  from: string,
  to: string,
): string {
  let [planned, longest] = ['', 0];
  for (const each of standstills) {
    if (each.plant !== plant || each.line !== line) continue;
    if (each.assets.length > 0 && !each.assets.includes(asset)) continue;
    const low = Math.max(Date.parse(from), Date.parse(each.start));
    const length = Math.min(Date.parse(to), Date.parse(each.end)) - low;
    if (length > longest) [planned, longest] = [each.kind, length];
  }
  return planned;
}

/**
 * States with their ends. `states` are in order; `end` is where the last one ends. Those that are shorter than `least`
 * milliseconds belong to the one before them: nobody sees less than a pixel.
 */
export function spansOf(
  states: readonly StateBegun[],
  end: string,
  least: number,
  plannedOf: (from: string, to: string) => string,
): readonly StateSpan[] {
  const spans: StateSpan[] = [];
  let latest = Number.NEGATIVE_INFINITY;
  states.forEach((begun, at) => {
    const from = begun.since;
    const to = states[at + 1]?.since ?? (end > from ? end : from);
    const before = spans.at(-1);
    const isShort = Date.parse(to) - Date.parse(from) < least;
    // What follows a short one that was left out is not left out too: else a flutter would vanish whole.
    if (before !== undefined && isShort && Date.parse(from) - latest < least) {
      spans[spans.length - 1] = { ...before, to };
      return;
    }
    latest = Date.parse(from);
    const { since: _, ...state } = begun;
    spans.push({
      ...state,
      from,
      to,
      kind: kindOfState(state.state),
      planned: plannedOf(from, to),
    });
  });
  return spans;
}

/** Joins and leaves out what a later run processed again; more conditions may follow with AND. */
export const counted = (table: string) => `
LEFT JOIN counted_runs AS counted ON ${table}.stream = counted.stream AND ${table}.run = counted.run
WHERE NOT arrayExists(range -> ${table}.sequence BETWEEN range.1 AND range.2, counted.superseded)`;

const OF_ASSET =
  'fact.plant = {plant:String} AND fact.line = {line:String} AND fact.asset = {asset:String}';

/** States of a stretch that are read. */
export const MOST_STATES = 50_000;

/** The states of a machine in a stretch, and the last one before it; of more than `MOST_STATES` the newest. */
export const STATES_OF_ASSET = `
SELECT since, state, mode, \`order\`, product
FROM
(
  SELECT
    fact.time AS since, fact.state AS state, fact.mode AS mode, fact.\`order\` AS \`order\`, fact.product AS product,
    fact.sequence AS sequence
  FROM machine_states AS fact FINAL
  ${counted('fact')} AND ${OF_ASSET}
    AND fact.time >= (
      SELECT max(fact.time) FROM machine_states AS fact
      ${counted('fact')} AND ${OF_ASSET} AND fact.time <= fromUnixTimestamp64Milli({from:Int64})
    )
    AND fact.time < fromUnixTimestamp64Milli({to:Int64})
  ORDER BY since DESC, sequence DESC
  LIMIT ${MOST_STATES}
)
ORDER BY since, sequence`;

/** When the first state after a stretch began, and up to when anything is known; the least of what there is. */
export const END_OF_STRETCH = `
SELECT least(
  ifNull((
    SELECT minOrNull(fact.time) FROM machine_states AS fact
    ${counted('fact')} AND ${OF_ASSET} AND fact.time >= fromUnixTimestamp64Milli({to:Int64})
  ), toDateTime64('2299-12-31', 6, 'UTC')),
  ifNull((
    SELECT maxOrNull(time) FROM newest WHERE plant = {plant:String} AND line = {line:String}
  ), toDateTime64('2299-12-31', 6, 'UTC'))
) AS end`;

/** The planned standstills of all plants that touch a stretch. */
export const STANDSTILLS = `
SELECT plant, line, kind, start, \`end\`, assets
FROM planned_now
WHERE kind IN ('changeover', 'planned-stop', 'maintenance') AND \`end\` > start
  AND start < fromUnixTimestamp64Milli({to:Int64}) AND \`end\` > fromUnixTimestamp64Milli({from:Int64})
ORDER BY start, \`end\`
LIMIT 5000`;

/** Days in which almost every machine said what it does. Those that did not are asked for by their names. */
const RECENT = 30;

const latestStates = (condition: string) => `
SELECT
  fact.plant AS plant, fact.line AS line, fact.asset AS asset, max(fact.time) AS since,
  argMax(toString(fact.state), (fact.time, fact.sequence)) AS state,
  argMax(toString(fact.mode), (fact.time, fact.sequence)) AS mode,
  argMax(toString(fact.\`order\`), (fact.time, fact.sequence)) AS \`order\`,
  argMax(toString(fact.product), (fact.time, fact.sequence)) AS product
FROM machine_states AS fact
${counted('fact')} AND ${condition}
GROUP BY plant, line, asset`;

export const RECENT_STATES = latestStates(
  `fact.time > (SELECT max(time) FROM newest) - INTERVAL ${RECENT} DAY`,
);

/** Of the assets in `named` (`plant/line/asset`): the table is ordered by them, so that little of it is read. */
export const STATES_OF_NAMED = latestStates(
  `(fact.plant, fact.line, fact.asset) IN (
    SELECT part[1], part[2], part[3] FROM (SELECT splitByChar('/', arrayJoin({named:Array(String)})) AS part)
  )`,
);
