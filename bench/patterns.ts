import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { correlate } from '../operators/correlate/correlate.ts';
import type { Flow, StageId } from '../operators/flow/flow.ts';
import { order } from '../operators/flow/order.ts';
import { NO_CHECKPOINTS } from '../operators/flow/states.ts';
import type { TriggerInput } from '../operators/model/incident.ts';
import type { Key } from '../operators/model/key.ts';
import type { MachineEvent } from '../operators/model/machine-event.ts';
import type { Sequence } from '../operators/model/message.ts';
import type { Enriched } from '../operators/model/observation.ts';
import { rulesSchema } from '../operators/model/rules.ts';
import type { EventTime } from '../operators/model/time.ts';
import { tellBars } from './bars.ts';
import { loads, OPEN, OPEN_MATCHES } from './pattern-loads.ts';
import { heapHeld } from './process-use.ts';
import { eventsOf, openInput, type Sample } from './reference-workload.ts';
import { type Speeds, speedsOf, speedsTold } from './spread.ts';

type Case = {
  readonly name: string;
  readonly about: string;
  readonly results: number;
  readonly rule: object;
};

const is = (name: string) => `kind == 'event' && name == '${name}'`;
const letters = (follows: string) => [
  { name: 'a', where: is('a') },
  { name: 'b', follows, where: is('b') },
  { name: 'c', follows, where: is('c') },
];

/** The reference workload: what comes out of a million events is known. */
const CASES: readonly Case[] = [
  {
    name: 'W1',
    about: 'strict a b c',
    results: 1_801,
    rule: { pattern: letters('strict'), skip: 'no-skip' },
  },
  {
    name: 'W2',
    about: 'a followed by b followed by c within 60 s',
    results: 125_329,
    rule: { pattern: letters('relaxed'), within: '60s', skip: 'no-skip' },
  },
  {
    name: 'W3',
    about: 'a, greedy b+, c within 60 s, past last event',
    results: 41_289,
    rule: {
      pattern: [
        { name: 'a', where: is('a') },
        { name: 'b', follows: 'relaxed', times: '1+', greedy: true, where: is('b') },
        { name: 'c', follows: 'relaxed', where: is('c') },
      ],
      within: '60s',
    },
  },
  {
    name: 'W4',
    about: 'a not followed by b within 20 s',
    results: 10_815,
    rule: {
      pattern: [
        { name: 'a', where: is('a') },
        { name: 'b', absent: 'relaxed', where: is('b') },
      ],
      within: '20s',
      skip: 'no-skip',
    },
  },
  {
    name: 'W5',
    about: 'price above 90 three in a row within 60 s',
    results: 2_000,
    rule: {
      pattern: [
        { name: 'high', times: 3, repeats: 'strict', where: "kind == 'event' && price > 90.0" },
      ],
      within: '60s',
      skip: 'no-skip',
    },
  },
];

const BATCH = 1_000;

/** Runs patterns over these events through order and correlate; incidents are counted, not kept. */
function measure(patterns: readonly object[], events: readonly Sample[]) {
  const input = openInput<Flow<Enriched<MachineEvent>>>();
  const lastOf = new Map<Key, EventTime>(events.map(({ key, time }) => [key, time]));
  let results = 0;
  input.flow
    .pipe(
      order({ id: 'order' as StageId, compare: () => 0 }, NO_CHECKPOINTS),
      correlate(NO_CHECKPOINTS),
    )
    .subscribe((item: Flow<TriggerInput>) => {
      if (item.kind !== 'event' || !('kind' in item.value)) return;
      const { value } = item;
      // The known sums are of engines in which the time of a key goes no further than its last event.
      if (value.kind === 'incident' && value.time <= (lastOf.get(value.key) ?? 0)) results += 1;
    });
  const rules = rulesSchema.parse({ patterns });
  const value = { kind: 'rules', id: 'bench', plant: 'p', rules } as const;
  input.next({ kind: 'change', sequence: 0 as Sequence, value });
  const before = heapHeld();
  const begun = process.hrtime.bigint();
  const cpu = process.cpuUsage();
  // Counted, and not by pairs of position and event, each of which is an object: it measures the stages.
  for (let index = 0; index < events.length; index += 1) {
    const event = events[index] as Sample;
    input.next(event);
    if (index % BATCH === BATCH - 1) input.next(watermark(event.time));
  }
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
  const { user, system } = process.cpuUsage(cpu);
  const bytes_held = heapHeld() - before;
  input.complete();
  return { seconds, cpu: (user + system) / 1e6, results, bytes_held };
}

