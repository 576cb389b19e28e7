import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { z } from 'zod';
import { extractNodes } from '../../operators/correlate/shared-buffer.ts';
import { answerOperatorVector, operatorVectorSchema } from './operator-vectors.ts';
import {
  answerPatternVector,
  answerRejectedPattern,
  type PatternAnswer,
  patternVectorSchema,
  runVector,
} from './pattern-vectors.ts';
import { programOfVector, vectorPatternSchema } from './vector-patterns.ts';

const stages = z.record(z.string(), z.array(z.number()));
const recorded = z.looseObject({
  name: z.string(),
  match_order: z.string().optional(),
  emit_timed_out: z.boolean(),
  expected: z.array(stages).default([]),
  expected_timed_out: z.array(z.object({ match: stages, at: z.number() })).default([]),
  expected_late: z.array(z.number()).default([]),
  expected_error: z.string().optional(),
});
type Recorded = z.infer<typeof recorded>;

function read(file: string, list: string): readonly Recorded[] {
  const content = JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8'));
  return z.array(recorded).parse(content[list]);
}

function texts(matches: readonly Readonly<Record<string, unknown>>[]): string[] {
  return matches.map((match) => JSON.stringify(Object.entries(match).sort()));
}

function timedOut(list: Recorded['expected_timed_out']): string[] {
  return list.map(({ match, at }) => `${texts([match])[0]} at ${at}`);
}

/** [what was recorded, what we answer], each match and time-out as a text. */
function compared(vector: Recorded, answer: PatternAnswer): readonly [string[], string[]] {
  if ('error' in answer) return [['matches'], [answer.error]];
  const late = vector.emit_timed_out ? timedOut(vector.expected_timed_out) : [];
  return [
    [...texts(vector.expected), ...late],
    [...texts(answer.matches), ...timedOut([...answer.timed_out])],
  ];
}

const files = [
  ...['vectors.json', 'documentation-vectors.json', 'generated-vectors.json'],
  'absence-loop-vectors.json',
];
const vectors = files.flatMap((file) => read(file, 'vectors'));
const operators = read('operator-vectors.json', 'operator_vectors');

function answerOf(vector: Recorded): PatternAnswer {
  return 'ops' in vector
    ? answerOperatorVector(operatorVectorSchema.parse(vector))
    : answerPatternVector(patternVectorSchema.parse(vector));
}

describe('Patterns mean what Apache Flink CEP means', () => {
  it('has 251 recorded patterns and 9 of event time, lateness and restore', () => {
    expect([vectors.length, operators.length]).toEqual([251, 9]);
  });

  test.each([...vectors, ...operators])('$name', (vector) => {
    const answer = answerOf(vector);
    if (vector.expected_error !== undefined) {
      expect(answer).toHaveProperty('error');
      return;
    }
    const [expected, found] = compared(vector, answer);
    expect(found.sort()).toEqual(expected.sort());
    if (vector.match_order === 'list' && 'matches' in answer) {
      expect(texts(answer.matches)).toEqual(texts(vector.expected));
    }
    if ('late' in answer) expect(answer.late).toEqual(vector.expected_late);
  });

  it('brings matches in the recorded order wherever a vector asks for order', () => {
    const ordered = [...vectors, ...operators].filter(({ match_order, expected_error }) => {
      return match_order !== 'set' && expected_error === undefined;
    });
    const others = ordered.filter((vector) => {
      const [expected, found] = compared(vector, answerOf(vector));
      return JSON.stringify(found) !== JSON.stringify(expected);
    });
    expect(others.map(({ name }) => name)).toEqual([]);
  });

  it('brings the same when its state is serialised and read again before every step', () => {
    for (const recorded of vectors) {
      const vector = patternVectorSchema.parse(recorded);
      const program = programOfVector(vector);
      if ('refused' in program || recorded.expected_error !== undefined) continue;
      const { results, state } = runVector(vector, program);
      const copied = runVector(vector, program, (each) => JSON.parse(JSON.stringify(each)));
      expect(copied.results, vector.name).toEqual(results);
      const alive = [...state.partials, ...state.finished];
      const chains = alive.flatMap(({ last }) => extractNodes(state, last));
      const used = new Set(chains.map(({ event }) => event));
      expect(state.eventsInUse, vector.name).toBe(used.size);
    }
  });

  const rejected = z
    .object({ rejected_patterns: z.array(z.looseObject({ name: z.string() })) })
    .parse(
      JSON.parse(readFileSync(new URL('rejected-patterns.json', import.meta.url), 'utf8')),
    ).rejected_patterns;

  it('has 9 patterns that must be refused', () => expect(rejected).toHaveLength(9));

  test.each(rejected)('refuses: $name', (vector) => {
    const answer = answerRejectedPattern(vectorPatternSchema.parse(vector));
    expect(answer).toHaveProperty('error', expect.stringMatching(/^stage .+/));
  });
});
