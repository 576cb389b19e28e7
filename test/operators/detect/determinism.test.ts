import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { detect } from '../../../operators/detect/detect.ts';
import type { Event, Flow, Stage, StageId } from '../../../operators/flow/flow.ts';
import { order } from '../../../operators/flow/order.ts';
import type { States } from '../../../operators/flow/states.ts';
import type { Detected } from '../../../operators/model/anomaly.ts';
import type { Enriched, Observation } from '../../../operators/model/observation.ts';
import { runThrough, watermark } from '../../support/flows.ts';
import {
  anomaliesOf,
  changeOf,
  machineEvent,
  model,
  rulesChange,
  seconds,
  windowEvent,
} from './fixtures.ts';

type Item = Flow<Enriched<Observation>>;
type Observed = Event<Enriched<Observation>>;

const LINE = 'plant/line';
const DISORDER = 25;

/** Every kind of detector at once, with delays, deadbands and conditions. */
const rules = rulesChange(
  {
    id: 'hot',
    kind: 'limit',
    signal: 'temperature',
    above: 70,
    raise: { after: '10s', escalate: { alarm: '30s' } },
    clear: { after: '20s', deadband: '5%', stepwise: true },
  },
  {
    id: 'zone',
    kind: 'iso20816',
    signal: 'velocity',
    while: "state == 'EXECUTE'",
    raise: { count: 2, severity: { B: 'notice', C: 'warning', D: 'alarm' } },
  },
  { id: 'usual', kind: 'baseline', signal: 'temperature', learn: 20, modes: ['state'] },
  {
    ...{ id: 'follows', kind: 'baseline', signal: 'temperature', learn: 40, limit: 2, modes: [] },
    ...{ forget: '2m', when: { whole: true } },
  },
  { id: 'frozen', kind: 'stuck', signal: '*', windows: 2 },
  { id: 'change', kind: 'iso20816-change', signal: 'velocity', learn: 5, modes: ['state'] },
  { id: 'mean', kind: 'ewma', signal: 'temperature', learn: 20, limit: 2, modes: ['state'] },
  {
    ...{ id: 'sum', kind: 'cusum', signal: 'temperature', learn: 20, limit: 4, modes: [] },
    bands: { velocity: [3] },
  },
  { id: 'new', kind: 'range', signal: '*', learn: 20, modes: [], forget: '5m' },
  { id: 'stale', kind: 'drift', signal: 'temperature', learn: 20, recent: 20, modes: [] },
  {
    ...{ id: 'both', kind: 'multivariate', signal: 'both', learn: 20, limit: 1, modes: [] },
    signals: ['temperature', 'velocity'],
    follow: '2m',
  },
  { id: 'fast', kind: 'rate', signal: 'temperature', rise: 20, per: '10s', over: '40s' },
  { id: 'soon', kind: 'trend', signal: 'temperature', above: 90, over: '90s', certainty: 1 },
  {
    ...{ id: 'gated', kind: 'limit', signal: 'temperature', above: 60 },
    when: { steady: '10s', within: { velocity: [1, 5] } },
  },
  {
    ...{ id: 'calls', kind: 'event', type: 'acknowledged', clear: { after: '2m' } },
    raise: { after: '5s', escalate: { alarm: '1m' } },
  },
  { id: 'quiet', kind: 'silence', signal: '*', after: '35s', while: "state == 'EXECUTE'" },
);
const start: Item[] = [changeOf(model), changeOf(rules)];

/** What happens in one step of ten seconds: values of two signals (or none), the state, whether it is mixed. */
const step = fc.record({
  temperature: fc.option(fc.integer({ min: 40, max: 90 }), { freq: 4 }),
  velocity: fc.option(fc.double({ min: 0, max: 6, noNaN: true }), { freq: 4 }),
  still: fc.integer({ min: 0, max: 4 }).map((dice) => dice === 0),
  mixed: fc.integer({ min: 0, max: 9 }).map((dice) => dice === 0),
  state: fc.constantFrom('EXECUTE', 'EXECUTE', 'EXECUTE', 'STOPPED'),
  event: fc.constantFrom(...Array(30).fill(''), 'repaired', 'acknowledged'),
});
const history = fc.array(step, { minLength: 60, maxLength: 120 });

