import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
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
import { loads, OPEN, OPEN_MATCHES } from './pattern-loads.ts';
import { eventsOf, openInput, type Sample } from './reference-workload.ts';

type Case = { readonly name: string; readonly results: number; readonly rule: object };

const is = (name: string) => `kind == 'event' && name == '${name}'`;
const letters = (follows: string) => [
  { name: 'a', where: is('a') },
  { name: 'b', follows, where: is('b') },
  { name: 'c', follows, where: is('c') },
];

/** The reference workload: what comes out of a million events is known. */
const CASES: readonly Case[] = [
  {
    name: 'W1 strict a b c',
    results: 1_801,
    rule: { pattern: letters('strict'), skip: 'no-skip' },
  },
  {
    name: 'W2 a followed by b followed by c within 60 s',
    results: 125_329,
    rule: { pattern: letters('relaxed'), within: '60s', skip: 'no-skip' },
  },
  {
    name: 'W3 a, greedy b+, c within 60 s, past last event',
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
    name: 'W4 a not followed by b within 20 s',
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
    name: 'W5 price above 90 three in a row within 60 s',
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

type Measured = {
  readonly name: string;
  readonly events_per_s: number;
  /** Per second of processor time of all threads, which other programs disturb less. */
  readonly events_per_cpu_s: number;
  readonly results: number;
  readonly bytes_held: number;
  readonly ratio_to_loop: number;
};

type Found = Omit<Measured, 'name' | 'ratio_to_loop'>;

/** Runs patterns over these events through order and correlate; incidents are counted, not kept. */
function measure(patterns: readonly object[], events: readonly Sample[]): Found {
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
  const before = heap();
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
  const bytes_held = heap() - before;
  input.complete();
  return {
    events_per_s: events.length / seconds,
    events_per_cpu_s: events.length / ((user + system) / 1e6),
    ...{ results, bytes_held },
  };
}

/** The best of some rounds: whatever else the machine does only takes away. */
function best(rounds: number, patterns: readonly object[], events: readonly Sample[]): Found {
  const found = Array.from({ length: rounds }, () => measure(patterns, events));
  return found.reduce((a, b) => (a.events_per_s > b.events_per_s ? a : b));
}

function watermark(time: EventTime): Flow<never> {
  return { kind: 'watermark', scope: 'line', of: 'p/l' as Key, time };
}

/** What is held after a full collection. */
function heap(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}

/** What the same machine does in a plain loop with a Map by key: events per second. */
function loop(events: readonly Sample[]): number {
  const counts = new Map<string, number>();
  const begun = process.hrtime.bigint();
  for (const { key, value } of events) {
    if (value.observation.data.name === 'a') counts.set(key, (counts.get(key) ?? 0) + 1);
    else if (!counts.has(key)) counts.set(key, 0);
  }
  return events.length / (Number(process.hrtime.bigint() - begun) / 1e9);
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
  const reference = CASES.map(({ name, results, rule }) => {
    const known = events.length === 1_000_000 ? results : undefined;
    return { name, results: known, patterns: [{ id: 'pattern', ...rule }], events };
  });
  let right = true;
  const measured: Measured[] = [];
  for (const one of [...reference, ...loads()].filter(({ name }) => name.startsWith(values.only))) {
    const plain = Math.max(...Array.from({ length: 3 }, () => loop(one.events)));
    const found = best(Number(values.rounds), one.patterns, one.events);
    if (one.results !== undefined && found.results !== one.results) right = false;
    measured.push({ name: one.name, ...found, ratio_to_loop: found.events_per_s / plain });
    const expected = one.results === undefined ? '' : ` of ${one.results}`;
    console.error(
      `${one.name}: ${Math.round(found.events_per_s)} events/s (${Math.round(found.events_per_cpu_s)} a CPU second), ${found.results}${expected} matches`,
    );
  }
  const exponent = exponentOf(measured.filter(({ name }) => name.startsWith(OPEN)));
  if (exponent !== undefined)
    console.error(
      `cost per event grows with open partial matches to the power of ${exponent.toFixed(2)}`,
    );
  if (values.json !== undefined) {
    writeFileSync(values.json, JSON.stringify({ patterns: measured, exponent }, null, 2));
  }
  return right;
}

/** Of the cost per event over the number of open partial matches: 1 is linear. */
function exponentOf(found: readonly Measured[]): number | undefined {
  const [few, many] = found;
  if (few === undefined || many === undefined) return undefined;
  return (
    Math.log(few.events_per_cpu_s / many.events_per_cpu_s) /
    Math.log(OPEN_MATCHES[1] / OPEN_MATCHES[0])
  );
}
