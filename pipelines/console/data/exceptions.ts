/**
 * What somebody has to look after: dead letters by reason and source, what systems refused, and findings of comparisons
 * and checks of master data. Who took it, and what became of it, are acts in the log (`exception`).
 */

import { z } from 'zod';
import { identity } from '../../../operators/model/canonical.ts';
import { timeAnswer } from '../api/route.ts';
import { type DeliveryTask, deliveriesOf } from './deliveries.ts';
import type { FlowState } from './flow-state.ts';
import type { Questions } from './questions.ts';

export const EXCEPTION_KINDS = [
  'dead-letters',
  'request',
  'command',
  'difference',
  'master-data',
] as const;
export const EXCEPTION_STATES = ['open', 'taken', 'solved', 'waived'] as const;
export type ExceptionState = (typeof EXCEPTION_STATES)[number];

/** The type of the event that an act on an exception becomes. */
export const EXCEPTION_EVENT = 'exception';

export const exceptionSchema = z.object({
  id: z.string(),
  kind: z.enum(EXCEPTION_KINDS).describe('request, command: a system refused it.'),
  plant: z.string().describe('Empty where nobody knows; line and asset, too.'),
  line: z.string(),
  asset: z.string(),
  request: z.string().describe('The request that it is about; empty for none.'),
  what: z.string().describe('Reason of dead letters, name of the system or of the check.'),
  title: z.string().describe('Where dead letters came from, or what is wrong.'),
  note: z.string().describe('Of the latest.'),
  count: z.number().describe('Readings or messages of the latest thirty days; else 1.'),
  stop_cost: z.number().nullable(),
  since: timeAnswer,
  latest: timeAnswer.describe('When it was last so.'),
  age_seconds: z.number().describe('Since then, up to the latest message of the log.'),
  state: z
    .enum(EXCEPTION_STATES)
    .describe('What happens again after it was solved is open; what is waived stays so.'),
  again: z.boolean().describe('It was solved, and happened again.'),
  owner: z
    .string()
    .describe(
      'Opaque id of who took, solved or waived it, or to whom it was given; empty for nobody.',
    ),
  owner_name: z.string().describe('Empty where no name is known, or where it was erased.'),
  changed: timeAnswer.nullable().describe('When the state changed; null where it never did.'),
  reason: z.string().describe('What the owner said.'),
});
export type Exception = z.output<typeof exceptionSchema>;

/** What is found, before anybody did anything about it. */
type Found = Pick<
  Exception,
  'id' | 'kind' | 'plant' | 'line' | 'asset' | 'request' | 'what' | 'title' | 'note' | 'count'
> &
  Pick<Exception, 'stop_cost' | 'since' | 'latest'>;

const count = z.coerce.number();

/** Of each kind, the newest: a flood of sources cannot fill the page. */
const MOST_OF_A_KIND = 200;

const letterRow = z.object({
  ...{ reason: z.string(), source: z.string(), count, since: timeAnswer, latest: timeAnswer },
  detail: z.string(),
});

/** A window in which the state changed, and a request that a planned stop holds back, are so by design. */
const LETTERS = `
SELECT
  reason, source, sum(letter.count) AS count, min(letter.appended) AS since, max(letter.appended) AS latest,
  argMax(letter.detail, letter.appended) AS detail
FROM (SELECT *, (SELECT max(appended) FROM dead_letters) AS newest FROM dead_letters) AS letter
WHERE letter.appended > newest - INTERVAL 30 DAY AND letter.reason NOT IN ('mixed', 'suppressed')
GROUP BY reason, source
ORDER BY latest DESC, reason, source
LIMIT ${MOST_OF_A_KIND + 1}`;

const place = { plant: z.string(), line: z.string(), asset: z.string() };

const differenceRow = z.object({
  ...place,
  ...{ system: z.string(), lane: z.string(), kind: z.string(), verb: z.string(), key: z.string() },
  ...{ of: z.string(), request: z.string(), field: z.string() },
  ...{ text: z.string(), mend: z.string(), since: timeAnswer, latest: timeAnswer },
});

