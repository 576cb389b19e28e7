import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkPatternConditions } from '../../../operators/correlate/check-patterns.ts';
import { findMisreading } from '../../../operators/correlate/misreading.ts';
import { toPattern } from '../../../operators/correlate/pattern.ts';
import { buildProgram } from '../../../operators/correlate/program.ts';
import { patternRuleSchema } from '../../../operators/model/pattern-rule.ts';
import { rulesSchema } from '../../../operators/model/rules.ts';
import { patternVectorSchema, runVector, stagesOf } from '../../conformance/pattern-vectors.ts';
import { compileVectorCondition, type VectorEvent } from '../../conformance/vector-patterns.ts';
import { type SentenceStage, slowSentences } from '../../support/slow-sentences.ts';
import { expectedText } from './run-vector.ts';

const letter = fc.constantFrom('a', 'b');
const follows = fc.constantFrom('strict' as const, 'relaxed' as const, 'relaxed-any' as const);
const times = fc.constantFrom(
  undefined,
  undefined,
  [2, 2],
  [1, 2],
  [1, null],
  [2, null],
) as fc.Arbitrary<[number, number | null] | undefined>;

type Draft = {
  readonly letter?: string;
  readonly stages?: readonly Draft[];
  readonly follows: SentenceStage['follows'];
  readonly absent?: SentenceStage['absent'];
  readonly times?: [number, number | null] | undefined;
  readonly repeats?: SentenceStage['follows'];
  readonly optional?: boolean;
  readonly gap?: number | null;
};

const optional = fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, fc.boolean());
const single = fc.record({
  letter,
  follows,
  times,
  repeats: follows,
  optional,
  gap: fc.option(fc.integer({ min: 1, max: 4 }), { freq: 1 }),
});
const absence = fc.record({
  ...{ letter: fc.constantFrom('n', 'n', 'a'), follows },
  absent: fc.constantFrom('relaxed' as const, 'relaxed' as const, 'strict' as const),
});
const line = (most: number, group?: fc.Arbitrary<Draft>) => {
  const each = [single, absence, ...(group === undefined ? [] : [group])];
  return fc.array(fc.oneof(...(each as fc.Arbitrary<Draft>[])), { minLength: 1, maxLength: most });
};
const group = fc.record({ stages: line(3), follows, times, repeats: follows, optional });
const drafts = line(4, group as fc.Arbitrary<Draft>);

function named(list: readonly Draft[], prefix: string): SentenceStage[] {
  return list.map((draft, index): SentenceStage => {
    const { letter: own, stages, times } = draft;
    const name = `${prefix}${index}`;
    const first = index === 0;
    const absent = first ? undefined : draft.absent;
    if (absent !== undefined) return { name, absent, letter: own ?? 'a' };
    return {
      name,
      ...(first ? {} : { follows: draft.follows ?? 'relaxed' }),
      ...(stages === undefined ? { letter: own ?? 'a' } : { stages: named(stages, `${name}-`) }),
      ...(times === undefined ? {} : { times, repeats: repeatsOf(draft) ?? 'relaxed' }),
      ...(draft.optional === true ? { optional: true } : {}),
      ...(typeof draft.gap === 'number' ? { within_previous: draft.gap } : {}),
    };
  });
}

/**
 * A group that may but need not repeat does so at once: otherwise Flink (see the recorded cases) leaves it also after
 * events that it let pass, and a stage after it can then miss the next event that it should take.
 */
function repeatsOf({ stages, times, repeats }: Draft): Draft['repeats'] {
  return stages !== undefined && times?.[0] !== times?.[1] ? 'strict' : repeats;
}

function written({ letter: own, stages, ...stage }: SentenceStage): object {
  return {
    ...stage,
    // The schema reads durations as text; one unit of a vector is a microsecond.
    ...(stage.within_previous === undefined
      ? {}
      : { within_previous: `${stage.within_previous}us` }),
    ...(own === undefined ? {} : { where: `name == '${own}'` }),
    ...(stages === undefined ? {} : { stages: stages.map(written) }),
  };
}

const heard = fc.constantFrom('a', 'a', 'b', 'b', 'n', 'x');
const events = fc
  .array(fc.record({ name: heard, step: fc.integer({ min: 0, max: 3 }) }), { maxLength: 7 })
  .map((list) => {
    let timestamp = 0;
    return list.map(({ name, step }, seq) => {
      timestamp += step;
      return { seq, name, timestamp, price: 0, type: 'Event' } as VectorEvent;
    });
  });

const END = 1_000;

/** What the rule door makes of these stages: refused, or the matches of every event in order. */
function play(stages: readonly SentenceStage[], within: number, list: readonly VectorEvent[]) {
  const rule = patternRuleSchema.safeParse({
    ...{ id: 'p', skip: 'no-skip', within: `${within}us` },
    pattern: stages.map(written),
  });
  if (!rule.success || findMisreading(rule.data) !== undefined) return undefined;
  const program = buildProgram<VectorEvent>(toPattern(rule.data), compileVectorCondition, 'wait');
  if ('refused' in program) return undefined;
  const vector = patternVectorSchema.parse({
    ...{ name: '', pattern: { stages: [] }, events: [], final_advance: END },
  });
  const { results } = runVector({ ...vector, events: [...list] }, program);
  return results.flatMap(({ matches }) => matches.map(stagesOf)).map(expectedText);
}

