import type { Command } from 'commander';

type Options = { readonly json?: true; readonly only?: readonly string[] };

/** Adds `andon test`: runs the examples that rule files carry. */
export function registerTest(program: Command): void {
  program
    .command('test')
    .description('run the examples that rule files carry, and say what came out otherwise')
    .argument('<rules...>', 'rules.yaml, one or several')
    .option('--only <pattern...>', 'only the examples of these patterns')
    .option('--json', 'one JSON object per example, one per line')
    .addHelpText('after', '\nExit code 1: an example came out otherwise. 2: a file is wrong.')
    .action(async (files: readonly string[], options: Options) => {
      const { testRules } = await import('./test-action.ts');
      process.exitCode = await testRules(files, options);
    });
}
