import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PatternState } from '../../../operators/correlate/partial-matches.ts';
import { extractNodes } from '../../../operators/correlate/shared-buffer.ts';
import { patternVectorSchema, runVector } from '../../conformance/pattern-vectors.ts';
import { programOfVector } from '../../conformance/vector-patterns.ts';
import { runs } from '../../support/long.ts';
import { type LoopBeforeAbsence, slowAbsences } from '../../support/slow-absences.ts';
import { unsharedMatches } from '../../support/unshared-matches.ts';
import {
  expectedText,
  run,
  type Vector,
  type VectorEvent,
  type VectorStage,
} from './run-vector.ts';

const END = 1_000;
const letter = fc.constantFrom('a', 'b', 'c');
const inner = fc.constantFrom('strict' as const, 'relaxed' as const, 'relaxedAny' as const);
const often = fc.constantFrom([1, 1], [2, 2], [1, 2], [2, 3], [1, null], [2, null]) as fc.Arbitrary<
  [number, number | null]
>;

function eventsOf(most: number): fc.Arbitrary<VectorEvent[]> {
  return fc
    .array(fc.record({ name: letter, step: fc.integer({ min: 0, max: 3 }) }), { maxLength: most })
    .map((list) => {
      let timestamp = 0;
      return list.map(({ name, step }, seq) => {
        timestamp += step;
        return { seq, name, timestamp, price: 0, type: 'Event' } as VectorEvent;
      });
    });
}

function vectorOf(
  stages: readonly VectorStage[],
  events: readonly VectorEvent[],
  skip: Vector['skip_strategy'] = { type: 'noSkip' },
): Vector {
  return { name: '', pattern: { stages }, skip_strategy: skip, events, final_advance: END };
}

const oneOf = (letters: readonly string[]) =>
  letters.map((each) => `name == '${each}'`).join(' || ');

describe('A loop before a trailing absence', () => {
  const loops = fc.record({
    letters: fc.uniqueArray(letter, { minLength: 1, maxLength: 2 }),
    ...{ absent: letter, often, inner, greedy: fc.boolean(), until: fc.option(letter) },
    within: fc.integer({ min: 1, max: 10 }),
  });

  it('matches what a slow, obviously right search finds', () => {
    fc.assert(
      fc.property(loops, eventsOf(8), ({ often: [least, most], ...draft }, events) => {
        const { letters, absent, within } = draft;
        // Past an event that is none of theirs, Flink lets the optional repetitions of a range overlook the absent one.
        const inner = most !== null && least < most ? 'strict' : draft.inner;
        const greedy = draft.greedy && inner !== 'relaxedAny';
        // Nor is it asked whether a greedy loop still wants the event that ends it.
        const ends = draft.until !== null && !(greedy && letters.includes(draft.until));
        const until = most === null && ends ? draft.until : null;
        const loop: LoopBeforeAbsence = {
          ...{ letters, absent, inner, within, least, most, greedy },
          ...(until === null ? {} : { until }),
        };
        const stages: VectorStage[] = [
          {
            ...{ name: 'loop', contiguity: 'begin', condition: oneOf(letters) },
            quantifier: { times: [least, most], inner, greedy },
            ...(until === null ? {} : { until: oneOf([until]) }),
          },
          {
            name: 'not',
            contiguity: 'notFollowedBy',
            condition: oneOf([absent]),
            within_ms: within,
          },
        ];
        const expected = slowAbsences(loop, events).map((taken) => expectedText({ loop: taken }));
        expect(run(vectorOf(stages, events)).matches).toEqual(expected.sort());
      }),
      { numRuns: runs(800) },
    );
  });
});

type Draft = {
  readonly contiguity: string;
  readonly often: [number, number | null];
  readonly inner: string;
  readonly optional: boolean;
  readonly greedy: boolean;
  readonly until: string | null;
  readonly gap: number | null;
  readonly letters?: readonly string[];
  readonly group?: readonly Draft[];
};

const common = {
  ...{ often, inner, optional: fc.boolean(), greedy: fc.boolean() },
  contiguity: fc.constantFrom('strict', 'relaxed', 'relaxedAny', 'notNext', 'notFollowedBy'),
  gap: fc.option(fc.integer({ min: 1, max: 5 })),
  until: fc.option(letter),
};
const single = fc.record({
  ...common,
  letters: fc.uniqueArray(letter, { minLength: 1, maxLength: 3 }),
});
const group = fc.record({ ...common, group: fc.array(single, { minLength: 1, maxLength: 3 }) });
const shapes = fc.array(fc.oneof(single, single, group) as fc.Arbitrary<Draft>, {
  minLength: 1,
  maxLength: 4,
});

