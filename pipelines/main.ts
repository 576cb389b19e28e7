import { Console } from 'node:console';
import { readFileSync } from 'node:fs';
import { Writable } from 'node:stream';
import { Command, CommanderError, Help } from 'commander';
import { printable } from '../operators/model/plain.ts';
import { EXIT, type ExitCode, Problem } from './base/problem.ts';

/** One command. Its file is loaded only when it is called: most load half of the program. */
type CommandEntry = {
  readonly name: string;
  /** As `andon --help` shows it. */
  readonly usage: string;
  readonly description: string;
  /** Gives what adds arguments, options and the action. */
  readonly load: () => Promise<(command: Command) => void>;
};

const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'demo',
    usage: '[options]',
    description: 'a made-up plant, the whole pipeline and a CMMS on this machine: see what happens',
    load: async () => (await import('./cli/demo.ts')).registerDemo,
  },
  {
    name: 'run',
    usage: '[options]',
    description:
      'work one partition: NATS from NATS_URL, ClickHouse from CLICKHOUSE_URL or embedded',
    load: async () => (await import('./cli/run.ts')).registerRun,
  },
  {
    name: 'console',
    usage: '',
    description: 'the page and the API for people and programs, and who may use them',
    load: async () => (await import('./cli/console.ts')).registerConsole,
  },
  {
    name: 'status',
    usage: '[options]',
    description: 'a running worker: its log, sinks, line times, how far sources lag',
    load: async () => (await import('./cli/status.ts')).registerStatus,
  },
  {
    name: 'discover',
    usage: '[options]',
    description: 'listen to a plant, and write what stands there as a plant model to edit',
    load: async () => (await import('./cli/discover.ts')).registerDiscover,
  },
  {
    name: 'edge',
    usage: '',
    description:
      'beside the machines: from MQTT into the log, through outages; join it at the centre',
    load: async () => (await import('./cli/edge.ts')).registerEdge,
  },
  {
    name: 'publish',
    usage: '[options] <files...>',
    description: 'publish recordings into the log',
    load: async () => (await import('./cli/publish.ts')).registerPublish,
  },
  {
    name: 'schedule',
    usage: '[options] <from...>',
    description: 'the production schedule of others into the log: B2MML, CSV, files, HTTP, a queue',
    load: async () => (await import('./cli/schedule.ts')).registerSchedule,
  },
  {
    name: 'apply',
    usage: '[options] <plant> [rules]',
    description: 'check the plant model and the rules, and publish them into the log',
    load: async () => (await import('./cli/apply.ts')).registerApply,
  },
  {
    name: 'simulate',
    usage: '[options]',
    description: 'a simulated plant that publishes into the log, and what was planted in it',
    load: async () => (await import('./cli/simulate.ts')).registerSimulate,
  },
  {
    name: 'test',
    usage: '[options] <rules...>',
    description: 'run the examples that rule files carry, and say what came out otherwise',
    load: async () => (await import('./cli/test.ts')).registerTest,
  },
  {
    name: 'explain',
    usage: '[options] <rules> [rule...]',
    description: 'say each pattern as one sentence and each workflow step by step, or draw them',
    load: async () => (await import('./cli/explain.ts')).registerExplain,
  },
  {
    name: 'contract',
    usage: 'check [options] <old> <new>',
    description: 'say what a release breaks in what others send and read, and for whom',
    load: async () => (await import('./cli/contract.ts')).registerContract,
  },
  {
    name: 'backtest',
    usage: '[options]',
    description: 'run recordings through the pipeline: what would these rules have raised?',
    load: async () => (await import('./cli/backtest.ts')).registerBacktest,
  },
  {
    name: 'suggest',
    usage: '[options]',
    description: 'rules for a plant from its history, with the alarms that each would have raised',
    load: async () => (await import('./cli/suggest.ts')).registerSuggest,
  },
  {
    name: 'precision',
    usage: '[options]',
    description: 'how often rules were right by the answers of people; proposes other values',
    load: async () => (await import('./cli/precision.ts')).registerPrecision,
  },
  {
    name: 'diagnose',
    usage: '[options] <file...>',
    description: 'one waveform: features, spectrum lines, and a verdict or "not determined"',
    load: async () => (await import('./cli/diagnose.ts')).registerDiagnose,
  },
  {
    name: 'look',
    usage: '[options] <file>',
    description: 'what a file of a historian or logger holds, and the description that reads it',
    load: async () => (await import('./cli/look.ts')).registerLook,
  },
  {
    name: 'requests',
    usage: '',
    description: 'maintenance requests: list them, show why and what happened, send one again',
    load: async () => (await import('./cli/requests.ts')).registerRequests,
  },
  {
    name: 'commands',
    usage: '',
    description: 'commands to ERP, planner and others: list them, show what happened, repeat one',
    load: async () => (await import('./cli/commands.ts')).registerCommands,
  },
  {
    name: 'notify',
    usage: '',
    description: 'messages to people: who was told, who is on call, whether a channel works',
    load: async () => (await import('./cli/notify.ts')).registerNotify,
  },
  {
    name: 'reconcile',
    usage: '[options] [system]',
    description: 'compare what was decided with what systems hold, and mend what is safe',
    load: async () => (await import('./cli/reconcile.ts')).registerReconcile,
  },
  {
    name: 'plant',
    usage: '',
    description: 'a plant from a template, how it differs, what collides with another installation',
    load: async () => (await import('./cli/plant.ts')).registerPlant,
  },
  {
    name: 'sync',
    usage: '[options] [system]',
    description: 'copy master data from the systems that own it, with owners and mappings',
    load: async () => (await import('./cli/sync.ts')).registerSync,
  },
  {
    name: 'mapping',
    usage: '',
    description: 'what a thing is called in which system: list, check, propose, approve, history',
    load: async () => (await import('./cli/mapping.ts')).registerMapping,
  },
  {
    name: 'quality',
    usage: '[options]',
    description: 'what is wrong with master data, who answers for it, and what could be done',
    load: async () => (await import('./cli/quality.ts')).registerQuality,
  },
  {
    name: 'objectives',
    usage: '[options]',
    description: 'whether what is promised was kept: error budgets, and alarms for Prometheus',
    load: async () => (await import('./cli/objectives.ts')).registerObjectives,
  },
  {
    name: 'dead-letters',
    usage: '',
    description:
      'what left the main way and why: late, malformed, unknown …; send unknown assets again',
    load: async () => (await import('./cli/dead-letters.ts')).registerDeadLetters,
  },
  {
    name: 'sql',
    usage: '[options] [statement]',
    description: 'ask ClickHouse: a table on a terminal, tab-separated values in a pipe',
    load: async () => (await import('./cli/sql.ts')).registerSql,
  },
  {
    name: 'migrate',
    usage: '[options]',
    description: 'bring ClickHouse to the schema of this version: tables, and views anew',
    load: async () => (await import('./cli/migrate.ts')).registerMigrate,
  },
  {
    name: 'retention',
    usage: '[options]',
    description: 'how long ClickHouse keeps the rows of each table, by plant',
    load: async () => (await import('./cli/retention.ts')).registerRetention,
  },
  {
    name: 'backup',
    usage: '[options] <folder>',
    description: 'streams, buckets, directory and embedded ClickHouse into a folder',
    load: async () => (await import('./cli/backup.ts')).registerBackup,
  },
  {
    name: 'restore',
    usage: '[options] <folder>',
    description: 'an installation out of its backup, where nothing of it is',
    load: async () => (await import('./cli/backup.ts')).registerRestore,
  },
  {
    name: 'audit',
    usage: '[options]',
    description: 'who did what with the installation; check the chain; enter and erase names',
    load: async () => (await import('./cli/audit.ts')).registerAudit,
  },
  {
    name: 'grants',
    usage: '[options]',
    description: 'print users, roles, quotas and row policies for a ClickHouse server',
    load: async () => (await import('./cli/grants.ts')).registerGrants,
  },
  {
    name: 'nats-config',
    usage: '[options]',
    description: 'print the mapping and permissions for nats-server',
    load: async () => (await import('./cli/nats-config.ts')).registerNatsConfig,
  },
  {
    name: 'doctor',
    usage: '[options]',
    description: 'say what is missing, too old or misconfigured, and what to do',
    load: async () => (await import('./cli/doctor.ts')).registerDoctor,
  },
  {
    name: 'reference-cmms',
    usage: '[options]',
    description: 'run the small CMMS of the demo; it can be told to misbehave',
    load: async () => (await import('./cli/reference-cmms.ts')).registerReferenceCmms,
  },
  {
    name: 'reference-erp',
    usage: '[options]',
    description: 'run a small ERP: stock, reservations, requisitions; it can be told to misbehave',
    load: async () => (await import('./cli/reference-erp.ts')).registerReferenceErp,
  },
  {
    name: 'reference-planner',
    usage: '[options]',
    description: 'run a small planning system: windows in which a line stands',
    load: async () => (await import('./cli/reference-planner.ts')).registerReferencePlanner,
  },
];

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

