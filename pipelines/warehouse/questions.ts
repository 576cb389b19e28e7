import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SQL_FOLDER } from '../../sinks/clickhouse/migrate.ts';

export type QuestionParameter = {
  readonly name: string;
  /** ClickHouse's type, as the query says it. */
  readonly type: string;
  /** Undefined where a value must be given. */
  readonly fallback: string | undefined;
  readonly meaning: string;
};

/** A file of `sql/queries`: a question that can be asked by name. */
export type Question = {
  readonly name: string;
  readonly question: string;
  readonly group: string;
  readonly parameters: readonly QuestionParameter[];
  readonly sql: string;
};

const PARAMETER = /^-- (\w+)(?: =(.*?))? : (.*)$/gm;

/**
 * Reads a query file: the question in its first line, then `-- group: name`, then a line for each parameter,
 * `-- name = default : meaning`, without ` = default` where a value must be given.
 */
export function readQuestion(name: string, sql: string): Question {
  const types = new Map(
    Array.from(sql.matchAll(/\{(\w+)\s*:\s*([^{}]+)\}/g), ([, key = '', type = '']) => [key, type]),
  );
  const parameters = Array.from(
    sql.matchAll(PARAMETER),
    ([, key = '', fallback, meaning = '']) => ({
      name: key,
      type: types.get(key) ?? 'String',
      fallback: fallback?.trim(),
      meaning,
    }),
  );
  return {
    name,
    question: /^-- (.*)/.exec(sql)?.[1] ?? '',
    group: /^-- group: (.*)$/m.exec(sql)?.[1] ?? '',
    parameters,
    sql,
  };
}

/** All questions, by group and name. */
export async function readQuestions(): Promise<readonly Question[]> {
  const folder = join(SQL_FOLDER, 'queries');
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql'));
  const questions = await Promise.all(
    files.map(async (file) =>
      readQuestion(file.slice(0, -'.sql'.length), await readFile(join(folder, file), 'utf8')),
    ),
  );
  return questions.sort((a, b) => order(a.group, b.group) || order(a.name, b.name));
}

function order(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
