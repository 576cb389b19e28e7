import type { Row } from '../../../operators/flow/flow.ts';
import type { Message } from '../../../operators/model/message.ts';
import type { Run } from '../../../pipelines/worker/epochs/checkpoints.ts';
import { createPipelineEngine, type Pipeline } from '../../../pipelines/worker/epochs/engine.ts';
import { NO_STATES } from '../../../pipelines/worker/epochs/state-image.ts';

/** What must stand outside in the end: of each table its rows, and the revisions of requests in order. */
export type Expected = {
  readonly rows: ReadonlyMap<string, readonly Record<string, unknown>[]>;
  readonly revisions: readonly string[];
};

/**
 * One pass over the whole log, into arrays: no epochs, files, states, sinks or retries. What is poison is left out, as
 * if it had never been in the log, and stands in `dead_letters`.
 */
export function plainOracle(
  messages: readonly Message[],
  pipeline: Pipeline,
  poison: ReadonlySet<number>,
  { stream, run }: Run,
): Expected {
  const rows = new Map<string, Record<string, unknown>[]>();
  const revisions: string[] = [];
  const add = (table: string, row: object, { sequence, appended }: Message) => {
    const before = rows.get(table) ?? [];
    rows.set(table, before);
    before.push({ stream, run, sequence, appended, ...row });
  };
  const engine = createPipelineEngine(pipeline, NO_STATES, {
    row({ table, row }: Row, cause) {
      if (table === 'readings') for (const one of readingsIn(row)) add(table, one, cause);
      else if (table === 'waveforms') add(table, waveformOf(row), cause);
      else add(table, row, cause);
      if (table !== 'requests') return;
      add('request_history', row, cause);
      revisions.push(row.request);
    },
  });
  for (const message of messages) {
    if (poison.has(message.sequence)) {
      const deadLetter = { reason: 'defect', stage: 'engine', source: message.subject, count: 1 };
      add('dead_letters', deadLetter, message);
    } else engine.push(message);
  }
  return { rows, revisions };
}

type Content<T extends Row['table']> = Extract<Row, { readonly table: T }>['row'];

/** One row for each number, or text, of each sample. */
function readingsIn(frame: Content<'readings'>): object[] {
  const located = locate(frame.asset);
  const rows: object[] = [];
  const times = [...frame.times];
  frame.signals.forEach((signal, s) => {
    times.forEach((time, i) => {
      const value = frame.values[s * times.length + i] ?? Number.NaN;
      if (Number.isFinite(value))
        rows.push({ ...located, signal, time, value, text: '', quality: 'good' });
    });
  });
  return rows;
}

function waveformOf({ asset, point, time, rate, unit, rpm, part, samples }: Content<'waveforms'>) {
  const [piece, pieces] = part ?? [0, 1];
  return {
    ...locate(asset),
    ...{ point, time, rate, unit, rpm: rpm ?? null, part: piece, parts: pieces },
    samples: [...samples],
  };
}

function locate(key: string) {
  const [plant, line, asset] = key.split('/');
  return { plant, line, asset };
}