function hasAbsence(stages: readonly SentenceStage[]): boolean {
  return stages.some(
    ({ absent, stages: inner }) => absent !== undefined || hasAbsence(inner ?? []),
  );
}

describe('A rule that is not refused', () => {
  it('means what its sentence says, with absences, repetitions, groups and gaps', () => {
    let accepted = 0;
    const within = fc.integer({ min: 1, max: 12 });
    fc.assert(
      fc.property(drafts, events, within, (list, heard, limit) => {
        const stages = named(list, 's');
        const found = play(stages, limit, heard);
        if (found === undefined) return;
        if (hasAbsence(stages)) accepted += 1;
        const expected = new Set(slowSentences(stages, heard, limit).map(expectedText));
        expect([...new Set(found)].sort()).toEqual([...expected].sort());
      }),
      { numRuns: 3_000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});

type Stages = readonly Readonly<Record<string, unknown>>[];

describe('A rule whose words Flink would take otherwise is refused, with the way to write it', () => {
  const a = { name: 'a', where: "kind == 'event' && type == 'a'" };
  const n = { name: 'n', absent: 'relaxed', where: "kind == 'event' && type == 'n'" };
  const z = { name: 'z', follows: 'relaxed', where: "kind == 'event' && type == 'z'" };
  const again = { ...n, name: 'm' };
  const refusals: readonly (readonly [string, Stages, string])[] = [
    ['2+ before a last absence', [{ ...a, times: '2+' }, n], 'a stage of its own'],
    ['2..3 before a last absence', [{ ...a, times: '2..3' }, n], 'a stage of its own'],
    [
      'a strict last absence behind 2+',
      [
        { ...a, times: '2+' },
        { ...n, absent: 'strict' },
      ],
      'a stage of its own',
    ],
    [
      'a last absence behind a group that ends with 2+',
      [{ name: 'g', stages: [{ ...a, times: '2+' }] }, n],
      'a stage of its own',
    ],
    ['an absence at the end of a group', [{ name: 'g', stages: [a, n] }, z], 'without the group'],
    [
      'an absence at the end of a repeated group',
      [{ name: 'g', times: 2, stages: [a, n] }, z],
      'each round',
    ],
    ['and where that ends the pattern', [{ name: 'g', times: 2, stages: [a, n] }], 'each round'],
    [
      'an absence at the end of an inner group',
      [
        { name: 'g', stages: [a, { ...z, where: undefined, stages: [{ ...a, name: 'b' }, n] }] },
        { ...z, name: 'y' },
      ],
      'without the group',
    ],
    [
      'an absence behind a group of which nothing need come',
      [
        a,
        { ...z, where: undefined, stages: [{ ...a, name: 'b', optional: true }] },
        n,
        { ...z, name: 'y' },
      ],
      'two patterns',
    ],
    [
      'a gap before a group',
      [a, { ...z, where: undefined, within_previous: '1m', stages: [{ ...a, name: 'b' }] }],
      'at the first stage of the group',
    ],
    ['a gap before repetitions', [a, { ...z, within_previous: '1m', times: 2 }], 'takes one event'],
    [
      'a gap before an optional stage',
      [a, { ...z, within_previous: '1m', optional: true }, { ...z, name: 'y' }],
      'takes one event',
    ],
    [
      'a gap behind 2+',
      [
        { ...a, times: '2+' },
        { ...z, within_previous: '1m' },
      ],
      'takes one event',
    ],
    [
      'a gap behind a strict absence',
      [a, { ...n, absent: 'strict' }, { ...z, within_previous: '1m' }],
      'takes one event',
    ],
    ['two absences at the end', [a, n, again], 'joins both'],
    ['an absence before an optional end', [a, n, { ...z, optional: true }], 'two patterns'],
    [
      'a strict end behind a group that lets events pass',
      [
        { name: 'g', times: '1+', stages: [a] },
        { ...z, follows: 'strict' },
      ],
      'repeats: strict',
    ],
    [
      'a repetition at the head of a group',
      [{ name: 'g', stages: [{ ...a, times: 2, repeats: 'strict' }, z] }],
      'put a stage',
    ],
  ];

  it.each(refusals)('%s', (_, pattern, way) => {
    const rules = rulesSchema.parse({ patterns: [{ id: 'p', within: '10m', pattern }] });
    const [issue, ...others] = checkPatternConditions(rules);
    expect(issue?.message).toContain(way);
    expect(others).toEqual([]);
  });

  const written: readonly (readonly [string, Stages])[] = [
    [
      'the last repetition before a last absence',
      [{ ...a, times: '1+' }, { ...z, name: 'last' }, n],
    ],
    ['the stages of a group without the group', [a, n, z]],
    ['an absence behind 2+', [{ ...a, times: '2+' }, n, z]],
    ['a last absence behind times: n', [{ ...a, times: 2 }, n]],
    ['a gap', [a, n, { ...z, within_previous: '1m' }]],
    ['an absence in a group', [{ name: 'g', times: 2, stages: [a, n, z] }]],
    ['a group that ends the pattern', [{ name: 'g', stages: [a, n] }]],
    [
      'an absence before an optional stage in between',
      [a, n, { ...z, optional: true }, { ...z, name: 'y' }],
    ],
  ];

  it.each(written)('and this is taken: %s', (_, pattern) => {
    const rules = rulesSchema.parse({ patterns: [{ id: 'p', within: '10m', pattern }] });
    expect(checkPatternConditions(rules)).toEqual([]);
  });
});
