import type { Command } from 'commander';
import { startReferenceErp } from '../demo/reference-erp/reference-erp.ts';
import { type ServeOptions, serveReference } from '../demo/reference-server.ts';

/** Adds `andon reference-erp`: a small ERP: stock, reservations, requisitions, to try a profile against. */
export function registerReferenceErp(command: Command): void {
  command
    .option('--port <port>', '0 takes a free one', '8090')
    .option('--journal <file>', 'where it keeps everything', 'reference-erp.ndjson')
    .option('--token <token>', 'what callers have to show', 'reference')
    .action((options: ServeOptions) => serveReference(startReferenceErp, options));
}
