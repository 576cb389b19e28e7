import type { Sequence } from '../../operators/model/message.ts';
import type { DeadLetterRow } from '../../operators/model/tables.ts';
import type { EventTime } from '../../operators/model/time.ts';
import type { Block, Blocks } from '../sink.ts';
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
  'mapping_changes',
  'baselines',
  'anomalies',
  'alarms',
  'incidents',
  'requests',
  'request_history',
  'commands',
  'workflow_steps',
  'dead_letters',
  'epochs',
] as const;
type LineTable = (typeof LINE_TABLES)[number];

export function createBlocks(): Blocks {
  const readings = createReadingsBlock();
  const waveforms = createWaveformsBlock();
  const deadLetters = createFoldedDeadLetters();
  const lines = new Map<LineTable, JsonLines>(
    LINE_TABLES.map((table) => [table, createJsonLines(table)]),
  );

  // Of all lines: asked for after every message, so kept as sums.
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

/** Rows of one table of low volume, as JSONEachRow lines. Whole numbers of microseconds are what DateTime64(6) reads. */
interface JsonLines {
  /** About how many bytes it takes in the block. */
  add(row: Readonly<Record<string, unknown>>): number;
  /** The block, or undefined if there is no row. Empties the builder. */
  finish(origin: Readonly<Record<string, string>>): Block | undefined;
}

/** About what `origin` takes in front of every line. */
const ORIGIN_SIZE = 40;

function createJsonLines(table: string): JsonLines {
  let lines: string[] = [];
  return {
    add(row) {
      const line = JSON.stringify(row, spelt);
      lines.push(line);
      return line.length + ORIGIN_SIZE;
    },
    finish(origin) {
      if (lines.length === 0) return undefined;
      // Every line is a non-empty object: the columns of the epoch go in front of its own.
      const head = `${JSON.stringify(origin).slice(0, -1)},`;
      const data = Buffer.from(lines.map((line) => `${head}${line.slice(1)}\n`).join(''));
      const block = { table, format: 'JSONEachRow', rows: lines.length, data } as const;
      lines = [];
      return block;
    },
  };
}

const HALF_OF_A_PAIR = /[\ud800-\udfff]/;

/** What JSON cannot say, or says in a way that ClickHouse refuses together with the whole block. */
function spelt(_name: string, value: unknown): unknown {
  if (typeof value === 'string') {
    // By way of UTF-8, which has no halves of surrogate pairs: they become U+FFFD, whole pairs stay.
    return HALF_OF_A_PAIR.test(value) ? Buffer.from(value).toString() : value;
  }
  if (typeof value !== 'number' || Number.isFinite(value)) return value;
  // JSON would say null for these, and ClickHouse would read 0.
  if (Number.isNaN(value)) return 'nan';
  return value > 0 ? 'inf' : '-inf';
}

/** Originals that are kept of each fold, and how much of each. */
const ORIGINALS = 3;
const ORIGINAL_LENGTH = 500;

/** One row of `dead_letters`: all dead letters of one epoch with one reason, stage and source. */
type FoldedDeadLetter = Pick<DeadLetterRow, 'reason' | 'stage' | 'source' | 'detail'> & {
  /** Of the first. */
  readonly sequence: Sequence;
  readonly appended: EventTime;
  readonly last_sequence: Sequence;
  readonly count: number;
  readonly originals: readonly string[];
};

interface FoldedDeadLetters {
  readonly size: number;
  add(deadLetter: DeadLetterRow, sequence: Sequence, appended: EventTime): void;
  /** What was folded, in the order of the first of each. Empties the fold. */
  take(): readonly FoldedDeadLetter[];
}

/** Makes a fold for the `dead_letters` of an epoch, so that a flood of bad messages becomes a few rows with a count. */
function createFoldedDeadLetters(): FoldedDeadLetters {
  const folded = new Map<string, FoldedDeadLetter>();
  return {
    get size() {
      return folded.size;
    },
    add({ reason, stage, source, detail, count, original }, sequence, appended) {
      const key = JSON.stringify([reason, stage, source]);
      const known = folded.get(key);
      const originals = known?.originals ?? [];
      const more = originals.length < ORIGINALS && original !== '';
      folded.set(key, {
        ...(known ?? { reason, stage, source, detail, sequence, appended }),
        last_sequence: sequence,
        count: (known?.count ?? 0) + count,
        originals: more ? [...originals, shortened(original)] : originals,
      });
    },
    take() {
      const rows = [...folded.values()];
      folded.clear();
      return rows;
    },
  };
}

function shortened(text: string): string {
  if (text.length <= ORIGINAL_LENGTH) return text;
  // By way of UTF-8, in case the cut went through a surrogate pair.
  const start = Buffer.from(text.slice(0, ORIGINAL_LENGTH)).toString();
  return `${start}… (${text.length} characters)`;
}
