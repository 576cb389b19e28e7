// One statement of somebody who was let in: read, carried out, answered piece by piece, and noted in the log.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AccessLog } from './access-log.ts';
import { EngineError, engineError, readonlyError } from './engine.ts';
import { type ExecutionSummary, execute, type WarehouseContext } from './execute.ts';
import { drained, type GateLimits } from './gate.ts';
import { onlyReads, planResponse } from './plan.ts';
import { type Admitted, type QueryRequest, readQueryRequest } from './request.ts';
import { bodyInto, type Exchange, writeHead } from './response.ts';
import { killAnswer, killed, killStatement, type RunningStatements } from './running.ts';
import { endNow, type OverdueEnds } from './watchdog.ts';

/** What an answer is made with. */
export type Answering = {
  readonly context: WarehouseContext;
  readonly log: AccessLog;
  readonly limits: GateLimits;
  readonly statements: RunningStatements;
  readonly overdue: OverdueEnds;
};

/** Run a task when it is its turn: a statement, or what ends one. */
type Turns = Readonly<Record<'run' | 'kill', (task: () => Promise<void>) => Promise<void>>>;

/** Bytes of a body that is read at once: enough of a KILL, and little of those that wait. */
const SMALL = 4_096;

/**
 * Answers a request when it is its turn, and notes how it ended. A KILL does not wait for statements: it could be for
 * the one that it waits for. Throws an `EngineError`, or whatever else went wrong.
 */
export async function answer(
  answering: Answering,
  exchange: Exchange,
  who: Admitted,
  turns: Turns,
): Promise<void> {
  const { context, limits, log } = answering;
  let began = performance.now();
  let query: QueryRequest | undefined;
  let code: number | undefined;
  const read = async () => {
    query ??= await readQueryRequest(exchange.request, who, { ...context, ...limits });
    return query;
  };
  const carry = async () => {
    began = performance.now();
    if (!exchange.response.destroyed) await carryOut(answering, exchange, await read());
  };
  try {
    const small = isSmall(exchange.request, who) ? await read() : undefined;
    const kills = small?.verb === 'KILL' && killed(textOf(small)) !== undefined;
    await turns[kills ? 'kill' : 'run'](carry);
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

function isSmall({ method, headers }: IncomingMessage, { url }: Admitted): boolean {
  if (method === 'GET' || method === 'HEAD') return true;
  const packed = headers['content-encoding'] ?? url.searchParams.get('decompress') ?? '';
  return packed === '' && Number(headers['content-length'] ?? Number.POSITIVE_INFINITY) <= SMALL;
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
  answering: Answering,
  exchange: Exchange,
  query: QueryRequest,
): Promise<void> {
  const { context, limits } = answering;
  const { response } = exchange;
  const plan = planResponse(query);
  const started = process.hrtime.bigint();
  let summary: ExecutionSummary | undefined;
  const pieces = execute(context, query, plan, (noted) => {
    summary = noted;
  });
  let piece = await inTime(pieces.next(), query, answering);
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
async function inTime<T>(
  first: Promise<T>,
  query: QueryRequest,
  { limits, log, overdue }: Answering,
): Promise<T> {
  const { role, user, source, id } = query;
  if (role === 'owner') return first;
  const statement = textOf(query);
  const end = () => {
    overdue.note(role);
    // The code of a limit of time.
    log.statement({ ...{ user, source, id, statement }, took: limits.overdue, code: 159 });
    endNow(
      `the statement of ${user} ${JSON.stringify(statement.slice(0, 300))} has run for ` +
        `${limits.overdue / 1_000} s and heeds no limit: the warehouse cannot stop it`,
    );
  };
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
