import type { Request } from '../operators/model/request.ts';

/** The rows of one table in one epoch, encoded once, so that a retry sends the very same bytes. */
export type Block = {
  readonly table: string;
  readonly format: 'Native' | 'JSONEachRow';
  readonly rows: number;
  readonly data: Uint8Array;
};

/** A request revision as it is published: `content` is its JSON, byte for byte. */
export type Revision = Pick<Request, 'id' | 'revision'> & { readonly content: string };

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
  readonly revisions: readonly Revision[];
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
  write(content: EpochContent, signal: AbortSignal): Promise<void>;
}

/** The deduplication token of one block: the same range of the same log gives the same token, for ever. */
export function tokenOf(
  content: Omit<EpochContent, 'blocks' | 'revisions'>,
  table: string,
): string {
  const { pipeline, run, created, from, to } = content;
  return `${pipeline}/${run}/${created}/${from}-${to}/${table}`;
}
