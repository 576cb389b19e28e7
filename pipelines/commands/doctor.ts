import type { Command } from 'commander';

/** Adds `andon doctor`: what is missing, too old or misconfigured, and what to do. */
export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .description('say what is missing, too old or misconfigured, and what to do')
    .action(() => undefined);
}
