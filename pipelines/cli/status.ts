import type { Command } from 'commander';
import { type Config, readConfig } from '../base/config.ts';
import { inColumns } from '../base/in-columns.ts';
import { EXIT, Problem, wrongInput } from '../base/problem.ts';
import type { LineStatus, WorkerStatus } from '../observe/worker-status.ts';
import { partitionStandings } from '../worker/group/members.ts';
import { withNats } from './with-nats.ts';

type Options = {
  readonly config?: string;
  readonly all?: true;
  readonly url?: readonly string[];
  readonly json?: true;
};

/** Milliseconds that a worker may take to answer. */
const PATIENCE = 5_000;
/** Sources of a line that are shown to people: those that lag most. */
const MOST_SHOWN = 20;

/** Adds `andon status`: what running workers are doing, asked of their `/status`. */
export function registerStatus(command: Command): void {
  command
    .option(
      '--url <url...>',
      'workers to ask, as http://host:9464; without it the one of the configuration',
    )
    .option('--all', 'all partitions: who works each and how far it is, asked of NATS alone')
    .option('--config <file>', 'configuration (YAML); the environment overlays it')
    .option('--json', 'one JSON object per worker')
    .addHelpText(
      'after',
      '\nLags of sources are those of the last hour or two. Exit code 1: a worker is not ready; 3: none answers there.',
    )
    .action(async ({ config, url, json, all: isAll }: Options) => {
      if (isAll === true) {
        await showPartitions(readConfig(config), json === true);
        return;
      }
      const urls = url ?? [urlOf(readConfig(config))];
      const all: WorkerStatus[] = [];
      for (const each of urls) all.push(await askWorker(each));
      for (const status of all) {
        console.log(json === true ? JSON.stringify(status) : describeStatus(status));
      }
      if (all.some(({ reasons }) => reasons.length > 0)) process.exitCode = EXIT.defect;
    });
}

const PARTITION_HEADINGS = ['PARTITION', 'OWNER', 'EPOCH', 'CHECKPOINT', 'BEHIND', 'SINKS BEHIND'];

/** Exit code 1: a partition has a log and no owner. */
async function showPartitions(config: Config, json: boolean): Promise<void> {
  const all = await withNats(config, 'andon status', (connection) =>
    partitionStandings(connection, config),
  );
  const said = (count: number | null) => (count === null ? '-' : String(count));
  const rows = all.map(({ partition, owner, host, epoch, checkpoint, behind, sinks }) => [
    ...[String(partition), owner === null ? 'nobody' : `${owner} on ${host}`],
    ...[epoch, checkpoint, behind].map(said),
    Object.entries(sinks)
      .map(([sink, epochs]) => `${sink} ${epochs}`)
      .join(', '),
  ]);
  if (json) for (const one of all) console.log(JSON.stringify(one));
  else console.log(inColumns([PARTITION_HEADINGS, ...rows], new Set([0, 2, 3, 4])));
  if (all.some(({ owner, last }) => owner === null && last !== null))
    process.exitCode = EXIT.defect;
}

