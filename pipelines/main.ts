import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { registerApply } from './commands/apply.ts';
import { registerAsides } from './commands/asides.ts';
import { registerBacktest } from './commands/backtest.ts';
import { registerDemo } from './commands/demo.ts';
import { registerDiagnose } from './commands/diagnose.ts';
import { registerDoctor } from './commands/doctor.ts';
import { registerExplain } from './commands/explain.ts';
import { registerMigrate } from './commands/migrate.ts';
import { registerNatsConfig } from './commands/nats-config.ts';
import { registerPublish } from './commands/publish.ts';
import { registerReferenceCmms } from './commands/reference-cmms.ts';
import { registerRequests } from './commands/requests.ts';
import { registerRun } from './commands/run.ts';
import { registerSimulate } from './commands/simulate.ts';
import { registerSql } from './commands/sql.ts';
import { registerTest } from './commands/test.ts';
import { EXIT, type ExitCode, Problem } from './problem.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

const program = new Command('andon')
  .description('From machine telemetry to one justified maintenance request per problem.')
  .version(version)
  .showHelpAfterError('(andon --help shows the commands)')
  .exitOverride();

registerDemo(program);
registerRun(program);
registerPublish(program);
registerApply(program);
registerSimulate(program);
registerTest(program);
registerExplain(program);
registerBacktest(program);
registerDiagnose(program);
registerRequests(program);
registerAsides(program);
registerSql(program);
registerMigrate(program);
registerNatsConfig(program);
registerDoctor(program);
registerReferenceCmms(program);

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
