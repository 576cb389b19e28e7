import type { Command } from 'commander';
import { type ServeOptions, serveReferenceCmms } from '../demo/reference-cmms/serve.ts';

/** Adds `andon reference-cmms`: the small CMMS of the demo, to try a configuration against. */
export function registerReferenceCmms(program: Command): void {
  program
    .command('reference-cmms')
    .description('run the small CMMS of the demo; it can be told to misbehave')
    .option('--port <port>', '0 takes a free one', '8089')
    .option('--journal <file>', 'where it keeps everything', 'reference-cmms.ndjson')
    .option('--token <token>', 'what callers have to show', 'reference')
    .action((options: ServeOptions) => serveReferenceCmms(options));
}
