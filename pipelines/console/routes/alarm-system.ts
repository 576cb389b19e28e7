/** The alarm system itself: everything that is silenced, and its numbers by ISA-18.2 and EEMUA 191. */

import { z } from 'zod';
import { fits } from '../../../operators/model/key.ts';
import { quietUntil } from '../../systems/notify/on-call.ts';
import { isNowhere, reachOf, reachParameters, withinReach } from '../access/visitor.ts';
import { type ApiRoute, route, timeAnswer } from '../api/route.ts';
import type { KnownPlant } from '../data/plant-models.ts';
import { ALARMS, type AlarmEntry, alarmSchema } from './alarms.ts';
import { atPlace, personNameOf, placeQuery, plantsInSight, type Services } from './services.ts';

const located = { plant: z.string(), line: z.string(), asset: z.string() };

const selectionRow = z.object({
  ...located,
  kind: z.enum(['shelved', 'out-of-service']),
  rule: z.string().describe('Only alarms of this rule; `*` stands for any letters; empty: of all.'),
  signal: z.string(),
  point: z.string(),
  since: timeAnswer,
  until: timeAnswer.nullable().describe('When it ends by itself; null: when somebody ends it.'),
  who: z.string().describe('Opaque id of the person; empty if nobody.'),
  reason: z.string(),
});

const silencedSchema = z.object({
  ...selectionRow.shape,
  kind: z
    .enum(['shelved', 'out-of-service', 'by-design'])
    .describe('by-design: the rules withhold it during what `reason` names.'),
  hides: z.number().describe('Alarms that it withholds now.'),
  worst: z.string().describe('The worst severity of them; empty for none.'),
});

const idleRuleSchema = z.object({
  plant: z.string(),
  kind: z.enum(['workflow', 'messages']),
  rule: z.string(),
  mode: z.enum(['off', 'shadow']).describe('shadow: it is worked out and lands; nothing is sent.'),
  role: z.string().describe('Of messages: who would hear. Empty for a workflow.'),
});

const quietSchema = z.object({
  person: z.string().describe('Opaque id.'),
  name: z.string().describe('Empty where no name is known.'),
  until: timeAnswer,
  except: z.string().describe('What is at least so grave comes through.'),
});

type Selection = z.output<typeof selectionRow>;
type Silenced = z.output<typeof silencedSchema>;

/** Rows of an asset as a whole, without a state, say what people withhold and end withholding. */
const SELECTIONS = `
SELECT
  mark.plant AS plant, mark.line AS line, mark.asset AS asset, mark.rule AS rule, mark.signal AS signal,
  mark.point AS point, if(mark.cause = 'shelved', 'shelved', 'out-of-service') AS kind, mark.since AS since,
  if(mark.cause = 'shelved' AND act.until > 0, fromUnixTimestamp64Milli(act.until, 'UTC'), NULL) AS until,
  mark.who AS who, mark.reason AS reason
FROM
(
  SELECT
    plant, line, asset, toString(rule) AS rule, toString(signal) AS signal, toString(point) AS point,
    alarms.cause IN ('shelved', 'unshelved') AS shelving, argMax(toString(alarms.cause), (alarms.time, alarms.sequence)) AS cause,
    argMax(toString(alarms.who), (alarms.time, alarms.sequence)) AS who,
    argMax(alarms.reason, (alarms.time, alarms.sequence)) AS reason, max(alarms.time) AS since
  FROM alarms
  WHERE alarms.cause IN ('shelved', 'unshelved', 'taken-out', 'put-back') AND after = '' AND anomaly = ''
    AND ${withinReach()} AND ${atPlace({}).condition}
  GROUP BY plant, line, asset, rule, signal, point, shelving
) AS mark
LEFT JOIN
(
  SELECT
    plant, line, asset, JSONExtractString(data, 'rule') AS rule, JSONExtractString(data, 'signal') AS signal,
    JSONExtractString(data, 'point') AS point, argMax(JSONExtractInt(data, 'until'), (time, sequence)) AS until
  FROM machine_events
  WHERE type = 'shelved'
  GROUP BY plant, line, asset, rule, signal, point
) AS act
  ON mark.plant = act.plant AND mark.line = act.line AND mark.asset = act.asset AND mark.rule = act.rule
  AND mark.signal = act.signal AND mark.point = act.point
WHERE mark.cause IN ('shelved', 'taken-out')
ORDER BY since DESC, plant, line, asset, rule, signal, point`;

