import fc from 'fast-check';
import { pack } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import { countNumbers, countReadings } from '../../operators/model/decoded.ts';
import type { Message } from '../../operators/model/message.ts';
import type { DeadLetterReason } from '../../operators/model/tables.ts';
import { deadLettersOf, decide, rowsOf } from '../support/decisions.ts';
import { runs } from '../support/long.ts';
import {
  frame,
  happened,
  logOf,
  MODEL,
  plantLife,
  randomOf,
  type Said,
  START,
} from '../support/plant-log.ts';

type Nuisances = {
  malformed: number;
  unknown: number;
  duplicate: number;
  skew: number;
  notFinite: number;
};

/** Mixes bad messages into a plant's life, and says how many readings each kind stands for. */
function disturbed(seed: number): { said: Said[]; nuisances: Nuisances; readings: number } {
  const random = randomOf(seed);
  const nuisances: Nuisances = { malformed: 0, unknown: 0, duplicate: 0, skew: 0, notFinite: 0 };
  const said: Said[] = [];
  let readings = 0;
  for (const one of plantLife(seed, 100)) {
    said.push(one);
    if (one.subject.startsWith('telemetry')) readings += 2;
    const { at } = one;
    const chance = random();
    // No two alike: a repeat is something else.
    const vibration = said.length;
    if (chance < 0.02) {
      said.push({
        at,
        subject: 'telemetry.p1.l1.press',
        payload: Buffer.from(`no such thing ${vibration}`),
      });
      nuisances.malformed += 1;
    } else if (chance < 0.04) {
      said.push(frame('l1.stranger', at, { temperature: 1, vibration }));
      nuisances.unknown += 2;
    } else if (chance < 0.06 && one.subject.startsWith('telemetry')) {
      said.push(one);
      nuisances.duplicate += 2;
    } else if (chance < 0.08) {
      said.push(frame('l2.fan', at, { temperature: 1, vibration }, at + 3_600_000));
      nuisances.skew += 2;
    } else if (chance < 0.1) {
      said.push(frame('l2.fan', at, { temperature: Number.NaN, vibration, [`x${at}`]: 1 }));
      nuisances.notFinite += 1;
      nuisances.unknown += 1;
      readings += 2;
    }
  }
  return { said, nuisances, readings };
}

/** How a value of the messy machine goes: what is sent and under which quality, and what must become of it. */
type Fate = {
  readonly value: unknown;
  readonly quality?: string;
  readonly lands?: true;
  readonly evaluated?: true;
  readonly suspect?: true;
  readonly lost?: DeadLetterReason;
};

const GOOD_NUMBERS: readonly Fate[] = [20, 95.25, -20, 200, true, '95.25', ' 1e2'].map((value) => {
  return { value, lands: true, evaluated: true };
});

/** Of a signal with unit, range and a missing value. */
const HEAT: readonly Fate[] = [
  ...GOOD_NUMBERS,
  ...GOOD_NUMBERS.map((fate): Fate => ({ ...fate, quality: 'uncertain' })),
  ...GOOD_NUMBERS.map(({ value }): Fate => ({ value, quality: 'bad', lost: 'bad-quality' })),
  ...[1, '2'].map((value): Fate => {
    return { value, quality: 'suspect', lands: true, suspect: true, lost: 'suspect' };
  }),
  ...[null, undefined].map((value): Fate => ({ value })),
  ...[null, Number.NaN].map((value): Fate => {
    return { value, quality: 'bad', ...(value === null ? {} : { lost: 'not-finite' }) };
  }),
  ...['ERR', '95,2', ''].map((value): Fate => ({ value, lands: true, lost: 'text' })),
  ...[-999, '-999', 1e31, Math.fround(1e31), '---'].map((value): Fate => {
    return { value, lost: 'missing' };
  }),
  ...[-20.25, 1e300, '999'].map((value): Fate => {
    return { value, lands: true, suspect: true, lost: 'out-of-range' };
  }),
  ...[Number.NaN, Number.NEGATIVE_INFINITY].map((value): Fate => ({ value, lost: 'not-finite' })),
  ...[{}, [], Buffer.of(1)].map((value): Fate => ({ value, lost: 'malformed' })),
];

/** Of a signal of which the model says nothing but its name, and of one that it does not have. */
const ANY: readonly Fate[] = [1, 'A7', '1', '', false, 2n ** 63n - 1n, -(2n ** 62n), -999].map(
  (value) => ({ value, lands: true }),
);
const NO_VALUES: readonly Fate[] = [
  { value: null },
  { value: Number.NaN, lost: 'not-finite' },
  { value: 'A8', quality: 'bad', lost: 'bad-quality' },
];
const OF_UNKNOWN: readonly Fate[] = ANY.map((fate) => ({ ...fate, lost: 'unknown' }));
/** Of a numeric signal without range: more digits than it can hold. */
const WIDE: readonly Fate[] = [
  { value: 2n ** 53n + 1n, lands: true, lost: 'precision' },
  { value: '9007199254740993', lands: true, lost: 'precision' },
  { value: 2n ** 60n, lands: true },
  { value: 5, lands: true },
];

