import { describe, expect, it } from 'vitest';
import type { Flow } from '../../../operators/flow/flow.ts';
import { machineEvent, model, rules, schedule, situation } from '../../support/findings.ts';
import { hot, type Input, pass, raised, run, shakes, start } from './run-trigger.ts';

const late = (item: Flow<Input>) => ({ ...item, late: true }) as Flow<Input>;

describe('a late observation', () => {
  it('does not overwrite the present situation', () => {
    const suppress = [{ during: ['changeover', 'startup'] }];
    const items: Flow<Input>[] = [model, rules({ triggers: [hot], suppress })];
    items.push(schedule(['c', 'changeover', 100, 115]), raised(110), pass(112));
    const starting = situation({ state: 'STARTING' });
    items.push(late(machineEvent(60, 'state', { state: 'STARTING' }, { situation: starting })));
    items.push(pass(200));
    expect(run(items).requests.map(({ time }) => time / 1e6)).toEqual([115]);
  });
});

describe('a late anomaly', () => {
  const suppress = [{ during: ['changeover', 'startup'] }];
  const begins = [model, rules({ triggers: [hot], suppress })];

  it('is not held back by a stop that began after it', () => {
    const items: Flow<Input>[] = [...begins, schedule(['c', 'changeover', 100, 400]), pass(200)];
    items.push(late(raised(90)));
    expect(run(items).revisions).toEqual(['200 1 open: hot spoke']);
  });

  it('is not held back by a start-up that began after it', () => {
    const starting = situation({ state: 'STARTING', since: raised(150).time });
    const items: Flow<Input>[] = [...begins, pass(100)];
    items.push(machineEvent(150, 'state', { state: 'STARTING' }, { situation: starting }));
    items.push(pass(200), late(raised(90)));
    expect(run(items).revisions).toEqual(['150 1 open: hot spoke'.replace('150', '200')]);
  });

  it('is held back by the stop that it lay in, as long as it was in it', () => {
    const items: Flow<Input>[] = [...begins, schedule(['c', 'changeover', 100, 200]), pass(220)];
    items.push(late(raised(150)));
    expect(run(items).requests).toEqual([]);
    const calm = late(raised(180, { phase: 'cleared', cause: 'well' }));
    expect(run([...items, pass(240), calm, pass(5_000)]).requests).toEqual([]);
    expect(run([...items, pass(5_000)]).revisions).toEqual([
      '270 1 open: hot spoke, held back during changeover and still there',
    ]);
  });

  it.each([
    ['10 min late', {}, 700, 100, 1],
    ['more than 10 min late', {}, 701, 100, 0],
    ['as late as the rule allows', { late: '30d' }, 86_500, 100, 1],
    ['later than the rule allows', { late: '1m' }, 161, 100, 0],
  ])('%s', (_, more, now, time, count) => {
    const items: Flow<Input>[] = [model, rules({ triggers: [{ ...hot, ...more }] }), pass(now)];
    const { requests, deadLetters } = run([...items, late(raised(time))]);
    expect(requests).toHaveLength(count);
    expect(deadLetters).toHaveLength(1 - count);
    if (count === 0) {
      const allowed = (more as { late?: string }).late ?? '10m';
      expect(deadLetters[0]).toMatchObject({ reason: 'late', stage: 'trigger', count: 1 });
      expect(deadLetters[0]?.detail).toMatch(
        new RegExp(`^hot at 1970-01-01T00:01:40Z came .* late.*cool-it.*${allowed}`),
      );
    }
  });

  it('counts whatever its age when it belongs to a problem already', () => {
    const items: Flow<Input>[] = [
      model,
      rules({ triggers: [{ ...hot, withdraw: true }] }),
      raised(10),
    ];
    items.push(pass(5_000), late(raised(20, { phase: 'cleared', cause: 'well' })), pass(9_000));
    expect(run(items).requests.map(({ action }) => action)).toEqual(['open', 'withdraw']);
    const worse: Flow<Input>[] = [...start, raised(10), pass(5_000)];
    worse.push(late(raised(20, { phase: 'updated', severity: 'danger' })), pass(9_000));
    expect(run(worse).revisions[1]).toContain('severity is now danger');
  });

  it('neither joins nor sharpens a problem when it is too late', () => {
    const items: Flow<Input>[] = [...start, raised(10), pass(5_000), late(shakes(20)), pass(9_000)];
    expect(run(items).requests).toHaveLength(1);
    expect(run(items).deadLetters).toMatchObject([{ reason: 'late' }]);
  });

  it('is asked for when it still stands in time', () => {
    const items: Flow<Input>[] = [...start, pass(5_000), late(raised(20)), pass(5_100)];
    expect(run(items).requests).toEqual([]);
    items.push(raised(5_200, { phase: 'updated', since: raised(20).time }));
    expect(run(items).requests.map(({ time, action }) => [time / 1e6, action])).toEqual([
      [5_200, 'open'],
    ]);
    const calm = late(raised(30, { phase: 'cleared', cause: 'well' }));
    items.splice(-1, 0, calm);
    expect(run(items).requests).toEqual([]);
  });
});
