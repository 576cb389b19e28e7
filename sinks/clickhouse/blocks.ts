import type { Row } from '../../operators/flow/flow.ts';
import type { Sequence } from '../../operators/model/message.ts';
import type { EventTime } from '../../operators/model/time.ts';
import type { Block } from '../sink.ts';
import { createFoldedDeadLetters } from './folded-dead-letters.ts';
import { createJsonLines, type JsonLines } from './json-lines.ts';
import { createReadingsBlock } from './readings-block.ts';
import { createWaveformsBlock } from './waveforms-block.ts';

/** Tables that are written as JSON lines, in the order in which they are written. */
const LINE_TABLES = [
  'windows',
  'features',
  'machine_states',
  'machine_events',
  'schedule',
  'assets',
  'rules',
  'baselines',
  'anomalies',
  'alarms',
  'incidents',
  'requests',
  'request_history',
  'dead_letters',
  'epochs',
] as const;
type LineTable = (typeof LINE_TABLES)[number];

/** What the `epochs` table says of an epoch, beside its stream and run. */
export type EpochFacts = {
  readonly pipeline: string;
  readonly created: string;
  readonly epoch: number;
  readonly from: number;
  readonly to: number;
  readonly first_appended: EventTime;
  readonly last_appended: EventTime;
  readonly messages: number;
};

/** The rows of one epoch, table by table, encoded as they will be inserted. */
export interface Blocks {
  readonly rows: number;
  /** About how many bytes the blocks will have. */
  readonly bytes: number;
  /** `sequence` and `appended` are of the message that caused the row. */
  add(row: Row, sequence: Sequence, appended: EventTime): void;
  /** Adds the row of `epochs`. The last thing before `finish`: it counts the rows that are there. */
  addEpoch(facts: EpochFacts): void;
  /** A block for each table that has rows, and a clean sheet. The same rows in the same order give the same bytes. */
  finish(stream: string, run: string): readonly Block[];
}

export function createBlocks(): Blocks {
  const readings = createReadingsBlock();
  const waveforms = createWaveformsBlock();
  const deadLetters = createFoldedDeadLetters();
  const lines = new Map<LineTable, JsonLines>(
    LINE_TABLES.map((table) => [table, createJsonLines(table)]),
  );

  // Of all lines: asked for after every message, so not added up each time.
  let lineRows = 0;
  let lineBytes = 0;

  function addLine(table: LineTable, row: Readonly<Record<string, unknown>>): void {
    lineBytes += lines.get(table)?.add(row) ?? 0;
    lineRows += 1;
  }

  function rowCount(): number {
    return readings.rows + waveforms.rows + lineRows + deadLetters.size;
  }

  return {
    get rows() {
      return rowCount();
    },
    get bytes() {
      return readings.bytes + waveforms.bytes + lineBytes + deadLetters.size * 200;
    },
    add(row, sequence, appended) {
      switch (row.table) {
        case 'readings':
          return readings.append(row.row, sequence, appended);
        case 'waveforms':
          return waveforms.append(row.row, sequence, appended);
        case 'dead_letters':
          return deadLetters.add(row.row, sequence, appended);
        case 'requests':
          addLine('request_history', { sequence, appended, ...row.row });
      }
      addLine(row.table, { sequence, appended, ...row.row });
    },
    addEpoch({ from, to, ...facts }) {
      const rows = rowCount();
      addLine('epochs', { ...facts, first_sequence: from, last_sequence: to, rows });
    },
    finish(stream, run) {
      for (const deadLetter of deadLetters.take()) lines.get('dead_letters')?.add(deadLetter);
      const blocks = [readings.finish(stream, run), waveforms.finish(stream, run)];
      for (const part of lines.values()) blocks.push(part.finish({ stream, run }));
      lineRows = 0;
      lineBytes = 0;
      return blocks.filter((block) => block !== undefined);
    },
  };
}
