import { pack, unpack } from 'msgpackr';
import { Subject } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { decode } from '../../operators/decode/decode.ts';
import type { Event, Flow, Row } from '../../operators/flow/flow.ts';
import type { Decoded } from '../../operators/model/decoded.ts';
import type { Message } from '../../operators/model/message.ts';
import { validate } from '../../operators/validate/validate.ts';
import { plant } from '../../pipelines/plant.ts';
import { createPipelineEngine } from '../../pipelines/worker/epochs/engine.ts';
import { createSnapshots } from '../../pipelines/worker/epochs/snapshots.ts';
import { NO_STATES } from '../../pipelines/worker/epochs/state-image.ts';
import { tries } from '../support/long.ts';
import { mutatedBytes, mutatedText, mutatedValue, pick } from '../support/mutations.ts';
import {
  logOf,
  MODEL,
  plantLife,
  RULES,
  randomOf,
  type Said,
  START,
} from '../support/plant-log.ts';

/** Every third message is right, and what comes of it is checked. */
const RIGHT = 3;
/** No message may keep the worker busy for longer: microseconds of CPU, which other processes do not lengthen. */
const LONGEST = 2_000_000;
const TIMEOUT = { timeout: 1_200_000 };

/** Something said that is not quite right any more: its bytes, its content, its subject or its headers. */
function mutated(random: () => number, { at, subject, payload, headers }: Said): Said {
  const chance = random();
  if (chance < 0.35) return said(at, subject, mutatedBytes(random, payload), headers);
  if (chance < 0.8) {
    const json = headers?.['Content-Type'] !== undefined;
    const value = mutatedValue(random, json ? JSON.parse(text(payload)) : unpack(payload));
    return said(at, subject, json ? jsonOf(value) : packed(value), headers);
  }
  if (chance < 0.9) return said(at, mutatedText(random, subject), payload, headers);
  const name = pick(random, ['Andon-Schema', 'Andon-Backfill', 'Andon-Sequence', 'Andon-Producer']);
  const other = pick(random, ['1', '', '2', '-1', '1e99', 'NaN', mutatedText(random, 'producer')]);
  return said(at, subject, payload, { ...headers, [name]: other });
}

function said(at: number, subject: string, payload: Uint8Array, headers: Said['headers'] = {}) {
  return { at, subject, payload, headers };
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}

function jsonOf(value: unknown): Uint8Array {
  const plain = (_: string, inner: unknown) => (typeof inner === 'bigint' ? Number(inner) : inner);
  return Buffer.from(JSON.stringify(value, plain) ?? '');
}

function packed(value: unknown): Uint8Array {
  try {
    return pack(value);
  } catch {
    return Buffer.from([0xc1]);
  }
}

/** What an attacker begins with: everything that travels in the log, of a line and a plant of their own. */
function seeds(life: readonly Said[]): readonly Said[] {
  const json = { 'Content-Type': 'application/json' };
  const of = (subject: string, content: object) => said(0, subject, jsonOf(content), json);
  const entry = { id: 'e1', kind: 'order', start: START, end: START + 60_000, product: 'A' };
  return [
    ...life.filter(({ subject }) => subject.includes('.l2.')),
    of('model.p2', { ...MODEL, id: 'p2' }),
    of('rules.p2', RULES),
    of('schedule.p1.l2', { entries: [entry] }),
    of('event.p1.l2.fan', { time: START, type: 'report', data: { text: 'it is loud' } }),
    said(0, 'act.p1.l2.fan.console.anna', pack({ time: START, type: 'acknowledged', data: {} })),
    said(0, 'status.sap.p1.l2.fan', pack({ time: START, type: 'request', data: { id: 'r' } })),
    said(0, 'finding.p1.l2.fan', pack({ time: START, type: 'found', data: {} })),
  ];
}

/** The CPU that each step takes: the longest. */
function stopwatch() {
  let longest = 0;
  return {
    time<T>(run: () => T): T {
      const before = process.cpuUsage();
      const result = run();
      const { user, system } = process.cpuUsage(before);
      longest = Math.max(longest, user + system);
      return result;
    },
    longest: () => longest,
  };
}

