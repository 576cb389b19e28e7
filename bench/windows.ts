import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Flow } from '../operators/flow/flow.ts';
import { NO_CHECKPOINTS } from '../operators/flow/states.ts';
import type { Frame } from '../operators/model/decoded.ts';
import type { Sequence } from '../operators/model/message.ts';
import type { Window } from '../operators/model/observation.ts';
import { rulesSchema } from '../operators/model/rules.ts';
import { window } from '../operators/window/window.ts';
import { tellBars } from './bars.ts';
import { heapHeld, loadAverage } from './process-use.ts';
import { openInput } from './reference-workload.ts';
import { speedsOf, speedsTold } from './spread.ts';
import { type Columns, columnsOf, framesOf } from './window-frames.ts';

type Case = {
  readonly name: string;
  readonly about: string;
  readonly rule: object;
  /** Windows of a million events: known. */
  readonly results: number;
};

const CASES: readonly Case[] = [
  {
    name: 'A1',
    about: 'tumbling 10 s',
    rule: { kind: 'tumbling', size: '10s' },
    results: 99_992,
  },
  {
    name: 'A2',
    about: 'hopping 60 s every 10 s',
    rule: { kind: 'hopping', size: '60s', hop: '10s' },
    results: 104_999,
  },
  { name: 'A3', about: 'session, gap 5 s', rule: { kind: 'session', gap: '5s' }, results: 7_773 },
];
const KNOWN = 1_000_000;

/** Runs a rule over these frames through the window stage; windows are counted, not kept. */
function measure(rule: object, correction: string, input: readonly Flow<Frame>[]) {
  const source = openInput<Flow<Frame>>();
  let results = 0;
  source.flow.pipe(window(NO_CHECKPOINTS)).subscribe((item: Flow<Window>) => {
    if (item.kind === 'event') results += 1;
  });
  const rules = rulesSchema.parse({ time: { correction }, windows: [{ id: 'w', ...rule }] });
  const value = { kind: 'rules', id: 'bench', plant: 'p', rules } as const;
  source.next({ kind: 'change', sequence: 0 as Sequence, value });
  heapHeld();
  const cpu = process.cpuUsage();
  const begun = performance.now();
  for (const item of input) source.next(item);
  const seconds = (performance.now() - begun) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  source.complete();
  return { seconds, cpu: (user + system) / 1e6, results };
}

/** A1 in a plain loop with a Map: count, sum and largest by key, said when the next window begins. Events a CPU second. */
function loop({ keys, prices }: Columns): number {
  const open = new Map<number, { window: number; count: number; sum: number; max: number }>();
  let results = 0;
  const begun = process.cpuUsage();
  for (let index = 0; index < keys.length; index += 1) {
    const key = keys[index] ?? 0;
    const price = prices[index] ?? 0;
    const at = Math.floor(index / 10_000);
    const state = open.get(key);
    if (state !== undefined && state.window === at) {
      state.count += 1;
      state.sum += price;
      if (price > state.max) state.max = price;
      continue;
    }
    if (state !== undefined) results += 1;
    open.set(key, { window: at, count: 1, sum: price, max: price });
  }
  const { user, system } = process.cpuUsage(begun);
  if (results + open.size === 0) throw new Error('expected events, found none');
  return keys.length / ((user + system) / 1e6);
}

/**
 * `npm run bench -- windows [--events 1000000] [--only A1] [--rounds 5] [--signals 20] [--correction 0s] [--json FILE]`:
 * the windows of the reference workload; false when a count is wrong, or a bar is missed.
 */
export async function windows(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      events: { type: 'string', default: String(KNOWN) },
      only: { type: 'string', default: '' },
      rounds: { type: 'string', default: '5' },
      signals: { type: 'string', default: '20' },
      correction: { type: 'string', default: '0s' },
      json: { type: 'string' },
    },
  });
  const events = Number(values.events);
  const signals = Number(values.signals);
  const columns = columnsOf(events);
  const input = framesOf(columns, signals);
  const plain = Math.max(...Array.from({ length: 5 }, () => loop(columns)));
  const measured = CASES.filter(({ name }) => name.startsWith(values.only)).map((one) => {
    const { name, about, rule, results: known } = one;
    const rounds = Array.from({ length: Number(values.rounds) }, () => {
      return measure(rule, values.correction, input);
    });
    const speeds = speedsOf(events, rounds);
    const results = Math.max(...rounds.map((round) => round.results));
    const right = events !== KNOWN || rounds.every((round) => round.results === known);
    console.error(`${name} ${about}: ${speedsTold(speeds)}, ${results} windows`);
    const ratio_to_loop = speeds.warm.events_per_cpu_s / plain;
    return { name, about, signals, ...speeds, results, right, ratio_to_loop };
  });
  const load = loadAverage();
  console.error(`plain loop: ${Math.round(plain)} events a CPU second; load ${load}`);
  const report = { windows: measured, load };
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(report, null, 2));
  return tellBars(report);
}
