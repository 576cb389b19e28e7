import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { deadLettersOf, decide, rowsOf } from '../support/decisions.ts';
import { law } from '../support/law.ts';
import { windowsByDefinition, windowsInTheEnd } from '../support/oracles/windows.ts';
import { linkInStep } from '../support/plants/links.ts';
import { RULES } from '../support/plants/model.ts';
import { logOfPlant, plantWith } from '../support/plants/plant.ts';

const HOLD = 20_000;
const DISORDER = 2_000;

describe('law 2: windows are what their definition says', () => {
  const messy = plantWith({ edits: false, answers: false, correction: '1h' });
  const orderly = plantWith({
    edits: false,
    answers: false,
    correction: '1h',
    link: linkInStep(HOLD, DISORDER),
  });
  const tried = { windows: 0 };

  law(
    'all readings of a signal, sorted, grouped and aggregated',
    8,
    fc.oneof(orderly, messy),
    (plant) => {
      const decisions = decide(logOfPlant(plant));
      const { 'too-late': tooLate = 0 } = deadLettersOf(decisions);
      const expected = windowsByDefinition(decisions, RULES);
      const found = windowsInTheEnd(decisions);
      tried.windows += found.size;
      expect(wrong(expected, found, tooLate)).toEqual([]);
      expect(rowsOf(decisions, 'windows').length).toBeGreaterThanOrEqual(found.size);
    },
    () => expect(tried.windows).toBeGreaterThan(1_000),
  );
});

type Windows = ReturnType<typeof windowsByDefinition>;

/** Count windows depend on which readings came in time; what was too late is missing in the others. */
function wrong(expected: Windows, found: Windows, tooLate: number): string[] {
  if (tooLate > 0) return [];
  const of = (windows: Windows) => [...windows.values()].filter(({ name }) => !/ ten /.test(name));
  const missing = of(expected)
    .filter(({ name, text }) => found.get(name)?.text !== text)
    .map(({ name, text }) => `${name}: expected ${text}, found ${found.get(name)?.text}`);
  const surplus = of(found)
    .filter(({ name }) => !expected.has(name))
    .map(({ name, text }) => `${name}: expected none, found ${text}`);
  return [...missing, ...surplus];
}
