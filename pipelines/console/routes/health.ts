/** How the pipeline is: flow from the log to the sinks, systems with what waits for them, and what left the main way. */

import { z } from 'zod';
import { Problem } from '../../base/problem.ts';
import { ApiProblem } from '../api/api-problem.ts';
import { type ApiRoute, route, timeAnswer } from '../api/route.ts';
import { type DeliveryTask, deliveriesOf, heldSchema } from '../data/deliveries.ts';
import type { LogEnd, Resend } from '../data/flow-state.ts';
import type { Services } from './services.ts';

const count = z.coerce.number();

const landedRow = z.object({
  stream: z.string(),
  landed: count,
  appended: timeAnswer,
  messages_per_second: z.number(),
  rows_per_second: z.number(),
  epoch_seconds: z.number(),
});

const flowSchema = z.object({
  stream: z.string().describe('Partition of the log.'),
  messages: z.number().describe('That the log holds.'),
  last_sequence: z.number(),
  latest: timeAnswer.nullable().describe('When its latest message was stored.'),
  bytes: z.number(),
  is_replay: z.boolean(),
  landed: z.number().describe('The latest message whose epoch is in ClickHouse; 0: none.'),
  backlog: z.number().describe('Messages that have not landed.'),
  appended: timeAnswer.nullable().describe('Append time of the latest one that landed.'),
  lag_seconds: z.number().nullable().describe('How old what lands is; null in a replay.'),
  messages_per_second: z.number().describe('Over the latest five minutes of append time.'),
  rows_per_second: z.number(),
  epoch_seconds: z.number().describe('Mean length of an epoch.'),
});

const systemSchema = z.object({
  system: z
    .string()
    .describe(
      'The CMMS that took requests, `cmms` before one did; or a system that takes commands.',
    ),
  waiting: z.number(),
  done: z.number().describe('Of the latest five hundred.'),
  refused: z.number(),
  failures: z
    .number()
    .describe('Answers in a row that were neither a yes nor a no: the most of one.'),
  attempts: z.number(),
  oldest: timeAnswer.nullable().describe('Since when the oldest waits.'),
  latest: z
    .object({ time: timeAnswer, what: z.string(), outcome: z.string(), note: z.string() })
    .nullable()
    .describe('The latest attempt.'),
  holds: z.array(heldSchema).describe('What waits, the oldest first; at most fifty.'),
});

const letterRow = z.object({
  reason: z.string(),
  day: count.describe('In the latest day of the log.'),
  month: count.describe('In the latest thirty days.'),
  latest: timeAnswer,
  stages: z.array(z.string()),
  sources: z.array(z.string()).describe('The three that it came from most.'),
  detail: z.string().describe('Of the latest.'),
  originals: z.array(z.string()).describe('Of the latest: the first three, shortened.'),
});

const sensorRow = z.object({
  ...{ plant: z.string(), line: z.string(), asset: z.string(), signal: z.string() },
  verdict: z.string().describe('silent, thin or still.'),
  silent_seconds: z.number(),
  latest_time: timeAnswer,
});

const healthSchema = z.object({
  flow: z.array(flowSchema),
  systems: z.array(systemSchema),
  refused: z
    .array(heldSchema)
    .describe('What a system said no to, the newest first; at most fifty.'),
  dead_letters: z.array(letterRow),
  sensors: z
    .array(sensorRow)
    .describe('That are not well, the longest silent first; at most fifty.'),
});

const LANDED = `
SELECT
  stream, max(last_sequence) AS landed, max(last_appended) AS appended,
  sumIf(messages, recent) / greatest(1, span) AS messages_per_second,
  sumIf(rows, recent) / greatest(1, span) AS rows_per_second,
  ifNull(avgIf(dateDiff('millisecond', first_appended, last_appended) / 1000, recent), 0) AS epoch_seconds,
  dateDiff('millisecond', minIf(first_appended, recent), max(last_appended)) / 1000 AS span
FROM
(
  SELECT
    *, last_appended > max(last_appended) OVER (PARTITION BY stream) - INTERVAL 5 MINUTE AS recent
  FROM epochs
)
GROUP BY stream`;

const LETTERS = `
SELECT
  reason, sumIf(letter.count, letter.appended > newest - INTERVAL 1 DAY) AS day, sum(letter.count) AS month,
  max(letter.appended) AS latest, groupUniqArray(5)(toString(letter.stage)) AS stages,
  topKWeighted(3)(toString(letter.source), letter.count) AS sources,
  argMax(letter.detail, letter.appended) AS detail, argMax(letter.originals, letter.appended) AS originals
FROM (SELECT *, (SELECT max(appended) FROM dead_letters) AS newest FROM dead_letters) AS letter
WHERE letter.appended > newest - INTERVAL 30 DAY
GROUP BY reason
ORDER BY day DESC, month DESC, reason`;