const sample = fc.record({
  heat: fc.constantFrom(...HEAT),
  note: fc.constantFrom(...ANY, ...NO_VALUES),
  stranger: fc.constantFrom(...OF_UNKNOWN, ...NO_VALUES),
  wide: fc.constantFrom(...WIDE),
});
type Sample = typeof sample extends fc.Arbitrary<infer S> ? S : never;
const messyBlock = fc.record({ samples: fc.array(sample, { minLength: 1, maxLength: 6 }) });

const MESSY_REASONS = [
  ...(['malformed', 'unknown', 'not-finite', 'text', 'precision', 'missing'] as const),
  ...(['bad-quality', 'suspect', 'out-of-range', 'duplicate', 'too-late', 'skew'] as const),
];

function messy(at: number, values: object, quality?: object, times?: readonly number[]): Said {
  const time = times?.map((offset) => START + offset) ?? START + at;
  const content = { time, values, ...(quality === undefined ? {} : { quality }) };
  return { at, subject: 'telemetry.p1.l2.meter', payload: pack(content) };
}

function messyLife(blocks: readonly { readonly samples: readonly Sample[] }[]) {
  const landed = { all: 0, evaluated: 0, suspect: 0 };
  const lost: Partial<Record<DeadLetterReason, number>> = {};
  const said = blocks.map(({ samples }, index) => {
    const at = index * 1_000;
    const names = ['heat', 'note', 'stranger', 'wide'] as const;
    for (const fate of samples.flatMap((one): Fate[] => names.map((name) => one[name]))) {
      landed.all += fate.lands === true ? 1 : 0;
      landed.evaluated += fate.evaluated === true ? 1 : 0;
      landed.suspect += fate.suspect === true ? 1 : 0;
      if (fate.lost !== undefined) lost[fate.lost] = (lost[fate.lost] ?? 0) + 1;
    }
    const columns = <T>(of: (fate: Fate) => T) =>
      Object.fromEntries(names.map((name) => [name, samples.map((one) => of(one[name]))]));
    const times = samples.map((_, sampled) => at + sampled);
    const quality = columns((fate) => fate.quality ?? null);
    return messy(
      at + 10,
      columns(({ value }) => value),
      quality,
      times,
    );
  });
  return { log: messyLog(said), landed, lost };
}

/** Half a minute in which only time goes on: what is open closes. */
function ticksAfter(second: number): Said[] {
  return Array.from({ length: 30 }, (_, tick): Said => {
    return { at: (second + tick) * 1_000, subject: 'tick', payload: new Uint8Array(0) };
  });
}

function messyLog(said: readonly Said[]): Message[] {
  const signals = {
    heat: { unit: '°C', range: [-20, 200], missing: [-999, 1e31, '---'] },
    note: {},
    wide: { unit: '1' },
    count: { kind: 'counter', rollover: 65_536 },
  };
  const [first, second] = MODEL.lines;
  const lines = [first, { ...second, assets: [{ id: 'meter', signals }] }];
  return logOf(said).map((message) => {
    if (message.subject !== 'model.p1') return message;
    return { ...message, payload: Buffer.from(JSON.stringify({ ...MODEL, lines })) };
  });
}

