import type { Row } from '../operators/flow/flow.ts';
import type { Command } from '../operators/model/command.ts';
import type { Sequence } from '../operators/model/message.ts';
import type { Request } from '../operators/model/request.ts';
import type { EventTime } from '../operators/model/time.ts';

/** The rows of one table in one epoch, encoded once, so that a retry sends the very same bytes. */
export type Block = {
  readonly table: string;
  readonly format: 'Native' | 'JSONEachRow';
  readonly rows: number;
  readonly data: Uint8Array;
};

/** What the `epochs` table says of an epoch, beside its stream and run. */
export type EpochFacts = {
  readonly pipeline: string;
  readonly created: string;
  readonly epoch: number;
  readonly from: number;
  readonly to: number;
  readonly first_appended: EventTime;
  readonly last_appended: EventTime;
  readonly messages: number;
};

/** The rows of one epoch, table by table, encoded as they will be inserted. */
export interface Blocks {
  readonly rows: number;
  /** About how many bytes the blocks will have. */
  readonly bytes: number;
  /** `sequence` and `appended` are of the message that caused the row. */
  add(row: Row, sequence: Sequence, appended: EventTime): void;
  /** Adds the row of `epochs`. The last thing before `finish`: it counts the rows that are there. */
  addEpoch(facts: EpochFacts): void;
  /** A block for each table that has rows, and a clean sheet. The same rows in the same order give the same bytes. */
  finish(stream: string, run: string): readonly Block[];
}

/** A request revision as it is published: `content` is its JSON, byte for byte. */
export type RequestRevision = Pick<Request, 'id' | 'revision'> & { readonly content: string };

/** A command as it is published: `content` is its JSON, byte for byte. */
export type PublishedCommand = Pick<Command, 'id' | 'system'> & { readonly content: string };

/** Everything that one epoch decided. Written once, before any sink sees it. */
export type EpochContent = {
  readonly pipeline: string;
  readonly run: string;
  readonly stream: string;
  /** When the stream was created, as its server says it (ISO): another stream of the same name is another log. */
  readonly created: string;
  readonly epoch: number;
  readonly from: number;
  readonly to: number;
  readonly blocks: readonly Block[];
  readonly revisions: readonly RequestRevision[];
  /** Those that are to be sent. */
  readonly commands: readonly PublishedCommand[];
};

/**
 * A place outside that epochs are carried out to, in order, each with its own cursor.
 *
 * `write` must be idempotent: after a crash or a lost answer the same content comes again. It resolves when the
 * content is safe outside. It rejects with a `RefusedError` when the world says that this content is wrong and
 * would be wrong again (the block is put aside, the cursor goes on), and with anything else when it should be tried
 * again later.
 */
export interface Sink {
  readonly name: string;
  /** Several epochs may come as one content: worth it where each write costs much, however small it is. */
  readonly takesBatches: boolean;
  write(content: EpochContent, signal: AbortSignal): Promise<void>;
}

/** The deduplication token of one block: the same range of the same log gives the same token, for ever. */
export function tokenOf(
  content: Omit<EpochContent, 'blocks' | 'revisions' | 'commands'>,
  table: string,
): string {
  const { pipeline, run, created, from, to } = content;
  return `${pipeline}/${run}/${created}/${from}-${to}/${table}`;
}

/** The world said that these parts are wrong, and would say so again. Nothing is gained by a retry. */
export class RefusedError extends Error {
  override name = 'RefusedError' as const;
  /** Names of the refused blocks (tables), or of the refused revisions and commands. */
  readonly parts: readonly string[];

  constructor(message: string, parts: readonly string[], options?: ErrorOptions) {
    super(message, options);
    this.parts = parts;
  }
}
