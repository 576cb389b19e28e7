import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { z } from 'zod';
import { EXIT, Problem } from '../pipelines/base/problem.ts';
import { tellBars } from './bars.ts';
import { loadAverage } from './process-use.ts';
import { benchProgram } from './program.ts';
import { combined, type Speeds } from './spread.ts';

/** A case of the reference workload, and the program of another engine that has it too. */
type Peer = {
  readonly name: string;
  readonly part: 'windows' | 'patterns';
  readonly peer: 'Flink' | 'Esper';
  /** The sizes of frames that it is held against; 0: events. */
  readonly signals: readonly number[];
};

const CASES: readonly Peer[] = [
  ...['A1', 'A2', 'A3'].map((name): Peer => {
    return { name, part: 'windows', peer: 'Flink', signals: [20, 1] };
  }),
  ...['W1', 'W2', 'W4', 'W5'].map((name): Peer => {
    return { name, part: 'patterns', peer: 'Esper', signals: [0] };
  }),
  ...['W1', 'W2', 'W3', 'W4', 'W5'].map((name): Peer => {
    return { name, part: 'patterns', peer: 'Flink', signals: [0] };
  }),
];

/** As the programs of the peers print it, a line for each case. */
const lineSchema = z.object({
  case: z.string(),
  median_per_s: z.number(),
  median_per_cpu_s: z.number(),
});

const OPENED = ['java.util', 'java.lang', 'java.time'].map((name) => {
  return `--add-opens=java.base/${name}=ALL-UNNAMED`;
});

/**
 * `npm run bench -- peers [--only A2] [--pairs 5] [--rounds 5] [--folder ../shared/peers] [--json FILE]`: other engines on the
 * same events, by turns, each run a fresh process: cold (its first round) beside cold, warm (the median of its rounds, the
 * first among them) beside warm. Skipped, and said, where their programs are not there: they need a JDK 17 and Maven.
 */
export async function peerRounds(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', default: '' },
      pairs: { type: 'string', default: '5' },
      rounds: { type: 'string', default: '5' },
      folder: { type: 'string', default: '../shared/peers' },
      json: { type: 'string' },
    },
  });
  const { folder, rounds, json } = values;
  const write = (report: object) =>
    json !== undefined && writeFileSync(json, JSON.stringify(report));
  if (!existsSync(join(folder, 'run'))) {
    console.error(`peers: skipped: ${folder}/run is not there`);
    write({});
    return true;
  }
  const built = await buildPeers(folder);
  const cases = CASES.filter(({ name }) => name.startsWith(values.only));
  const pairs: (readonly Beside[])[] = [];
  for (let pair = 0; pair < Number(values.pairs); pair += 1) {
    const found: Beside[] = [];
    for (const one of cases) found.push(...(await oneBeside(one, built, rounds)));
    pairs.push(found);
  }
  const report = { peers: combined(pairs), load: loadAverage() };
  write(report);
  return tellBars(report);
}

type Ratios = { readonly clock: number; readonly cpu: number };

type Beside = {
  readonly name: string;
  readonly peer: string;
  readonly signals: number;
  readonly andon: Speeds;
  readonly other: Speeds;
  /** Times the rate of the peer. */
  readonly cold: Ratios;
  readonly warm: Ratios;
  readonly right: boolean;
};

async function oneBeside(one: Peer, built: string, rounds: string): Promise<readonly Beside[]> {
  const { name, peer } = one;
  const first = await peerSpeed(one, built, '1');
  const all = rounds === '1' ? first : await peerSpeed(one, built, rounds);
  const other = { cold: first, warm: all };
  const besides: Beside[] = [];
  for (const signals of one.signals) {
    const { right, ...andon } = await andonSpeeds(one, signals, rounds);
    const ratios = (temperature: 'cold' | 'warm'): Ratios => ({
      clock: andon[temperature].events_per_s / other[temperature].events_per_s,
      cpu: andon[temperature].events_per_cpu_s / other[temperature].events_per_cpu_s,
    });
    const [cold, warm] = [ratios('cold'), ratios('warm')];
    console.error(
      `${name}${signals === 0 ? '' : `, frames of ${signals}`}: times ${peer}, warm ` +
        `${warm.clock.toFixed(2)} (CPU ${warm.cpu.toFixed(2)}), cold ` +
        `${cold.clock.toFixed(2)} (CPU ${cold.cpu.toFixed(2)}), load ${loadAverage()}`,
    );
    besides.push({ name, peer, signals, andon, other, cold, warm, right });
  }
  return besides;
}

/** Builds their programs where they are not built yet: no round is run. The folder in which they are. */
async function buildPeers(folder: string): Promise<string> {
  const built = process.env.PEERS ?? join(tmpdir(), 'andon-peers');
  await output('bash', [join(folder, 'run'), 'patterns', '0'], { PEERS: built });
  return built;
}

async function peerSpeed({ name, part, peer }: Peer, built: string, rounds: string) {
  const engine = peer.toLowerCase();
  const main = part === 'windows' ? 'bench.Windows' : 'bench.Patterns';
  const path = [join(built, engine, 'out'), readFileSync(join(built, engine, 'cp.txt'), 'utf8')];
  const lines = await output('java', [
    ...OPENED,
    ...['-Xmx2g', `-Drounds=${rounds}`, `-Donly=${name}`],
    ...['-cp', path.join(delimiter).trim(), main],
  ]);
  const line = lines.find((each) => each.startsWith('{'));
  const { median_per_s, median_per_cpu_s } = lineSchema.parse(JSON.parse(line ?? 'null'));
  return { events_per_s: median_per_s, events_per_cpu_s: median_per_cpu_s };
}

const andonSchema = z.record(
  z.string(),
  z.array(
    z.object({
      right: z.boolean(),
      cold: z.object({ events_per_s: z.number(), events_per_cpu_s: z.number() }),
      warm: z.object({ events_per_s: z.number(), events_per_cpu_s: z.number() }),
    }),
  ),
);

async function andonSpeeds({ name, part }: Peer, signals: number, rounds: string) {
  const folder = mkdtempSync(join(tmpdir(), 'andon-bench-'));
  const file = join(folder, 'report.json');
  try {
    const frames = signals === 0 ? [] : ['--signals', String(signals)];
    const args = [part, '--only', name, '--rounds', rounds, ...frames, '--json', file];
    await output(process.execPath, benchProgram(args));
    const { [part]: found } = JSON.parse(readFileSync(file, 'utf8'));
    const [entry] = andonSchema.parse({ [part]: found })[part] ?? [];
    if (entry === undefined) throw new Error(`expected figures of ${name}, found none`);
    return entry;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const execute = promisify(execFile);

/** The lines that a program prints. An exit code of 1 is a bar that it missed by itself. */
async function output(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<readonly string[]> {
  try {
    const { stdout } = await execute(command, args, { env: { ...process.env, ...env } });
    return stdout.split('\n');
  } catch (error) {
    const failed = failureSchema.parse(error);
    if (failed.code === 1) return failed.stdout.split('\n');
    throw new Problem({
      expected: `${command} to run: the peers need bash, a JDK 17 and Maven`,
      found: failed.stderr.trim() || `${failed.code}`,
      remedy: 'Install them, or leave this part out: npm run bench -- --only windows,patterns',
      exit: EXIT.outside,
    });
  }
}

const failureSchema = z.object({
  code: z.union([z.number(), z.string(), z.null()]),
  stdout: z.string(),
  stderr: z.string(),
});
