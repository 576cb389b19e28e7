import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { EXIT, type ExitCode, Problem } from './base/problem.ts';
import { registerApply } from './cli/apply.ts';
import { registerBacktest } from './cli/backtest.ts';
import { registerDeadLetters } from './cli/dead-letters.ts';
import { registerDemo } from './cli/demo.ts';
import { registerDiagnose } from './cli/diagnose.ts';
import { registerDoctor } from './cli/doctor.ts';
import { registerExplain } from './cli/explain.ts';
import { registerMigrate } from './cli/migrate.ts';
import { registerNatsConfig } from './cli/nats-config.ts';
import { registerPublish } from './cli/publish.ts';
import { registerReferenceCmms } from './cli/reference-cmms.ts';
import { registerRequests } from './cli/requests.ts';
import { registerRun } from './cli/run.ts';
import { registerSimulate } from './cli/simulate.ts';
import { registerSql } from './cli/sql.ts';
import { registerTest } from './cli/test.ts';

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
registerDeadLetters(program);
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