const SENSORS = `
SELECT plant, line, asset, signal, verdict, silent_seconds, latest_time
FROM sensor_health WHERE verdict != 'well'
ORDER BY silent_seconds DESC, plant, line, asset, signal
LIMIT 50`;

export function healthRoutes(services: Services): readonly ApiRoute[] {
  return [
    route({
      id: 'getHealth',
      method: 'GET',
      path: '/health',
      tag: 'Data',
      access: 'view-exceptions',
      summary:
        'Flow, systems with what waits for them, dead letters by reason, sensors that are not well.',
      answer: healthSchema,
      handle: () => healthOf(services),
    }),
    resendRoute(services, 'request'),
    resendRoute(services, 'command'),
  ];
}

async function healthOf(services: Services): Promise<z.output<typeof healthSchema>> {
  const { questions, flow } = services;
  const [logs, landed, letters, sensors, { tasks }] = await Promise.all([
    flow.logs(),
    questions.ask(landedRow, LANDED),
    questions.ask(letterRow, LETTERS),
    questions.ask(sensorRow, SENSORS),
    deliveriesOf(services),
  ]);
  return {
    flow: logs.map((log) =>
      flowOf(
        log,
        landed.find(({ stream }) => stream === log.stream),
      ),
    ),
    systems: [...new Set(tasks.map(({ system }) => system))].map((system) =>
      systemOf(
        system,
        tasks.filter((task) => task.system === system),
      ),
    ),
    refused: tasks
      .filter(({ fate }) => fate === 'refused')
      .map(({ held }) => held)
      .toSorted((a, b) => (a.since < b.since ? 1 : -1))
      .slice(0, MOST_HELD),
    dead_letters: letters,
    sensors,
  };
}

function flowOf(log: LogEnd, row: z.output<typeof landedRow> | undefined) {
  const { stream: _, ...landed } = row ?? {
    ...{ stream: '', landed: 0, appended: null, messages_per_second: 0 },
    ...{ rows_per_second: 0, epoch_seconds: 0 },
  };
  const backlog = Math.max(0, log.last_sequence - landed.landed);
  const behind =
    log.latest === null || landed.appended === null
      ? null
      : Math.max(0, (Date.parse(log.latest) - Date.parse(landed.appended)) / 1_000);
  const lag = backlog === 0 ? 0 : behind;
  return { ...log, ...landed, backlog, lag_seconds: log.is_replay ? null : lag };
}

const MOST_HELD = 50;

function systemOf(system: string, tasks: readonly DeliveryTask[]): z.output<typeof systemSchema> {
  const waiting = tasks
    .filter(({ fate }) => fate === 'waiting')
    .toSorted((a, b) => (a.held.since < b.held.since ? -1 : 1));
  const latest = tasks
    .flatMap((task) => task.latest ?? [])
    .reduce<DeliveryTask['latest']>(
      (last, each) => (last !== undefined && last.last >= each.last ? last : each),
      undefined,
    );
  return {
    system,
    waiting: waiting.length,
    done: tasks.filter(({ fate }) => fate === 'done').length,
    refused: tasks.filter(({ fate }) => fate === 'refused').length,
    failures: Math.max(0, ...tasks.map(({ failures }) => failures)),
    attempts: tasks.reduce((sum, { attempts }) => sum + attempts, 0),
    oldest: waiting[0]?.held.since ?? null,
    latest:
      latest === undefined
        ? null
        : {
            time: new Date(latest.last).toISOString(),
            ...{ what: latest.what, outcome: latest.outcome, note: latest.note },
          },
    holds: waiting.slice(0, MOST_HELD).map(({ held }) => held),
  };
}

const resendPath = z.object({
  id: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'expected an id of letters, digits, - and _'),
});

function resendRoute({ flow, questions }: Services, kind: Resend['kind']): ApiRoute {
  const isRequest = kind === 'request';
  return route({
    id: isRequest ? 'resendRequest' : 'resendCommand',
    method: 'POST',
    path: `/${kind}s/{id}/resends`,
    tag: 'Acts',
    access: 'resend',
    summary: `Has a ${kind} sent again: what is there already is changed, not doubled. Asking twice is asking once.`,
    pathSchema: resendPath,
    bodySchema: z.strictObject({
      reason: z.string().max(1_000).optional().describe('Why, for the audit stream.'),
    }),
    answer: z.object({ id: z.string() }),
    status: 202,
    async handle({ path, body, visitor }) {
      if (visitor === undefined) throw new ApiProblem('not-signed-in', 'Sign in.');
      try {
        await flow.resend({ kind, id: path.id, user: visitor.id, reason: body.reason });
      } catch (error) {
        if (error instanceof Problem) throw new ApiProblem('not-found', error.message);
        throw error;
      }
      questions.forget();
      return { id: path.id };
    },
  });
}
