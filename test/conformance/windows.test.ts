import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { z } from 'zod';
import { runs } from '../support/long.ts';
import { type SlowOp, type SlowShape, slowWindows } from '../support/slow-windows.ts';
import { answerWindowVector, windowVectorSchema } from './window-vectors.ts';

type Answer = { readonly emit?: readonly object[]; readonly late?: readonly object[] };

/** An answer as a multiset: texts with sorted fields, in order. */
function multiset(answer: Answer): readonly string[][] {
  return [answer.emit ?? [], answer.late ?? []].map((list) => {
    return list.map((each) => JSON.stringify(Object.entries(each).sort())).sort();
  });
}

describe('Windows mean what Apache Flink means', () => {
  const file = new URL('window-vectors.json', import.meta.url);
  const vectors = z
    .object({
      window_vectors: z.array(
        z.looseObject({ name: z.string(), ops: z.array(z.record(z.string(), z.unknown())) }),
      ),
    })
    .parse(JSON.parse(readFileSync(file, 'utf8'))).window_vectors;

  it('has 130 recorded cases', () => expect(vectors).toHaveLength(130));

  test.each(vectors)('$name', (vector) => {
    const answer = answerWindowVector(windowVectorSchema.parse(vector));
    expect(answer.ops.map(multiset)).toEqual(vector.ops.map((each) => multiset(each as Answer)));
  });
});

const trigger = fc.oneof(
  fc.record({ type: fc.constant('eventTime' as const), purging: fc.boolean() }),
  fc.record({
    type: fc.constant('continuousEventTime' as const),
    interval_ms: fc.integer({ min: 1, max: 5 }),
    purging: fc.boolean(),
  }),
  fc.record({
    type: fc.constant('count' as const),
    n: fc.integer({ min: 1, max: 4 }),
    purging: fc.boolean(),
  }),
);

const bounds = fc.oneof(
  fc.record({
    assigner: fc.constant('tumbling' as const),
    size_ms: fc.integer({ min: 1, max: 10 }),
    offset_ms: fc.integer({ min: -4, max: 4 }),
  }),
  fc.record({
    assigner: fc.constant('hopping' as const),
    size_ms: fc.integer({ min: 1, max: 10 }),
    slide_ms: fc.integer({ min: 1, max: 12 }),
    offset_ms: fc.integer({ min: -4, max: 4 }),
  }),
  fc.record({
    assigner: fc.constant('session' as const),
    gap_ms: fc.integer({ min: 1, max: 6 }),
  }),
  fc.record({ assigner: fc.constant('global' as const) }),
);

const lateness = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 12 }));

/** Time drifts on; elements stray around it, watermarks follow behind it; a restart may come at any point. */
const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        op: fc.constant('element' as const),
        key: fc.constantFrom('a', 'b'),
        value: fc.integer({ min: 1, max: 9 }),
        stray: fc.integer({ min: -14, max: 6 }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        op: fc.constant('watermark' as const),
        on: fc.integer({ min: 0, max: 6 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('snapshot_restore' as const) }) },
  ),
  { maxLength: 60 },
);

describe('The engine', () => {
  it.each([
    ['long after 1970', 1_000],
    ['around 1970', -20],
  ])('gives what a slow and plain one gives, cut anywhere: %s', (_, origin) => {
    fc.assert(
      fc.property(bounds, trigger, lateness, steps, (shape, when, allowed, drift) => {
        // Early firings are over once a session has fired; Flink goes on with those of a part that a late element adds.
        const settled = shape.assigner === 'session' && when.type === 'continuousEventTime';
        const window: SlowShape = {
          ...shape,
          trigger: when,
          allowed_lateness_ms: settled ? 0 : allowed,
        };
        let now = origin;
        const ops: SlowOp[] = drift.map((step) => {
          if (step.op === 'watermark') {
            now += step.on;
            return { op: 'watermark', ts: now };
          }
          if (step.op === 'snapshot_restore') return step;
          return { op: 'element', key: step.key, value: step.value, ts: now + step.stray };
        });
        ops.push({ op: 'watermark', ts: now + 100 });
        const vector = windowVectorSchema.parse({ name: '', window, ops });
        const answer = answerWindowVector(vector).ops.map(multiset);
        expect(answer).toEqual(slowWindows(window, ops).map(multiset));
      }),
      { numRuns: runs(1_000) },
    );
  });
});
