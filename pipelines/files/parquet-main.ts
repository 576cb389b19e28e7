/** The process that reads one Parquet file for `parquetSource`: file, milliseconds for a step, bytes. */

import { watchThread } from '../../sinks/watchdog.ts';
import { Problem } from '../base/problem.ts';
import { brokenParquet, parquetRows } from './parquet.ts';
import type { ReaderAnswer } from './parquet-source.ts';
import type { RowOfTable } from './row-sources.ts';

const [file = '', silence, memory] = process.argv.slice(2);
/** Rows of one answer. */
const AT_A_TIME = 1_000;

watchThread({ what: 'one whose reader', silence: Number(silence), memory: Number(memory) });
process.on('disconnect', () => process.exit());

const answers = answersOf();
process.on('message', () => void answer());

async function answer(): Promise<void> {
  const { value } = await answers.next();
  process.send?.(value);
}

async function* answersOf(): AsyncGenerator<ReaderAnswer, ReaderAnswer> {
  try {
    const { names, rows } = await parquetRows(file);
    yield { names };
    let part: RowOfTable['cells'][] = [];
    for await (const { cells } of rows) {
      part.push(cells);
      if (part.length < AT_A_TIME) continue;
      yield { rows: part };
      part = [];
    }
    if (part.length > 0) yield { rows: part };
    return { rows: [] };
  } catch (error) {
    const { parts } = error instanceof Problem ? error : brokenParquet(file, error);
    return { problem: parts };
  }
}