const byPriority = {
  first: z.coerce.number(),
  second: z.coerce.number(),
  third: z.coerce.number(),
};

const totalsRow = z.object({
  alarms: z.coerce.number(),
  ...byPriority,
  most_in_a_day: z.coerce.number(),
  most_in_an_hour: z.coerce.number(),
  most_in_ten_minutes: z.coerce.number(),
});

const worstRow = z.object({
  ...located,
  rule: z.string(),
  signal: z.string(),
  alarms: z.coerce.number(),
  share: z.number().describe('Of all alarms.'),
  chattering: z.coerce.boolean().describe('Three times or more within a minute.'),
});

const floodRow = z.object({
  plant: z.string(),
  line: z.string(),
  from: timeAnswer,
  to: timeAnswer,
  alarms: z.coerce.number(),
  most_in_ten_minutes: z.coerce.number(),
});

const numbersSchema = z.object({
  from: timeAnswer.nullable().describe('Null where there is no data.'),
  to: timeAnswer.nullable(),
  days: z.number(),
  totals: totalsRow,
  chattering: z.number().describe('Alarms that came three times or more within a minute.'),
  standing: z.number().describe('Active now.'),
  stale: z.number().describe('Active for more than a day.'),
  flood_share: z.number().describe('Share of the time in which a line was in a flood.'),
  floods: z.array(floodRow).describe('The latest twenty.'),
  worst: z.array(worstRow).describe('The ten that came most often.'),
});

export function alarmSystemRoutes(services: Services): readonly ApiRoute[] {
  return [silencedRoute(services), numbersRoute(services)];
}

function silencedRoute(services: Services): ApiRoute {
  return route({
    id: 'getSilenced',
    method: 'GET',
    path: '/silenced',
    tag: 'Alarms',
    access: 'view-plant',
    summary: 'All that is withheld: by whom, why, until when, and what it hides now.',
    querySchema: z.object(placeQuery),
    answer: z.object({
      silenced: z.array(silencedSchema),
      idle_rules: z
        .array(idleRuleSchema)
        .describe('Workflows and messages that the rules have switched off, or never on.'),
      quiet: z
        .array(quietSchema)
        .describe('People who are not told of less now, for whoever may see exceptions.'),
    }),
    async handle({ reach, query, visitor }) {
      const { questions, models } = services;
      const parameters = { ...reachParameters(reach), ...atPlace(query).parameters };
      const mayKnow = !isNowhere(reachOf(visitor?.roles ?? [], 'view-exceptions'));
      const [selections, alarms, plants] = await Promise.all([
        questions.ask(selectionRow, SELECTIONS, parameters),
        questions.ask(alarmSchema, ALARMS, parameters),
        plantsInSight(models, reach),
      ]);
      return {
        silenced: [...selections.map((each) => silencedBy(each, alarms)), ...byDesign(alarms)],
        idle_rules: plants
          .filter(({ model }) => query.plant === undefined || model.id === query.plant)
          .flatMap(idleRulesOf),
        quiet: mayKnow ? await quietNow(services, Date.now()) : [],
      };
    },
  });
}

function silencedBy(selection: Selection, alarms: readonly AlarmEntry[]): Silenced {
  const agrees = (pattern: string, name: string) => pattern === '' || fits(pattern, name);
  const hidden = alarms.filter(
    (alarm) =>
      alarm.state === selection.kind &&
      isSameAsset(alarm, selection) &&
      agrees(selection.rule, alarm.rule) &&
      agrees(selection.signal, alarm.signal) &&
      agrees(selection.point, alarm.point),
  );
  return { ...selection, hides: hidden.length, worst: worstOf(hidden) };
}