/** Of the last comparison of everything; what was mended since then is none any more. */
const DIFFERENCES = `
WITH latest AS
(
  SELECT system, lane, argMax(id, time) AS id FROM reconciliations WHERE kind = 'compared' AND full GROUP BY system, lane
)
SELECT
  system, lane, kind, verb, key, of, request, plant, line, asset, field, text, mend, since, time AS latest
FROM reconciliations FINAL
WHERE (system, lane, id) IN (SELECT system, lane, id FROM latest) AND kind != 'compared' AND NOT mended
ORDER BY since DESC, system, lane, kind, of, field
LIMIT ${MOST_OF_A_KIND + 1}`;

const findingRow = z.object({
  ...{ check: z.string(), plant: z.string(), entity: z.string(), system: z.string() },
  objects: z.array(z.string()),
  ...{ text: z.string(), proposal: z.string(), since: timeAnswer, latest: timeAnswer },
});

const FINDINGS = `
SELECT \`check\`, plant, entity, system, objects, text, proposal, since, time AS latest
FROM master_quality FINAL
WHERE \`check\` != 'counted'
  AND id = (SELECT argMax(id, time) FROM master_quality WHERE \`check\` = 'counted')
ORDER BY since DESC, \`check\`, text
LIMIT ${MOST_OF_A_KIND + 1}`;

const handlingRow = z.object({
  id: z.string(),
  state: z.enum(EXCEPTION_STATES),
  owner: z.string(),
  reason: z.string(),
  changed: timeAnswer,
});
type Handling = z.output<typeof handlingRow>;

/** Only what came by the console counts: it knows who may. */
const HANDLINGS = `
SELECT
  JSONExtractString(event.data, 'id') AS id,
  argMax(JSONExtractString(event.data, 'state'), (event.appended, event.sequence)) AS state,
  argMax(if(JSONExtractString(event.data, 'owner') = '', event.user, JSONExtractString(event.data, 'owner')), (event.appended, event.sequence)) AS owner,
  argMax(JSONExtractString(event.data, 'reason'), (event.appended, event.sequence)) AS reason,
  max(event.appended) AS changed
FROM machine_events AS event
WHERE event.type = '${EXCEPTION_EVENT}' AND event.kind = 'act' AND event.via = 'console'
  AND JSONExtractString(event.data, 'state') IN (${EXCEPTION_STATES.map((each) => `'${each}'`).join(', ')})
GROUP BY id`;

type Known = { readonly questions: Questions; readonly flow: FlowState };

export type FoundExceptions = {
  readonly exceptions: readonly Exception[];
  /** Kinds of which there are more than are listed. */
  readonly cut: readonly Exception['kind'][];
};

/** All exceptions, those that wait for somebody first, and of them the oldest. */
export async function exceptionsOf(
  known: Known,
  nameOf: (id: string) => Promise<string>,
): Promise<FoundExceptions> {
  const { questions, flow } = known;
  const [deliveries, letters, differences, findings, handlings, logs] = await Promise.all([
    deliveriesOf(known),
    questions.ask(letterRow, LETTERS),
    questions.ask(differenceRow, DIFFERENCES),
    questions.ask(findingRow, FINDINGS),
    questions.ask(handlingRow, HANDLINGS),
    flow.logs(),
  ]);
  const refused = deliveries.tasks
    .filter(({ fate }) => fate === 'refused')
    .map(ofRefusal)
    .toSorted((a, b) => Date.parse(b.since) - Date.parse(a.since));
  const lists = [
    letters.map(ofLetters),
    ...(['request', 'command'] as const).map((kind) => refused.filter((one) => one.kind === kind)),
    differences.map(ofDifference),
    findings.map(ofFinding),
  ];
  const found = lists.flatMap((list) => list.slice(0, MOST_OF_A_KIND));
  const tooLong = lists.flatMap((list) => list[MOST_OF_A_KIND]?.kind ?? []);
  // A log that is played again was stored today, but tells of another day: its end is no "now".
  const ends = logs.flatMap(({ latest, is_replay: isReplay }) => {
    return latest === null || isReplay ? [] : Date.parse(latest);
  });
  const stamps = [...letters.map(({ latest }) => latest), ...found.map(({ since }) => since)];
  const now = Math.max(...ends, ...stamps.map((each) => Date.parse(each)), 0);
  // What was handled once and is over stays in the table for years: nobody asks for it, or for names of it.
  const ids = new Set(found.map(({ id }) => id));
  const byId = new Map(handlings.filter(({ id }) => ids.has(id)).map((each) => [each.id, each]));
  const names = await namesOf([...byId.values()], nameOf);
  return {
    exceptions: found
      .map((each) => handled(each, byId.get(each.id), { names, now }))
      .toSorted((a, b) => rankOf(a) - rankOf(b) || Date.parse(a.since) - Date.parse(b.since)),
    cut: [...new Set([...deliveries.cut, ...tooLong])],
  };
}

