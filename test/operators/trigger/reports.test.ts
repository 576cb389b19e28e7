import { describe, expect, it } from 'vitest';
import type { Flow } from '../../../operators/flow/flow.ts';
import { machineEvent, model, rules, schedule } from '../../support/findings.ts';
import { hot, type Input, pass, raised, requestStatus, run } from './run-trigger.ts';

const begin = (more = {}) => [model, rules({ triggers: [hot], ...more })];
const report = (seconds: number, data: Record<string, string> = {}) =>
  machineEvent(seconds, 'report', { text: 'oil on the floor', ...data });

describe('an operator reports', () => {
  it('and a problem with a request of its own begins, without any anomaly', () => {
    const items: Flow<Input>[] = begin();
    items.push(report(10, { component: 'drive', failure_mode: 'LEAK', severity: 'alarm' }));
    const [request] = run(items).requests;
    expect(request).toMatchObject({
      ...{ revision: 1, action: 'open', component: 'drive', failure_mode: 'LEAK' },
      ...{ severity: 'alarm', priority: 'medium', work: 'inspection', trigger: 'report' },
      ...{ incidents: [], anomalies: [], because: 'an operator reported it' },
      title: 'Fan 7, drive: LEAK, oil on the floor',
      evidence: [{ stage: 'report', kind: 'event', about: 'report', text: 'oil on the floor' }],
    });
    expect(request?.description).toContain('said by an operator');
  });

  it('with a photo, which is evidence and no title', () => {
    const photo = 'https://andon.example/#/photo/p1/l1/press/0123';
    const [request] = run([...begin(), report(10, { photo })]).requests;
    expect(request?.title).toContain('oil on the floor');
    expect(request?.title).not.toContain('photo');
    expect(request?.evidence.map(({ stage, text }) => [stage, text])).toEqual([
      ['photo', photo],
      ['report', 'oil on the floor'],
    ]);
    expect(request?.description).toContain(`photo: ${photo}`);
  });

  it('with defaults of the rules, which the report may override', () => {
    const reports = { priority: 'high', kind: 'repair', severity: 'notice', parts: ['seal'] };
    const items: Flow<Input>[] = [
      ...begin({ reports }),
      report(10),
      report(20, { priority: 'urgent' }),
    ];
    expect(run(items).requests).toMatchObject([
      { priority: 'high', work: 'repair', severity: 'notice', parts: ['seal'] },
      { priority: 'urgent', work: 'repair' },
    ]);
  });

  it('and nothing comes of it where the rules say so', () => {
    expect(run([...begin({ reports: { enabled: false } }), report(10)]).requests).toEqual([]);
  });

  it('twice the same, and it is one', () => {
    const items: Flow<Input>[] = [...begin(), report(10), report(10), pass(500)];
    expect(run(items).requests).toHaveLength(1);
    items.push(requestStatus(items, 600, 'completed'), pass(5_000), report(10), pass(9_000));
    expect(run(items).requests.map(({ action }) => action)).toEqual(['open', 'close']);
  });

  it('more of one ref, and it sharpens what is there', () => {
    const items: Flow<Input>[] = [...begin(), report(10, { ref: 'T-1' })];
    items.push(report(20, { ref: 'T-1', text: 'a lot of oil', severity: 'danger' }), pass(500));
    expect(run(items).revisions).toEqual([
      '10 1 open: an operator reported it',
      '80 2 update: reported again: a lot of oil; severity is now danger',
    ]);
  });

  it('two things, and they are two problems, beside those that detectors found', () => {
    const items: Flow<Input>[] = [
      ...begin(),
      raised(5),
      report(10, { ref: 'A' }),
      report(10, { ref: 'B' }),
    ];
    items.push(pass(500));
    const { requests } = run(items);
    expect(requests.map(({ action }) => action)).toEqual(['open', 'open', 'open']);
    expect(new Set(requests.map(({ id }) => id)).size).toBe(3);
  });

  it.each(['completed', 'rejected'])('and it ends with the answer %s', (status) => {
    const items: Flow<Input>[] = [
      ...begin({ reports: { cooldown: '1h', rearm: '1m' } }),
      report(10),
    ];
    items.push(requestStatus(items, 100, status), pass(20_000));
    const { requests } = run(items);
    expect(requests.map(({ action }) => action)).toEqual(['open', 'close']);
    expect(requests[1]?.because).toContain(`${status}, and`);
  });

  it('that it is well again: all, or by ref, request or component', () => {
    const items: Flow<Input>[] = [...begin(), report(10, { ref: 'A', component: 'drive' })];
    items.push(report(20, { ref: 'B' }));
    const ids = run(items).requests.map(({ id }) => id);
    for (const [data, ended] of [
      [{}, ids],
      [{ ref: 'A' }, [ids[0]]],
      [{ id: ids[1] ?? '' }, [ids[1]]],
      [{ component: 'drive' }, [ids[0]]],
      [{ ref: 'C' }, []],
    ] as const) {
      const { requests } = run([...items, machineEvent(100, 'report-cleared', data), pass(5_000)]);
      const withdrawn = requests.filter(({ action }) => action === 'withdraw');
      expect(withdrawn.map(({ id }) => id)).toEqual(ended);
    }
  });

  it('and it ends by a time, when the rules give one', () => {
    const items: Flow<Input>[] = [...begin({ reports: { expire: '2d', rearm: '1m' } }), report(10)];
    const { requests } = run([...items, pass(500_000)]);
    expect(requests.map(({ action, time }) => [action, time / 1e6])).toEqual([
      ['open', 10],
      ['withdraw', 172_870],
    ]);
  });

  it('in a planned stretch, and it is held back', () => {
    const items: Flow<Input>[] = begin({ suppress: [{ during: ['maintenance'] }] });
    items.push(schedule(['m', 'maintenance', 0, 1_000]), report(10), pass(5_000));
    expect(run(items).revisions).toEqual([
      '1000 1 open: an operator reported it, held back during maintenance and still there',
    ]);
  });

  it('what is not a report, and it is counted', () => {
    const items: Flow<Input>[] = [...begin(), machineEvent(10, 'report', { severity: 'bad' })];
    expect(run(items).deadLetters).toMatchObject([{ reason: 'refused', stage: 'trigger' }]);
  });
});
