import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Flow, StageId } from '../../../operators/flow/flow.ts';
import { keyed } from '../../../operators/flow/keyed.ts';
import type { States } from '../../../operators/flow/states.ts';
import { BEGINNING, type Duration, type EventTime, plus } from '../../../operators/model/time.ts';
import { event, runThrough, valuesOf, watermark } from '../../support/flows.ts';

type Sum = { key: string; sum: number; at: number };

/** Sums the values of a key until 10 after its first one, then emits the sum and closes the key. Each model adds its own value again. */
const sums = (scope: 'source' | 'line') => (states: States) =>
  keyed<{ sum: number }, number, Sum>(
    {
      id: 'sums' as StageId,
      version: 1,
      scope,
      open: () => ({ sum: 0 }),
      onEvent(state, { time, value }, { models }, out) {
        if (state.sum === 0) out.setTimer(plus(time, 10 as Duration));
        state.sum += value * (1 + Object.keys(models).length);
      },
      onTimer(state, due, _, out) {
        out.emit({ key: out.key, sum: state.sum, at: due });
        out.close();
      },
    },
    states,
  );

describe('keyed', () => {
  test('a timer of a stage on line time fires before a later event of its key', () => {
    const output = runThrough(sums('line'), [
      event('p/l/a', 1, 5),
      event('p/l/b', 30, 1),
      event('p/l/a', 12, 7),
      watermark('p/l', 40),
    ]);
    expect(valuesOf(output)).toEqual([
      { key: 'p/l/a', sum: 5, at: 11 },
      { key: 'p/l/a', sum: 7, at: 22 },
      { key: 'p/l/b', sum: 1, at: 40 },
    ]);
  });

  test('a timer of a stage on source time waits for the watermark of its own source', () => {
    const output = runThrough(sums('source'), [
      event('s.a', 1, 5),
      event('s.a', 12, 7),
      watermark('s.b', 99, 'source'),
      watermark('s.a', 20, 'line'),
      watermark('s.a', 20, 'source'),
    ]);
    expect(valuesOf(output)).toEqual([{ key: 's.a', sum: 12, at: 11 }]);
  });

  test('timers fire in the order of time, key and rule', () => {
    const fired: string[] = [];
    const stage = (states: States) =>
      keyed<null, string[], string>(
        {
          id: 'rules' as StageId,
          version: 1,
          scope: 'line',
          open: () => null,
          onEvent(_, { time, value }, __, out) {
            for (const rule of value) out.setTimer(plus(time, 5 as Duration), rule);
          },
          onTimer: (_, due, __, out, rule) => void fired.push(`${due} ${out.key} ${rule}`),
        },
        states,
      );
    runThrough(stage, [
      event('p/l/b', 1, ['y', 'x']),
      event('p/l/a', 1, ['x']),
      event('p/l/c', 0, ['z']),
      watermark('p/l', 9),
    ]);
    expect(fired).toEqual(['5 p/l/c z', '6 p/l/a x', '6 p/l/b x', '6 p/l/b y']);
  });

  test('seeing timers stand still in blind time, and only they', () => {
    const fired: string[] = [];
    const stage = (states: States) =>
      keyed<null, boolean, never>(
        {
          id: 'seeing' as StageId,
          version: 1,
          scope: 'line',
          open: () => null,
          onEvent: (_, { time, value }, __, out) =>
            out.setTimer(plus(time, 10 as Duration), '', value),
          onTimer: (_, due, __, out) => void fired.push(`${out.key} ${due}`),
        },
        states,
      );
    const blind = { from: 4 as EventTime, to: 34 as EventTime };
    runThrough(stage, [
      event('p/l/plain', 0, false),
      event('p/l/seeing', 0, true),
      { ...watermark('p/l', 34), blind },
      watermark('p/l', 39),
      watermark('p/l', 40),
    ]);
    expect(fired).toEqual(['p/l/plain 10', 'p/l/seeing 40']);
  });

  test('a throw ends the flow with its error, at once', () => {
    const stage = (states: States) =>
      keyed<null, number, never>(
        {
          id: 'throws' as StageId,
          version: 1,
          scope: 'line',
          open: () => null,
          onEvent() {
            throw new Error('a defect');
          },
        },
        states,
      );
    expect(() => runThrough(stage, [event('p/l/a', 1, 1)])).toThrow('a defect');
  });

  test('an event behind the watermark that a stage has passed on is a defect, unless its cause was late', () => {
    const stage = (states: States) =>
      keyed<null, number, number>(
        {
          id: 'behind' as StageId,
          version: 1,
          scope: 'line',
          open: () => null,
          onEvent: (_state, { value }, _knowledge, out) =>
            out.emit(value, { time: value as EventTime }),
        },
        states,
      );
    const sent = (time: number, value: number) =>
      valuesOf(runThrough(stage, [watermark('p/l', 50), event('p/l/a', time, value)]));
    expect(sent(60, 55)).toEqual([55]);
    expect(sent(40, 40)).toEqual([40]);
    expect(() => sent(60, 50)).toThrow('stage behind: event of 50 behind the watermark 50');
  });

  test('state of another version is refused without a migration', () => {
    const stage = (version: number) => (states: States) =>
      keyed<null, number, never>(
        {
          id: 'versions' as StageId,
          version,
          scope: 'line',
          open: () => null,
          onEvent: () => undefined,
        },
        states,
      );
    let life = 0;
    const changing = (states: States) => {
      life += 1;
      return stage(life)(states);
    };
    expect(() => runThrough(changing, [event('p/l/a', 1, 1)], new Set([0]))).toThrow(
      'stage versions: expected state of version 2, found version 1',
    );
  });

  test('a restart at any point changes nothing downstream', () => {
    const item = fc.oneof(
      fc.record({
        key: fc.constantFrom('p/l/a', 'p/l/b', 'p/m/a'),
        step: fc.nat(8),
        value: fc.integer(),
      }),
      fc.record({ of: fc.constantFrom('p/l', 'p/m'), step: fc.nat(20) }),
      fc.constant('change' as const),
    );
    const everywhere = Array.from({ length: 40 }, (_, at) => at);
    const places = fc.oneof(fc.uniqueArray(fc.nat(40)), fc.constant(everywhere));
    fc.assert(
      fc.property(
        fc.array(item, { maxLength: 40 }),
        places,
        fc.nat(3),
        (plan, cuts, increments) => {
          let now = 0;
          const items: Flow<number>[] = plan.map((one) => {
            if (one === 'change') {
              const value = { kind: 'model', model: { id: `m${now}` } } as never;
              return { kind: 'change', sequence: 0 as never, value };
            }
            now += one.step;
            return 'of' in one ? watermark(one.of, now) : event(one.key, now, one.value);
          });
          const whole = runThrough(sums('line'), items);
          expect(runThrough(sums('line'), items, new Set(cuts), increments)).toEqual(whole);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('before the first watermark a key lives at the beginning of time', () => {
    const seen: number[] = [];
    const stage = (states: States) =>
      keyed<null, number, never>(
        {
          id: 'now' as StageId,
          version: 1,
          scope: 'line',
          open: () => null,
          onEvent: (_, __, ___, out) => void seen.push(out.now),
        },
        states,
      );
    runThrough(stage, [event('p/l/a', 1, 1), watermark('p/l', 7), event('p/l/a', 8, 1)]);
    expect(seen).toEqual([BEGINNING, 7]);
  });
});
