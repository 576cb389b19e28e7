import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plantModelSchema } from '../../operators/model/plant-model.ts';
import { rulesSchema } from '../../operators/model/rules.ts';
import { deadLettersOf, decide, rowsOf } from '../support/decisions.ts';
import {
  type Delivery,
  delivered,
  PROMPT,
  type Saying,
  type Span,
  withChanges,
} from '../support/deliveries.ts';
import { law } from '../support/law.ts';
import { runs } from '../support/long.ts';
import { followLines } from '../support/oracles/followed-lines.ts';
import { LineByDefinition } from '../support/oracles/line-time.ts';
import { randomOf } from '../support/plant-log.ts';
import { MODEL as PLANT_MODEL, RULES as PLANT_RULES } from '../support/plants/model.ts';
import { logOfPlant, type Plant, plantWith } from '../support/plants/plant.ts';

const SECOND = 1_000;
const HOLD = 30 * SECOND;
const DISORDER = 2 * SECOND;
const MINUTES = 16;

const signals = { temperature: { unit: 'Cel' } };
const MODEL = {
  id: 'p1',
  time_zone: 'Europe/Vienna',
  lines: [
    {
      id: 'l1',
      assets: [
        { id: 'm1', class: 'x', signals },
        { id: 'm2', class: 'x', signals },
      ],
    },
  ],
};
const RULES = {
  time: { disorder: '2s', idle: '10s' },
  windows: [{ id: 'short', kind: 'tumbling', size: '5s' }],
  detectors: [
    { id: 'hot', kind: 'limit', signal: 'temperature', window: 'short', of: 'max', above: 80 },
  ],
  patterns: [
    {
      id: 'seen',
      pattern: [{ name: 'hot', where: "kind == 'anomaly' && phase == 'raised'" }],
      raise: { severity: 'warning' },
    },
  ],
};

/** Two machines, a frame a second each, hot for twenty seconds of each minute: fifteen times. */
function sayings(): Saying[] {
  const said: Saying[] = [];
  for (let second = 0; second < MINUTES * 60; second += 1) {
    const hot = second >= 60 && second % 60 >= 20 && second % 60 < 40;
    for (const machine of ['m1', 'm2']) {
      said.push({
        at: second * SECOND + (machine === 'm1' ? 0 : 137),
        subject: `telemetry.p1.l1.${machine}`,
        content: (time) => ({ time, values: { temperature: hot ? 90 : 60 } }),
      });
    }
  }
  return said;
}

type Found = { readonly m1: number; readonly m2: number; readonly late: number };

function incidents(second: Partial<Delivery>, seed = 1, rules: object = RULES): Found {
  const of = (subject: string) => (subject.endsWith('m2') ? { ...PROMPT, ...second } : PROMPT);
  const messages = delivered(sayings(), of, randomOf(seed));
  const decisions = decide(withChanges({ 'model.p1': MODEL, 'rules.p1': rules }, messages));
  const found = rowsOf(decisions, 'incidents');
  const countOf = (asset: string) => found.filter((row) => row.asset === asset).length;
  return { m1: countOf('m1'), m2: countOf('m2'), late: deadLettersOf(decisions).late ?? 0 };
}

describe('law 2: a source that lags by no more than `hold` is waited for', () => {
  test.each([
    ['4 s', { lag: 4 * SECOND }],
    ['2 ± 0.5 s', { lag: 1_500, jitter: 1_000 }],
    ['25 s', { lag: 25 * SECOND }],
    ['29 s', { lag: 29 * SECOND }],
  ])('a lag of %s costs no incident', (_, delivery) => {
    expect(incidents(delivery)).toEqual({ m1: 15, m2: 15, late: 0 });
  });

  test('a lag within a larger disorder', () => {
    const rules = { ...RULES, time: { ...RULES.time, disorder: '10s' } };
    expect(incidents({ lag: 1_500, jitter: 1_000 }, 1, rules)).toEqual({ m1: 15, m2: 15, late: 0 });
  });

  test('any lag up to hold, any jitter within disorder', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: HOLD - DISORDER - SECOND }),
        fc.integer({ min: 0, max: DISORDER }),
        fc.integer(),
        (lag, jitter, seed) => {
          expect(incidents({ lag, jitter }, seed)).toEqual({ m1: 15, m2: 15, late: 0 });
        },
      ),
      { numRuns: runs(20) },
    );
  });

  test('after a pause longer than `idle` at most one `hold` of events is late', () => {
    const from = 5 * 60 * SECOND;
    const found = incidents({ lag: 20 * SECOND, silent: [[from, from + 15 * SECOND]] });
    expect(found.m1).toBe(15);
    expect(found.m2).toBeGreaterThanOrEqual(14);
  });

  test('one that lags by more delays nobody', () => {
    expect(incidents({ lag: 90 * SECOND }).m1).toBe(15);
  });
});

test('what machines stored while the broker was away is not late when it comes', () => {
  // All of it has come before the next live message.
  const stored: Span[] = [[300.5 * SECOND, 420.5 * SECOND]];
  const messages = delivered(sayings(), () => ({ ...PROMPT, stored }), randomOf(1));
  const found = rowsOf(
    decide(withChanges({ 'model.p1': MODEL, 'rules.p1': RULES }, messages)),
    'incidents',
  );
  expect(found).toHaveLength(30);
});

describe('law 2: line time is what its definition says', () => {
  law(
    'the least time of the sources that are heard and in step, whatever they do',
    30,
    plantWith({ edits: false, answers: false }),
    (plant) => expect(differences(plant)).toEqual([]),
  );
});

/** Where the watermarks of a line stand elsewhere than the definition has it, message by message. */
function differences(plant: Plant): string[] {
  const { time } = rulesSchema.parse({
    ...PLANT_RULES,
    time: { ...PLANT_RULES.time, ...plant.time },
  });
  const lines = new Map(
    plantModelSchema.parse(PLANT_MODEL).lines.map(({ id, assets }) => {
      const places = assets.map((asset) => [`p1/${id}/${asset.id}`, asset] as const);
      const declared = assets.flatMap((asset) => [
        `telemetry.p1.${id}.${asset.id}`,
        ...asset.points.map((point) => `waveform.p1.${id}.${asset.id}.${point.id}`),
      ]);
      return [`p1/${id}`, new LineByDefinition(time, new Map(places), declared)];
    }),
  );
  let second = 0;
  return followLines(logOfPlant(plant)).flatMap(({ appended, line, heard, times }, position) => {
    const now = Math.floor(appended / 1e6);
    for (const each of lines.values()) {
      each.goOn(appended);
      if (now !== second) each.look(appended);
    }
    second = now;
    if (heard !== undefined) lines.get(line ?? '')?.hear(heard);
    return [...lines].flatMap(([path, { least, most }]) => {
      const found = times.get(path);
      const isRight = (found ?? 0) >= (least ?? 0) && (found ?? 0) <= (most ?? 0);
      return isRight ? [] : [`${path} at message ${position + 1}: ${least} to ${most}, ${found}`];
    });
  });
}
