import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { literal } from '../sql-tokens.ts';
import { type ClickHouseEngine, EngineError, engineError, readonlyError } from './engine.ts';
import { type ExecutionSummary, execute, type WarehouseContext } from './execute.ts';
import { isChange, planResponse } from './plan.ts';
import { type QueryRequest, readQueryRequest } from './request.ts';
import { bodyInto, type Exchange, writeError, writeHead } from './response.ts';

// Each running statement holds one of the 16 threads of the pool; some must be left for files and for KILL.
const OWNERS_AT_ONCE = 8;
const ANALYSTS_AT_ONCE = 3;
/**
 * ClickHouse's HTTP interface in front of an engine: `/ping`, and `/` for everything else. `secret` is the password of
 * the owner. Not yet listening.
 */
export function createWarehouseServer(context: WarehouseContext, secret: string): Server {
  const limits = {
    owner: createStatementLimit(OWNERS_AT_ONCE),
    analyst: createStatementLimit(ANALYSTS_AT_ONCE),
  };

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
    const query = await readQueryRequest(request, context, secret);
    if (request.method === 'GET' && query.role === 'owner' && isChange(query.verb)) {
      throw readonlyError(`GET only reads: send ${query.verb} as POST`);
    }
    await limits[query.role](async () => {
      if (!response.destroyed) await carryOut(context, query, exchange);
    });
  }

  const server = createServer((request, response) => {
    const exchange = { request, response, tag: randomBytes(8).toString('hex') };
    serve(exchange).catch((error: unknown) => {
      writeError(exchange, error instanceof EngineError ? error : engineError(error));
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

async function carryOut(
  context: WarehouseContext,
  query: QueryRequest,
  exchange: Exchange,
): Promise<void> {
  const { response } = exchange;
  // An insert is left to end, as ClickHouse does: its token makes the client's retry harmless.
  const kill = () => {
    if (!response.writableFinished && query.verb !== 'INSERT')
      void killQuery(context.engine, query.id);
  };
  response.on('close', kill);
  const plan = planResponse(query);
  const started = process.hrtime.bigint();
  let summary: ExecutionSummary | undefined;
  const pieces = execute(context, query, plan, (noted) => {
    summary = noted;
  });
  let piece = await pieces.next();
  writeHead(query, plan, exchange, summary, process.hrtime.bigint() - started);
  const body = bodyInto(response, plan.encoding, query.framed);
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

/** Not SYNC: that was seen to wait for ever. */
async function killQuery(engine: ClickHouseEngine, id: string): Promise<void> {
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

/** Lets `width` tasks run at a time; the others wait in line. */
function createStatementLimit(width: number): (task: () => Promise<void>) => Promise<void> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (running >= width) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      await task();
    } finally {
      // The place is handed on: a task that comes now cannot overtake one that waits.
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