/** What the rules withhold, by line and by what they withhold it for. */
function byDesign(alarms: readonly AlarmEntry[]): readonly Silenced[] {
  const groups = new Map<string, AlarmEntry[]>();
  for (const alarm of alarms.filter(({ state }) => state === 'suppressed')) {
    const key = JSON.stringify([alarm.plant, alarm.line, alarm.note]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [alarm]);
    else group.push(alarm);
  }
  return [...groups.values()].flatMap((group): readonly Silenced[] => {
    const [first] = group;
    if (first === undefined) return [];
    const { plant, line, note } = first;
    const since = group.map(({ time }) => time).toSorted()[0] ?? first.time;
    return [
      {
        ...{ plant, line, asset: '', kind: 'by-design', rule: '', signal: '', point: '' },
        ...{ since, until: null, who: '', reason: note },
        ...{ hides: group.length, worst: worstOf(group) },
      },
    ];
  });
}

function idleRulesOf({ model, rules }: KnownPlant): readonly z.output<typeof idleRuleSchema>[] {
  const all = [
    ...(rules?.workflows ?? []).map((rule) => ({ ...rule, kind: 'workflow' as const, role: '' })),
    ...(rules?.notify ?? []).map((rule) => ({ ...rule, kind: 'messages' as const })),
  ];
  return all.flatMap(({ id, mode, plants, kind, role }) =>
    mode !== 'on' && plants.some((pattern) => fits(pattern, model.id))
      ? [{ plant: model.id, kind, rule: id, mode, role }]
      : [],
  );
}

/** By the clock of this machine, as messages are. */
async function quietNow(services: Services, now: number) {
  const { people: directory } = services;
  const found = Object.entries(directory?.people ?? {}).flatMap(([person, { quiet }]) => {
    const until =
      directory === undefined ? undefined : quietUntil(person, 'notice', now, directory);
    if (until === undefined || quiet === undefined) return [];
    return [{ person, until: new Date(until).toISOString(), except: quiet.except }];
  });
  return Promise.all(
    found.map(async (each) => ({ ...each, name: await personNameOf(services, each.person) })),
  );
}

function isSameAsset(a: Pick<AlarmEntry, 'plant' | 'line' | 'asset'>, b: typeof a): boolean {
  return a.plant === b.plant && a.line === b.line && a.asset === b.asset;
}

const WORST_FIRST = ['danger', 'alarm', 'warning', 'notice'];

function worstOf(alarms: readonly AlarmEntry[]): string {
  return WORST_FIRST.find((each) => alarms.some(({ severity }) => severity === each)) ?? '';
}

const MOST_DAYS = 366;
const DAY = 86_400_000;

const spanRow = z.object({ lines: z.coerce.number(), to: z.coerce.number() });
const SPAN = `
SELECT count() AS lines, toUnixTimestamp64Milli(max(time)) AS to
FROM newest
WHERE ${withinReach()} AND ({at_plant:String} = '' OR plant = {at_plant:String})
  AND ({at_line:String} = '' OR line = {at_line:String})`;

const CHOSEN = `${withinReach('raised')} AND ${atPlace({}, 'raised').condition}
  AND raised.time > fromUnixTimestamp64Milli({from:Int64}) AND raised.time <= fromUnixTimestamp64Milli({to:Int64})`;

const mostIn = (start: string) =>
  `ifNull(arrayMax(mapValues(sumMap(map(${start}, toUInt64(1))))), 0)`;

const TOTALS = `
SELECT
  count() AS alarms, countIf(raised.severity = 'danger') AS first, countIf(raised.severity = 'alarm') AS second,
  countIf(raised.severity NOT IN ('danger', 'alarm')) AS third,
  ${mostIn('toStartOfDay(raised.time, {zone:String})')} AS most_in_a_day,
  ${mostIn('toStartOfHour(raised.time)')} AS most_in_an_hour,
  ${mostIn('toStartOfInterval(raised.time, INTERVAL 10 MINUTE)')} AS most_in_ten_minutes
FROM raised_alarms AS raised
WHERE ${CHOSEN}
HAVING alarms > 0`;

const NO_ALARMS: z.output<typeof totalsRow> = {
  ...{ alarms: 0, first: 0, second: 0, third: 0 },
  ...{ most_in_a_day: 0, most_in_an_hour: 0, most_in_ten_minutes: 0 },
};