function eventsOf(steps: readonly Step[]): Observed[] {
  return steps.flatMap(({ temperature, velocity, still, mixed, state, event }, index) => {
    const end = 10 * (index + 1);
    const about = { state, mixed };
    const span = still ? { min: 5, max: 5 } : {};
    return [
      ...(temperature === null ? [] : [windowEvent(end, temperature, about, span)]),
      ...(velocity === null
        ? []
        : [windowEvent(end, velocity, about, { signal: 'velocity', ...span })]),
      ...(event === '' ? [] : [machineEvent(end, event, {}, { state })]),
    ];
  });
}
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function nameOf({ observation: value }: Enriched<Observation>): string {
  return `${value.kind} ${value.kind === 'window' ? value.signal : ''}`;
}

/** As the pipeline does it: ordered by line time, and among equals by what they are. */
function ordered(states: States): Stage<Enriched<Observation>, Detected> {
  const byTime = order<Enriched<Observation>>(
    {
      id: 'order-test' as StageId,
      compare: (a, b) => (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0),
    },
    states,
  );
  return (source) => source.pipe(byTime, detect(states));
}

/** Items with the line's watermark after each: the greatest time so far, less the disorder. */
function arriving(events: readonly Observed[]): Item[] {
  let latest = 0;
  const items = events.flatMap((event): Item[] => {
    latest = Math.max(latest, event.time);
    return [event, watermark(LINE, latest - seconds(DISORDER))];
  });
  return [...start, ...items, watermark(LINE, latest + seconds(100))];
}

describe('anomalies of a history', () => {
  test('are the same wherever the run was cut', () => {
    fc.assert(
      fc.property(history, fc.array(fc.nat(600), { maxLength: 4 }), (steps, cuts) => {
        const items = arriving(eventsOf(steps));
        const whole = anomaliesOf(runThrough(ordered, items));
        expect(anomaliesOf(runThrough(ordered, items, new Set(cuts)))).toEqual(whole);
      }),
      { numRuns: 20 },
    );
  });

  test('are the same in whatever order their events arrived, within the disorder', () => {
    fc.assert(
      fc.property(
        history,
        fc.array(fc.integer({ min: 0, max: DISORDER - 1 }), { minLength: 360, maxLength: 360 }),
        (steps, delays) => {
          const events = eventsOf(steps);
          const late = events
            .map((event, index) => ({ event, at: event.time + seconds(delays[index]!) }))
            .sort((a, b) => a.at - b.at)
            .map(({ event }) => event);
          const whole = anomaliesOf(runThrough(ordered, arriving(events)));
          expect(anomaliesOf(runThrough(ordered, arriving(late)))).toEqual(whole);
        },
      ),
      { numRuns: 20 },
    );
  });

  test('include every kind of detector, or the two above would prove nothing', () => {
    const kinds = new Set<string>();
    fc.assert(
      fc.property(history, (steps) => {
        for (const { detector, phase } of anomaliesOf(
          runThrough(ordered, arriving(eventsOf(steps))),
        )) {
          kinds.add(`${detector} ${phase}`);
        }
      }),
      { numRuns: 40, seed: 1 },
    );
    const most = [
      'limit',
      'iso20816',
      'iso20816-change',
      'ewma',
      'cusum',
      'range',
      'rate',
      'trend',
    ];
    for (const kind of [...most, 'multivariate', 'stuck', 'silence', 'event']) {
      expect(kinds).toContain(`${kind} raised`);
      expect(kinds).toContain(`${kind} cleared`);
    }
  });

  test('have a life: raised, then updates, then cleared, revisions without a gap, one at a time per signal and rule', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const open = new Map<string, { id: string; revision: number; time: number }>();
        for (const anomaly of anomaliesOf(runThrough(ordered, arriving(eventsOf(steps))))) {
          const key = `${anomaly.rule} ${anomaly.signal}`;
          const before = open.get(key);
          if (anomaly.phase === 'raised') expect(before).toBeUndefined();
          else expect(before?.id).toBe(anomaly.id);
          expect(anomaly.revision).toBe((before?.revision ?? 0) + 1);
          expect(anomaly.time).toBeGreaterThanOrEqual(before?.time ?? anomaly.since);
          if (anomaly.phase === 'cleared') open.delete(key);
          else open.set(key, anomaly);
        }
      }),
      { numRuns: 20 },
    );
  });
});