function watermark(time: EventTime): Flow<never> {
  return { kind: 'watermark', scope: 'line', of: 'p/l' as Key, time };
}

/** What the same machine does in a plain loop with a Map by key: events a CPU second. */
function loop(events: readonly Sample[]): number {
  const counts = new Map<string, number>();
  const begun = process.cpuUsage();
  for (const { key, value } of events) {
    if (value.observation.data.name === 'a') counts.set(key, (counts.get(key) ?? 0) + 1);
    else if (!counts.has(key)) counts.set(key, 0);
  }
  const { user, system } = process.cpuUsage(begun);
  return events.length / ((user + system) / 1e6);
}

/** `npm run bench -- patterns [--events 1000000] [--only W2] [--rounds 3] [--json FILE]`; false when a check sum is wrong. */
export async function patterns(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      events: { type: 'string', default: '1000000' },
      only: { type: 'string', default: '' },
      rounds: { type: 'string', default: '3' },
      json: { type: 'string' },
    },
  });
  const events = eventsOf(Number(values.events));
  const reference = CASES.map(({ name, about, results, rule }) => {
    const known = events.length === 1_000_000 ? results : undefined;
    return { name, about, results: known, patterns: [{ id: 'pattern', ...rule }], events };
  });
  const others = loads().map((load) => ({ about: '', ...load }));
  const measured = [...reference, ...others]
    .filter(({ name }) => name.startsWith(values.only))
    .map((one) => measurePattern(one, Number(values.rounds)));
  const exponent = exponentOf(measured.filter(({ name }) => name.startsWith(OPEN)));
  if (exponent !== undefined)
    console.error(
      `cost per event grows with open partial matches to the power of ${exponent.toFixed(2)}`,
    );
  const report = { patterns: measured, ...(exponent === undefined ? {} : { exponent }) };
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(report, null, 2));
  return tellBars(report);
}

function measurePattern(
  one: {
    readonly name: string;
    readonly about: string;
    /** Where they are known. */
    readonly results: number | undefined;
    readonly patterns: readonly object[];
    readonly events: readonly Sample[];
  },
  rounds: number,
) {
  const { name, about, events } = one;
  const plain = Math.max(...Array.from({ length: 3 }, () => loop(events)));
  const found = Array.from({ length: rounds }, () => measure(one.patterns, events));
  const speeds = speedsOf(events.length, found);
  const results = Math.max(...found.map((round) => round.results));
  const right = one.results === undefined || found.every((round) => round.results === one.results);
  console.error(`${name} ${about}: ${speedsTold(speeds)}, ${results} matches`);
  const bytes_held = found.at(-1)?.bytes_held ?? Number.NaN;
  const ratio_to_loop = speeds.warm.events_per_cpu_s / plain;
  return { name, about, ...speeds, results, right, bytes_held, ratio_to_loop };
}

/** Of the cost per event over the number of open partial matches: 1 is linear. */
function exponentOf(found: readonly Speeds[]): number | undefined {
  const [few, many] = found;
  if (few === undefined || many === undefined) return undefined;
  return (
    Math.log(few.warm.events_per_cpu_s / many.warm.events_per_cpu_s) /
    Math.log(OPEN_MATCHES[1] / OPEN_MATCHES[0])
  );
}
