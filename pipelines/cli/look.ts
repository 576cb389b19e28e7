import { existsSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { wrongInput } from '../base/problem.ts';
import { isZone } from '../files/instant.ts';
import { lookAt } from '../recordings/look.ts';

type Options = {
  readonly zone?: string;
  readonly subject?: string;
  readonly write?: string;
  readonly json?: true;
};

/** Adds `andon look`: what a file of a historian or logger holds, and its description. */
export function registerLook(command: Command): void {
  command
    .argument('<file>')
    .option('--zone <name>', 'of times that say none, such as Europe/Berlin')
    .option('--subject <subject>', 'whose values these are: telemetry.<plant>.<line>.<asset>')
    .option('--write <file>', 'write the description there; an existing file is left alone')
    .option('--json', 'what was seen, what is to be decided, and the description as JSON')
    .addHelpText(
      'after',
      '\nPrints the description for `andon publish` and `andon backtest --data`, with what was seen as comments.',
    )
    .action(async (file: string, options: Options) => {
      const { zone, subject, write, json } = options;
      if (zone !== undefined && !isZone(zone)) {
        throw wrongInput('--zone', 'a time zone such as Europe/Berlin', JSON.stringify(zone));
      }
      const look = await lookAt(file, {
        ...(zone === undefined ? {} : { zone }),
        ...(subject === undefined ? {} : { subject }),
        ...(write === undefined ? {} : { folder: dirname(resolve(write)) }),
      });
      const comments = [
        ...look.seen.map((line) => `# ${line}`),
        ...look.doubts.map((line) => `# To decide: ${line}`),
      ];
      const text = `${comments.join('\n')}\n${look.description}`;
      console.log(json === true ? JSON.stringify(look) : text.trimEnd());
      if (write === undefined) return;
      if (existsSync(write)) throw wrongInput('--write', 'a new file', `${write}, which is there`);
      writeFileSync(write, text);
    });
}
