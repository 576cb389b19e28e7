import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shared } from '../../support/real-data.ts';
import { build, expectedText, patternOf, run, type Vector } from './vector-patterns.ts';

const folder = shared('conformance');

function read<T>(file: string, list: string): T[] {
  if (folder === undefined) return [];
  return JSON.parse(readFileSync(join(folder, file), 'utf8'))[list];
}

describe.skipIf(folder === undefined)('patterns without repetition mean what Flink says', () => {
  const files = ['vectors.json', 'documentation-vectors.json', 'generated-vectors.json'];
  const vectors = files.flatMap((file) => read<Vector>(file, 'vectors'));
  const simple = vectors.filter(({ pattern, drive, expected_error }) => {
    const plain = pattern.stages.every(
      ({ quantifier, group, until }) => !quantifier && !group && until === undefined,
    );
    return plain && drive === 'standard' && expected_error === undefined;
  });

  it('covers more than forty of the recorded cases', () => {
    expect(simple.length).toBeGreaterThan(40);
  });

  it.each(simple.map((vector) => [vector.name, vector] as const))('%s', (_, vector) => {
    const answer = run(vector);
    expect(answer?.matches).toEqual(vector.expected.map(expectedText).sort());
    if (vector.emit_timed_out) {
      const expected = (vector.expected_timed_out ?? []).map(({ match }) => expectedText(match));
      expect(answer?.timedOut).toEqual(expected.sort());
    }
  });

  it('holds no event that no partial match needs', () => {
    for (const vector of simple) {
      const { state } = run(vector) ?? {};
      const used = new Set(
        state?.partial.concat(state.finished).flatMap(({ taken }) => taken.map(([, n]) => `${n}`)),
      );
      expect(new Set(Object.keys(state?.held ?? {})), vector.name).toEqual(used);
    }
  });

  it('refuses what Flink refuses', () => {
    const rejected = read<Vector>('rejected-patterns.json', 'rejected_patterns');
    expect(rejected).toHaveLength(9);
    for (const vector of rejected) {
      expect(build(patternOf(vector)), vector.name).toHaveProperty('refused');
    }
  });
});
