import { setImmediate as macrotask } from 'node:timers/promises';
import type { Row } from '../operators/flow/flow.ts';
import type { Message } from '../operators/model/message.ts';
import { createMatchStories, type PatternStory } from './explain/match-stories.ts';
import type { Log } from './ingest/log.ts';
import { plant } from './plant.ts';
import { createEngine, PoisonError } from './runtime/engine.ts';
import { NO_STATES } from './runtime/snapshots.ts';

/** What a backtest tells: one JSON line each. The same log gives the same bytes, live or not. */
export type Decision = {
  readonly table: 'anomalies' | 'incidents' | 'requests';
  readonly line: string;
};

export type BacktestSummary = {
  messages: number;
  readings: number;
  windows: number;
  features: number;
  /** Anomalies that were raised; their later phases are not counted. */
  anomalies: number;
  incidents: number;
  /** Requests that were opened; their revisions stand beside. */
  requests: number;
  revisions: number;
  /** What left the main way, by reason. */
  asides: Record<string, number>;
  /** Messages on which an operator threw: a defect. */
  defects: number;
  /** What became of the matches that began, if it was asked for. */
  patterns?: readonly PatternStory[];
};

export type BacktestOptions = {
  /** Opens the log anew, from its beginning. */
  readonly openLog: () => Promise<Log>;
  readonly onDecision: (decision: Decision) => void;
  readonly onProgress?: (messages: number) => void;
  readonly signal: AbortSignal;
  /** Follow the matches of these patterns. */
  readonly explain?: readonly string[];
};

const BATCH = 1_000;

/**
 * The very pipeline of `andon run` over a finite log, without NATS and ClickHouse. Decisions are told when the log
 * has ended, so that a message on which an operator throws can be found and skipped first, as a worker does it.
 */
export async function backtest(options: BacktestOptions): Promise<BacktestSummary> {
  const skipped = new Map<number, string>();
  for (;;) {
    try {
      return await once(options, skipped);
    } catch (error) {
      if (!(error instanceof PoisonError)) throw error;
      const cause = error.cause instanceof Error ? error.cause.stack : error.cause;
      skipped.set(error.sequence, String(cause).slice(0, 2_000));
    }
  }
}

async function once(
  { openLog, onDecision, onProgress, signal, explain }: BacktestOptions,
  skipped: ReadonlyMap<number, string>,
): Promise<BacktestSummary> {
  const decisions: Decision[] = [];
  const summary: BacktestSummary = {
    messages: 0,
    readings: 0,
    windows: 0,
    features: 0,
    anomalies: 0,
    incidents: 0,
    requests: 0,
    revisions: 0,
    asides: {},
    defects: skipped.size,
  };
  const stories = explain === undefined ? undefined : createMatchStories(explain);
  const engine = createEngine((states) => plant(states, stories?.watch), NO_STATES, {
    row: (row) => count(row, summary, decisions),
  });
  const push = (message: Message) => {
    const reason = skipped.get(message.sequence);
    if (reason === undefined) engine.push(message);
    else engine.skip(message, reason);
    summary.messages += 1;
  };
  const log = await openLog();
  try {
    for (let ended = false; !ended && !signal.aborted; ) {
      const pulled = await log.pull(BATCH, 0, signal);
      for (const message of pulled.messages) push(message);
      ended = pulled.ended;
      onProgress?.(summary.messages);
      await macrotask();
    }
  } finally {
    await log.close();
  }
  for (const decision of decisions) onDecision(decision);
  if (stories !== undefined) summary.patterns = stories.told();
  return summary;
}

function count(row: Row, summary: BacktestSummary, decisions: Decision[]): void {
  switch (row.table) {
    case 'readings':
      summary.readings += row.row.times.length * (row.row.signals.length + row.row.texts.length);
      return;
    case 'windows':
    case 'features':
      summary[row.table] += 1;
      return;
    case 'asides':
      summary.asides[row.row.reason] = (summary.asides[row.row.reason] ?? 0) + row.row.count;
      return;
    case 'anomalies':
      summary.anomalies += row.row.phase === 'raised' ? 1 : 0;
      decisions.push({ table: row.table, line: JSON.stringify(row.row) });
      return;
    case 'incidents':
      summary.incidents += 1;
      decisions.push({ table: row.table, line: JSON.stringify(row.row) });
      return;
    case 'requests':
      summary.requests += row.row.action === 'open' ? 1 : 0;
      summary.revisions += 1;
      decisions.push({ table: row.table, line: row.row.request });
      return;
    default:
  }
}
