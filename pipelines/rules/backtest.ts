import type { Row } from '../../operators/flow/flow.ts';
import { plant } from '../plant.ts';
import { createEngine } from '../worker/epochs/engine.ts';
import { NO_STATES } from '../worker/epochs/snapshots.ts';
import { createMatchStories, type PatternStory } from './explain/match-stories.ts';
import { passThrough, type WholeLog } from './whole-log.ts';

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
  deadLetters: Record<string, number>;
  /** Messages on which an operator threw: a defect. */
  defects: number;
  /** What became of the matches that began, if it was asked for. */
  patterns?: readonly PatternStory[];
};

export type BacktestOptions = WholeLog & {
  readonly onDecision: (decision: Decision) => void;
  /** Follow the matches of these patterns. */
  readonly explain?: readonly string[];
};

/**
 * The very pipeline of `andon run` over a finite log, without NATS and ClickHouse. Decisions are told when the log
 * has ended, so that a message on which an operator throws can be found and skipped first, as a worker does it.
 */
export async function backtest({
  onDecision,
  explain,
  ...log
}: BacktestOptions): Promise<BacktestSummary> {
  const { result, messages, defects } = await passThrough(log, () => {
    const decisions: Decision[] = [];
    const summary = nothingYet();
    const stories = explain === undefined ? undefined : createMatchStories(explain);
    const engine = createEngine((states) => plant(states, stories?.watch), NO_STATES, {
      row: (row) => count(row, summary, decisions),
    });
    return { engine, result: { decisions, summary, stories } };
  });
  const { decisions, summary, stories } = result;
  for (const decision of decisions) onDecision(decision);
  if (stories !== undefined) summary.patterns = stories.told();
  return Object.assign(summary, { messages, defects });
}

function nothingYet(): BacktestSummary {
  return {
    messages: 0,
    readings: 0,
    windows: 0,
    features: 0,
    anomalies: 0,
    incidents: 0,
    requests: 0,
    revisions: 0,
    deadLetters: {},
    defects: 0,
  };
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
    case 'dead_letters':
      summary.deadLetters[row.row.reason] =
        (summary.deadLetters[row.row.reason] ?? 0) + row.row.count;
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
