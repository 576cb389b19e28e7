/** What happens, for programs that follow it over HTTP: the events of the feed that are within reach, from a place on. */

import { z } from 'zod';
import { FEED_KINDS, FEED_STREAM, type FeedKind } from '../../../sinks/feed.ts';
import { isWithoutStream } from '../../nats/streams.ts';
import { isWithinReach } from '../access/visitor.ts';
import { ApiProblem } from '../api/api-problem.ts';
import { type ApiRoute, nameParameter, route } from '../api/route.ts';
import { feedEntrySchema } from '../data/feed-reader.ts';
import type { Services } from './services.ts';

type FeedEntry = z.output<typeof feedEntrySchema>;
const kinds = Object.keys(FEED_KINDS) as [FeedKind, ...FeedKind[]];

/** Messages that one question looks at: those of others are passed over. */
const MOST_LOOKED_AT = 1_000;

export function feedRoutes({ feed }: Services): readonly ApiRoute[] {
  return [
    route({
      id: 'getFeed',
      method: 'GET',
      path: '/feed',
      tag: 'Changes',
      access: 'view-plant',
      summary:
        'What happens, as CloudEvents, oldest first, from a place on. A page may be empty, and a next one is always there: ask again.',
      querySchema: z.object({
        after: z
          .string()
          .regex(/^\d{1,15}$/, 'expected `next` of a page')
          .optional()
          .describe('`next` of the page before; without it from the oldest that is kept.'),
        limit: z.coerce.number().int().min(1).max(500).default(100),
        kind: z.enum(kinds).optional().describe('Only of this kind.'),
        plant: nameParameter.optional().describe('Only of this plant.'),
      }),
      answer: z.object({
        entries: z.array(feedEntrySchema),
        next: z.string().describe('Where to go on.'),
      }),
      async handle({ reach, query }) {
        const { after = '0', limit, kind, plant = '' } = query;
        let last = Number(after);
        const entries: FeedEntry[] = [];
        try {
          for (let looked = 0; looked < MOST_LOOKED_AT && entries.length < limit; looked += 1) {
            const found = await feed.next(last + 1, kind, plant);
            if (found === undefined) break;
            last = found.sequence;
            const [of = '', line = ''] = found.subject.split('/');
            if (isWithinReach(reach, of, line)) entries.push(found);
          }
        } catch (error) {
          if (!isWithoutStream(error)) throw error;
          const detail = `expected the stream ${FEED_STREAM}, found none. Set feed in the configuration of the workers.`;
          throw new ApiProblem('away', detail, { after: 60 });
        }
        return { entries, next: String(last) };
      },
    }),
  ];
}
