import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import { literal } from '../sql-tokens.ts';
import { answer, type House, type Summary } from './answer.ts';
import { type Ask, readAsk } from './ask.ts';
import { bodyInto, exceptionBlock } from './body.ts';
import type { Engine } from './engine.ts';
import { EngineError, engineError, readonly } from './engine-error.ts';
import { createGate } from './gate.ts';
import { statusOf } from './http-status.ts';
import { changes, type Way, wayOf } from './way.ts';

// Each running statement holds one of the 16 threads of the pool; some must be left for files and for KILL.
const OWNERS_AT_ONCE = 8;
const ANALYSTS_AT_ONCE = 3;
const CONTENT_TYPES: readonly (readonly [RegExp, string])[] = [
  [/^(?:JSONEachRow|JSONLines|NDJSON)$/i, 'application/x-ndjson; charset=UTF-8'],
  [/^JSON/i, 'application/json; charset=UTF-8'],
  [/^(?:TSV|TabSeparated)/i, 'text/tab-separated-values; charset=UTF-8'],
  [/^CSV/i, 'text/csv; charset=UTF-8'],
  [/^(?:Pretty|Vertical|Markdown|Values|XML)/i, 'text/plain; charset=UTF-8'],
  [/^ArrowStream$/i, 'application/vnd.apache.arrow.stream'],
  [/^Arrow$/i, 'application/vnd.apache.arrow.file'],
  [/^Parquet$/i, 'application/vnd.apache.parquet'],
];

/** One request on its way, and where its answer goes once it has begun. */
type Exchange = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly tag: string;
  body?: Writable;
};

/**
 * ClickHouse's HTTP interface in front of an engine: `/ping`, and `/` for everything else. `secret` is the password of
 * the owner. Not yet listening.
 */
export function createWarehouseServer(house: House, secret: string): Server {
  const gates = { owner: createGate(OWNERS_AT_ONCE), analyst: createGate(ANALYSTS_AT_ONCE) };

  async function serve(exchange: Exchange): Promise<void> {
    const { request, response } = exchange;
    const url = new URL(request.url ?? '/', 'http://warehouse');
    if (isGreeting(request, url)) {
      response.end('Ok.\n');
      return;
    }
    if (url.pathname !== '/') {
      response.writeHead(404).end(`There is no ${url.pathname} here. Expected /, /ping\n`);
      return;
    }
    const ask = await readAsk(request, house, secret);
    if (request.method === 'GET' && ask.role === 'owner' && changes(ask.verb)) {
      throw readonly(`GET only reads: send ${ask.verb} as POST`);
    }
    await gates[ask.role].pass(async () => {
      if (!response.destroyed) await carryOut(house, ask, exchange);
    });
  }

  const server = createServer((request, response) => {
    const exchange = { request, response, tag: randomBytes(8).toString('hex') };
    serve(exchange).catch((error: unknown) => {
      fail(exchange, error instanceof EngineError ? error : engineError(error));
    });
  });
  // Longer than any client keeps an idle connection, so that the client is the one who closes it.
  server.keepAliveTimeout = 30_000;
  server.requestTimeout = 0;
  return server;
}

/** What asks whether anybody is there: as ClickHouse, also with HEAD and with nothing asked. */
function isGreeting(request: IncomingMessage, url: URL): boolean {
  if (url.pathname === '/ping' || url.pathname === '/replicas_status') return true;
  if (request.method === 'HEAD') return url.pathname === '/';
  return request.method === 'GET' && url.pathname === '/' && !url.searchParams.has('query');
}

async function carryOut(house: House, ask: Ask, exchange: Exchange): Promise<void> {
  const { response } = exchange;
  // An insert is left to end, as ClickHouse does: its token makes the client's retry harmless.
  const kill = () => {
    if (!response.writableFinished && ask.verb !== 'INSERT') void killQuery(house.engine, ask.id);
  };
  response.on('close', kill);
  const way = wayOf(ask);
  const started = process.hrtime.bigint();
  let summary: Summary | undefined;
  const pieces = answer(house, ask, way, (noted) => {
    summary = noted;
  });
  let piece = await pieces.next();
  head(ask, way, exchange, summary, process.hrtime.bigint() - started);
  const body = bodyInto(response, way.encoding, ask.framed);
  exchange.body = body;
  while (piece.done !== true) {
    if (response.destroyed) {
      await pieces.return(undefined);
      return;
    }
    if (!body.write(piece.value)) await Promise.race([once(body, 'drain'), closed(response)]);
    piece = await pieces.next();
  }
  body.end();
}

function closed(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed) resolve();
    else response.once('close', resolve);
  });
}

function head(
  ask: Ask,
  way: Way,
  { response, tag }: Exchange,
  summary: Summary | undefined,
  elapsed: bigint,
): void {
  const type = CONTENT_TYPES.find(([format]) => format.test(ask.format))?.[1];
  response.setHeader('Content-Type', type ?? 'application/octet-stream');
  if (way.encoding !== 'identity') response.setHeader('Content-Encoding', way.encoding);
  response.setHeader('X-ClickHouse-Server-Display-Name', 'andon');
  response.setHeader('X-ClickHouse-Query-Id', ask.id);
  response.setHeader('X-ClickHouse-Format', ask.format);
  response.setHeader('X-ClickHouse-Timezone', 'UTC');
  response.setHeader('X-ClickHouse-Exception-Tag', tag);
  const { result, written, bytes } = summary ?? { result: 0, written: 0, bytes: 0 };
  const text = (value: number | bigint) => String(value);
  response.setHeader(
    'X-ClickHouse-Summary',
    JSON.stringify({
      read_rows: text(written),
      read_bytes: text(written > 0 ? bytes : 0),
      written_rows: text(written),
      written_bytes: text(written > 0 ? bytes : 0),
      // Java's client reads rows only if there are some by this.
      result_rows: text(result),
      result_bytes: text(result > 0 ? bytes : 0),
      elapsed_ns: text(elapsed),
    }),
  );
}

/** As ClickHouse: before the first byte a status and headers; later the error behind the rows, and the connection ends. */
function fail({ response, body, tag }: Exchange, error: EngineError): void {
  if (response.destroyed) return;
  if (body !== undefined) {
    // Without the end of the last chunk: also a client that knows of no tag sees that something is missing.
    body.write(exceptionBlock(error, tag));
    if (body === response) response.socket?.end();
    else body.end();
    return;
  }
  response.removeHeader('Content-Encoding');
  response.writeHead(statusOf(error.code), {
    'Content-Type': 'text/plain; charset=UTF-8',
    'X-ClickHouse-Exception-Code': String(error.code),
    // What is left of the request is not read.
    Connection: 'close',
  });
  response.end(`${error.message.trimEnd()}\n`);
}

/** Not SYNC: that was seen to wait for ever. */
async function killQuery(engine: Engine, id: string): Promise<void> {
  const connection = engine.connect();
  try {
    await connection.query(
      `KILL QUERY WHERE Settings['log_comment'] = ${literal(id)} ASYNC`,
      'Null',
    );
  } catch {
    // It ended by itself in the meantime.
  } finally {
    connection.close();
  }
}
