/** Who did what with the installation: the entries of the audit stream, with names and reasons. */

import { z } from 'zod';
import { pageParameters, pageSchemaOf } from '../api/page.ts';
import { type ApiRoute, route } from '../api/route.ts';
import { personNameOf, type Services } from './services.ts';

const entrySchema = z.object({
  n: z.number().describe('Number of the entry in the chain.'),
  appended: z.iso.datetime().describe('When the broker took it.'),
  time: z.iso.datetime().describe('When it was written, by the clock of the writer.'),
  who: z.string().describe('Opaque id of whoever acted.'),
  name: z.string().describe('Of the person; empty where none is known, or where it was erased.'),
  via: z.string().describe('Role that attests it.'),
  act: z.string(),
  step: z.enum(['intent', 'done', 'failed']),
  of: z.number().nullable().describe('Entry of the intent that this is the end of.'),
  what: z.string().describe('What it was done to.'),
  place: z
    .object({ stream: z.string(), created: z.string().nullable(), sequence: z.number() })
    .nullable()
    .describe('The message of the log that it is about.'),
  before: z.string().nullable().describe('sha256 of what was there.'),
  after: z.string().nullable().describe('sha256 of what is there now.'),
  reason: z.string().nullable().describe('In their words; null where none is kept.'),
  previous: z.string().describe('sha256 of the entry before.'),
  sha256: z.string().describe('Of all bytes of this one.'),
});

const cursor = z
  .string()
  .regex(/^\d{1,15}$/, 'expected `next` of a page')
  .optional()
  .describe('`next` of the page before.');

export function auditRoutes(services: Services): readonly ApiRoute[] {
  return [
    route({
      id: 'getAudit',
      method: 'GET',
      path: '/audit',
      tag: 'Data',
      access: 'read-audit',
      summary:
        'Who did what with the installation, newest first. A page may have few entries, or none, and a next one. ' +
        '`andon audit verify` checks the chain itself.',
      querySchema: z.object({
        limit: pageParameters.limit,
        cursor,
        who: z.string().max(32).optional().describe('Only of this person, by the opaque id.'),
        act: z.string().max(64).optional().describe('Only this act.'),
        what: z.string().max(256).optional().describe('Only what was done to this.'),
      }),
      answer: pageSchemaOf(entrySchema),
      async handle({ query }) {
        const { limit, cursor: at, who = '', act = '', what = '' } = query;
        const below = at === undefined ? undefined : Number(at);
        const asked = { below, most: limit, who, act, what };
        const { entries, next } = await services.flow.audit(asked);
        const people = [...new Set(entries.map((each) => each.who))];
        const names = await Promise.all(people.map((id) => personNameOf(services, id)));
        const found = entries.map(async ({ id: _, reason: kept, ...entry }) => {
          // Names and reasons can be erased: so they are nowhere but where they are kept.
          const reason = kept === null ? undefined : await services.flow.reasonOf(kept);
          return { ...entry, name: names[people.indexOf(entry.who)] ?? '', reason: reason ?? null };
        });
        return { entries: await Promise.all(found), next: next === null ? null : String(next) };
      },
    }),
  ];
}
