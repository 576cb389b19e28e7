import { describe, expect, it } from 'vitest';
import { correlate } from '../../../operators/correlate/correlate.ts';
import type { Flow } from '../../../operators/flow/flow.ts';
import type { Anomaly } from '../../../operators/model/anomaly.ts';
import type { Enriched, Observation } from '../../../operators/model/observation.ts';
import { at, machineEvent, rules } from '../../support/findings.ts';
import { runThrough, valuesOf } from '../../support/flows.ts';

/** It tempts an engine that goes back: every letter doubles the ways to read it. */
const LETTERS = `${'a'.repeat(37)}!`;
const LONG = 'a,'.repeat(4_000);

const patternOf = (where: string, more: object = {}) => ({
  id: 'texts',
  pattern: [{ name: 'seen', where: `kind == 'event' && type == 'text' && ${where}` }],
  ...more,
});

function run(pattern: object, texts: readonly object[]) {
  const items: Flow<Enriched<Observation> | Anomaly>[] = [
    rules({ patterns: [pattern] }),
    ...texts.map((data, second) => machineEvent(second, 'text', { ...data })),
  ];
  const output = runThrough((states) => correlate(states), items);
  return {
    incidents: valuesOf(output).flatMap((value) => {
      return 'kind' in value && value.kind === 'incident' ? [value.start] : [];
    }),
    deadLetters: output.flatMap((item) => {
      return item.kind === 'row' && item.table === 'dead_letters' ? [item.row] : [];
    }),
  };
}

describe('The conditions of a pattern', () => {
  it('are evaluated in time that grows with the text alone, whatever the pattern', () => {
    const pattern = patternOf("data.text.matches('^(a+)+$')");
    const { incidents, deadLetters } = run(pattern, [{ text: LETTERS }, { text: 'aaa' }]);
    expect(incidents).toEqual([at(1)]);
    expect(deadLetters).toEqual([]);
  });

  const nested =
    "data.text.split(',').exists(a, data.text.split(',').exists(b, a == 'x' && b == 'y'))";

  it('have a number of steps for each event and rule; what has more is a dead letter', () => {
    const { incidents, deadLetters } = run(patternOf(nested), [{ text: LONG }, { text: 'x,y' }]);
    expect(incidents).toEqual([at(1)]);
    expect(deadLetters).toMatchObject([{ reason: 'budget', stage: 'correlate', count: 1 }]);
    expect(deadLetters[0]?.detail).toContain('pattern texts: its conditions take more than');
  });

  it('are not met where an error left of an or hides that the steps are used up', () => {
    const { incidents, deadLetters } = run(patternOf(`(${nested} || true)`), [{ text: LONG }]);
    expect(incidents).toEqual([]);
    expect(deadLetters).toMatchObject([{ reason: 'budget' }]);
  });

  it('share the steps with the key', () => {
    const key = 'data.text.split(data.serial).join(data.text)';
    const { incidents, deadLetters } = run(patternOf("data.serial == ','", { key }), [
      { text: LONG, serial: ',' },
      { text: 'a,b', serial: ',' },
    ]);
    expect(incidents).toEqual([at(1)]);
    expect(deadLetters).toMatchObject([{ reason: 'budget', stage: 'correlate-line' }]);
  });

  it('share the steps of all partial matches of an event', () => {
    const pattern = {
      ...{ id: 'texts', skip: 'no-skip', within: '2h' },
      pattern: [
        { name: 'seen', where: "kind == 'event' && type == 'text'" },
        {
          ...{ name: 'again', follows: 'relaxed-any' },
          where:
            "kind == 'event' && type == 'text' && data.text.split(',').exists(a, a == last('seen').data.other)",
        },
      ],
    };
    const short = { text: 'b', other: 'a' };
    const { deadLetters } = run(pattern, [
      ...Array.from({ length: 20 }, () => short),
      { text: 'b,'.repeat(4_000), other: 'a' },
    ]);
    expect(deadLetters).toMatchObject([{ reason: 'budget', count: 1 }]);
  });
});
