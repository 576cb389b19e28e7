import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import type { Command } from 'commander';
import { printable } from '../../operators/model/plain.ts';
import { sqlStatements } from '../../sinks/clickhouse/sql-tokens.ts';
import { statementOnlyReads } from '../../sinks/clickhouse/warehouse/plan.ts';
import { sha256Of } from '../audit/chain.ts';
import { readConfig } from '../base/config.ts';
import { wrongInput } from '../base/problem.ts';
import { readText } from '../base/read-text.ts';
import {
  questionList,
  readNamedQuestion,
  readQuestion,
  readQuestions,
  type SqlScript,
} from '../warehouse/questions.ts';

import { opensAsOwner, withWarehouse } from '../warehouse/warehouse.ts';
import { noteIfPossible, withAuditor } from './audited.ts';

type Options = {
  readonly config?: string;
  readonly file?: string;
  readonly format?: string;
  readonly list?: true;
  readonly json?: true;
  readonly param?: Readonly<Record<string, string>>;
};

/** Adds `andon sql`: asks ClickHouse. */
export function registerSql(command: Command): void {
  command
    .argument('[statement]')
    .usage('[options] [statement | @question [--parameter value …]]')
    // The parameters of a question are options of their own.
    .allowUnknownOption()
    .allowExcessArguments()
    .option('--file <file>', 'statements from a file (sql/queries/…); - reads standard input')
    .option('--list', 'the questions that can be asked by name; so does @')
    .option('--param <name=value>', 'value of a {name:Type} in the statement', parameter, {})
    .option(
      '--format <format>',
      'any output format of ClickHouse: CSVWithNames, Parquet, Vertical …',
    )
    .option('--json', 'one JSON object per row')
    .option('--config <file>', 'configuration (YAML); the environment overlays it')
    .action(async (statement: string | undefined, options: Options, command: Command) => {
      if (options.list === true || statement === '@') {
        console.log(
          options.json === true ? JSON.stringify(await readQuestions()) : await questionList(),
        );
        return;
      }
      const { script, parameters } = await asked(statement, command.args.slice(1), options);
      const format = options.format ?? (options.json === true ? 'JSONEachRow' : plainFormat());
      await withWarehouse(options.config, ({ client }) =>
        audited(options.config, script, async () => {
          for (const query of sqlStatements(script)) {
            await print(client, query, format, parameters);
          }
        }),
      );
    });
}

/** Whoever opens the warehouse as its owner is in the audit stream; what may change something is not done without. */
async function audited(
  file: string | undefined,
  script: string,
  ask: () => Promise<void>,
): Promise<void> {
  const config = readConfig(file);
  if (!(await opensAsOwner(config))) return ask();
  const of = { what: config.clickhouse.database, after: sha256Of(script) };
  if ([...sqlStatements(script)].every(statementOnlyReads)) {
    await noteIfPossible(config, { act: 'open-warehouse', ...of });
    return ask();
  }
  await withAuditor(config, 'andon sql', (auditor) =>
    auditor.around([{ act: 'change-warehouse', ...of }], ask),
  );
}

function plainFormat(): string {
  return process.stdout.isTTY ? 'PrettyCompactMonoBlock' : 'TabSeparated';
}

function parameter(text: string, known: Readonly<Record<string, string>>): Record<string, string> {
  const [, name, value] = /^(\w+)=([\s\S]*)$/.exec(text) ?? [];
  if (name !== undefined && value !== undefined) return { ...known, [name]: value };
  throw wrongInput(
    '--param',
    'name=value',
    JSON.stringify(text),
    'Example: --param asset=press-3.',
  );
}

async function asked(
  statement: string | undefined,
  rest: readonly string[],
  { file, param = {} }: Options,
): Promise<SqlScript> {
  if (statement?.startsWith('@') === true && file === undefined) {
    return readNamedQuestion(statement.slice(1), rest, param);
  }
  const excess = statement?.startsWith('-') === true ? statement : rest[0];
  if (excess !== undefined) {
    throw wrongInput('andon sql', 'one statement', `${excess} as well`, 'Quote the statement.');
  }
  const script = await scriptOf(statement, file);
  return { script, parameters: { ...defaultsOf(script), ...param } };
}

/** What the head of a query file says of its parameters, so that a file can be asked like a question. */
function defaultsOf(script: string): Record<string, string> {
  const { parameters } = readQuestion('', script);
  return Object.fromEntries(
    parameters.flatMap(({ name, fallback }) => (fallback === undefined ? [] : [[name, fallback]])),
  );
}

async function scriptOf(statement: string | undefined, file: string | undefined): Promise<string> {
  if (statement !== undefined && file === undefined) return statement;
  if (statement === undefined && file === '-') return text(process.stdin);
  if (statement === undefined && file !== undefined) return readText(file);
  const found = statement === undefined ? 'neither' : 'both';
  throw wrongInput(
    'andon sql',
    'a statement or --file',
    found,
    'Example: andon sql "SHOW TABLES".',
  );
}

/** What machines and people wrote is in tables as they wrote it. */
async function* shown(parts: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for await (const part of parts) yield printable(decoder.decode(part, { stream: true }));
  yield printable(decoder.decode());
}

async function print(
  client: ClickHouseClient,
  query: string,
  format: string,
  query_params: Readonly<Record<string, string>>,
): Promise<void> {
  const { stream } = await client.exec({
    query,
    query_params: { ...query_params },
    // A format that the statement itself names wins over the header.
    http_headers: { 'X-ClickHouse-Format': format },
  });
  if (process.stdout.isTTY) await pipeline(stream, shown, process.stdout, { end: false });
  else await pipeline(stream, process.stdout, { end: false });
}
