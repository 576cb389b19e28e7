/** What people do: each act is a message in the log, with who did it and what they had seen. */

import { z } from 'zod';
import { SEVERITIES } from '../../../operators/model/detector-rule.ts';
import type { ApiAct } from '../../base/api-roles.ts';
import { attestedRoles, isWithinReach, reachParameters } from '../access/visitor.ts';
import { ApiProblem } from '../api/api-problem.ts';
import {
  type ApiRoute,
  type Asked,
  parameterMilliseconds,
  route,
  timeParameter,
} from '../api/route.ts';
import { ALARMS, type AlarmEntry, alarmSchema } from './alarms.ts';
import { checkPhoto, photoName, photoPath } from './photos.ts';
import { assetInSight, assetPath, atPlace, requestName, type Services } from './services.ts';

const reason = z.string().max(1_000).describe('Why, in words.');
const aboutAlarms = {
  anomaly: z.string().min(1).max(64).describe('The anomaly of the alarm.'),
  seen: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe(
      'The revision of the anomaly that was on the screen: if it is worse by now, nothing is done.',
    ),
};
/** Which alarms of the asset are withheld: all, or fewer. */
const selection = {
  rule: z.string().max(64).optional().describe('Only of this rule; `*` stands for any letters.'),
  signal: z.string().max(64).optional().describe('Only of this signal.'),
  point: z.string().max(64).optional().describe('Only of this measuring point.'),
};

/** What every act is answered with. */
export const ACT_ANSWER = z.object({
  stream: z.string(),
  sequence: z.number().describe('Of the act in the log. `live` tells when it has landed.'),
});

export const ACT_HEADERS = {
  'Idempotency-Key':
    'Needed: 8 to 64 letters, digits, - and _, new for each act. The same key is the same act.',
};

type Asset = z.output<typeof assetPath>;
type Data = Readonly<Record<string, string | number | boolean | null | undefined>>;

type ActRoute<Body extends z.ZodType> = {
  readonly id: string;
  readonly path: string;
  readonly access: ApiAct;
  readonly summary: string;
  readonly body: Body;
  /** The machine event that it becomes. `roles`: in which ones the person may do this there, in one text. */
  readonly event: (
    body: z.output<Body>,
    roles: string,
    place: Asset,
  ) => { readonly type: string; readonly data: Data };
  /** Checks what the schema cannot. @throws ApiProblem */
  readonly check?: (body: z.output<Body>, place: Asset) => Promise<void>;
  /** What was seen of which anomaly. */
  readonly seen?: (body: z.output<Body>) => { anomaly: string; seen?: number | undefined };
};

export function actRoutes(services: Services): readonly ApiRoute[] {
  const act: DeclareAct = (declared) => actRoute(services, declared);
  return [...answers(act), ...words(act, services), ...suppressions(act)];
}

type DeclareAct = <Body extends z.ZodType>(declared: ActRoute<Body>) => ApiRoute;

/** What people say of an alarm, or of a machine. */
function answers(act: DeclareAct): readonly ApiRoute[] {
  return [
    act({
      id: 'acknowledge',
      path: 'acknowledgements',
      access: 'answer-alarms',
      summary: 'Acknowledges an alarm: somebody has seen it.',
      body: z.strictObject({ ...aboutAlarms, reason: reason.optional() }),
      event: ({ seen: _, ...data }) => ({ type: 'acknowledged', data }),
      seen: (body) => body,
    }),
    act({
      id: 'giveFeedback',
      path: 'feedback',
      access: 'answer-alarms',
      summary: 'Says whether an alarm was right.',
      body: z.strictObject({
        anomaly: aboutAlarms.anomaly,
        verdict: z.enum(['confirmed', 'false']),
        reason: reason.optional(),
      }),
      event: (data) => ({ type: 'feedback', data }),
    }),
    act({
      id: 'decide',
      path: 'decisions',
      access: 'decide-work',
      summary:
        'Answers what a workflow asks people. What nobody is asked, or somebody else, is a dead letter.',
      body: z.strictObject({
        request: z.string().min(1).max(64),
        step: z.string().min(1).max(64).describe('Of the workflow, which asks.'),
        decision: z.enum(['approve', 'refuse', 'keep', 'undo']),
        values: z
          .record(z.string().regex(/^[a-z][a-z0-9_]{0,63}$/), z.union([z.string(), z.number()]))
          .default({})
          .describe('What the steps behind it go by: its question says which.'),
      }),
      event: ({ values, ...data }, roles) => ({
        type: 'decision',
        data: { ...values, ...data, roles },
      }),
    }),
  ];
}

/** What people tell in their own words, perhaps with a photo that was kept before. */
function words(act: DeclareAct, services: Services): readonly ApiRoute[] {
  const photo = photoName.optional().describe('That was kept of this asset.');
  const check = (body: { readonly photo?: string | undefined }, place: Asset) =>
    checkPhoto(services, place, body.photo);
  const shown = (id: string | undefined, place: Asset) =>
    id === undefined ? {} : { photo: `${services.page}/#${photoPath(place, id)}` };
  return [
    act({
      id: 'report',
      path: 'reports',
      access: 'report',
      summary: 'Reports what was seen at the machine: a problem of its own, with a request.',
      body: z.strictObject({
        text: z.string().trim().min(3).max(4_000).describe('What was seen, heard or smelt.'),
        component: z.string().max(64).optional(),
        severity: z.enum(SEVERITIES).optional(),
        photo,
      }),
      check,
      event: ({ photo: id, ...data }, _roles, place) => ({
        type: 'report',
        data: { ...data, ...shown(id, place) },
      }),
    }),
    act({
      id: 'comment',
      path: 'comments',
      access: 'report',
      summary: 'Comments on a request of the asset: it stands in its story, and changes nothing.',
      body: z.strictObject({
        request: requestName,
        text: z.string().trim().min(1).max(4_000),
        photo,
      }),
      check: async (body, place) => {
        await check(body, place);
        await checkRequestOf(services, place, body.request);
      },
      event: ({ photo: id, ...data }, _roles, place) => ({
        type: 'comment',
        data: { ...data, ...shown(id, place) },
      }),
    }),
  ];
}

