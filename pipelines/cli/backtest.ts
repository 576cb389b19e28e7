import type { Command } from 'commander';
import {
  type EventTime,
  fromMilliseconds,
  HOUR,
  parseDuration,
} from '../../operators/model/time.ts';
import { nearest } from '../base/nearest.ts';
import { EXIT, wrongInput } from '../base/problem.ts';
import { printRemarks } from '../base/yaml-file.ts';
import { readInstant } from '../files/instant.ts';
import { lagsText } from '../observe/source-lags.ts';
import { readDescription } from '../recordings/recording-description.ts';
import { openRecordingLog } from '../recordings/recordings.ts';
import { type BacktestSummary, backtest, isAllUnknown } from '../rules/backtest.ts';
import { csvOf, TABLES, type TableRows } from '../rules/backtest-tables.ts';
import { changesOf } from '../rules/changes.ts';
import { patternReportText } from '../rules/explain/match-report.ts';
import { withoutShadow } from '../rules/replies/without-shadow.ts';
import { readPlantAndRules, readPlantFile } from '../rules/rules.ts';
import { operatingPeriods } from '../rules/sweep/operating-periods.ts';
import { sweep } from '../rules/sweep/sweep.ts';
import {
  describeSweep,
  type SweepReport,
  sweepJson,
  variantResult,
} from '../rules/sweep/sweep-report.ts';
import { variantsOf } from '../rules/sweep/variants.ts';

type BacktestOptions = {
  readonly model: string;
  readonly rules: string;
  readonly data: readonly string[];
  readonly base?: string;
  readonly explain?: true;
  /** `ID.FIELD=VALUES`, and what lead times and false alarms are measured by. */
  readonly sweep?: readonly string[];
  readonly until?: string;
  readonly healthyUntil?: string;
  readonly lasting?: string;
  readonly json?: true;
  readonly tables?: string;
  readonly limit: string;
  readonly csv?: true;
  readonly shadowAsOn?: true;
  readonly recordedReplies?: true;
};

const RECORDED_REPLIES =
  'commands of workflows are answered by the record alone; else also by its last answer for the same verb and machine, and as `assume` of the rules says';

/** Adds `andon backtest`: what would these rules have raised on these recordings? */
export function registerBacktest(command: Command): void {
  command
    .requiredOption('--model <file>', 'plant.yaml')
    .requiredOption('--rules <file>', 'rules.yaml')
    .requiredOption('--data <file...>', 'descriptions of recordings, or .ndjson files')
    .option('--base <directory>', 'where the files that descriptions name are')
    .option('--explain', 'what became of each match of a pattern that began, and what ended it')
    .option(
      '--sweep <field=values...>',
      'instead: alarms and lead time for each value of a detector, as bearing.limit=4..10',
    )
    .option('--until <time>', 'lead times end here, where no description says when it failed')
    .option('--healthy-until <time>', 'what is said before is a false alarm')
    .option('--lasting <duration>', 'an alarm that stood for so long has lasted (1h)')
    .option(
      '--tables <names>',
      'instead of decisions: the rows of these tables (all, or windows,alarms …), each with the time at which it would have been said',
    )
    .option('--limit <count>', 'rows of each of these tables', '1000')
    .option('--csv', 'one table as CSV')
    .option('--shadow-as-on', 'try steps of workflows in shadow as if they were on')
    .option('--recorded-replies', RECORDED_REPLIES)
    .option('--json', 'the summary, or the table of a sweep, as JSON')
    .addHelpText(
      'after',
      '\nPrints one JSON line per phase of an anomaly, incident and request revision; the summary goes to stderr.' +
        '\nExit code 5: the plant model knows nothing of what the recordings hold.' +
        '\nA sweep prints its table. Values: 4..10, 0.1..0.5/0.1, 10s..60s/10s, 5%..20%/5%, 4,6,8; several fields are a' +
        '\ngrid; "detector" stands for every detector that has the field.',
    )
    .action(async (options: BacktestOptions) => {
      if (options.sweep !== undefined) {
        if (options.explain === true) {
          throw wrongInput('--explain', 'either --sweep or --explain', 'both');
        }
        if (options.tables !== undefined) {
          throw wrongInput('--tables', 'either --sweep or --tables', 'both');
        }
        await runSweep(options);
        return;
      }
      const { until, healthyUntil, lasting } = options;
      const measured = until ?? healthyUntil ?? lasting;
      if (measured !== undefined) {
        const remedy = 'They say what a sweep is measured by.';
        throw wrongInput(
          '--until, --healthy-until, --lasting',
          '--sweep beside it',
          measured,
          remedy,
        );
      }
      await runBacktest(options);
    });
}

async function runBacktest(options: BacktestOptions): Promise<void> {
  const { model, rules, data, base, explain, json } = options;
  const tables = tablesOf(options);
  const { plants, rules: checked } = await readPlantAndRules(model, rules);
  if (json !== true) printRemarks(checked.warnings);
  const recordings = await Promise.all(data.map((file) => readDescription(file, base)));
  const tried = options.shadowAsOn === true ? withoutShadow(checked.raw) : checked.raw;
  const changes = changesOf(plants, { ...checked, raw: tried });
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort());
  const progress = process.stderr.isTTY ? process.stderr : undefined;
  const { workflows, assume } = checked.rules;
  const madeUp = options.recordedReplies === true ? {} : { assume };
  const summary = await backtest({
    openLog: () => openRecordingLog({ recordings, changes }),
    onDecision({ table, line }) {
      if (tables === undefined) console.log(`{"table":"${table}",${line.slice(1)}`);
    },
    onTables: (rows) => printTables(rows, options.csv === true),
    onProgress: (messages) => void progress?.write(`\r${messages} messages`),
    signal: interrupted.signal,
    ...{ workflows, ...madeUp },
    ...(tables === undefined ? {} : { tables }),
    ...(explain === true ? { explain: checked.rules.patterns.map(({ id }) => id) } : {}),
  });
  progress?.write('\r\x1b[K');
  console.error(json === true ? JSON.stringify(summary) : inWords(summary));
  if (isAllUnknown(summary)) process.exitCode = EXIT.unjudged;
}

