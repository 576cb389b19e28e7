import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Flow, Stage, StageId } from '../../../operators/flow/flow.ts';
import { order } from '../../../operators/flow/order.ts';
import type { States } from '../../../operators/flow/states.ts';
import type { Request } from '../../../operators/model/request.ts';
import { machineEvent, model, planned, rules, schedule } from '../../support/findings.ts';
import { runThrough, valuesOf } from '../../support/flows.ts';
import { runs } from '../../support/long.ts';
import {
  cleared,
  hot,
  type Input,
  pass,
  raised,
  requestStatus,
  run,
  shakes,
  shaky,
  stages,
} from './run-trigger.ts';

describe('the same log', () => {
  const life = fc.array(
    fc.tuple(
      fc.nat(600),
      fc.constantFrom(
        'raise',
        'shake',
        'update',
        'clear',
        'still',
        'accepted',
        'closed',
        'rejected',
        'pass',
        'state',
        'schedule',
        'late',
        'cancel',
        'edit',
        'report',
        'take back',
        'buffered',
      ),
    ),
    { maxLength: 30 },
  );

  function story(steps: readonly (readonly [number, string])[]): Flow<Input>[] {
    const triggers = [
      { ...hot, withdraw: true, escalate: '10m', slot: 'next-gap' },
      { ...shaky, per: 'component' },
    ];
    const suppress = [{ during: ['changeover'], settle: '30s' }];
    const items: Flow<Input>[] = [model, rules({ triggers, suppress })];
    const ids = new Map<string, string>();
    const entries: (readonly [string, 'changeover', number, number])[] = [];
    let time = 0;
    for (const [index, [step, what]] of steps.entries()) {
      time += step;
      switch (what) {
        case 'raise':
        case 'shake': {
          const make = what === 'raise' ? raised : shakes;
          ids.set(what, `${what}${index}`);
          items.push(make(time, { id: `${what}${index}` }));
          break;
        }
        case 'update':
          items.push(
            raised(time, { id: ids.get('raise') ?? '', phase: 'updated', severity: 'danger' }),
          );
          break;
        case 'clear':
          items.push(cleared(time, { id: ids.get('raise') ?? '' }));
          break;
        case 'still':
          items.push(shakes(time, { id: ids.get('shake') ?? '', phase: 'cleared' }));
          break;
        case 'edit':
          items.push(cleared(time, { id: ids.get('raise') ?? '', cause: 'rule changed' }));
          break;
        case 'report':
          items.push(machineEvent(time, 'report', { text: `r${index}`, ref: `${index % 2}` }));
          break;
        case 'take back':
          items.push(machineEvent(time, 'report-cleared', { ref: `${index % 2}` }));
          break;
        case 'buffered':
          items.push(pass(time), { ...shakes(time - step, { id: `b${index}` }), late: true });
          break;
        case 'pass':
          items.push(pass(time));
          break;
        case 'state':
          items.push(machineEvent(time, 'state', { state: 'EXECUTE' }));
          break;
        case 'schedule':
          entries.push([`c${index}`, 'changeover', time, time + 300]);
          items.push(schedule(...entries.slice(-1)));
          break;
        case 'late':
          // Perhaps over by now, perhaps known before and prolonged.
          entries.push([`c${index % 3}`, 'changeover', time - 500, time + (index % 2) * 200 - 100]);
          items.push(schedule(...entries.slice(-1)));
          break;
        case 'cancel': {
          const [id, kind, from, to] = entries.at(-1) ?? ['c0', 'changeover', 0, 1];
          items.push(planned({ id, kind, start: from, end: to, cancelled: true }));
          break;
        }
        default:
          items.push(requestStatus(items, time, what));
      }
    }
    return [...items, pass(time + 100_000)];
  }

  it('gives the same requests wherever it is cut and continued', () => {
    fc.assert(
      fc.property(life, fc.array(fc.nat(32)), (steps, cuts) => {
        const items = story(steps);
        expect(run(items, new Set(cuts)).output).toEqual(run(items).output);
      }),
      { numRuns: runs(60) },
    );
  });

  it('numbers the revisions of every request densely from 1, opens first and ends last', () => {
    let withdrawn = 0;
    fc.assert(
      fc.property(life, (steps) => {
        const { requests } = run(story(steps));
        for (const id of new Set(requests.map((request) => request.id))) {
          const revisions = requests.filter((request) => request.id === id);
          expect(revisions.map(({ revision }) => revision)).toEqual(
            revisions.map((_, index) => index + 1),
          );
          const ends = revisions.slice(0, -1).map(({ action }) => action);
          expect(revisions[0]?.action).toBe('open');
          withdrawn += revisions.filter(({ because }) =>
            because.includes('as the schedule says now: '),
          ).length;
          expect(ends.includes('withdraw') || ends.includes('close')).toBe(false);
        }
      }),
      { numRuns: 500 },
    );
    expect(withdrawn).toBeGreaterThan(0);
  });

  it('gives the same requests whatever order events of one time arrive in', () => {
    const ordered =
      (states: States): Stage<Input, Request> =>
      (source) =>
        source.pipe(
          order(
            {
              id: 'order' as StageId,
              compare: (a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1),
            },
            states,
          ),
          stages(states),
        );
    fc.assert(
      fc.property(life, fc.infiniteStream(fc.nat()), (steps, keys) => {
        const items = story(steps);
        const events = items.filter((item) => item.kind === 'event');
        const others = items.filter((item) => item.kind === 'change');
        const end = items.slice(-1);
        const shuffled = events
          .map((item) => [keys.next().value, item] as const)
          .sort(([a], [b]) => a - b)
          .map(([, item]) => item);
        const play = (list: readonly Flow<Input>[]) =>
          valuesOf(runThrough(ordered, [...others, ...list, ...end]));
        expect(play(shuffled)).toEqual(play(events));
      }),
      { numRuns: runs(40) },
    );
  });
});
