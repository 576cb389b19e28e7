// One statement of somebody who was let in: read, carried out, answered piece by piece, and noted in the log.

import type { ServerResponse } from 'node:http';
import type { AccessLog } from './access-log.ts';
import { EngineError, engineError, readonlyError } from './engine.ts';
import { type ExecutionSummary, execute, type WarehouseContext } from './execute.ts';
import { drained, type GateLimits } from './gate.ts';
import { onlyReads, planResponse } from './plan.ts';
import { type Admitted, type QueryRequest, readQueryRequest } from './request.ts';
import { bodyInto, type Exchange, writeHead } from './response.ts';
import { killAnswer, killed, killStatement, type RunningStatements } from './running.ts';
import { endNow } from './watchdog.ts';

/** What an answer is made with. */
export type Answering = {
  readonly context: WarehouseContext;
  readonly log: AccessLog;
  readonly limits: GateLimits;
  readonly statements: RunningStatements;
};

/** Answers a request, and notes how it ended. Throws an `EngineError`, or whatever else went wrong. */
export async function answer(
  answering: Answering,
  exchange: Exchange,
  who: Admitted,
): Promise<void> {
  const { context, limits, log } = answering;
  const began = performance.now();
  let query: QueryRequest | undefined;
  let code: number | undefined;
  try {
    query = await readQueryRequest(exchange.request, who, { ...context, ...limits });
    await carryOut(answering, exchange, query);
  } catch (error) {
    ({ code } = asEngineError(error));
    throw error;
  } finally {
    // The worker's own inserts, some a second, would push out all else; `epochs` has them.
    if (query?.verb !== 'INSERT' || code !== undefined) {
      log.statement({
        user: who.user,
        source: who.source,
        id: query?.id ?? '',
        statement: query === undefined ? '' : textOf(query),
        took: Math.round(performance.now() - began),
        ...(code !== undefined && { code }),
      });
    }
  }
}

/** What went wrong, in ClickHouse's words. */
export function asEngineError(error: unknown): EngineError {
  return error instanceof EngineError ? error : engineError(error);
}

async function carryOut(
  answering: Answering,
  exchange: Exchange,
  asked: QueryRequest,
): Promise<void> {
  if (asked.reads && !onlyReads(asked)) {
    throw readonlyError(`GET only reads: send ${asked.verb} as POST`);
  }
  const query = await withKill(answering, asked);
  const { response } = exchange;
  const { id, user, role, mark, verb } = query;
  // An insert is left to end, as ClickHouse does: its token makes the client's retry harmless.
  response.on('close', () => {
    if (!response.writableFinished && verb !== 'INSERT') {
      void killStatement(answering.context.engine, mark);
    }
  });
  const over = answering.statements.add({ id, user, role, mark, statement: textOf(query) });
  try {
    await stream(answering, exchange, query);
  } finally {
    over();
  }
}

/** KILL of what this gate knows by the client's name, as a statement that says what was killed. */
async function withKill(
  { context, statements }: Answering,
  query: QueryRequest,
): Promise<QueryRequest> {
  const target = query.verb === 'KILL' ? killed(textOf(query)) : undefined;
  if (target === undefined) return query;
  const found = statements.named(target.id, query);
  if (!target.test) await Promise.all(found.map(({ mark }) => killStatement(context.engine, mark)));
  return { ...query, verb: 'SELECT', statement: killAnswer(found), body: Buffer.alloc(0) };
}

async function stream(
  { context, limits }: Answering,
  exchange: Exchange,
  query: QueryRequest,
): Promise<void> {
  const { response } = exchange;
  const plan = planResponse(query);
  const started = process.hrtime.bigint();
  let summary: ExecutionSummary | undefined;
  const pieces = execute(context, query, plan, (noted) => {
    summary = noted;
  });
  let piece = await inTime(pieces.next(), query, limits);
  writeHead(query, plan, exchange, summary, process.hrtime.bigint() - started);
  const body = bodyInto(response, plan.encoding, query.framed);
  exchange.body = body;
  const gone = closed(response);
  try {
    while (piece.done !== true) {
      if (response.destroyed) return;
      if (!body.write(piece.value)) await drained(body, gone, limits.unread);
      piece = await pieces.next();
    }
    body.end();
  } catch (error) {
    // Who does not read gets no more words either.
    if (!(error instanceof EngineError)) response.destroy();
    throw error;
  } finally {
    await pieces.return(undefined);
  }
}

/** The engine's part of an analyst's answer is over with its first piece. If it never is, nothing but the end ends it. */
async function inTime<T>(first: Promise<T>, query: QueryRequest, limits: GateLimits): Promise<T> {
  if (query.role === 'owner') return first;
  const end = () =>
    endNow(
      `the statement of ${query.user} ${JSON.stringify(textOf(query).slice(0, 300))} has run for ` +
        `${limits.overdue / 1_000} s and heeds no limit: the warehouse cannot stop it`,
    );
  const late = setTimeout(end, limits.overdue);
  try {
    return await first;
  } finally {
    clearTimeout(late);
  }
}

/** The statement, or the beginning of it. */
function textOf({ statement, body }: QueryRequest): string {
  return [statement, body.toString('utf8', 0, 4_000)].filter((part) => part !== '').join('\n');
}

function closed(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed) resolve();
    else response.once('close', resolve);
  });
}
