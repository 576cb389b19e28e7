import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Epoch, Flow } from '../../../operators/flow/flow.ts';
import { NO_CHECKPOINTS, type States } from '../../../operators/flow/states.ts';
import type { Decoded } from '../../../operators/model/decoded.ts';
import type { Key } from '../../../operators/model/key.ts';
import type { Sequence } from '../../../operators/model/message.ts';
import { plantModelSchema } from '../../../operators/model/plant-model.ts';
import type { EventTime } from '../../../operators/model/time.ts';
import {
  MAX_MARKS,
  noMarks,
  rememberMark,
  validate,
} from '../../../operators/validate/validate.ts';

import { event, runMessages, valuesOf } from '../../support/flows.ts';
import { MODEL } from '../../support/plant-log.ts';

const change: Flow<Decoded> = {
  kind: 'change',
  sequence: 1 as Sequence,
  value: { kind: 'model', id: 'c1', model: plantModelSchema.parse(MODEL) },
};

function frame(
  asset: string,
  identity: { producer: string; mark: number; name?: number },
  signals: readonly string[] = ['temperature'],
): Flow<Decoded> {
  const subject = `telemetry.${asset.replaceAll('/', '.')}`;
  return event(subject, 1, {
    kind: 'frame',
    origin: { subject, sequence: 2 as Sequence, appended: 1 as EventTime, identity },
    asset: asset as Key,
    times: Float64Array.of(1),
    signals,
    values: new Float64Array(signals.length),
    texts: [],
  });
}

function reasons(output: readonly Flow<Decoded>[]): string[] {
  return output.flatMap((item) => {
    return item.kind === 'row' && item.table === 'dead_letters' ? [item.row.reason] : [];
  });
}

describe('validate', () => {
  test('what the model knows goes on', () => {
    const output = runMessages(validate, [change, frame('p1/l1/press', { producer: '', mark: 1 })]);
    expect(valuesOf(output)).toHaveLength(1);
    expect(reasons(output)).toEqual([]);
  });

  test.each([
    'p1/l1/stranger',
    'p1/l9/press',
    'p9/l1/press',
    'constructor/l1/press',
    '__proto__/l/a',
  ])('the unknown asset %s becomes a dead letter', (asset) => {
    const output = runMessages(validate, [change, frame(asset, { producer: '', mark: 1 })]);
    expect(valuesOf(output)).toEqual([]);
    expect(reasons(output)).toEqual(['unknown']);
  });

  test('no state is kept for subjects that the model does not know', () => {
    let kept: unknown;
    const states: States = {
      ...NO_CHECKPOINTS,
      save: (_, begin) => {
        const saved = begin((cells) => {
          kept = cells.map(([key]) => key);
        }, true);
        saved.more(100);
      },
    };
    const known = frame('p1/l1/press', { producer: '', mark: 1 });
    const strange = frame('p1/l1/stranger', { producer: '', mark: 1 });
    runMessages(
      () => validate(states),
      [change, known, strange, { kind: 'barrier', epoch: 1 as Epoch }],
    );
    expect(kept).toEqual(['telemetry.p1.l1.press']);
  });

  test('an unknown signal is counted, and its readings go on, marked', () => {
    const signals = ['temperature', 'pressure', 'constructor'];
    const output = runMessages(validate, [
      change,
      frame('p1/l1/press', { producer: '', mark: 1 }, signals),
    ]);
    expect(valuesOf(output)).toMatchObject([{ unknown: ['pressure', 'constructor'] }]);
    expect(output.find((item) => item.kind === 'row')).toMatchObject({
      row: { reason: 'unknown', count: 2 },
    });
  });

  test('the same message again is a duplicate, on its own subject only', () => {
    const same = { producer: 'gateway/1', mark: 5 };
    const output = runMessages(validate, [
      change,
      frame('p1/l1/press', same),
      frame('p1/l1/press', same),
      frame('p1/l1/pump', same),
    ]);
    expect(valuesOf(output)).toHaveLength(2);
    expect(reasons(output)).toEqual(['duplicate']);
  });

  test('a producer that sends an old message again is found out, however old it is', () => {
    const count = (mark: number) => frame('p1/l1/press', { producer: 'gateway/1', mark });
    const many = Array.from({ length: MAX_MARKS + 100 }, (_, mark) => count(mark));
    const output = runMessages(validate, [change, ...many, count(3)]);
    expect(reasons(output)).toEqual(['duplicate']);
  });

  test('a rebooted producer counts anew', () => {
    const output = runMessages(validate, [
      change,
      frame('p1/l1/press', { producer: 'gateway/1', mark: 5 }),
      frame('p1/l1/press', { producer: 'gateway/2', mark: 5 }),
    ]);
    expect(valuesOf(output)).toHaveLength(2);
  });

  test('a restart between a message and its repeat changes nothing', () => {
    const items = [1, 2, 1, 3, 2].map((mark) => frame('p1/l1/press', { producer: '', mark }));
    const whole = runMessages(validate, [change, ...items]);
    const cut = runMessages(validate, [change, ...items], new Set([0, 1, 2, 3, 4]));
    expect(cut).toEqual(whole);
    expect(reasons(whole)).toEqual(['duplicate', 'duplicate']);
  });
});

