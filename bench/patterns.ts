import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Subject } from 'rxjs';
import { correlate } from '../operators/correlate/correlate.ts';
import type { Event, Flow, StageId } from '../operators/flow/flow.ts';
import { order } from '../operators/flow/order.ts';
import type { States } from '../operators/flow/states.ts';
import type { Finding } from '../operators/model/incident.ts';
import type { Key } from '../operators/model/key.ts';
import type { MachineEvent } from '../operators/model/machine-event.ts';
import type { Sequence } from '../operators/model/message.ts';
import { rulesSchema } from '../operators/model/rules.ts';
import type { Situated } from '../operators/model/situation.ts';
import type { EventTime } from '../operators/model/time.ts';
import { eventsOf } from './reference-workload.ts';

type Sample = Event<Situated<MachineEvent>>;
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

const STATES: States = { restore: () => undefined, save: () => undefined };
const BATCH = 1_000;

type Measured = {
  readonly name: string;
  readonly events_per_s: number;
  readonly results: number;
  readonly bytes_held: number;
  readonly ratio_to_loop: number;
};

/** Runs one pattern over these events through order and correlate; incidents are counted, not kept. */
function measure(one: Case, events: readonly Sample[]): Omit<Measured, 'ratio_to_loop'> {
  const input = new Subject<Flow<Situated<MachineEvent>>>();
  const lastOf = new Map<Key, EventTime>(events.map(({ key, time }) => [key, time]));
  let results = 0;
  input
    .pipe(order({ id: 'order' as StageId, rank: () => '' }, STATES), correlate(STATES))
    .subscribe((item: Flow<Finding>) => {
      if (item.kind !== 'event' || !('kind' in item.value)) return;
      const { value } = item;
      // The known sums are of engines in which the time of a key goes no further than its last event.
      if (value.kind === 'incident' && value.time <= (lastOf.get(value.key) ?? 0)) results += 1;
    });
  const rules = rulesSchema.parse({ patterns: [{ id: 'pattern', ...one.rule }] });
  const value = { kind: 'rules', id: 'bench', plant: 'p', rules } as const;
  input.next({ kind: 'change', sequence: 0 as Sequence, value });
  const before = heap();
  const begun = process.hrtime.bigint();
  const cpu = process.cpuUsage();
  for (const [index, event] of events.entries()) {
    input.next(event);
    if (index % BATCH === BATCH - 1) input.next(watermark(event.time));
  }
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
  const used = process.cpuUsage(cpu);
  console.error('cpu', Math.round(events.length / ((used.user + used.system) / 1e6)));
  const bytes_held = heap() - before;
  input.complete();
  const { name } = one;
  return { name, events_per_s: events.length / seconds, results, bytes_held };
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
    if (value.value.data.name === 'a') counts.set(key, (counts.get(key) ?? 0) + 1);
    else if (!counts.has(key)) counts.set(key, 0);
  }
  return events.length / (Number(process.hrtime.bigint() - begun) / 1e9);
}

/** `npm run bench -- patterns [--events 1000000] [--only W2] [--json FILE]`; false when a check sum is wrong. */
export async function patterns(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      events: { type: 'string', default: '1000000' },
      only: { type: 'string', default: '' },
      json: { type: 'string' },
    },
  });
  const events = eventsOf(Number(values.events));
  const plain = loop(events);
  const whole = events.length === 1_000_000;
  let right = true;
  const measured: Measured[] = [];
  for (const one of CASES.filter(({ name }) => name.startsWith(values.only))) {
    if (process.env.R) for (let i = 1; i < Number(process.env.R); i++) measure(one, events);
    const found = measure(one, events);
    if (whole && found.results !== one.results) right = false;
    measured.push({ ...found, ratio_to_loop: found.events_per_s / plain });
    const expected = whole ? ` of ${one.results}` : '';
    console.error(
      `${one.name}: ${Math.round(found.events_per_s)} events/s, ${found.results}${expected} matches`,
    );
  }
  if (values.json !== undefined) {
    writeFileSync(values.json, JSON.stringify({ patterns: measured }, null, 2));
  }
  return right;
}
