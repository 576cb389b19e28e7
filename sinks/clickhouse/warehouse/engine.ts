// chDB, the ClickHouse engine inside of this process: connections, statements, and its errors.

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

declare const handle: unique symbol;
type Handle = { readonly [handle]: 'connection' };
type StreamHandle = { readonly [handle]: 'stream' };
type Result = { readonly bytes: Buffer; readonly rowsRead: number; readonly bytesRead: number };
type Inserted = { readonly rowsWritten: number; readonly bytesWritten: number };
type Chunk = { readonly done: boolean; readonly bytes: Buffer };

/** The parts of chDB's native addon that are used. Its public API neither streams bytes nor counts what is written. */
type Native = {
  CreateConnection(path: string, args?: readonly string[]): Handle;
  CloseConnection(connection: Handle): void;
  QueryAsyncConnection(connection: Handle, sql: string, format: string): Promise<Result>;
  InsertRawAsyncConnection(
    connection: Handle,
    statement: string,
    data: Uint8Array,
    countLines: boolean,
  ): Promise<Inserted>;
  StreamQuery(connection: Handle, sql: string, format: string): StreamHandle;
  StreamFetch(stream: StreamHandle): Promise<Chunk>;
  StreamCancel(stream: StreamHandle): void;
};

/** One connection, for one statement at a time. Its settings, database and parameters end with it. */
export interface Connection {
  query(sql: string, format: string): Promise<Result>;
  /** An INSERT without data in its text; says what it wrote, deduplicated or not. */
  insert(sql: string): Promise<{ readonly written: number; readonly bytes: number }>;
  /** Pieces of a result, each in the format on its own: only for formats that can be strung together. */
  stream(sql: string, format: string): AsyncGenerator<Buffer>;
  /** Never while something runs on it: that would end the engine. */
  close(): void;
}

export interface ClickHouseEngine {
  connect(): Connection;
  close(): void;
}

/** Opens a data directory, which only one process can do at a time. `args` are those of a ClickHouse server. */
export function openEngine(directory: string, args: readonly string[]): ClickHouseEngine {
  const native = loadNative();
  // The server below all connections lives as long as one of them: this one stays open.
  const first = native.CreateConnection(directory, args);
  return {
    connect: () => connect(native, native.CreateConnection(directory)),
    close: () => native.CloseConnection(first),
  };
}

function loadNative(): Native {
  const require = createRequire(import.meta.url);
  const loader = join(dirname(require.resolve('chdb/package.json')), 'dist', 'loader.js');
  const { loadNative } = require(loader) as { loadNative(): Native };
  return loadNative();
}

function connect(native: Native, connection: Handle): Connection {
  const asEngineError = (cause: unknown): never => {
    throw engineError(cause);
  };
  return {
    query: (sql, format) =>
      native.QueryAsyncConnection(connection, sql, format).catch(asEngineError),
    insert: (sql) =>
      native
        .InsertRawAsyncConnection(connection, sql, new Uint8Array(), false)
        .then(({ rowsWritten, bytesWritten }) => ({ written: rowsWritten, bytes: bytesWritten }))
        .catch(asEngineError),
    async *stream(sql, format) {
      let stream: StreamHandle | undefined;
      try {
        stream = native.StreamQuery(connection, sql, format);
        for (;;) {
          const { done, bytes } = await native.StreamFetch(stream);
          if (done) return;
          yield bytes;
        }
      } catch (cause) {
        throw engineError(cause);
      } finally {
        if (stream !== undefined) native.StreamCancel(stream);
      }
    },
    close: () => native.CloseConnection(connection),
  };
}

/** What the engine said, as ClickHouse says it: `Code: 60. DB::Exception: … (UNKNOWN_TABLE)`. */
export class EngineError extends Error {
  override name = 'EngineError' as const;
  readonly code: number;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = Number(/^Code: (\d+)\./.exec(message)?.[1] ?? 1002);
  }
}

/** An error of ours in the words of the engine. Codes are those of ClickHouse's ErrorCodes.cpp. */
export function clickHouseError(code: number, name: string, message: string): EngineError {
  return new EngineError(`Code: ${code}. DB::Exception: ${message} (${name})`);
}

/** The engine wraps its own message once more when a query fails while it runs. */
export function engineError(cause: unknown): EngineError {
  const message = cause instanceof Error ? cause.message : String(cause);
  const wrapped = /^Code: \d+\. DB::Exception: (Code: \d+\. DB::Exception: [\s\S]*)$/.exec(message);
  const said = wrapped?.[1] ?? message;
  const text = /^Code: \d+\./.test(said)
    ? said
    : `Code: 1002. DB::Exception: ${said} (UNKNOWN_EXCEPTION)`;
  return new EngineError(text, { cause });
}

/** What an analyst may not. */
export function readonlyError(message: string): EngineError {
  return clickHouseError(164, 'READONLY', message);
}