/** @throws ApiProblem where the asset has no such request */
async function checkRequestOf(
  { questions }: Services,
  { plant, line, asset }: Asset,
  id: string,
): Promise<void> {
  const rows = await questions.ask(
    z.object({ id: z.string() }),
    `SELECT id FROM current_requests
     WHERE id = {id:String} AND (plant, line, asset) = ({plant:String}, {line:String}, {asset:String})`,
    { plant, line, asset, id },
  );
  if (rows.length > 0) return;
  const detail = `request: expected a request of ${plant}/${line}/${asset}, found ${id}`;
  throw new ApiProblem('bad-request', detail);
}

/** What people withhold, and what they end withholding. */
function suppressions(act: DeclareAct): readonly ApiRoute[] {
  return [
    act({
      id: 'shelve',
      path: 'shelvings',
      access: 'shelve-alarms',
      summary:
        'Withholds alarms of the asset until a time. The reason is needed, and so is the end.',
      body: z.strictObject({ ...selection, until: timeParameter, reason: reason.min(3) }),
      event: ({ until, ...data }) => ({
        type: 'shelved',
        data: { ...data, until: parameterMilliseconds(until) },
      }),
    }),
    act({
      id: 'unshelve',
      path: 'shelvings/end',
      access: 'shelve-alarms',
      summary: 'Ends shelving before its time.',
      body: z.strictObject({ ...selection, reason: reason.optional() }),
      event: (data) => ({ type: 'unshelved', data }),
    }),
    act({
      id: 'takeOutOfService',
      path: 'outages',
      access: 'take-out-of-service',
      summary: 'Withholds alarms of the asset until somebody puts them back in service.',
      body: z.strictObject({ ...selection, reason: reason.min(3) }),
      event: (data) => ({ type: 'out_of_service', data }),
    }),
    act({
      id: 'putInService',
      path: 'outages/end',
      access: 'take-out-of-service',
      summary: 'Puts alarms back in service.',
      body: z.strictObject({ ...selection, reason: reason.optional() }),
      event: (data) => ({ type: 'in_service', data }),
    }),
  ];
}

function actRoute<Body extends z.ZodType>(services: Services, declared: ActRoute<Body>): ApiRoute {
  const { id, path, access, summary, body, event, seen, check } = declared;
  return route({
    ...{ id, access, summary },
    method: 'POST',
    path: `/assets/{plant}/{line}/{asset}/${path}`,
    tag: 'Acts',
    headers: ACT_HEADERS,
    pathSchema: assetPath,
    bodySchema: body,
    answer: ACT_ANSWER,
    status: 202,
    async handle(asked) {
      await assetInSight(services.models, asked.reach, asked.path);
      const key = actKeyOf(asked);
      const about = seen?.(asked.body);
      if (about !== undefined) await checkSeen(services, asked, about);
      const { visitor } = asked;
      if (visitor === undefined) throw new ApiProblem('not-signed-in', 'Sign in.');
      await check?.(asked.body, asked.path);
      const { plant, line } = asked.path;
      const roles = attestedRoles(visitor, access, plant, line);
      const { type, data } = event(asked.body, roles.join(' '), asked.path);
      const named = Object.entries(data).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, value] as const],
      );
      const { stream, sequence } = await services.acts.publish({
        ...asked.path,
        ...{ user: visitor.id, type, data: Object.fromEntries(named), key },
      });
      return { stream, sequence };
    },
  });
}

/** @throws ApiProblem where there is none */
export function actKeyOf({ header }: Pick<Asked<never, never, never>, 'header'>): string {
  const key = header('idempotency-key') ?? '';
  if (/^[A-Za-z0-9_-]{8,64}$/.test(key)) return key;
  const found = key === '' ? 'none' : JSON.stringify(key.slice(0, 80));
  throw new ApiProblem(
    'bad-request',
    `expected a header Idempotency-Key (8 to 64 letters), found ${found}`,
  );
}

/** Whoever acknowledged a warning has not seen the danger that it became. @throws ApiProblem with what is there now */
async function checkSeen(
  { questions }: Services,
  { path, reach }: Pick<Asked<Asset, never, never>, 'path' | 'reach'>,
  { anomaly, seen }: { readonly anomaly: string; readonly seen?: number | undefined },
): Promise<void> {
  if (seen === undefined || !isWithinReach(reach, path.plant, path.line)) return;
  const rows = await questions.ask(
    alarmSchema,
    `SELECT * FROM (${ALARMS}) WHERE anomaly = {id:String}`,
    {
      ...reachParameters(reach),
      ...atPlace(path).parameters,
      id: anomaly,
    },
  );
  const [now] = rows;
  if (now === undefined || now.revision <= seen) return;
  const severities = await questions.ask(
    z.object({ severity: z.string() }),
    'SELECT severity FROM anomalies FINAL WHERE id = {id:String} AND revision = {seen:UInt32} LIMIT 1',
    { id: anomaly, seen },
  );
  if (rankOf(now) <= rankOf(severities[0] ?? now)) return;
  const detail = `expected the alarm as it was seen, found that it is ${now.severity} by now. Look at it again.`;
  throw new ApiProblem('conflict', detail, { current: now });
}

function rankOf({ severity }: Pick<AlarmEntry, 'severity'>): number {
  return (SEVERITIES as readonly string[]).indexOf(severity);
}
