// The questions of `sql/queries`, which can be asked by name.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SQL_FOLDER } from '../../sinks/clickhouse/migrate.ts';
import { nearest } from '../base/nearest.ts';
import { wrongInput } from '../base/problem.ts';

type QuestionParameter = {
  readonly name: string;
  /** ClickHouse's type, as the query says it. */
  readonly type: string;
  /** Undefined where a value must be given. */
  readonly fallback: string | undefined;
  readonly meaning: string;
};

/** A file of `sql/queries`: a question that can be asked by name. */
type Question = {
  readonly name: string;
  readonly question: string;
  readonly group: string;
  readonly parameters: readonly QuestionParameter[];
  readonly sql: string;
};

export type SqlScript = {
  readonly script: string;
  readonly parameters: Readonly<Record<string, string>>;
};

/**
 * The query of `@name` with its parameters: defaults, then `--param name=value`, then `--name value` from `rest`.
 *
 * @throws Problem for a name or option that there is not, and for parameters that have no value
 */
export async function readNamedQuestion(
  name: string,
  rest: readonly string[],
  given: Readonly<Record<string, string>>,
): Promise<SqlScript> {
  const questions = await readQuestions();
  const question = questions.find((each) => each.name === name);
  if (question === undefined) throw unknownQuestion(name, questions);
  const known = new Map<string, string>();
  for (const { name: key, fallback } of question.parameters) {
    if (fallback !== undefined) known.set(key, fallback);
  }
  for (const [key, value] of [...Object.entries(given), ...optionsOf(question, rest)]) {
    if (question.parameters.some((each) => each.name === key)) known.set(key, value);
    else throw wrongParameter(question, key);
  }
  const missing = question.parameters.filter((each) => !known.has(each.name));
  if (missing.length > 0) {
    throw wrongInput(
      `@${name}`,
      `a value for ${missing.map((each) => `--${each.name} (${each.meaning})`).join(', ')}`,
      'none',
      `Example: andon sql @${name} ${missing.map((each) => `--${each.name} …`).join(' ')}.`,
    );
  }
  return { script: question.sql, parameters: Object.fromEntries(known) };
}

/** The questions with their names, group by group. */
export async function questionList(): Promise<string> {
  const lines: string[] = [];
  let group = '';
  for (const question of await readQuestions()) {
    if (question.group !== group) lines.push(...(group === '' ? [] : ['']), question.group);
    group = question.group;
    lines.push(`  @${question.name}${usage(question)}`, `      ${question.question}`);
  }
  return lines.join('\n');
}

function usage({ parameters }: Question): string {
  return parameters
    .map(({ name, fallback }) => {
      if (fallback === undefined) return ` --${name} …`;
      return fallback === '' ? ` [--${name} …]` : ` [--${name} ${fallback}]`;
    })
    .join('');
}

/** `--name value` and `--name=value`, as they were typed behind the question. */
function optionsOf(
  question: Question,
  rest: readonly string[],
): readonly (readonly [string, string])[] {
  const options: (readonly [string, string])[] = [];
  for (let index = 0; index < rest.length; index += 1) {
    const [, name, inline] = /^--(\w[\w-]*)(?:=([\s\S]*))?$/.exec(rest[index] ?? '') ?? [];
    if (name === undefined) throw wrongParameter(question, rest[index] ?? '');
    if (inline === undefined) index += 1;
    const value = inline ?? rest[index];
    if (value === undefined)
      throw wrongInput(`@${question.name}`, `a value behind --${name}`, 'nothing');
    options.push([name.replaceAll('-', '_'), value]);
  }
  return options;
}

function wrongParameter({ name, parameters }: Question, found: string) {
  const names = parameters.map((each) => each.name);
  const near = nearest(found.replace(/^-+/, ''), names);
  const all = names.length === 0 ? 'no parameters' : names.map((each) => `--${each}`).join(', ');
  return wrongInput(
    `@${name}`,
    all,
    found,
    near === undefined ? undefined : `Did you mean --${near}?`,
  );
}

function unknownQuestion(name: string, questions: readonly Question[]) {
  const near = nearest(
    name,
    questions.map((each) => each.name),
  );
  const list = 'andon sql @ lists the questions.';
  return wrongInput(
    'andon sql',
    'the name of a question',
    `@${name}`,
    near === undefined ? list : `Did you mean @${near}? ${list}`,
  );
}

const PARAMETER = /^-- (\w+)(?: =(.*?))? : (.*)$/gm;

/**
 * Reads a query file: the question in its first line, then `-- group: name`, then a line for each parameter,
 * `-- name = default : meaning`, without ` = default` where a value must be given.
 */
export function readQuestion(name: string, sql: string): Question {
  const types = new Map(
    Array.from(sql.matchAll(/\{(\w+)\s*:\s*([^{}\s][^{}]*)\}/g), ([, key = '', type = '']) => [
      key,
      type,
    ]),
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
