import type { Command } from 'commander';
import { EXIT } from '../base/problem.ts';

/** Adds `andon doctor`: what is missing, too old or misconfigured, and what to do. */
export function registerDoctor(command: Command): void {
  command
    .option('--config <file>', 'the configuration to examine')
    .option('--json', 'findings as JSON')
    .action(async (options: { readonly config?: string; readonly json?: true }) => {
      const { readConfig } = await import('../base/config.ts');
      const { describeResults: describe, examine } = await import('../doctor/doctor.ts');
      const findings = await examine(readConfig(options.config));
      console.log(options.json === true ? JSON.stringify(findings, null, 2) : describe(findings));
      if (findings.some(({ state }) => state === 'fail')) process.exitCode = EXIT.outside;
    });
}