/** Any shape at all, of which those that are refused say nothing. */
function written(drafts: readonly Draft[], prefix: string): VectorStage[] {
  return drafts.map((draft, index): VectorStage => {
    const { often: times, inner, greedy, letters, group, until, gap } = draft;
    const name = `${prefix}${index}`;
    const absent = draft.contiguity.startsWith('not') && index > 0;
    const repeats = times[0] !== 1 || times[1] !== 1;
    const optional = draft.optional && index > 0;
    const loop = repeats ? { times, inner, ...(group ? {} : { greedy }) } : {};
    return {
      ...{ name, contiguity: index === 0 ? 'begin' : draft.contiguity },
      ...(absent ? {} : { quantifier: { ...(optional ? { optional } : {}), ...loop } }),
      ...(letters === undefined && !absent ? {} : { condition: oneOf(letters ?? ['a']) }),
      ...(group === undefined || absent ? {} : { group: written(group, `${name}.`) }),
      ...(until === null || times[1] !== null || absent ? {} : { until: oneOf([until]) }),
      ...(gap === null || repeats ? {} : { within_previous_ms: gap }),
    };
  });
}

/** Nothing is held that no match needs, and nothing that a match needs is free. */
function expectSound(state: PatternState<VectorEvent>): void {
  const alive = [...state.partials, ...state.finished];
  const used = new Set(alive.flatMap(({ last }) => extractNodes(state, last)));
  expect(state.nodesInUse).toBe(used.size);
  const uses = new Map<number, number>();
  for (const { event } of used) uses.set(event, (uses.get(event) ?? 0) + 1);
  expect(state.eventsInUse).toBe(uses.size);
  for (const [at, count] of uses) {
    expect(state.events[at]?.event).not.toBeNull();
    expect(state.events[at]?.uses).toBe(count);
  }
}

describe('The shared buffer', () => {
  it('gives every match the events that a matcher without sharing gives it', () => {
    let ran = 0;
    fc.assert(
      fc.property(
        shapes,
        fc.record({ name: letter, gap: fc.integer({ min: 5, max: 12 }), ends: fc.boolean() }),
        eventsOf(12),
        (drafts, { name, gap, ends }, events) => {
          const stages = written(drafts, 's').map((stage) => ({ ...stage, within_ms: gap }));
          const last = { name: 'not', contiguity: 'notFollowedBy', condition: oneOf([name]) };
          const asked = vectorOf(ends ? [...stages, last] : stages, events);
          const vector = patternVectorSchema.parse(asked);
          const program = programOfVector(vector);
          if ('refused' in program) return;
          ran += 1;
          const expected = unsharedMatches(program, events, END).map(expectedText).sort();
          expect(run(asked).matches).toEqual(expected);
        },
      ),
      { numRuns: 800 },
    );
    expect(ran).toBeGreaterThan(200);
  });

  it('holds after every step exactly what the matches under way have taken', () => {
    const skips: readonly Vector['skip_strategy'][] = [
      ...(['noSkip', 'skipToNext', 'skipPastLastEvent'] as const).map((type) => ({ type })),
      ...(['skipToFirst', 'skipToLast'] as const).map((type) => ({ type, stage: 's0' })),
    ];
    fc.assert(
      fc.property(shapes, fc.constantFrom(...skips), eventsOf(24), (drafts, skip, events) => {
        const stages = written(drafts, 's').map((stage) => ({ ...stage, within_ms: 8 }));
        const last = { name: 'not', contiguity: 'notFollowedBy', condition: oneOf(['a']) };
        const vector = patternVectorSchema.parse(vectorOf([...stages, last], events, skip));
        const program = programOfVector(vector);
        if ('refused' in program) return;
        const { state } = runVector(vector, program, (before) => {
          expectSound(before);
          return before;
        });
        expectSound(state);
      }),
      { numRuns: runs(250) },
    );
  });
});

describe('What Flink refuses', () => {
  const loop = { name: 's0', contiguity: 'begin', condition: "name == 'a'", within_ms: 10 };
  const then = { name: 's1', contiguity: 'relaxed', condition: "name == 'b'" };
  it.each([
    [
      'a gap between repetitions',
      [{ ...loop, quantifier: { times: [2, 2], times_window_ms: 11 } }],
    ],
    ['a gap in a loop', [{ ...loop, quantifier: { oneOrMore: true, times_window_ms: 11 } }]],
    ['a gap before a stage', [loop, { ...then, within_previous_ms: 11 }]],
    [
      'a gap in a group',
      [
        loop,
        {
          ...{ name: 'g', contiguity: 'relaxed' },
          group: [
            { ...then, contiguity: 'begin' },
            { ...then, name: 's2', within_previous_ms: 11 },
          ],
        },
      ],
    ],
    [
      'a gap of a last absence',
      [loop, { ...then, contiguity: 'notFollowedBy', within_previous_ms: 11 }],
    ],
  ])('%s that is longer than within', (_, stages) => {
    expect(() => run(vectorOf(stages, []))).toThrow('longer gap than the whole pattern');
  });

  it.each([
    { oneOrMore: true, consecutive: true, combinations: true },
    { times: [2, 3], consecutive: true, combinations: true },
    { oneOrMore: true, consecutive: true, inner: 'relaxedAny' },
  ])('consecutive and combinations at once: %j', (quantifier) => {
    expect(() => run(vectorOf([{ ...loop, quantifier }], []))).toThrow('expected one');
  });
});
