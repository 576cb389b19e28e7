import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { correlate } from '../../../operators/correlate/correlate.ts';
import type { Flow } from '../../../operators/flow/flow.ts';
import type { Anomaly } from '../../../operators/model/anomaly.ts';
import type { Incident } from '../../../operators/model/incident.ts';
import type { Enriched, Observation } from '../../../operators/model/observation.ts';
import { at, FAN, machineEvent, PRESS, rules } from '../../support/findings.ts';
import { runThrough, valuesOf, watermark } from '../../support/flows.ts';

type Input = Enriched<Observation> | Anomaly;

const stage = (name: string, more: object = {}) => ({
  name,
  where: `kind == 'event' && type == '${name}'`,
  ...more,
});
const then = { follows: 'relaxed' };
const answered = {
  id: 'answered',
  pattern: [stage('a'), stage('b', { ...then, times: 2 }), stage('c', { absent: 'relaxed' })],
  within: '1m',
  on_timeout: {},
};
const rounds = {
  id: 'rounds',
  key: 'line',
  pattern: [{ name: 'g', times: 2, stages: [stage('a'), stage('c', then)] }],
  within: '2m',
};
const LINE = [answered, rounds];

const something = fc.oneof(
  fc.record({
    step: fc.integer({ min: 1, max: 25 }),
    type: fc.constantFrom('a', 'b', 'c'),
    asset: fc.constantFrom(FAN, PRESS),
  }),
  fc.record({ step: fc.nat(40), type: fc.constant('watermark'), asset: fc.constant(FAN) }),
);

/** Events and watermarks in the order of time, as a line has them after `order`. */
const timeline = fc.array(something, { minLength: 4, maxLength: 30 }).map((steps) => {
  let now = 0;
  return steps.map(({ step, type, asset }): Flow<Input> => {
    now += step;
    return type === 'watermark'
      ? watermark('p1/l1', at(now) - 1)
      : machineEvent(now, type, {}, { asset });
  });
});

function run(items: readonly Flow<Input>[], cuts: readonly number[] = []) {
  const output = runThrough((states) => correlate(states), items, new Set(cuts));
  const raised = valuesOf(output).filter(
    (value): value is Incident => 'kind' in value && value.kind === 'incident',
  );
  const deadLetters = output.flatMap((item) =>
    item.kind === 'row' && item.table === 'dead_letters' ? [item.row] : [],
  );
  return {
    output,
    deadLetters,
    incidents: raised.map(({ rule, key, id, time }) => [rule, key, id, time]),
  };
}

const changed = [
  { ...answered, within: '50s' },
  { ...rounds, pattern: [...rounds.pattern, stage('b', then)] },
];
const end = watermark('p1/l1', at(100_000));

describe('a changed rule takes effect at its place in the log', () => {
  it('what came before is matched by the old meaning, what comes after by the new, and nothing by both', () => {
    let ended = 0;
    fc.assert(
      fc.property(timeline, fc.nat(30), (items, position) => {
        const place = Math.min(position, items.length);
        const [before, after] = [items.slice(0, place), items.slice(place)];
        const whole = run([
          rules({ patterns: LINE }),
          ...before,
          rules({ patterns: changed }),
          ...after,
          end,
        ]);
        const old = run([rules({ patterns: LINE }), ...before]);
        const fresh = run([rules({ patterns: changed }), ...after, end]);
        expect(whole.incidents).toEqual([...old.incidents, ...fresh.incidents]);
        ended += whole.deadLetters.filter(({ reason }) => reason === 'rule-changed').length;
      }),
      { numRuns: 100 },
    );
    expect(ended).toBeGreaterThan(50);
  });

  it('a pattern that means the same goes on, whatever else changes beside it', () => {
    let going = 0;
    fc.assert(
      fc.property(timeline, fc.nat(30), (items, position) => {
        const same = [
          { ...rounds, raise: { severity: 'danger' } },
          { id: 'other', pattern: [stage('b')] },
          { ...answered, raise: { failure_mode: 'F' }, on_timeout: { severity: 'danger' } },
        ];
        const first = rules({ patterns: LINE });
        const whole = [
          ...items.slice(0, position),
          rules({ patterns: same }),
          ...items.slice(position),
        ];
        const unchanged = run([first, ...items, end]);
        const found = run([first, ...whole, end]);
        expect(found.incidents.filter(([rule]) => rule !== 'other')).toEqual(unchanged.incidents);
        expect(found.deadLetters).toEqual([]);
        going += found.incidents.length;
      }),
      { numRuns: 100 },
    );
    expect(going).toBeGreaterThan(50);
  });

  it('a restart before, at or after the change makes no difference', () => {
    fc.assert(
      fc.property(timeline, fc.nat(30), fc.array(fc.nat(33)), (items, position, cuts) => {
        const place = Math.min(position, items.length);
        const whole = [
          rules({ patterns: LINE }),
          ...items.slice(0, place),
          rules({ patterns: changed }),
          ...items.slice(place),
          end,
        ];
        const around = [place, place + 1, ...cuts];
        expect(run(whole, around).output).toEqual(run(whole).output);
      }),
      { numRuns: 100 },
    );
  });

  it('rules without a pattern by line, then with one, then without: lines match while there is one', () => {
    const pair = {
      ...{ id: 'pair', key: 'line', within: '1m', on_timeout: {} },
      pattern: [stage('a'), stage('b', then)],
    };
    const [none, one] = [rules({ patterns: [] }), rules({ patterns: [pair] })];
    const items: readonly Flow<Input>[] = [
      ...[none, machineEvent(1, 'a')],
      ...[one, machineEvent(2, 'b'), machineEvent(10, 'a')],
      ...[machineEvent(11, 'b', {}, { asset: PRESS }), machineEvent(20, 'a')],
      // The match under way ends here: neither an event nor time can complete or end it any more.
      ...[none, machineEvent(21, 'b'), machineEvent(100, 'a'), watermark('p1/l1', at(200))],
      ...[one, machineEvent(201, 'b'), machineEvent(210, 'a'), machineEvent(211, 'b')],
      watermark('p1/l1', at(1_000)),
    ];
    const { incidents, deadLetters, output } = run(items);
    expect(incidents.map(([rule, , , time]) => [rule, time])).toEqual([
      ['pair', at(11)],
      ['pair', at(211)],
    ]);
    expect(deadLetters.map(({ reason }) => reason)).toEqual(['rule-changed']);
    for (const cut of items.keys()) expect(run(items, [cut]).output).toEqual(output);
  });
});