function rankOf({ state }: Exception): number {
  return EXCEPTION_STATES.indexOf(state);
}

async function namesOf(
  handlings: readonly Handling[],
  nameOf: (id: string) => Promise<string>,
): Promise<ReadonlyMap<string, string>> {
  const owners = [...new Set(handlings.map(({ owner }) => owner))];
  return new Map(
    await Promise.all(owners.map(async (owner) => [owner, await nameOf(owner)] as const)),
  );
}

/** An exception as it stands. What happened after it was solved is a new one, of which nobody has taken care. */
function handled(
  found: Found,
  handling: Handling | undefined,
  { names, now }: { readonly names: ReadonlyMap<string, string>; readonly now: number },
): Exception {
  const ageSince = (since: string) => Math.max(0, (now - Date.parse(since)) / 1_000);
  const nobody = { state: 'open', owner: '', owner_name: '', reason: '' } as const;
  if (handling === undefined) {
    return { ...found, ...nobody, age_seconds: ageSince(found.since), again: false, changed: null };
  }
  const { state, owner, reason, changed } = handling;
  if (state === 'solved' && Date.parse(found.latest) > Date.parse(changed)) {
    const isNewer = Date.parse(found.since) > Date.parse(changed);
    const since = isNewer ? found.since : changed;
    return { ...found, ...nobody, since, age_seconds: ageSince(since), again: true, changed };
  }
  const held = state === 'open' ? nobody : { state, owner, owner_name: names.get(owner) ?? '' };
  return {
    ...{ ...found, ...held, reason, changed },
    ...{ age_seconds: ageSince(found.since), again: false },
  };
}

/** Subjects and assets name the machine; rules do not. */
function placeOf(source: string) {
  const [, plant = '', line = '', asset = ''] =
    /^(?:[a-z]+\.)([\w-]+)\.([\w-]+)\.([\w-]+)(?:\.|$)/.exec(source) ??
    /^([\w-]+)\/([\w-]+)\/([\w-]+)(?:\/|$)/.exec(source) ??
    [];
  return { plant, line, asset };
}

function ofLetters({ reason, source, detail, ...row }: z.output<typeof letterRow>): Found {
  return {
    id: `letters-${identity([reason, source])}`,
    kind: 'dead-letters',
    ...placeOf(source),
    ...{ request: '', what: reason, title: source, note: detail, stop_cost: null },
    ...row,
  };
}

function ofRefusal({ system, latest, held }: DeliveryTask): Found {
  const { kind, id, plant, line, asset, request, title, note, since, stop_cost } = held;
  return {
    ...{ id: `${kind}-${id}`, kind, plant, line, asset, request, title, note, stop_cost },
    ...{ what: system, count: 1, since },
    latest: latest === undefined ? since : new Date(latest.last).toISOString(),
  };
}

function ofDifference(row: z.output<typeof differenceRow>): Found {
  const { system, lane, kind, verb, key, of, field, text, mend, ...rest } = row;
  return {
    id: `difference-${identity([system, lane, kind, verb, key, of, field])}`,
    kind: 'difference',
    ...rest,
    ...{ what: `${system}, ${kind}`, title: text, note: mend, count: 1, stop_cost: null },
  };
}

function ofFinding(row: z.output<typeof findingRow>): Found {
  const { check, plant, entity, system, objects, text, proposal, since, latest } = row;
  return {
    id: `finding-${identity([check, entity, system, ...objects, text])}`,
    kind: 'master-data',
    ...{ plant, line: '', asset: '', request: '', what: check, title: text, note: proposal },
    ...{ count: 1, stop_cost: null, since, latest },
  };
}