describe('law 6: nothing is lost in silence', () => {
  test('every reading that came in has landed, or stands in dead letters under its reason with its exact count', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const { said, nuisances, readings } = disturbed(seed);
        const decisions = decide(logOf(said));
        const landed = rowsOf(decisions, 'readings').reduce((sum, { values }) => {
          return sum + values.filter((value) => Number.isFinite(value)).length;
        }, 0);
        expect(landed).toBe(readings);
        const { malformed = 0, unknown = 0, duplicate = 0, skew = 0 } = deadLettersOf(decisions);
        const counted = {
          malformed,
          unknown,
          duplicate,
          skew,
          notFinite: deadLettersOf(decisions)['not-finite'] ?? 0,
        };
        expect(counted).toEqual(nuisances);
      }),
      { numRuns: runs(30) },
    );
  });

  test('each value of a block by itself: what it is said to be, and what its signal is declared to be, decide', () => {
    fc.assert(
      fc.property(fc.array(messyBlock, { minLength: 1, maxLength: 12 }), (blocks) => {
        const { log, landed, lost } = messyLife(blocks);
        const decisions = decide(log);
        const readings = rowsOf(decisions, 'readings');
        expect(readings.reduce((sum, frame) => sum + countReadings(frame), 0)).toBe(landed.all);
        const suspect = readings.flatMap(({ quality = [] }) => [...quality]);
        expect(suspect.filter((code) => code === 2)).toHaveLength(landed.suspect);
        const evaluated = readings.reduce((sum, frame) => {
          const { evaluated: numbers = frame.values, signals, times } = frame;
          const of = signals.indexOf('heat') * times.length;
          return of < 0 ? sum : sum + countNumbers(numbers, of, of + times.length);
        }, 0);
        expect(evaluated).toBe(landed.evaluated);
        const counted = deadLettersOf(decisions);
        for (const reason of MESSY_REASONS)
          expect([reason, counted[reason] ?? 0]).toEqual([reason, lost[reason] ?? 0]);
      }),
      { numRuns: 100 },
    );
  });

  test('increments of a counter add up to what was counted, whatever reset or rollover came between', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(900), { minLength: 1, maxLength: 60 }),
        fc.nat(59),
        (steps, reset) => {
          // Set to 0 well before it rolls over: near the top the two cannot be told apart, and a rollover is believed.
          let value = reset === 0 ? 65_000 : 10_000;
          let total = 0;
          const said = steps.map((step, index) => {
            if (index > 0) total += step;
            const isReset = index === reset && index > 0;
            value = isReset ? Math.min(step, value) : (value + step) % 65_536;
            if (isReset) total += value - step;
            return messy(index * 1_000, { count: value });
          });
          const decisions = decide(messyLog([...said, ...ticksAfter(steps.length)]));
          const windows = rowsOf(decisions, 'windows').filter(({ window, signal, version }) => {
            return window === 'short' && signal === 'count' && version > 0;
          });
          const sum = windows.reduce((total, window) => total + window.sum, 0);
          expect(sum).toBe(total);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('what an edge says of a line that it does not judge lands, is refused by name, and does nothing else', () => {
    const finding: Said = {
      ...happened('l1.press', 10, 'state', { state: 'EXECUTE' }),
      subject: 'finding.p1.l1.press',
    };
    // The rule `hot` looks at the temperature while the machine runs.
    const hot = Array.from({ length: 60 }, (_, second) =>
      frame('l1.press', second * 1_000, { temperature: 95 }),
    );
    const event: Said = { ...finding, subject: 'event.p1.l1.press' };
    expect(rowsOf(decide(logOf([event, ...hot])), 'anomalies')).not.toEqual([]);
    const decisions = decide(logOf([finding, ...hot]));
    expect(rowsOf(decisions, 'anomalies')).toEqual([]);
    expect(rowsOf(decisions, 'machine_events')).toMatchObject([{ kind: 'finding', type: 'state' }]);
    expect(rowsOf(decisions, 'machine_states')).toEqual([]);
    expect(deadLettersOf(decisions)).toEqual({ refused: 1 });
  });

  test.each<[why: string, payload: Uint8Array]>([
    ['an empty payload', new Uint8Array(0)],
    ['bytes that are no MessagePack', Uint8Array.of(0xc1, 0xff, 0x00)],
    ['JSON that is cut off', Buffer.from('{"time": 1, "values": {"a"')],
    ['a number', pack(5)],
    ['a list', pack([1, 2, 3])],
    ['values that are a list', pack({ time: 1_767_592_800_000, values: [1, 2] })],
    ['no values', pack({ time: 1_767_592_800_000, values: {} })],
    ['a time that is text', pack({ time: 'yesterday', values: { temperature: 1 } })],
    ['a time that is NaN', pack({ time: Number.NaN, values: { temperature: 1 } })],
    ['a year that ClickHouse has not', pack({ time: 1e15, values: { temperature: 1 } })],
    ['a nesting bomb in MessagePack', new Uint8Array(1_000_000).fill(0x91)],
    ['a nesting bomb in JSON', Buffer.from(`{"time":${'['.repeat(200_000)}`)],
    ['ten megabytes of garbage', Buffer.alloc(10_000_000, 0xdb)],
    ['a list that claims four billion entries', Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff)],
    ['a map that claims four billion entries', Uint8Array.of(0xdf, 0xff, 0xff, 0xff, 0xff)],
    [
      'columns of unequal length',
      pack({ time: [1_767_592_800_000, 1_767_592_801_000], values: { temperature: [1] } }),
    ],
    [
      'a packed block whose bytes do not fit',
      pack({ time: 1_767_592_800_000, step: 1, values: { temperature: Buffer.alloc(7) } }),
    ],
  ])('%s becomes a dead letter, and the worker goes on', (_, payload) => {
    const bad: Said = { at: 10, subject: 'telemetry.p1.l1.press', payload };
    const decisions = decide(logOf([bad, frame('l1.press', 20, { temperature: 1, vibration: 2 })]));
    expect(deadLettersOf(decisions)).toEqual({ malformed: 1 });
    expect(rowsOf(decisions, 'readings')).toHaveLength(1);
  });
});
