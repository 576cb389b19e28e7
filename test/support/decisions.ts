import type { Row } from '../../operators/flow/flow.ts';
import type { Message } from '../../operators/model/message.ts';
import type { DeadLetterRow, TableName, Tables } from '../../operators/model/tables.ts';
import { plant } from '../../pipelines/plant.ts';
import {
  createPipelineEngine,
  type Pipeline,
  type PipelineEngine,
} from '../../pipelines/worker/epochs/engine.ts';
import {
  NO_STATES,
  type PackedStates,
  type RestoredStates,
  restoreStates,
} from '../../pipelines/worker/epochs/state-image.ts';

/** All that a pipeline decided about a log, in order. */
export type Decisions = {
  readonly rows: readonly Row[];
};

/**
 * Pushes a log through the pipeline. After each sequence in `cuts` there is a checkpoint. After each of them, or after as
 * many `increments` as are wanted behind it, another life goes on from the written states.
 */
export function decide(
  messages: readonly Message[],
  options: {
    readonly cuts?: ReadonlySet<number>;
    /** How many messages a life goes on for after its last cut, while its states are still being copied. */
    readonly overlap?: number;
    readonly increments?: number;
    readonly pipeline?: Pipeline;
  } = {},
): Decisions {
  const { cuts = new Set<number>(), overlap = 0, increments = 0, pipeline = plant } = options;
  const rows: Row[] = [];
  let listening = true;
  const collector = {
    row(row: Row) {
      if (listening) rows.push(row);
    },
  };
  const begin = (states: RestoredStates) => createPipelineEngine(pipeline, states, collector);
  let engine = begin(NO_STATES);
  let written: PackedStates[] = [];
  let copying = false;
  const take = (states: PackedStates | undefined) => {
    if (states === undefined) return;
    written.push(states);
    copying = false;
  };
  messages.forEach((message, index) => {
    engine.push(message);
    // States are copied while the life that is to have an increment goes on.
    if (copying) take(engine.copied(0));
    if (!cuts.has(message.sequence)) return;
    if (copying) take(engine.taken());
    engine.cut(message.sequence, true);
    copying = true;
    if (written.length < increments) return;
    listening = false;
    take(copiedDuring(engine, messages.slice(index + 1, index + 1 + overlap)));
    listening = true;
    engine = begin(restoreStates(...written));
    written = [];
  });
  return { rows };
}

function copiedDuring(engine: PipelineEngine, messages: readonly Message[]): PackedStates {
  let states: PackedStates | undefined;
  for (const message of messages) {
    engine.push(message);
    states ??= engine.copied(0);
  }
  return states ?? engine.taken();
}

export function rowsOf<N extends TableName>({ rows }: Decisions, table: N): Tables[N][] {
  return rows.flatMap((row) => (row.table === table ? [row.row as Tables[N]] : []));
}

/** What must be the same however the messages were displaced within `disorder`. */
export function lastingOf(decisions: Decisions): Record<string, unknown> {
  const windows = new Map<string, { version: number; text: string }>();
  for (const window of rowsOf(decisions, 'windows')) {
    const {
      plant: of,
      line,
      asset,
      signal,
      window: rule,
      start,
      backfill,
      version,
      ...values
    } = window;
    const name = [of, line, asset, signal, rule, start, backfill].join(' ');
    if (version > (windows.get(name)?.version ?? 0)) {
      windows.set(name, { version, text: JSON.stringify(values) });
    }
  }
  return {
    windows: [...windows].map(([name, { text }]) => `${name} ${text}`).sort(),
    anomalies: byAsset(rowsOf(decisions, 'anomalies')),
    incidents: byAsset(rowsOf(decisions, 'incidents')),
    requests: byAsset(rowsOf(decisions, 'requests')),
    commands: byRequest(decisions),
  };
}

/** What is asked for a request, in its order. When it is asked is append time, which is another one for who comes later. */
function byRequest(decisions: Decisions): Record<string, string[]> {
  const requests: Record<string, string[]> = {};
  for (const { request, step, n, verb, command } of rowsOf(decisions, 'commands')) {
    const { payload } = JSON.parse(command);
    const asked = JSON.stringify([step, n, verb, payload]);
    requests[request] = [...(requests[request] ?? []), asked];
  }
  return requests;
}

/** Order is promised for a machine: between two, timers and events may take turns at each watermark. */
function byAsset<R extends { readonly line: string; readonly asset: string }>(
  rows: readonly R[],
): Record<string, R[]> {
  const assets: Record<string, R[]> = {};
  for (const row of rows) {
    const asset = `${row.line}/${row.asset}`;
    assets[asset] = [...(assets[asset] ?? []), row];
  }
  return assets;
}

/** How much became a dead letter, by reason. */
export function deadLettersOf(
  decisions: Decisions,
): Partial<Record<DeadLetterRow['reason'], number>> {
  const sums: Partial<Record<DeadLetterRow['reason'], number>> = {};
  for (const { reason, count } of rowsOf(decisions, 'dead_letters')) {
    sums[reason] = (sums[reason] ?? 0) + count;
  }
  return sums;
}