const program = new Command('andon')
  .description('From machine telemetry to one justified maintenance request per problem.')
  .version(version)
  .showHelpAfterError('(andon --help shows the commands)')
  .exitOverride();

const called = process.argv.slice(2).find((word) => !word.startsWith('-') && word !== 'help');
for (const { name, description, load } of COMMANDS) {
  const command = program.command(name).description(description);
  command.showHelpAfterError(`(andon ${name} --help shows its arguments and options)`);
  if (name === called) (await load())(command);
}
// After the commands, which would inherit it: those that are not loaded do not know their arguments.
program.configureHelp({
  subcommandTerm: (command) => {
    const entry = COMMANDS.find(({ name }) => name === command.name());
    return entry === undefined
      ? new Help().subcommandTerm(command)
      : `${entry.name} ${entry.usage}`.trimEnd();
  },
});

/** Sentences quote files and messages, which can hold what a terminal obeys. What is printed holds none of it. */
const shownOn = (stream: NodeJS.WriteStream) =>
  new Writable({
    decodeStrings: false,
    write(text, _encoding, done) {
      stream.write(printable(String(text)));
      done();
    },
  });
globalThis.console = new Console(shownOn(process.stdout), shownOn(process.stderr));

// `andon … | head` closes our output early; that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** Says what went wrong and gives the exit code. A stack is shown only for what is nobody's mistake but ours. */
function report(error: unknown): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.input;
  if (error instanceof Problem) {
    console.error(`andon: ${error.message}`);
    return error.exit;
  }
  console.error(error);
  return EXIT.defect;
}