/** Looks every mark up in all that came before: what the ring with its short cut must agree with. */
function slowly(marks: readonly number[]): readonly boolean[] {
  return marks.map((mark, at) => marks.slice(0, at).includes(mark));
}

describe('isRepeat', () => {
  test('knows the latest marks of a producer, in whatever order they come', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(60), { maxLength: 200 }), fc.boolean(), (marks, counted) => {
        const seen = noMarks();
        expect(marks.map((mark) => rememberMark(seen, mark, counted))).toEqual(slowly(marks));
      }),
    );
  });

  test('finds the same duplicates after its state was copied', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(60), { maxLength: 100 }), fc.nat(100), (marks, cut) => {
        let seen = noMarks();
        const found = marks.map((mark, at) => {
          if (at === cut) seen = structuredClone(seen);
          return rememberMark(seen, mark, true);
        });
        expect(found).toEqual(slowly(marks));
      }),
    );
  });

  test('counts what is older than the ring as a duplicate when the producer counts, and as new when it does not', () => {
    for (const counted of [true, false]) {
      const seen = noMarks();
      for (let mark = 1; mark <= MAX_MARKS + 10; mark += 1) rememberMark(seen, mark, counted);
      expect(rememberMark(seen, 5, counted)).toBe(counted);
      expect(rememberMark(seen, MAX_MARKS, counted)).toBe(true);
    }
  });
});

describe('identity', () => {
  const named = (name: number, producer: string, mark: number) =>
    frame('p1/l1/press', { producer, mark, name });

  test('the same from two producers is one message', () => {
    const output = runMessages(validate, [
      change,
      ...[named(1, 'left/1', 5), named(1, 'right/9', 80), named(2, 'right/9', 81)],
      ...[named(2, 'left/1', 6), named(3, 'left/1', 7)],
    ]);
    expect(valuesOf(output)).toHaveLength(3);
    expect(reasons(output)).toEqual(['duplicate', 'duplicate']);
  });

  test('a producer that sends the same again is found out by its count, whatever the identity', () => {
    const output = runMessages(validate, [change, named(1, 'left/1', 5), named(2, 'left/1', 5)]);
    expect(reasons(output)).toEqual(['duplicate']);
  });

  test('two messages of the same bytes and another identity are two', () => {
    const output = runMessages(validate, [change, named(1, '', 5), named(2, '', 5)]);
    expect(reasons(output)).toEqual([]);
  });

  test('a restart between changes nothing', () => {
    const items = [change, named(1, '', 5), named(1, 'a/1', 6), named(2, 'a/1', 7)];
    const whole = runMessages(validate, items);
    expect(runMessages(validate, items, new Set([1, 2]))).toEqual(whole);
    expect(reasons(whole)).toEqual(['duplicate']);
  });
});
