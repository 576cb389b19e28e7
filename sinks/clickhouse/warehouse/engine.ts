import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { engineError } from './engine-error.ts';

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

export interface Engine {
  connect(): Connection;
  close(): void;
}

/** Opens a data directory, which only one process can do at a time. `args` are those of a ClickHouse server. */
export function openEngine(directory: string, args: readonly string[]): Engine {
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
