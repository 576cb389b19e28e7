import { describe, expect, it } from 'vitest';
import type { Change, Flow } from '../../../operators/flow/flow.ts';
import { plantModelSchema } from '../../../operators/model/plant-model.ts';
import { machineEvent, model, rules } from '../../support/findings.ts';
import {
  hot,
  type Input,
  pass,
  raised,
  requestStatus,
  run,
  shakes,
  shaky,
  start,
} from './run-trigger.ts';

const edited = (seconds: number, more = {}) =>
  raised(seconds, { phase: 'cleared', cause: 'rule changed', ...more });
const well = (seconds: number, more = {}) =>
  raised(seconds, { phase: 'cleared', cause: 'well', ...more });

const detector = { id: 'hot', kind: 'limit', signal: 'temperature', window: 'w', above: 75 };
const withDetector = rules({
  windows: [{ id: 'w', kind: 'tumbling', size: '1m' }],
  detectors: [detector],
  triggers: [{ ...hot, withdraw: false }],
});

const ENDED = '170 2 withdraw: the rule hot was changed at 1970-01-01T00:01:50Z, and ';

describe('an edit of a rule under a problem', () => {
  it('ends it after rearm when nothing is raised anew, and says so once', () => {
    const items: Flow<Input>[] = [model, withDetector, raised(10), edited(110), pass(5_000)];
    expect(run(items).revisions).toEqual([
      '10 1 open: hot spoke',
      `${ENDED}what it judges now is no anomaly: nothing was raised within 1m`,
    ]);
    expect(run([...items, raised(5_001, { id: 'new' })]).requests[2]?.id).not.toBe(
      run(items).requests[0]?.id,
    );
  });

  it('says that nobody judges it any more when the rule is gone', () => {
    const items: Flow<Input>[] = [...start, raised(10), edited(110), pass(5_000)];
    expect(run(items).revisions[1]).toBe(
      '170 2 withdraw: the rule hot was removed at 1970-01-01T00:01:50Z, and nothing judges temperature by it any more',
    );
  });

  it('is the same problem when the edited rule raises again', () => {
    const items: Flow<Input>[] = [
      model,
      withDetector,
      raised(10),
      edited(110),
      raised(160, { id: 'again' }),
    ];
    items.push(pass(5_000));
    expect(run(items).revisions).toEqual(['10 1 open: hot spoke']);
    items.push(well(6_000, { id: 'again' }), pass(7_000));
    expect(run(items).revisions.at(-1)).toContain('6120 2 update: all its anomalies are clear');
  });

  it('is not calm: the request is not withdrawn as clear', () => {
    const items: Flow<Input>[] = [
      model,
      rules({ triggers: [{ ...hot, withdraw: true }] }),
      raised(10),
    ];
    items.push(edited(110), pass(5_000));
    expect(run(items).revisions[1]).not.toContain('clear since');
  });

  it('does not end it while another anomaly stands', () => {
    const items: Flow<Input>[] = [...start, raised(10), shakes(20), edited(110), pass(5_000)];
    expect(run(items).requests.map(({ action }) => action)).toEqual(['open', 'update']);
  });

  it('ends with the well of another when the edited rule had its rearm before', () => {
    const triggers = [{ ...hot, withdraw: true }, shaky];
    const items: Flow<Input>[] = [
      model,
      rules({ triggers }),
      raised(10),
      shakes(20),
      edited(110),
      pass(5_000),
    ];
    items.push(well(5_000, { rule: 'shaky', signal: 'vibration' }), pass(6_000));
    expect(run(items).revisions.at(-1)).toContain('update: all its anomalies are clear since');
  });

  it.each(['accepted', 'completed', 'rejected'])('closes one that was %s', (status) => {
    const items: Flow<Input>[] = [model, withDetector, raised(10)];
    items.push(requestStatus(items, 50, status), edited(110), pass(500));
    expect(run(items).revisions[1]).toContain('170 2 close: the rule hot was changed');
  });

  it('leaves nothing of one that was held back', () => {
    const suppress = [{ during: ['startup'] }];
    const items: Flow<Input>[] = [model, rules({ triggers: [hot], suppress })];
    const starting = { ...raised(10).value.situation, state: 'STARTING' };
    items.push(raised(10, { situation: starting }), edited(110, { situation: starting }));
    items.push(pass(500), machineEvent(600, 'state', { state: 'EXECUTE' }), pass(5_000));
    expect(run(items).requests).toEqual([]);
  });
});

describe('an asset that is removed from the model', () => {
  const without: Change = {
    ...model,
    value: {
      kind: 'model',
      id: 'm2',
      model: plantModelSchema.parse({
        id: 'p1',
        lines: [{ id: 'l1', assets: [{ id: 'press', class: 'press' }] }],
      }),
    },
  };

  it.each([
    ['open', 'withdraw'],
    ['accepted', 'close'],
  ])('ends its %s problems at once', (status, action) => {
    const items: Flow<Input>[] = [...start, raised(10)];
    if (status !== 'open') items.push(requestStatus(items, 50, status));
    items.push(pass(100), without);
    items.push(raised(101, { phase: 'cleared', cause: 'asset removed' }), pass(5_000));
    expect(run(items).revisions).toEqual([
      '10 1 open: hot spoke',
      `100 2 ${action}: asset removed: the plant model has no p1/l1/fan any more`,
    ]);
  });

  it('has no new ones, and what is still under way for it is counted', () => {
    const { requests, deadLetters } = run([...start, without, raised(10), pass(100)]);
    expect(requests).toEqual([]);
    expect(deadLetters).toMatchObject([{ reason: 'rule-changed', stage: 'trigger' }]);
  });
});
