import type { Command } from 'commander';

export type DemoOptions = {
  readonly seconds?: string;
  readonly seed: string;
  readonly speed: string;
  readonly json?: true;
  readonly keep?: string | true;
  readonly picture?: string;
};

/** `andon demo`: everything at once, with a plant made up. */
export function registerDemo(program: Command): void {
  program
    .command('demo')
    .description('a made-up plant, the whole pipeline and a CMMS on this machine: see what happens')
    .option('--seconds <count>', 'end by itself, and hold the answers against what was planted')
    .option('--seed <number>', 'another plant life; the same seed gives the same answers', '1')
    .option('--speed <factor>', 'times faster than real time', '120')
    .option('--json', 'nothing but the summary, as one JSON object')
    .option('--keep [folder]', 'leave everything where it is, or in this folder, and say where')
    .option('--picture <file>', 'the screen as it is at the end, as an SVG')
    .addHelpText(
      'after',
      '\nExit code 0: everything that was planted was found, and nothing else. Ctrl-C ends it in order; a second one at once.',
    )
    .action(async (options: DemoOptions) => {
      const { demo } = await import('./demo-action.ts');
      process.exitCode = await demo(options);
    });
}
