import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startChild } from '../pipelines/base/child.ts';
import { tellBars } from './bars.ts';
import { writePage } from './page.ts';
import { loadAverage } from './process-use.ts';
import { benchProgram } from './program.ts';
import { combined, spreadOf } from './spread.ts';

type Report = Readonly<Record<string, unknown>>;

/**
 * The parts, each with parameters that take seconds. Those of `repeated` are measured by one fresh process after another, by
 * turns with each other; the others have their own pairs, or minutes. `memory` and `analysts` mean nothing when short.
 */
function commandsOf(rounds: string) {
  const patterns = ['W1', 'W2', 'W3', 'W4', 'W5', 'one or more', 'absence', '100', 'open'];
  return {
    repeated: [
      ['windows', '--rounds', '3'],
      ['windows', '--rounds', '3', '--signals', '1'],
      ...patterns.map((only) => ['patterns', '--rounds', '2', '--only', only]),
      ['stages', '--frames', '20000', '--rounds', '2'],
      ['stages', '--frames', '100000', '--rounds', '2', '--signals', '1'],
      ['roofline'],
      ['state', '--keys', '1000,10000'],
    ],
    once: [
      ['landing', '--rows', '10000,100000', '--inserts', '3'],
      ['end-to-end', '--readings', '4000000', '--pairs', rounds],
      ['end-to-end', '--readings', '400000', '--signals', '1', '--pairs', rounds],
      ['scale', '--pairs', rounds],
      ['latency', '--rate', '50000', '--seconds', '10'],
      ['recovery', '--kills', '1', '--between', '10'],
      ['peers', '--only', 'A', '--rounds', '3', '--pairs', rounds],
      ['peers', '--only', 'W', '--rounds', '3', '--pairs', rounds],
    ],
  };
}

/**
 * `npm run bench [-- all] [--only windows,stages] [--rounds 5] [--json FILE] [--write-docs]`: the parts one after the other,
 * each in processes of its own. Of parts that are not asked for, FILE keeps what it has. False when a bar was missed or a
 * part failed; the others go on. `--write-docs` writes the tables of docs/performance.md from FILE.
 */
export async function round(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      json: { type: 'string' },
      'write-docs': { type: 'boolean', default: false },
    },
  });
  const { json, rounds } = values;
  const only = values.only?.split(',');
  const { repeated, once } = commandsOf(rounds);
  const asked = ([part = '']: readonly string[]) => only === undefined || only.includes(part);
  const found = new Map<string, Run[]>();
  const note = async (command: readonly string[]) => {
    const key = command.join(' ');
    const runs = found.get(key) ?? [];
    found.set(key, [...runs, await run(command)]);
  };
  const before = json === undefined ? undefined : reportIn(json);
  // After each turn: who has to stop it keeps what was measured until then.
  const keep = () => {
    if (json === undefined) return;
    writeFileSync(json, `${JSON.stringify(merged(before, reportOf(found).report), null, 2)}\n`);
  };
  for (let turn = 0; turn < Number(rounds); turn += 1) {
    for (const command of repeated.filter(asked)) await note(command);
    keep();
  }
  for (const command of once.filter(asked)) {
    await note(command);
    keep();
  }
  if (json !== undefined && values['write-docs']) writePage(json);
  const { report, whole } = reportOf(found);
  return tellBars(report) && whole;
}

/** What was measured now, and of other parts what was known before. */
function merged(before: Report | undefined, report: Report): Report {
  const kept = Object.entries((before?.measured ?? {}) as Report).filter(([command]) => {
    return !Object.keys((report.measured ?? {}) as Report).some((now) => {
      return now.split(' ')[0] === command.split(' ')[0];
    });
  });
  const measured = { ...Object.fromEntries(kept), ...(report.measured as Report | undefined) };
  return { ...before, ...report, measured };
}

/** All processes of a part become one report, and lists of the same name one list. */
function reportOf(found: ReadonlyMap<string, readonly Run[]>) {
  const report: Record<string, unknown> = {
    machine: { cpu: cpus()[0]?.model, cores: cpus().length, memory: totalmem() },
    node: process.version,
  };
  let whole = true;
  for (const [command, runs] of found) {
    const reports = runs.flatMap((each) => each.report ?? []);
    if (reports.length < runs.length) {
      console.error(`FAILED: npm run bench -- ${command}: it ended without a report`);
      whole = false;
    }
    const measured = {
      date: runs[0]?.date,
      processes: reports.length,
      load: spreadOf(runs.flatMap(({ load }) => load)),
    };
    const { load: _, ...figures } = (combined(reports) ?? {}) as Report;
    for (const [name, value] of Object.entries(figures)) {
      const before = report[name];
      const isList = Array.isArray(before) && Array.isArray(value);
      report[name] = isList ? [...before, ...value] : value;
    }
    report.measured = { ...(report.measured as Report | undefined), [command]: measured };
  }
  return { report, whole };
}

type Run = {
  readonly report: Report | undefined;
  readonly date: string;
  /** Before and after. */
  readonly load: readonly number[];
};

async function run(command: readonly string[]): Promise<Run> {
  const directory = mkdtempSync(join(tmpdir(), 'andon-bench-'));
  const file = join(directory, 'report.json');
  const [date, before] = [new Date().toISOString(), loadAverage()];
  try {
    console.error(`\n== npm run bench -- ${command.join(' ')}`);
    const child = await startChild({
      command: process.execPath,
      args: benchProgram([...command, '--json', file]),
      onLine: (line) => console.error(line),
    });
    await child.exited;
    const report = reportIn(file);
    return { report, date, load: [before, loadAverage()] };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function reportIn(file: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
