import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startChild } from '../pipelines/base/child.ts';
import { loadAverage } from './process-use.ts';
import { benchProgram } from './program.ts';

/** Each part with parameters that take seconds. `memory` and `analysts` mean nothing when they are short. */
const SHORT: Readonly<Record<string, readonly string[]>> = {
  windows: ['--rounds', '3'],
  patterns: ['--rounds', '1'],
  state: ['--keys', '1000,10000'],
  stages: ['--frames', '20000', '--rounds', '2'],
  landing: ['--rows', '10000,100000', '--inserts', '3'],
  'end-to-end': ['--readings', '2000000', '--pairs', '1'],
  latency: ['--rate', '50000', '--seconds', '10'],
  recovery: ['--kills', '1', '--between', '10'],
};

/**
 * `npm run bench [-- all] [--only windows,stages] [--json FILE]`: a short round, one part after the other, each in a
 * process of its own. False when a bar was missed; the others go on.
 */
export async function round(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: { only: { type: 'string' }, json: { type: 'string' } },
  });
  const parts = values.only?.split(',') ?? Object.keys(SHORT);
  const directory = mkdtempSync(join(tmpdir(), 'andon-bench-'));
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, memory: totalmem() };
  const report: Record<string, unknown> = {
    ...{ machine, node: process.version, date: new Date().toISOString(), load: loadAverage() },
  };
  let kept = true;
  try {
    for (const part of parts) {
      const file = join(directory, `${part}.json`);
      console.error(`\n== ${part}: npm run bench -- ${[part, ...(SHORT[part] ?? [])].join(' ')}`);
      const right = await run([part, ...(SHORT[part] ?? []), '--json', file]);
      if (!right) console.error(`${part}: a bar was missed, or it failed: its own words say which`);
      kept &&= right;
      // Reports of parts name their own load: that of the round is from before it.
      const { load: _, ...own } = reportIn(file);
      Object.assign(report, own);
    }
    if (values.json !== undefined)
      writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
    return kept;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function run(args: readonly string[]): Promise<boolean> {
  const child = await startChild({
    command: process.execPath,
    args: benchProgram(args),
    onLine: (line) => console.error(line),
  });
  const { code } = await child.exited;
  return code === 0;
}

function reportIn(file: string): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return {};
  }
}