/** Where the worker of a configuration listens, as this machine reaches it. */
function urlOf({ http: { host, port } }: Config): string {
  if (port === 0) {
    const remedy = 'Say where it listens: andon status --url http://127.0.0.1:<port>.';
    throw wrongInput('http.port', 'the port of the worker', '0, which is any free one', remedy);
  }
  const reached = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}`;
}

async function askWorker(url: string): Promise<WorkerStatus> {
  let answer: Response;
  try {
    answer = await fetch(new URL('/status', url), { signal: AbortSignal.timeout(PATIENCE) });
  } catch (error) {
    const failure = error instanceof Error ? error : new Error(String(error));
    if (!URL.canParse(url))
      throw wrongInput('--url', 'an address such as http://127.0.0.1:9464', url);
    const { message } = failure.cause instanceof Error ? failure.cause : failure;
    throw noWorker(url, message === '' ? 'no answer' : message, failure);
  }
  const said: unknown = await answer.json().catch(() => undefined);
  if (answer.ok && isStatus(said)) return said;
  throw noWorker(url, `an answer of something else (HTTP ${answer.status})`);
}

function isStatus(said: unknown): said is WorkerStatus {
  if (typeof said !== 'object' || said === null) return false;
  return ['pipeline', 'partition', 'reasons', 'sinks', 'lines', 'out_of_step'].every(
    (name) => name in said,
  );
}

function noWorker(url: string, found: string, cause?: Error): Problem {
  const remedy =
    'Start it (andon run), or say where it listens: http.host and http.port of the configuration, or --url.';
  const where = `${url}/status`;
  const parts = { where, expected: 'the answer of a worker of this version', found, remedy };
  return new Problem({ ...parts, exit: EXIT.outside }, { cause });
}

/** For people. */
export function describeStatus(status: WorkerStatus): string {
  const { pipeline, run, partition, partitions, stream, owner, reasons, log } = status;
  const { epoch, checkpoint, back_pressure: held, sinks, lines, out_of_step: wrong } = status;
  const place = `${pipeline}, run ${run}, partition ${partition} of ${partitions}`;
  const facts = [
    ['ready', reasons.length === 0 ? 'yes' : `no: ${reasons.join('; ')}`],
    ['log', log === null ? 'not read yet' : logText(log)],
    [
      'written',
      epoch === null ? 'nothing yet' : `epoch ${epoch.epoch}, up to message ${epoch.message}`,
    ],
    ['checkpoint', checkpoint === null ? 'none yet' : `at message ${checkpoint}`],
    [
      'pulling',
      held === null
        ? 'yes'
        : `no: ${held.files} epoch files (${held.bytes} bytes) wait for the sinks`,
    ],
  ];
  const taken = sinks.map(({ sink, epoch: last, behind_epochs, behind_bytes, trouble }) => [
    ...[sink, last === null ? '-' : String(last), String(behind_epochs), String(behind_bytes)],
    trouble ?? '-',
  ]);
  return [
    stream === null ? `${place}: not owned yet` : `${place}: ${stream}, worked by ${owner}`,
    inColumns(facts),
    ...(taken.length === 0 ? [] : ['', inColumns([SINK_HEADINGS, ...taken], new Set([1, 2, 3]))]),
    ...lines.flatMap((line) => ['', ...lineText(line)]),
    ...(wrong.length === 0 ? [] : ['', 'out of step in the last two minutes of the log:']),
    ...wrong.map(({ source, reason, appended, detail }) => {
      return `  ${source}: ${detail} (${reason}, ${appended})`;
    }),
  ].join('\n');
}

const SINK_HEADINGS = ['SINK', 'EPOCH', 'BEHIND', 'BYTES', 'TROUBLE'];
const SOURCE_HEADINGS = ['  SOURCE', 'LAG (HALF)', 'LAG (99 %)', 'HOLD', 'STATE'];

function logText({
  message,
  behind,
  appended,
  age_seconds,
  replay,
}: NonNullable<WorkerStatus['log']>) {
  const age = replay ? 'a replay' : `${age_seconds} s ago`;
  return `read to message ${message}, ${behind} behind; appended ${appended} (${age})`;
}

function lineText({ line, time, behind_seconds, advice, sources }: LineStatus): readonly string[] {
  const behind = behind_seconds === null ? '' : `, ${behind_seconds} s behind append time`;
  const seconds = (count: number | null) => (count === null ? '-' : `${count} s`);
  const lagging = [...sources].sort((a, b) => (b.lag_99_seconds ?? 0) - (a.lag_99_seconds ?? 0));
  const shown = lagging
    .slice(0, MOST_SHOWN)
    .map((one) => [
      `  ${one.source}`,
      ...[one.lag_half_seconds, one.lag_99_seconds, one.hold_seconds].map(seconds),
      one.state,
    ]);
  const more = sources.length - shown.length;
  return [
    time === null ? `line ${line} has no time yet` : `line ${line} is at ${time}${behind}`,
    ...(shown.length === 0 ? [] : [inColumns([SOURCE_HEADINGS, ...shown], new Set([1, 2, 3]))]),
    ...(more === 0 ? [] : [`  and ${more} more, which lag less; --json shows all`]),
    ...(advice === null ? [] : [`  ${advice}`]),
  ];
}
