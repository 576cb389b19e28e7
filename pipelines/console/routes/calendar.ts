/** Proposed and agreed stops of a plant as a calendar, which calendar programs fetch by themselves. */

import { z } from 'zod';
import { reachParameters, withinReach } from '../access/visitor.ts';
import { type ApiRoute, nameParameter, route, SpecialAnswer, timeAnswer } from '../api/route.ts';
import { type CalendarEntry, calendarText } from '../data/calendar-text.ts';
import { plantInSight, type Services } from './services.ts';

const CALENDAR = 'text/calendar';
/** Entries that are given at most. */
const MOST = 2_000;

const stopRow = z.object({
  ...{ id: z.string(), start: timeAnswer, end: timeAnswer, said: timeAnswer },
  ...{ title: z.string(), text: z.string(), line: z.string(), asset: z.string() },
  agreed: z.coerce.boolean(),
  request: z.string(),
});

/** Slots of open requests, and what the schedule has as stops for work. */
const STOPS = `
SELECT id, start, \`end\`, said, title, text, line, asset, agreed, request
FROM
(
  SELECT
    concat('request-', request.id) AS id, assumeNotNull(request.slot_start) AS start, assumeNotNull(request.slot_end) AS \`end\`,
    request.time AS said, request.title AS title, JSONExtractString(request.request, 'because') AS text,
    request.plant AS plant, request.line AS line, request.asset AS asset,
    times.status IN ('accepted', 'scheduled', 'started', 'completed', 'closed') AS agreed, request.id AS request
  FROM open_requests AS request
  LEFT JOIN request_times AS times ON request.id = times.id
  WHERE request.slot_start IS NOT NULL AND request.slot_end IS NOT NULL
  UNION ALL
  SELECT
    concat('schedule-', plant, '-', line, '-', id), start, \`end\`, start, concat(kind, ' ', id), arrayStringConcat(assets, ', '),
    toString(plant), toString(line), '', true, ''
  FROM planned_now
  WHERE kind IN ('maintenance', 'planned-stop')
)
WHERE plant = {plant:String} AND ({line:String} = '' OR line = {line:String}) AND ${withinReach()}
  AND \`end\` > now() - INTERVAL 30 DAY AND start < now() + INTERVAL 90 DAY
ORDER BY start, id
LIMIT ${MOST}`;

export function calendarRoutes({ models, questions, page }: Services): readonly ApiRoute[] {
  return [
    route({
      id: 'getStopCalendar',
      method: 'GET',
      path: '/plants/{plant}/stops.ics',
      tag: 'Plants',
      access: 'view-plant',
      keyInQuery: true,
      summary:
        'Stops as a calendar (iCalendar): slots of open requests, proposed (TENTATIVE) or agreed, and stops of the schedule; 30 days back, 90 ahead.',
      pathSchema: z.object({ plant: nameParameter }),
      querySchema: z.object({
        line: nameParameter.optional().describe('Only of this line.'),
        key: z
          .string()
          .max(200)
          .optional()
          .describe('Of a program: for calendars, which send no headers. Let it be a viewer.'),
      }),
      answerTypes: [CALENDAR],
      async handle({ reach, path: { plant }, query: { line = '' } }) {
        const { model } = await plantInSight(models, reach, plant);
        const parameters = { ...reachParameters(reach), plant, line };
        const rows = await questions.ask(stopRow, STOPS, parameters);
        const entries = rows.map((row): CalendarEntry => {
          const { id, title, text, agreed, request } = row;
          const place = `${row.line}${row.asset === '' ? '' : `/${row.asset}`}`;
          const url = page === '' || request === '' ? '' : `${page}/#/requests/${request}`;
          return {
            ...{ id, title, agreed, url, text: `${place}\n${text}` },
            ...{ start: Date.parse(row.start), end: Date.parse(row.end) },
            said: Date.parse(row.said),
          };
        });
        const bytes = Buffer.from(calendarText(`${model.name ?? plant}: stops`, entries));
        return new SpecialAnswer({ body: bytes, type: `${CALENDAR}; charset=utf-8` });
      },
    }),
  ];
}
