/** The rows of chosen tables that a backtest makes, each with the time at which it would have been said. */

import type { Row } from '../../operators/flow/flow.ts';
import type { Message } from '../../operators/model/message.ts';
import type { TableName } from '../../operators/model/tables.ts';
import { type EventTime, toIso } from '../../operators/model/time.ts';
import { csvCell } from '../base/csv.ts';

/** Every table that `--tables` can name. */
export const TABLES: readonly TableName[] = [
  ...([
    'readings',
    'waveforms',
    'windows',
    'features',
    'machine_states',
    'machine_events',
  ] as const),
  ...(['schedule', 'assets', 'rules', 'baselines', 'anomalies', 'alarms', 'incidents'] as const),
  ...(['requests', 'commands', 'workflow_steps', 'dead_letters'] as const),
];

/** A row as people read it: its times are ISO. `said`: the message that caused it was appended then. */
export type TableRow = Readonly<Record<string, unknown>> & { readonly said: string };

export type TableRows = {
  readonly table: TableName;
  readonly rows: TableRow[];
  /** Of all, also those beyond the limit. */
  count: number;
};

export interface TableCollector {
  add(row: Row, cause: Message): void;
  readonly tables: readonly TableRows[];
}

/** Keeps the first `limit` rows of each table. */
export function createTableCollector(names: readonly TableName[], limit: number): TableCollector {
  const tables = names.map((table): TableRows => ({ table, rows: [], count: 0 }));
  return {
    tables,
    add(row, { appended }) {
      const table = tables.find((one) => one.table === row.table);
      if (table === undefined) return;
      for (const content of contentsOf(row)) {
        table.count += 1;
        if (table.rows.length >= limit) continue;
        table.rows.push({ said: toIso(appended), ...readable(content) });
      }
    },
  };
}

type Content = Readonly<Record<string, unknown>>;

/** A frame is one row per reading, as in the warehouse; a waveform without its samples. */
function* contentsOf(row: Row): Generator<Content> {
  if (row.table === 'waveforms') {
    const { asset, point, time, rate, unit, samples, rpm = null } = row.row;
    yield { asset, point, time, rate, unit, samples: samples.length, rpm };
    return;
  }
  if (row.table !== 'readings') {
    yield row.row;
    return;
  }
  const { asset, times, signals, values, texts } = row.row;
  for (const [at, signal] of signals.entries()) {
    for (const [sample, time] of times.entries()) {
      const value = values[at * times.length + sample] ?? Number.NaN;
      if (!Number.isNaN(value)) yield { asset, signal, time, value };
    }
  }
  for (const { signal, values: words } of texts) {
    for (const [sample, value] of words.entries()) {
      if (value !== null) yield { asset, signal, time: times[sample], value };
    }
  }
}

const TIMES: ReadonlySet<string> = new Set([
  ...['time', 'start', 'end', 'since', 'opened', 'due', 'slot_start', 'slot_end', 'not_after'],
]);

function readable(content: Content): Content {
  const shown = Object.entries(content).map(([name, value]) => {
    const isTime = TIMES.has(name) && typeof value === 'number';
    return [name, isTime ? toIso(value as EventTime) : value];
  });
  return Object.fromEntries(shown);
}

/** RFC 4180, with a heading. What is no text or number is JSON. */
export function csvOf({ rows }: TableRows): string {
  const [first] = rows;
  if (first === undefined) return '';
  const columns = Object.keys(first);
  const lines = rows.map((row) => columns.map((name) => csvCell(row[name])).join(','));
  return [columns.map(csvCell).join(','), ...lines].join('\n');
}
