import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { literal } from '../sql-tokens.ts';
import { answer, isAnalyst, type Summary } from './answer.ts';
import { type Ask, readAsk } from './ask.ts';
import type { Engine } from './engine.ts';
import { EngineError, engineError } from './engine-error.ts';
import { createGate } from './gate.ts';
import { statusOf } from './http-status.ts';

// Each running statement holds one of the 16 threads of the pool; some must be left for files and for KILL.
const OWNERS_AT_ONCE = 8;
const ANALYSTS_AT_ONCE = 3;
const CONTENT_TYPES: readonly (readonly [RegExp, string])[] = [
  [/^(?:JSONEachRow|JSONLines|NDJSON)$/i, 'application/x-ndjson; charset=UTF-8'],
  [/^JSON/i, 'application/json; charset=UTF-8'],
  [/^(?:TSV|TabSeparated)/i, 'text/tab-separated-values; charset=UTF-8'],
  [/^CSV/i, 'text/csv; charset=UTF-8'],
  [/^(?:Pretty|Vertical|Markdown|Values|XML)/i, 'text/plain; charset=UTF-8'],
];

/** ClickHouse's HTTP interface in front of an engine: `/ping`, and `/` for everything else. `folder` is for data on its way in. Not yet listening. */
export function createWarehouseServer(
  engine: Engine,
  { folder, password }: { readonly folder: string; readonly password: string },
): Server {
  const owners = createGate(OWNERS_AT_ONCE);
  const analysts = createGate(ANALYSTS_AT_ONCE);

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://warehouse').pathname;
    if (path === '/ping' || path === '/replicas_status') {
      response.end('Ok.\n');
      return;
    }
    if (path !== '/') {
      response.writeHead(404).end(`There is no ${path} here. Expected /, /ping\n`);
      return;
    }
    const ask = await readAsk(request, randomUUID);
    if (ask.password !== password && !(isAnalyst(ask.user) && ask.password === '')) {
      throw new EngineError('Code: 516. DB::Exception: Wrong password (AUTHENTICATION_FAILED)');
    }
    const gate = isAnalyst(ask.user) ? analysts : owners;
    await gate.pass(async () => {
      if (!response.destroyed) await carryOut(engine, folder, ask, request, response);
    });
  }

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      fail(response, error instanceof EngineError ? error : engineError(error));
    });
  });
  // Longer than any client keeps an idle connection, so that the client is the one who closes it.
  server.keepAliveTimeout = 30_000;
  server.requestTimeout = 0;
  return server;
}

async function carryOut(
  engine: Engine,
  folder: string,
  ask: Ask,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // An insert is left to end, as ClickHouse does: its token makes the client's retry harmless.
  const kill = () => {
    if (!response.writableFinished && ask.verb !== 'INSERT') void killQuery(engine, ask.id);
  };
  response.on('close', kill);
  const pieces = answer(engine, folder, ask);
  let piece = await pieces.next();
  head(ask, response, piece.done === true ? piece.value : undefined);
  const body = bodyOf(request, response);
  while (piece.done !== true) {
    if (response.destroyed) {
      await pieces.return({ read: 0, written: 0, bytes: 0 });
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

function head(ask: Ask, response: ServerResponse, summary: Summary | undefined): void {
  const type = CONTENT_TYPES.find(([format]) => format.test(ask.format))?.[1];
  response.setHeader('Content-Type', type ?? 'application/octet-stream');
  response.setHeader('X-ClickHouse-Server-Display-Name', 'andon');
  response.setHeader('X-ClickHouse-Query-Id', ask.id);
  response.setHeader('X-ClickHouse-Format', ask.format);
  response.setHeader('X-ClickHouse-Timezone', 'UTC');
  if (summary === undefined) return;
  const { read, written, bytes } = summary;
  const text = (value: number) => String(value);
  response.setHeader(
    'X-ClickHouse-Summary',
    JSON.stringify({
      read_rows: text(read + written),
      read_bytes: text(bytes),
      written_rows: text(written),
      written_bytes: text(written > 0 ? bytes : 0),
    }),
  );
}

function bodyOf(request: IncomingMessage, response: ServerResponse): Writable {
  const url = new URL(request.url ?? '/', 'http://warehouse');
  const wanted = url.searchParams.get('enable_http_compression') === '1';
  if (!wanted || !/\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) {
    return response;
  }
  response.setHeader('Content-Encoding', 'gzip');
  const gzip = createGzip({ level: 1 });
  gzip.pipe(response);
  return gzip;
}

/** As ClickHouse: before the first byte a status and headers; later only the end of the connection is left. */
function fail(response: ServerResponse, error: EngineError): void {
  if (response.destroyed) return;
  if (response.headersSent) {
    response.destroy();
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
