import type { Command } from 'commander';
import { startReferenceCmms } from '../demo/reference-cmms/reference-cmms.ts';
import { type ServeOptions, serveReference } from '../demo/reference-server.ts';

/** Adds `andon reference-cmms`: the small CMMS of the demo, to try a configuration against. */
export function registerReferenceCmms(command: Command): void {
  command
    .option('--port <port>', '0 takes a free one', '8089')
    .option('--journal <file>', 'where it keeps everything', 'reference-cmms.ndjson')
    .option('--token <token>', 'what callers have to show', 'reference')
    .action((options: ServeOptions) => serveReference(startReferenceCmms, options));
}
