/** Every route of the API, in the order of its documentation. */

import { z } from 'zod';
import { type ApiRoute, route } from '../api/route.ts';
import { actRoutes } from './act-routes.ts';
import { alarmSystemRoutes } from './alarm-system.ts';
import { alarmRoutes } from './alarms.ts';
import { auditRoutes } from './audit.ts';
import { calendarRoutes } from './calendar.ts';
import { exceptionRoutes } from './exceptions.ts';
import { feedRoutes } from './feed.ts';
import { figureRoutes } from './figures.ts';
import { healthRoutes } from './health.ts';
import { machineRoutes } from './machines.ts';
import { masterDataRoutes } from './master-data.ts';
import { photoRoutes } from './photos.ts';
import { plantRoutes } from './plants.ts';
import { recordRoutes } from './records.ts';
import { requestRoutes } from './requests.ts';
import { ruleCheckRoutes } from './rule-checks.ts';
import { rulePauseRoutes } from './rule-pauses.ts';
import { ruleRoutes } from './rules.ts';
import type { Services } from './services.ts';
import { sessionRoutes } from './session.ts';
import { signOnRoutes } from './sign-on-routes.ts';
import { situationRoutes } from './situation.ts';
import { waveformRoutes } from './waveforms.ts';

/** The path of the stream of changes, which answers with events and not with JSON. */
export const LIVE_PATH = '/live';

const liveRoute: ApiRoute = {
  id: 'followChanges',
  method: 'GET',
  path: LIVE_PATH,
  tag: 'Changes',
  access: 'view-plant',
  summary:
    'Server-sent events: `change` names what rows that landed are about, `reset` says that everything has to be read anew. ' +
    'The id of an event is its sequence in ANDON_LIVE: with `Last-Event-ID` the stream goes on where it broke off.',
  querySchema: z.object({
    after: z.coerce
      .number()
      .int()
      .min(0)
      .optional()
      .describe('Instead of the header Last-Event-ID.'),
  }),
  headers: { 'Last-Event-ID': 'The id of the last event that was received.' },
};

export function routesOf(services: Services, describe: () => object): readonly ApiRoute[] {
  return [
    ...sessionRoutes(services),
    ...signOnRoutes(services),
    ...plantRoutes(services),
    ...figureRoutes(services),
    ...calendarRoutes(services),
    ...masterDataRoutes(services),
    ...situationRoutes(services),
    ...machineRoutes(services),
    ...waveformRoutes(services),
    ...alarmRoutes(services),
    ...alarmSystemRoutes(services),
    ...requestRoutes(services),
    ...recordRoutes(services),
    ...ruleRoutes(services),
    ...ruleCheckRoutes(services),
    ...healthRoutes(services),
    ...exceptionRoutes(services),
    ...auditRoutes(services),
    ...actRoutes(services),
    ...photoRoutes(services),
    ...rulePauseRoutes(services),
    liveRoute,
    ...feedRoutes(services),
    route({
      id: 'getDescription',
      method: 'GET',
      path: '/openapi.json',
      tag: 'Changes',
      access: 'everybody',
      summary: 'This description.',
      answer: z.record(z.string(), z.unknown()),
      handle: async () => describe(),
    }),
  ];
}
