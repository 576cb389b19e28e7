import type { Command } from 'commander';
import { startReferencePlanner } from '../demo/reference-planner/reference-planner.ts';
import { type ServeOptions, serveReference } from '../demo/reference-server.ts';

/** Adds `andon reference-planner`: a small planner: windows in which a line stands, to try a profile against. */
export function registerReferencePlanner(command: Command): void {
  command
    .option('--port <port>', '0 takes a free one', '8091')
    .option('--journal <file>', 'where it keeps everything', 'reference-planner.ndjson')
    .option('--token <token>', 'what callers have to show', 'reference')
    .action((options: ServeOptions) => serveReference(startReferencePlanner, options));
}
