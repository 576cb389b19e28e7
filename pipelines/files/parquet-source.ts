/**
 * Rows of a Parquet file that nobody has looked at yet. A damaged or crafted one can keep its decoder busy for ever, or
 * make it take all memory: counts and lengths in pages decide how often loops run. So a process of its own reads it, which
 * may be ended at any time.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Problem, type ProblemParts } from '../base/problem.ts';
import { brokenParquet } from './parquet.ts';
import type { RowOfTable, RowSource, TableValue } from './row-sources.ts';

/** A checkout runs its sources as they are; a package holds JavaScript. */
const PROGRAM = import.meta.url.endsWith('.ts') ? './parquet-main.ts' : './parquet-main.js';

export type ReaderLimits = {
  /** Milliseconds for one step: the columns of a stretch of rows are steps of their own. */
  readonly silence: number;
  /** Bytes of the whole process. */
  readonly memory: number;
};

const READER_LIMITS: ReaderLimits = { silence: 60_000, memory: 2_147_483_648 };

/** What the process gives, each time that it is asked: names first, then rows until there are none. */
export type ReaderAnswer =
  | { readonly names: readonly string[] }
  | { readonly rows: readonly (readonly TableValue[])[] }
  | { readonly problem: ProblemParts };

/** Throws a `Problem`, at once or at a row: no Parquet file, or one that cannot be read within the limits. */
export async function parquetSource(
  file: string,
  limits: ReaderLimits = READER_LIMITS,
): Promise<RowSource> {
  const reader = new ParquetReader(file, limits);
  const answer = await reader.ask();
  if (!('names' in answer)) throw brokenParquet(file, 'rows ahead of the names of columns');
  return { names: answer.names, rows: rowsOf() };

  async function* rowsOf(): AsyncGenerator<RowOfTable> {
    let row = 0;
    try {
      for (;;) {
        const next = await reader.ask();
        if (!('rows' in next) || next.rows.length === 0) return;
        for (const cells of next.rows) {
          row += 1;
          yield { where: `${file}, row ${row}`, cells };
        }
      }
    } finally {
      reader.end();
    }
  }
}

class ParquetReader {
  readonly #file: string;
  readonly #child: ChildProcess;
  readonly #closed: Promise<undefined>;
  /** The last it said, for people. */
  #words = '';

  constructor(file: string, { silence, memory }: ReaderLimits) {
    this.#file = file;
    const isSource = PROGRAM.endsWith('.ts');
    this.#child = fork(
      fileURLToPath(new URL(PROGRAM, import.meta.url)),
      [file, String(silence), String(memory)],
      {
        // Above the bound of the watch, whose one sentence is better than the trace of a full heap.
        execArgv: [
          `--max-old-space-size=${Math.max(64, Math.ceil(memory / 524_288))}`,
          ...(isSource ? ['--import', import.meta.resolve('tsx')] : []),
        ],
        // Not as JSON, which has no NaN.
        serialization: 'advanced',
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      },
    );
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#words = `${this.#words}${text}`.slice(-1_000);
    });
    this.#closed = new Promise((resolve) => {
      this.#child.once('close', () => resolve(undefined));
      this.#child.once('error', (error) => {
        this.#words = `one whose reader did not start: ${error.message}`;
        resolve(undefined);
      });
    });
    this.#hold(false);
  }

  async ask(): Promise<Exclude<ReaderAnswer, { problem: ProblemParts }>> {
    this.#hold(true);
    const over = new AbortController();
    try {
      const answered = once(this.#child, 'message', { signal: over.signal });
      answered.catch(() => undefined);
      this.#child.send('next', () => undefined);
      const [answer] = (await Promise.race([answered, this.#closed])) ?? [];
      if (answer === undefined) throw brokenParquet(this.#file, this.#lastWords());
      const said = answer as ReaderAnswer;
      if ('problem' in said) throw new Problem(said.problem);
      return said;
    } catch (error) {
      this.end();
      throw error;
    } finally {
      over.abort();
      this.#hold(false);
    }
  }

  end(): void {
    this.#child.kill('SIGKILL');
  }

  /** Between two questions it keeps nobody from ending: when its owner is gone, it ends by itself. */
  #hold(on: boolean): void {
    const stderr = this.#child.stderr as { ref?(): void; unref?(): void } | null;
    for (const part of [this.#child, this.#child.channel, stderr]) {
      if (on) part?.ref?.();
      else part?.unref?.();
    }
  }

  #lastWords(): string {
    const said = this.#words.trim().split('\n').at(-1) ?? '';
    return said === '' ? 'one whose reader ended without a word' : said;
  }
}