/** The tables that somebody wants to see, and how much of them. */
function tablesOf({ tables, limit, csv }: BacktestOptions) {
  if (tables === undefined) {
    if (csv !== true) return undefined;
    throw wrongInput('--csv', '--tables beside it', 'none', 'Name one table: --tables windows.');
  }
  const names = tables === 'all' ? TABLES : tables.split(',').map(tableOf);
  if (csv === true && names.length !== 1) {
    throw wrongInput('--csv', 'one table', tables, 'Each table has columns of its own.');
  }
  if (!/^[1-9]\d*$/.test(limit)) throw wrongInput('--limit', 'a whole number above 0', limit);
  return { names, limit: Number(limit) };
}

function tableOf(text: string) {
  const found = TABLES.find((name) => name === text);
  if (found !== undefined) return found;
  const near = nearest(text, TABLES);
  const remedy = near === undefined ? 'Correct it.' : `Did you mean ${near}?`;
  throw wrongInput('--tables', `all, or some of ${TABLES.join(', ')}`, text, remedy);
}

function printTables(tables: readonly TableRows[], csv: boolean): void {
  for (const content of tables) {
    const { table, rows, count } = content;
    if (csv && rows.length > 0) console.log(csvOf(content));
    if (!csv) for (const row of rows) console.log(JSON.stringify({ table, ...row }));
    if (count === rows.length) continue;
    console.error(
      `${table}: the first ${rows.length} of ${count} rows; --limit ${count} shows all`,
    );
  }
}

function inWords(summary: BacktestSummary): string {
  const { messages, readings, windows, features, anomalies, incidents, requests, revisions } =
    summary;
  const deadLetters = Object.entries(summary.dead_letters).map(
    ([reason, count]) => `${count} ${reason}`,
  );
  return [
    `${messages} messages: ${readings} readings, ${windows} windows, ${features} waveforms described`,
    `${anomalies} anomalies raised, ${incidents} incidents, ${requests} requests in ${revisions} revisions`,
    ...commandsText(summary),
    `dead letters: ${deadLetters.length === 0 ? 'none' : deadLetters.join(', ')}`,
    ...(isAllUnknown(summary) ? [ALL_UNKNOWN] : []),
    ...summary.lines.flatMap(lagsText),
    ...(summary.patterns ?? []).map(patternReportText),
  ].join('\n');
}

/** Where the systems around would have answered from. */
function commandsText({ commands, replies }: BacktestSummary): readonly string[] {
  if (commands === 0) return [];
  const { record, last_answer, assumed, none } = replies;
  const shadow = commands - record - last_answer - assumed - none;
  return [
    `${commands} commands, ${shadow} of them in shadow; answered by the record: ${record}, by its last answer for the same verb and machine: ${last_answer}, as assumed: ${assumed}, by nobody: ${none}`,
  ];
}

const ALL_UNKNOWN =
  'nothing was judged: expected assets and signals of the plant model, found none in these recordings; --tables dead_letters shows what came';

/** What each value would have raised on the recordings, as a table or one JSON object on standard output. */
async function runSweep(options: BacktestOptions): Promise<void> {
  const { model, rules, data, base, json } = options;
  const lasting = options.lasting === undefined ? HOUR : durationIn('--lasting', options.lasting);
  const plants = await readPlantFile(model);
  const swept = await variantsOf(rules, options.sweep ?? []);
  const recordings = await Promise.all(data.map((file) => readDescription(file, base)));
  const periods = operatingPeriods(recordings, {
    ...timed('until', '--until', options.until),
    ...timed('healthyUntil', '--healthy-until', options.healthyUntil),
  });
  const changes = changesOf(plants, swept.entry);
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort());
  const progress = process.stderr.isTTY ? process.stderr : undefined;
  const { result, messages, defects } = await sweep({
    openLog: () => openRecordingLog({ recordings, changes }),
    onProgress: (count) => void progress?.write(`\r${count} messages`),
    signal: interrupted.signal,
    change: changes[0]?.messages[0]?.headers?.['Andon-Change'] ?? '',
    variants: swept.variants.map((variant) => variant.rules),
    detectors: new Set(swept.detectors),
    periodsOf: periods,
    lasting,
  });
  progress?.write('\r\x1b[K');
  const report: SweepReport = {
    swept,
    span: result.span,
    results: result.tallies.map((tally) => variantResult(tally, result.span, periods)),
    messages,
    defects,
    lasting,
    interrupted: interrupted.signal.aborted,
  };
  console.log(json === true ? JSON.stringify(sweepJson(report)) : describeSweep(report));
}

function durationIn(option: string, text: string) {
  const duration = parseDuration(text);
  if (duration === undefined) throw wrongInput(option, 'a duration such as 10m or 1h', text);
  return duration;
}

/** `{ [name]: time }`, or nothing when the option was not given. */
function timed<K extends string>(name: K, option: string, text: string | undefined) {
  if (text === undefined) return {};
  const milliseconds = readInstant(text);
  if (Number.isNaN(milliseconds)) {
    throw wrongInput(option, 'a time such as 2012-01-01T00:00:00Z', text);
  }
  return { [name]: fromMilliseconds(milliseconds) } as Partial<Record<K, EventTime>>;
}
