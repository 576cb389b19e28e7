/** Reads the feed message by message: who may only read makes no consumers. */

import type { NatsConnection } from '@nats-io/transport-node';
import { z } from 'zod';
import { FEED_STREAM, type FeedKind, feedSubject } from '../../../sinks/feed.ts';
import { streamIn, streamManager, subjectIn, subjectOutOf } from '../../nats/jetstream.ts';

export const feedEntrySchema = z.object({
  ...{ specversion: z.string(), id: z.string().describe('The same for a repeat.') },
  ...{ source: z.string(), type: z.string().describe('andon.<kind>.v1'), subject: z.string() },
  ...{ time: z.iso.datetime(), datacontenttype: z.string() },
  sequence: z.number().describe('In the stream.'),
  data: z.unknown(),
});
type FeedEntry = z.output<typeof feedEntrySchema>;

/** The stream of the feed, message by message. */
export interface FeedReader {
  /** The first message at or behind a sequence; undefined at the end. @throws where there is no stream */
  next(sequence: number, kind: FeedKind | undefined, plant: string): Promise<FeedEntry | undefined>;
}

export function createFeedReader(connection: NatsConnection): FeedReader {
  return {
    async next(sequence, kind, plant) {
      const { streams } = await streamManager(connection);
      const subject = feedSubject(`${plant === '' ? '*' : plant}.*.*`, kind ?? '*');
      const stored = await streams.getMessage(streamIn(connection, FEED_STREAM), {
        ...{ seq: sequence, next_by_subj: subjectIn(connection, subject) },
      });
      if (stored === null) return undefined;
      const field = (name: string) => stored.header.get(`ce-${name}`);
      const [, , of = '', line = '', asset = ''] = subjectOutOf(connection, stored.subject).split(
        '.',
      );
      return {
        ...{ specversion: field('specversion'), id: field('id'), source: field('source') },
        ...{ type: field('type'), subject: `${of}/${line}/${asset}`, time: field('time') },
        ...{ datacontenttype: 'application/json', sequence: stored.seq },
        data: JSON.parse(stored.string()) as unknown,
      };
    },
  };
}
