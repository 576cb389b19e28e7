import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { deadLettersOf, decide, rowsOf } from '../support/decisions.ts';
import { law } from '../support/law.ts';
import {
  disorderlyCounters,
  windowsByDefinition,
  windowsInTheEnd,
} from '../support/oracles/windows.ts';
import { linkInStep } from '../support/plants/links.ts';
import { MODEL, RULES } from '../support/plants/model.ts';
import { logOfPlant, plantWith } from '../support/plants/plant.ts';

const HOLD = 20_000;
const DISORDER = 2_000;
/** Of the counter of every machine, as its model has it; Vienna in winter. */
const COUNTERS = { parts: 1_000 };
const DECLARED = { rollovers: COUNTERS, shifts: MODEL.shifts, ahead: 3_600_000_000 };
/** The least disorder and `idle` that a plant of the generator has. */
const ORDER = { disorder: 2_000_000, idle: 4_000_000 };

describe('law 2: windows are what their definition says', () => {
  const messy = plantWith({ edits: false, answers: false, correction: '1h' });
  const orderly = plantWith({
    edits: false,
    answers: false,
    correction: '1h',
    link: linkInStep(HOLD, DISORDER),
  });
  const tried = { windows: 0, counted: 0, shifts: 0 };

  law(
    'all readings of a signal, sorted, grouped and aggregated',
    8,
    fc.oneof(orderly, messy),
    (plant) => {
      const decisions = decide(logOfPlant(plant));
      const { 'too-late': tooLate = 0 } = deadLettersOf(decisions);
      const expected = windowsByDefinition(decisions, RULES, DECLARED);
      const found = windowsInTheEnd(decisions);
      const unordered = disorderlyCounters(decisions, COUNTERS, ORDER);
      tried.windows += found.size;
      tried.shifts += [...found.keys()].filter((name) => / turn /.test(name)).length;
      tried.counted += [...found.keys()].filter((name) => / parts /.test(name)).length;
      expect(wrong(expected, found, unordered, tooLate)).toEqual([]);
      expect(rowsOf(decisions, 'windows').length).toBeGreaterThanOrEqual(found.size);
    },
    () => {
      expect(tried.windows).toBeGreaterThan(1_000);
      expect(tried.counted).toBeGreaterThan(100);
      expect(tried.shifts).toBeGreaterThan(10);
    },
  );
});

type Windows = ReturnType<typeof windowsByDefinition>;

/**
 * Count windows depend on which readings came in time, and so do increments of which one came later than `disorder` (their
 * sum does not); what was too late is missing in the others.
 */
function wrong(
  expected: Windows,
  found: Windows,
  unordered: ReadonlySet<string>,
  tooLate: number,
): string[] {
  if (tooLate > 0) return [];
  const of = (windows: Windows) =>
    [...windows.values()].filter(({ name }) => {
      const signal = name.split(' ').slice(0, -2).join(' ');
      return !/ ten /.test(name) && !unordered.has(signal);
    });
  const missing = of(expected)
    .filter(({ name, text }) => found.get(name)?.text !== text)
    .map(({ name, text }) => `${name}: expected ${text}, found ${found.get(name)?.text}`);
  const surplus = of(found)
    .filter(({ name }) => !expected.has(name))
    .map(({ name, text }) => `${name}: expected none, found ${text}`);
  return [...missing, ...surplus];
}