const WORST = `
SELECT
  plant, line, asset, rule, signal, alarms, share, chattering, sum(chattering) OVER () AS all_chattering
FROM
(
  SELECT
    raised.plant AS plant, raised.line AS line, raised.asset AS asset, raised.rule AS rule, raised.signal AS signal,
    count() AS alarms, alarms / sum(count()) OVER () AS share,
    arraySort(groupArray(toUnixTimestamp64Milli(raised.time))) AS times,
    arrayExists((a, b) -> b - a <= 60000, arraySlice(times, 1, greatest(0, length(times) - 2)), arraySlice(times, 3)) AS chattering
  FROM raised_alarms AS raised
  WHERE ${CHOSEN}
  GROUP BY plant, line, asset, rule, signal
)
ORDER BY alarms DESC, plant, line, asset, rule, signal
LIMIT 10`;

const FLOODS = `
SELECT
  raised.plant AS plant, raised.line AS line, raised.flood_start AS \`from\`,
  max(raised.time) + INTERVAL 10 MINUTE AS \`to\`, sum(raised.alarms) AS alarms, max(raised.alarms) AS most_in_ten_minutes
FROM alarm_rate AS raised
WHERE raised.flood AND ${withinReach('raised')}
  AND ({at_plant:String} = '' OR raised.plant = {at_plant:String})
  AND ({at_line:String} = '' OR raised.line = {at_line:String})
  AND raised.time > fromUnixTimestamp64Milli({from:Int64}) AND raised.time <= fromUnixTimestamp64Milli({to:Int64})
GROUP BY plant, line, raised.flood_start
ORDER BY \`from\` DESC, plant, line`;

function numbersRoute(services: Services): ApiRoute {
  const { questions } = services;
  return route({
    id: 'getAlarmNumbers',
    method: 'GET',
    path: '/alarm-numbers',
    tag: 'Alarms',
    access: 'view-plant',
    summary: 'The quality of the alarm system by the numbers of ISA-18.2 and EEMUA 191.',
    querySchema: z.object({
      plant: placeQuery.plant,
      line: placeQuery.line,
      days: z.coerce.number().int().min(1).max(MOST_DAYS).default(30).describe('Up to the newest.'),
    }),
    answer: numbersSchema,
    async handle({ reach, query }) {
      const { days } = query;
      const asked = { ...reachParameters(reach), ...atPlace(query).parameters };
      const [span] = await questions.ask(spanRow, SPAN, asked);
      const lines = span?.lines ?? 0;
      const to = lines === 0 ? 0 : (span?.to ?? 0);
      const plants = await plantsInSight(services.models, reach);
      const known = plants.find(({ model }) => model.id === query.plant) ?? plants[0];
      const parameters = {
        ...asked,
        from: to - days * DAY,
        to,
        zone: known?.model.time_zone ?? 'UTC',
      };
      const counted = worstRow.extend({ all_chattering: z.coerce.number() });
      const [[totals], worst, floods, alarms] = await Promise.all([
        questions.ask(totalsRow, TOTALS, parameters),
        questions.ask(counted, WORST, parameters),
        questions.ask(floodRow, FLOODS, parameters),
        questions.ask(alarmSchema, ALARMS, parameters),
      ]);
      const active = alarms.filter(
        ({ state }) => state === 'unacknowledged' || state === 'acknowledged',
      );
      const flooded = floods.reduce(
        (sum, each) => sum + Date.parse(each.to) - Date.parse(each.from),
        0,
      );
      return {
        from: lines === 0 ? null : new Date(to - days * DAY).toISOString(),
        to: lines === 0 ? null : new Date(to).toISOString(),
        days,
        totals: totals ?? NO_ALARMS,
        chattering: worst[0]?.all_chattering ?? 0,
        standing: active.length,
        stale: active.filter(({ since }) => to - Date.parse(since) > DAY).length,
        flood_share: lines === 0 ? 0 : flooded / (days * DAY * lines),
        worst: worst.map(({ all_chattering: _, ...each }) => each),
        floods: floods.slice(0, 20),
      };
    },
  });
}
