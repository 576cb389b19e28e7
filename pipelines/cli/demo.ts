import { writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { EXIT, type ExitCode, wrongInput } from '../base/problem.ts';
import { DEMO_WAYS, runDemo } from '../demo/demo.ts';
import type { DemoProgress } from '../demo/progress.ts';
import { summarise } from '../demo/summary.ts';
import { DEMO_ERPS } from '../demo/systems.ts';
import { ansi } from '../demo/view/ansi.ts';
import { endScreen } from '../demo/view/end.ts';
import type { ScreenLine } from '../demo/view/lines.ts';
import { type Live, showLines, showScreen } from '../demo/view/live.ts';
import { picture } from '../demo/view/picture.ts';
import { screen } from '../demo/view/screen.ts';

type DemoOptions = {
  readonly seconds?: string;
  readonly seed: string;
  readonly speed: string;
  readonly erp: string;
  readonly through: string;
  readonly json?: true;
  readonly keep?: string | true;
  readonly picture?: string;
};

/** Adds `andon demo`: everything at once, with a plant made up. */
export function registerDemo(command: Command): void {
  command
    .option('--seconds <count>', 'end by itself, and hold the answers against what was planted')
    .option('--seed <number>', 'another plant life; the same seed gives the same answers', '1')
    .option('--speed <factor>', 'times faster than real time', '120')
    .option('--erp <name>', `what stands behind it: ${DEMO_ERPS.join(', ')}`, 'reference')
    .option('--through <way>', `how the plant gets into the log: ${DEMO_WAYS.join(', ')}`, 'nats')
    .option('--json', 'nothing but the summary, as one JSON object')
    .option('--keep [folder]', 'leave everything where it is, or in this folder, and say where')
    .option('--picture <file>', 'the screen as it is at the end, as an SVG')
    .addHelpText(
      'after',
      '\nExit code 0: everything that was planted was found, and nothing else. Ctrl-C ends it in order; a second one at once.',
    )
    .action(async (options: DemoOptions) => {
      process.exitCode = await demo(options);
    });
}

const TITLE = 'npm run demo';
/** Of the picture: what fits into a page of a README. */
const PICTURE = { columns: 110, rows: 46 };

/** Runs the demo to its end and says how it went. */
async function demo(options: DemoOptions): Promise<ExitCode> {
  const seed = numberOf(
    '--seed',
    options.seed,
    'a whole number from 0',
    (n) => Number.isInteger(n) && n >= 0,
  );
  const speed = numberOf('--speed', options.speed, 'a number above 0', (n) => n > 0);
  const seconds =
    options.seconds === undefined
      ? undefined
      : numberOf('--seconds', options.seconds, 'a number above 0', (n) => n > 0);
  const erp = oneOf('--erp', DEMO_ERPS, options.erp);
  const through = oneOf('--through', DEMO_WAYS, options.through);
  const directory = await folderOf(options.keep);
  const ending = new AbortController();
  const stopListening = endOnSignal(ending);
  let course: DemoProgress | undefined;
  const live = showing(options, () => course?.view());
  try {
    const outcome = await runDemo({
      seed,
      speed,
      seconds,
      erp,
      through,
      directory,
      ending: ending.signal,
      onProgress: (now) => {
        course = now;
      },
      onPublished() {
        if (options.picture !== undefined && course !== undefined) {
          writeFileSync(
            options.picture,
            picture(screen(course.view(), PICTURE), PICTURE.columns, TITLE),
          );
        }
      },
    });
    live?.stop();
    const summary = summarise(outcome);
    if (options.json === true) console.log(JSON.stringify(summary));
    else process.stdout.write(`${lines(endScreen(outcome, summary))}\n`);
    return summary.differences.length === 0 ? EXIT.ok : EXIT.defect;
  } finally {
    live?.stop();
    stopListening();
    if (options.keep !== undefined) console.error(`andon demo: everything is in ${directory}`);
    else await rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

/** A new folder, or the one that was asked for: what another demo left in it would be taken for this one's. */
async function folderOf(keep: DemoOptions['keep']): Promise<string> {
  if (typeof keep !== 'string') return mkdtemp(join(tmpdir(), 'andon-demo-'));
  const folder = resolve(keep);
  await mkdir(folder, { recursive: true });
  const found = (await readdir(folder)).length;
  if (found === 0) return folder;
  throw wrongInput(
    '--keep',
    'an empty folder',
    `${found} entries in ${keep}`,
    'Remove it, or name another.',
  );
}

function oneOf<T extends string>(name: string, all: readonly T[], text: string): T {
  const found = all.find((each) => each === text);
  if (found === undefined) throw wrongInput(name, `one of ${all.join(', ')}`, text);
  return found;
}

function numberOf(
  name: string,
  text: string,
  expected: string,
  fits: (number: number) => boolean,
): number {
  const number = Number(text);
  if (text.trim() !== '' && Number.isFinite(number) && fits(number)) return number;
  throw wrongInput(name, expected, text);
}

function showing(
  { json }: DemoOptions,
  view: () => ReturnType<DemoProgress['view']> | undefined,
): Live | undefined {
  if (json === true) return undefined;
  return process.stdout.isTTY
    ? showScreen(view, process.stdout)
    : showLines(view, (line) => console.log(line));
}

/** The first signal ends the demo in order; at the second one the process goes, and its children with it. */
function endOnSignal(ending: AbortController): () => void {
  const end = () => {
    if (ending.signal.aborted) process.exit(130);
    ending.abort();
  };
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.on(signal, end);
  return () => {
    for (const signal of signals) process.off(signal, end);
  };
}

function lines(all: readonly ScreenLine[]): string {
  const colours = process.stdout.isTTY && !process.env.NO_COLOR;
  return all.map((line) => ansi(line, colours)).join('\n');
}
