import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Evaluate, Evaluation } from './evaluation.ts';
import { drawPlot } from './plot.ts';
import { writeResults } from './write-results.ts';

/** Each data set is a file of its own, loaded only when it is asked for. */
const SETS: Readonly<Record<string, () => Promise<Evaluate>>> = {
  cwru: async () => (await import('./cwru.ts')).evaluateCwru,
  ims: async () => (await import('./ims.ts')).evaluateIms,
  nab: async () => (await import('./nab.ts')).evaluateNab,
  skab: async () => (await import('./skab.ts')).evaluateSkab,
  pronostia: async () => (await import('./pronostia.ts')).evaluatePronostia,
  azure: async () => (await import('./azure.ts')).evaluateAzure,
  'made-up': async () => (await import('./made-up.ts')).evaluateMadeUp,
  life: async () => (await import('./remaining-life.ts')).evaluateRemainingLife,
};
/** One that is about several sets has them all, and one that is made up needs none. */
const FOLDERS: Readonly<Record<string, string>> = { life: '.', 'made-up': '' };
const HELP = `npm run eval [-- --only ${Object.keys(SETS).join(',')}] [--data DIR] [--plots DIR] [--json FILE] [--write-docs]

Runs recorded data of known truth through the pipeline and scores what it says. Without a name: every set. What a
folder holds more than ../shared/data is scored too, by the same rules.
  --only NAMES   some of the sets; names can also stand alone
  --data DIR     where the sets are, a folder each (../shared/data)
  --plots DIR    draw each run as an SVG there
  --json FILE    all figures, and those of each file and fold
  --write-docs   the tables of docs/detection.md, and docs/plots
Exit code 1: something asked for was missed. 2: a name is wrong. Sets that are not there are skipped, and said.`;
const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url));
const DATA = fileURLToPath(new URL('../../../shared/data', import.meta.url));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: 'string', default: DATA },
    only: { type: 'string', multiple: true, default: [] },
    plots: { type: 'string' },
    json: { type: 'string' },
    'write-docs': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const asked = [...positionals, ...values.only.flatMap((names) => names.split(','))];
const unknown = asked.filter((name) => SETS[name] === undefined);
if (values.help) console.log(HELP);
else if (unknown.length > 0) {
  console.error(`expected ${Object.keys(SETS).join(', ')}, found ${unknown.join(', ')}\n\n${HELP}`);
  process.exitCode = 2;
} else await run(asked.length > 0 ? asked : Object.keys(SETS));

async function run(names: readonly string[]): Promise<void> {
  const stopped = new AbortController();
  process.once('SIGINT', () => stopped.abort(new Error('interrupted')));
  const evaluations: Evaluation[] = [];
  for (const name of names) {
    const data = join(values.data, FOLDERS[name] ?? name);
    if (FOLDERS[name] !== '' && !existsSync(data)) {
      console.error(`${name}: skipped, there is no ${data}`);
      continue;
    }
    const evaluate = await SETS[name]?.();
    if (evaluate === undefined) continue;
    const evaluation = await evaluate(data, stopped.signal).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
        console.error(`${name}: skipped, there is no ${error.path}`);
      },
    );
    if (!evaluation) continue;
    if (evaluation.rows.length === 0) {
      console.error(`${name}: skipped, no file of it is in ${data}`);
      continue;
    }
    print(evaluation);
    evaluations.push(evaluation);
  }
  if (values.json !== undefined) {
    const figures = evaluations.map(({ plots: _drawn, ...rest }) => rest);
    writeFileSync(values.json, `${JSON.stringify(figures, undefined, 1)}\n`);
  }
  const plots = values.plots ?? (values['write-docs'] ? join(DOCS, 'plots') : undefined);
  if (plots !== undefined) draw(evaluations, plots);
  if (values['write-docs']) writeResults(join(DOCS, 'detection.md'), evaluations);
  if (evaluations.some(({ bars }) => bars.some(({ met }) => !met))) process.exitCode = 1;
}

function print({ about, rows, bars, notes }: Evaluation): void {
  console.log(`\n${about}`);
  console.table(Object.fromEntries(rows.map(({ system, ...figures }) => [system, figures])));
  for (const { bar, measured, met } of bars)
    console.log(`${met ? 'met   ' : 'MISSED'} ${bar}: ${measured}`);
  for (const note of notes) console.log(`- ${note}`);
}

function draw(evaluations: readonly Evaluation[], folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const plot of evaluations.flatMap(({ plots }) => plots)) {
    writeFileSync(join(folder, `${plot.file}.svg`), drawPlot(plot));
  }
}
