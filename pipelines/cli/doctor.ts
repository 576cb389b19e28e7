import type { Command } from 'commander';
import { readConfig } from '../base/config.ts';
import { EXIT } from '../base/problem.ts';
import { describeResults, examine } from '../doctor/doctor.ts';

/** Adds `andon doctor`: what is missing, too old or misconfigured, and what to do. */
export function registerDoctor(command: Command): void {
  command
    .option('--config <file>', 'the configuration to examine')
    .option('--json', 'findings as JSON')
    .action(async (options: { readonly config?: string; readonly json?: true }) => {
      const results = await examine(readConfig(options.config), options.config);
      console.log(
        options.json === true ? JSON.stringify(results, null, 2) : describeResults(results),
      );
      if (results.some(({ state }) => state === 'fail')) process.exitCode = EXIT.outside;
    });
}
