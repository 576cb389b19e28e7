import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePatternCondition } from '../../../operators/correlate/condition.ts';
import type { EventFields, PatternEvent } from '../../../operators/correlate/event-fields.ts';
import type { Captures } from '../../../operators/correlate/transitions.ts';
import { runs } from '../../support/long.ts';

const none: Captures<PatternEvent> = {
  all: () => [],
  size: () => 0,
  first: () => undefined,
  last: () => undefined,
};

/** An event of any kind that has these fields and, unless it is a machine event, no others. */
function event({ kind = 'anomaly', ...fields }: EventFields): PatternEvent {
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
    ['level >= 3', { severity: 'alarm' }, true],
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
      { numRuns: runs(1_000) },
    );
  });

  it('is the same for what was taken before, and for sums of fields, as CEL evaluates it', () => {
    const names = ['price', 'amount', 'code', 'time', 'type', 'state'];
    const value = fc.letrec<{ value: string; leaf: string }>((tie) => ({
      leaf: fc.oneof(
        fc.constantFrom(...names),
        fc
          .tuple(fc.constantFrom('first', 'last'), fc.constantFrom(...names))
          .map(([call, name]) => `${call}('rise').${name}`),
        fc.constantFrom('1.5', '0.0', '3', "'a'", '2.0'),
      ),
      value: fc.oneof(
        { maxDepth: 2 },
        tie('leaf'),
        fc
          .tuple(tie('value'), fc.constantFrom('+', '-', '*'), tie('value'))
          .map((parts) => `(${parts.join(' ')})`),
      ),
    })).value;
    const comparison = fc
      .tuple(value, fc.constantFrom('==', '!=', '<', '<=', '>', '>='), value)
      .map((parts) => parts.join(' '));
    const condition = fc.oneof(
      comparison,
      fc.tuple(comparison, fc.constantFrom('&&', '||'), comparison).map((parts) => parts.join(' ')),
    );
    const field = fc.oneof(
      ...[fc.constantFrom(0, 1.5, 3, -2, 'a', 'b', true), fc.constant(undefined)],
    );
    const some = fc
      .record({ price: field, amount: field, code: field })
      .map((fields) => JSON.parse(JSON.stringify({ kind: 'event', ...fields })) as EventFields);
    let compared = 0;
    fc.assert(
      fc.property(condition, some, some, fc.boolean(), (text, now, before, isTaken) => {
        const taken = isTaken ? event(before) : undefined;
        const captures = { ...none, first: () => taken, last: () => taken };
        const asked = `kind == 'event' && (${text})`;
        if ('problem' in compilePatternCondition(asked, ['rise'])) return;
        compared += 1;
        const slow = `kind == 'event' && (${text}) == true`;
        expect(accepts(asked, now, captures)).toBe(accepts(slow, now, captures));
      }),
      { numRuns: runs(2_000) },
    );
    expect(compared).toBeGreaterThan(runs(2_000) / 4);
  });

  it('sees what earlier stages took', () => {
    const [low, high] = [event({ score: 2 }), event({ score: 5 })];
    const captures: Captures<PatternEvent> = {
      all: () => [low, high],
      size: () => 2,
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

  describe('of what both the event and its machine can have', () => {
    const known = {
      state: 'HELD',
      mode: 'auto',
      product: 'lid',
      order: '',
      due: null,
      next_stop: 5,
    };
    const spoken = (data: EventFields, type = 'finished') =>
      ({
        value: { kind: 'event', type, asset: 'p/l/a', time: 0, data },
        situation: known,
        assetFields: { class: 'press' },
      }) as unknown as PatternEvent;
    const told = (text: string, data: EventFields, type?: string) => {
      const condition = compilePatternCondition(text, []);
      if ('problem' in condition) throw new Error(condition.problem);
      return condition.accepts(spoken(data, type), none);
    };

    it.each([
      ["data.product == 'cup' && asset.product == 'lid'", { product: 'cup' }],
      ["kind == 'event' && data.state == 'open' && asset.state == 'HELD'", { state: 'open' }],
      ["kind == 'event' && data.class == 'x' && asset.class == 'press'", { class: 'x' }],
      ["kind == 'event' && data['product'].startsWith('c')", { product: 'cup' }],
      ['data.due > 4 && asset.next_stop == 5 && !(asset.due > 0)', { due: 5 }],
      // The words of the standard are for the machine alone.
      ["kind == 'event' && state == 'HELD'", { state: 'open' }],
      ["kind == 'event' && state in ['HELD', 'ABORTED'] && 'EXECUTE' != state", {}],
      // A state event sets what is known of the machine.
      ["kind == 'event' && type == 'state' && product == 'lid'", { product: 'lid' }, 'state'],
      // What only the event can have, and what the event itself is.
      ["kind == 'event' && signal == 'x' && severity == 'high'", { signal: 'x', severity: 'high' }],
      ["kind == 'event' && asset == 'a' && line == 'l'", { asset: 'b', line: 'k' }],
      // Unless it reads machine events alone, a bare name is nothing of their data.
      ["signal == '' && product == 'lid' && class == 'press'", { signal: 'x', product: 'cup' }],
    ])('%s of an event with %j is met', (text, data, type?: string) => {
      expect(told(text, data as EventFields, type)).toBe(true);
    });

    it.each([
      ...['mode', 'order', 'operation', 'product', 'shift', 'planned', 'class', 'criticality'].map(
        (name): [string, string] => [`kind == 'event' && ${name} == 'x'`, name],
      ),
      ["kind == 'event' && type == 'door' && state == 'open'", 'state'],
      ["kind == 'event' && state in ['HELD', 'open']", 'state'],
      ["kind == 'event' && 5 < next_stop", 'next_stop'],
      ["kind == 'event' && (type == 'state' || type == 'done') && product == 'lid'", 'product'],
      ["kind == 'event' && type == 'state' && shift == 'early'", 'shift'],
    ])('%s is refused, with both ways to write it', (text, name) => {
      expect(compilePatternCondition(text, [])).toEqual({
        problem: expect.stringContaining(`expected data.${name} or asset.${name}`),
      });
    });

    it('is asked of earlier stages in the same two ways', () => {
      const reads = () => ({ namesData: true, types: undefined });
      const captures = { ...none, last: () => spoken({ product: 'cup', pieces: 3 }) };
      const met = (text: string) => {
        const condition = compilePatternCondition(text, ['a'], reads);
        if ('problem' in condition) throw new Error(condition.problem);
        return condition.accepts(spoken({ product: 'cup' }), captures);
      };
      expect(met("data.product == last('a').data.product")).toBe(true);
      expect(met("asset.product == last('a').asset.product")).toBe(true);
      expect(met("last('a').asset.product == 'cup'")).toBe(false);
      expect(compilePatternCondition("last('a').product == 'x'", ['a'], reads)).toEqual({
        problem: expect.stringContaining(
          "expected last('a').data.product or last('a').asset.product",
        ),
      });
      expect(compilePatternCondition("sum('a', 'due') > 3", ['a'], reads)).toHaveProperty(
        'problem',
      );
    });

    it('a misspelt field of the machine is refused', () => {
      expect(compilePatternCondition("asset.prodct == 'x'", [])).toEqual({
        problem: expect.stringContaining('unknown field asset.prodct'),
      });
    });
  });
});