describe('Mutated messages', () => {
  const count = tries(3_000, 250_000);

  test(`${count} are read or become dead letters, the right ones come through`, TIMEOUT, () => {
    const random = randomOf(12);
    const life = plantLife(12, 200);
    const attacks = seeds(life);
    const { input, taken } = reader();
    const [model] = logOf([]);
    input.next({ kind: 'event', key: '' as never, time: 0 as never, value: model as Message });
    taken();
    const watch = stopwatch();
    let right = 0;
    for (let sequence = 2; sequence < count + 2; sequence += 1) {
      const isRight = sequence % RIGHT === 0;
      const one = isRight ? fresh(sequence) : mutated(random, pick(random, attacks));
      watch.time(() => input.next(event(messageOf(one, sequence))));
      const items = taken();
      // Nothing is lost silently: what goes in comes out as an event, a change or a dead letter.
      expect(items.length).toBeGreaterThan(0);
      if (!isRight) continue;
      right += 1;
      expect(items).toMatchObject([{ kind: 'event', value: { kind: 'frame' } }]);
      const [item] = items as [Event<Decoded>];
      const { value } = item;
      if (value.kind === 'frame') expect(value.values[0]).toBe(sequence / 4);
    }
    expect(right / count).toBeGreaterThan(0.3);
    expect(watch.longest()).toBeLessThan(LONGEST);
    expect(process.memoryUsage().heapUsed).toBeLessThan(1_000_000_000);
  });

  /** A right frame, no two alike. */
  function fresh(sequence: number): Said {
    const content = { time: START + sequence, values: { temperature: sequence / 4 } };
    return said(sequence, 'telemetry.p1.l1.press', pack(content));
  }

  function reader() {
    const input = new Subject<Flow<Message>>();
    let items: Flow<Decoded>[] = [];
    let failure: unknown;
    input.pipe(decode(), validate(createSnapshots(NO_STATES))).subscribe({
      next: (item) => void items.push(item),
      error: (error: unknown) => {
        failure = error;
      },
    });
    const take = () => {
      if (failure !== undefined) throw failure;
      const found = items;
      items = [];
      return found;
    };
    return { input, taken: take };
  }

  function messageOf({ subject, payload, headers = {} }: Said, sequence: number): Message {
    const appended = (START + sequence) * 1_000;
    const numbers = { sequence, appended } as Pick<Message, 'sequence' | 'appended'>;
    return { ...numbers, subject, payload, headers };
  }

  function event(value: Message): Event<Message> {
    return { kind: 'event', key: '' as never, time: value.appended, value };
  }
});

describe('Mutated messages in the whole pipeline', () => {
  const count = tries(1_000, 30_000);

  test(`${count} leave what is decided on another line as it is`, TIMEOUT, () => {
    const random = randomOf(7);
    const life = plantLife(7, Math.ceil(count / 6));
    const right = life.filter(({ subject }) => subject.includes('.l1.'));
    const attacks = seeds(life);
    const mixed = right.flatMap((one) => {
      const wrong = [pick(random, attacks), pick(random, attacks)];
      return [one, ...wrong.map((each) => ({ ...mutated(random, each), at: one.at }))];
    });
    expect(mixed.length).toBeGreaterThan(count);
    expect(right.length / mixed.length).toBeGreaterThan(0.3);
    const watch = stopwatch();
    const undisturbed = decided(right, stopwatch());
    const disturbed = decided(mixed, watch);
    for (const table of ['readings', 'windows', 'anomalies', 'incidents', 'requests']) {
      expect(undisturbed.get(table)?.length, table).toBeGreaterThan(0);
      expect(disturbed.get(table), table).toEqual(undisturbed.get(table));
    }
    expect(watch.longest()).toBeLessThan(LONGEST);
    expect(process.memoryUsage().heapUsed).toBeLessThan(1_000_000_000);
  });

  /** What was decided on line l1, by table. Sequence numbers and append times are those of the log, which differs. */
  function decided(all: readonly Said[], watch: ReturnType<typeof stopwatch>) {
    const tables = new Map<string, string[]>();
    const keep = (table: string, content: unknown) => {
      const rows = tables.get(table) ?? [];
      tables.set(table, rows);
      rows.push(JSON.stringify(content));
    };
    const row = ({ table, row: content }: Row) => {
      if (table === 'readings') {
        const { asset, times, signals, values } = content;
        if (asset.startsWith('p1/l1/')) keep(table, [asset, [...times], signals, [...values]]);
      } else if ('line' in content && content.line === 'l1') {
        keep(table, { ...content, sequence: 0, appended: 0 });
      }
    };
    const engine = createPipelineEngine(plant, NO_STATES, { row });
    for (const message of logOf(all)) watch.time(() => engine.push(message));
    return tables;
  }
});
