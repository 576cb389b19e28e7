import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePatternCondition } from '../../../operators/correlate/condition.ts';
import type { EventFields, PatternEvent } from '../../../operators/correlate/event-fields.ts';
import type { Captures } from '../../../operators/correlate/transitions.ts';

const none: Captures<PatternEvent> = {
  all: () => [],
  first: () => undefined,
  last: () => undefined,
};

/** An event of any kind that has these fields and, unless it is a machine event, no others. */
function event({ kind = 'event', ...fields }: EventFields): PatternEvent {
  const values = Object.entries(fields).map(([name, field]) => [
    name.replace(/^vibration_/, ''),
    field,
  ]);
  const data = kind === 'event' ? { data: fields } : { values: Object.fromEntries(values) };
  const value = {
    kind,
    asset: 'p/l/a',
    time: 0,
    phase: 'raised',
    quantiles: [],
    ...data,
    ...fields,
  };
  return { value, situation: {}, assetFields: {} } as unknown as PatternEvent;
}

function accepts(text: string, fields: EventFields, captures = none): boolean {
  const condition = compilePatternCondition(text, ['rise']);
  if ('problem' in condition) throw new Error(condition.problem);
  return condition.accepts(event(fields), captures);
}

describe('a condition', () => {
  it.each([
    ["type == 'acknowledged'", { kind: 'event', type: 'acknowledged' }, true],
    ["kind == 'event' && type in ['a', 'b'] && type == 'b'", { kind: 'event', type: 'b' }, true],
    ["kind == 'anomaly' && score > 3", { kind: 'anomaly', score: 3.5 }, true],
    ['score == 4', { score: 4 }, true],
    ['2 * score > 7.5 + 1', { score: 4 }, false],
    ['score < 3', { kind: 'event' }, false],
    ["severity != 'alarm'", { kind: 'window' }, true],
    ["kind == 'event' && code == 5 && urgent", { kind: 'event', code: 5, urgent: true }, true],
    ["kind == 'event' && code == 5", { kind: 'event' }, false],
    ['vibration_kurtosis > 4', { kind: 'features', vibration_kurtosis: 5 }, true],
    ["signal.startsWith('vibration_')", { signal: 'vibration_rms' }, true],
    ['level >= 3', { level: 3 }, true],
  ])('%s of %j is %j', (text, fields, expected) => {
    expect(accepts(text, fields as EventFields)).toBe(expected);
  });

  it('is evaluated without CEL as CEL evaluates it', () => {
    const comparison = fc
      .tuple(
        fc.constantFrom('score', 'severity', 'kind', 'code'),
        fc.constantFrom('==', '!=', '<', '<=', '>', '>='),
        fc.constantFrom("'alarm'", "'event'", '4', '4.5', '-1.0'),
        fc.boolean(),
      )
      .map(([name, operator, literal, mirrored]) => {
        return mirrored ? `${literal} ${operator} ${name}` : `${name} ${operator} ${literal}`;
      });
    const { text } = fc.letrec<{ text: string }>((tie) => ({
      text: fc.oneof(
        { maxDepth: 3 },
        comparison,
        fc
          .tuple(tie('text'), fc.constantFrom('&&', '||'), tie('text'))
          .map(([left, operator, right]) => {
            return `(${left} ${operator} ${right})`;
          }),
      ),
    }));
    const some = fc.record(
      {
        kind: fc.constant('event'),
        score: fc.constantFrom(4, 4.5, 5),
        severity: fc.constantFrom('alarm', 'notice'),
        code: fc.constantFrom<string | number | boolean>(4, 'alarm', true),
      },
      { requiredKeys: ['kind'] },
    );
    fc.assert(
      fc.property(text, some, (condition, fields) => {
        // CEL refuses what does not fit the fields; `== true` around a condition is not answered the quick way.
        const asked = `kind == 'event' && ${condition}`;
        if ('problem' in compilePatternCondition(asked, [])) return;
        const slow = `kind == 'event' && (${condition}) == true`;
        expect(accepts(asked, fields)).toBe(accepts(slow, fields));
      }),
      { numRuns: 1_000 },
    );
  });

  it('sees what earlier stages took', () => {
    const [low, high] = [event({ score: 2 }), event({ score: 5 })];
    const captures: Captures<PatternEvent> = {
      all: () => [low, high],
      first: () => low,
      last: () => high,
    };
    expect(accepts("score > last('rise').score", { score: 6 }, captures)).toBe(true);
    expect(accepts("score > first('rise').score", { score: 3 }, captures)).toBe(true);
    expect(accepts("count('rise') >= 2 && sum('rise', 'score') == 7", {}, captures)).toBe(true);
    expect(accepts("score > last('rise').value", { score: 6 }, captures)).toBe(false);
  });

  it.each([
    ['score >', /expected a CEL expression/],
    ['score > "high"', /fits the fields/],
    ['score', /true or false, found one of type double/],
    ["singal == 'x'", /unknown field singal: expected one of kind/],
    ["last('hot').score > 2", /last\('hot'\) asks for a stage.*expected one of rise/],
  ])('%s is refused with a sentence', (text, sentence) => {
    expect(compilePatternCondition(text, ['rise'])).toEqual({
      problem: expect.stringMatching(sentence),
    });
  });

  it('shows which values it requires, never more than it does', () => {
    const condition = compilePatternCondition(
      "kind == 'anomaly' && (signal == 'a' || signal in ['b', 'c']) && (type == 'x' || score > 1)",
      [],
    );
    expect(condition).toMatchObject({
      kinds: new Set(['anomaly']),
      signals: new Set(['a', 'b', 'c']),
      types: undefined,
      namesPhase: false,
    });
  });
});
