/** Where the book of notices is kept: one entry of the ledger for each document, changed by compare-and-set only. */

import type { KV } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import type { z } from 'zod';
import { EXIT, Problem } from '../../base/problem.ts';
import { bucketIn, findBucket, openBucket, type StoreOptions } from '../../nats/streams.ts';
import { idsIn, removeEntry } from '../ledger.ts';
import {
  channelEntrySchema,
  emptyBook,
  messageEntrySchema,
  type NoticeBook,
  problemEntrySchema,
} from './book.ts';

/** The documents of a book, by what they are. */
export type NoticeKind = keyof NoticeBook;

type Documents = {
  readonly [K in NoticeKind]: NoticeBook[K] extends Map<string, infer E> ? E : never;
};

export interface NoticeStore {
  load(): Promise<NoticeBook>;
  /** Rejects when somebody else has changed it. */
  put<K extends NoticeKind>(kind: K, key: string, document: Documents[K]): Promise<void>;
  remove(kind: NoticeKind, key: string): Promise<void>;
}

const SCHEMAS: { readonly [K in NoticeKind]: z.ZodType<Documents[K]> } = {
  problems: problemEntrySchema,
  messages: messageEntrySchema,
  channels: channelEntrySchema,
};
const KINDS = Object.keys(SCHEMAS) as NoticeKind[];

/** Of a system that tells people. */
export async function openNoticeStore(
  connection: NatsConnection,
  system: string,
  options: StoreOptions = {},
): Promise<NoticeStore> {
  const bucket = await openBucket(connection, 'ledger', options);
  const versions = new Map<string, number>();
  const keyOf = (kind: NoticeKind, key: string) => `notice.${system}.${kind}.${key}`;
  return {
    load: () => loadBook(connection, bucket, system, (key, version) => versions.set(key, version)),
    async put(kind, key, document) {
      const name = keyOf(kind, key);
      const previousSeq = versions.get(name) ?? 0;
      versions.set(name, await bucket.put(name, JSON.stringify(document), { previousSeq }));
    },
    async remove(kind, key) {
      await removeEntry(connection, keyOf(kind, key));
      versions.delete(keyOf(kind, key));
    },
  };
}

/** For whoever only looks; empty where nobody was told anything yet. */
export async function readNotices(connection: NatsConnection, system: string): Promise<NoticeBook> {
  const bucket = await findBucket(connection, 'ledger');
  return bucket === undefined ? emptyBook() : loadBook(connection, bucket, system, () => undefined);
}

async function loadBook(
  connection: NatsConnection,
  bucket: KV,
  system: string,
  onVersion: (key: string, version: number) => void,
): Promise<NoticeBook> {
  const book = emptyBook();
  for (const kind of KINDS) {
    const prefix = `notice.${system}.${kind}.`;
    for (const key of await idsIn(connection, 'ledger', prefix, '*')) {
      const found = await bucket.get(`${prefix}${key}`);
      if (found === null || found.operation !== 'PUT') continue;
      onVersion(`${prefix}${key}`, found.revision);
      const parsed = SCHEMAS[kind].safeParse(found.json());
      if (!parsed.success) throw unreadable(bucketIn(connection, 'ledger'), `${prefix}${key}`);
      (book[kind] as Map<string, unknown>).set(key, parsed.data);
    }
  }
  return book;
}

function unreadable(bucket: string, key: string): Problem {
  return new Problem({
    where: `${bucket}, ${key}`,
    expected: 'what people were told',
    found: 'an entry that is damaged, or of another version',
    remedy: `Remove it: nats kv del ${bucket} ${key}. Then people may be told once more.`,
    exit: EXIT.outside,
  });
}
