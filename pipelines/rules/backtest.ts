import type { Row } from '../../operators/flow/flow.ts';
import type { AssumedReply } from '../../operators/model/assumed-reply.ts';
import { countReadings, type Frame } from '../../operators/model/decoded.ts';
import type { TableName } from '../../operators/model/tables.ts';
import type { WorkflowRule } from '../../operators/model/workflow-rule.ts';
import { createSourceLags, type LineLags } from '../observe/source-lags.ts';
import { ALL_LINES, plant } from '../plant.ts';
import { createPipelineEngine } from '../worker/epochs/engine.ts';
import { NO_STATES } from '../worker/epochs/state-image.ts';
import { createTableCollector, type TableRows } from './backtest-tables.ts';
import type { PatternReport } from './explain/match-report.ts';
import { createMatchTracker } from './explain/match-tracker.ts';
import { type FiniteLog, replayLog } from './replay-log.ts';
import { createReplySources, type ReplyCounts, recordedReplies } from './replies/reply-sources.ts';

/** What a backtest prints: one JSON line each. The same log gives the same bytes, live or not. */
export type DecisionLine = {
  readonly table: 'anomalies' | 'incidents' | 'requests' | 'commands';
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
  /** Of workflows, those in shadow too; and where the replies came from to those that are on. */
  commands: number;
  replies: ReplyCounts;
  /** What left the main way, by reason. */
  dead_letters: Record<string, number>;
  /** Messages on which an operator threw: a defect. */
  defects: number;
  /** Values and waveforms of what the plant model has; and values and messages of what it has not. */
  known: number;
  unknown: number;
  /** How far each line has come, and how far its sources lag. */
  lines: readonly LineLags[];
  /** What became of the matches that began, if it was asked for. */
  patterns?: readonly PatternReport[];
};

export type BacktestOptions = FiniteLog & {
  readonly onDecision: (decision: DecisionLine) => void;
  /** Of the rules: where there are none, nobody is waited for. */
  readonly workflows?: readonly WorkflowRule[];
  /** What systems would answer where the record does not say. Without it only the record answers. */
  readonly assume?: readonly AssumedReply[];
  /** Follow the matches of these patterns. */
  readonly explain?: readonly string[];
  /** Keep so many rows of each of these tables. */
  readonly tables?: { readonly names: readonly TableName[]; readonly limit: number };
  readonly onTables?: (tables: readonly TableRows[]) => void;
};

/** Whether there were readings, and the plant model knew none of them: then nothing was judged. */
export function isAllUnknown({ known, unknown }: BacktestSummary): boolean {
  return unknown > 0 && known === 0;
}

/**
 * The very pipeline of `andon run` over a finite log, without NATS and ClickHouse. Decisions are reported when the log
 * has ended, so that a message on which an operator throws can be found and skipped first, as a worker does it.
 */
export async function backtest({
  onDecision,
  explain,
  tables = { names: [], limit: 0 },
  onTables,
  workflows = [],
  assume,
  ...log
}: BacktestOptions): Promise<BacktestSummary> {
  const recorded = workflows.length === 0 ? new Set<string>() : await recordedReplies(log);
  const { result, messages, defects } = await replayLog(log, () => {
    const decisions: DecisionLine[] = [];
    const summary = emptySummary();
    const matches = explain === undefined ? undefined : createMatchTracker(explain);
    const kept = createTableCollector(tables.names, tables.limit);
    const lags = createSourceLags();
    const replies = createReplySources(recorded, assume);
    summary.replies = replies.counts;
    const engine = createPipelineEngine(
      (states) => plant(states, matches?.watch, ALL_LINES),
      NO_STATES,
      {
        row(row, cause) {
          kept.add(row, cause);
          count(row, summary, decisions);
          if (row.table !== 'commands' || row.row.mode !== 'on') return;
          replies.onCommand(JSON.parse(row.row.command), cause.appended);
        },
        watermark: lags.watermark,
        knowledge: lags.knowledge,
      },
    );
    const { before } = replies;
    return { engine, before, result: { decisions, summary, matches, kept, lags } };
  });
  const { decisions, summary, matches, kept, lags } = result;
  for (const decision of decisions) onDecision(decision);
  onTables?.(kept.tables);
  summary.lines = lags.report();
  if (matches !== undefined) summary.patterns = matches.report();
  return Object.assign(summary, { messages, defects });
}

function emptySummary(): BacktestSummary {
  return {
    messages: 0,
    readings: 0,
    windows: 0,
    features: 0,
    anomalies: 0,
    incidents: 0,
    requests: 0,
    revisions: 0,
    commands: 0,
    replies: { record: 0, last_answer: 0, assumed: 0, none: 0 },
    dead_letters: {},
    defects: 0,
    known: 0,
    unknown: 0,
    lines: [],
  };
}

function count(row: Row, summary: BacktestSummary, decisions: DecisionLine[]): void {
  switch (row.table) {
    case 'readings':
      summary.readings += countReadings(row.row);
      summary.known += countKnown(row.row);
      return;
    case 'waveforms':
      summary.known += 1;
      return;
    case 'windows':
    case 'features':
      summary[row.table] += 1;
      return;
    case 'dead_letters':
      if (row.row.reason === 'unknown') summary.unknown += row.row.count;
      summary.dead_letters[row.row.reason] =
        (summary.dead_letters[row.row.reason] ?? 0) + row.row.count;
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
    case 'commands':
      summary.commands += 1;
      decisions.push({ table: row.table, line: row.row.command });
      return;
    default:
  }
}

/** The values of signals that the plant model has. */
function countKnown({ signals, times, unknown = [] }: Frame): number {
  return signals.filter((signal) => !unknown.includes(signal)).length * times.length;
}
