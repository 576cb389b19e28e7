import fc from 'fast-check';
import { pack } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import { deadLettersOf, decide, rowsOf } from '../support/decisions.ts';
import { frame, logOf, plantLife, randomOf, type Said } from '../support/plant-log.ts';

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
      { numRuns: 30 },
    );
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
