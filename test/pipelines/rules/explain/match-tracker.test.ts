import { describe, expect, it } from 'vitest';
import { correlate } from '../../../../operators/correlate/correlate.ts';
import type { Flow } from '../../../../operators/flow/flow.ts';
import type { Detected } from '../../../../operators/model/anomaly.ts';
import { patternReportText } from '../../../../pipelines/rules/explain/match-report.ts';
import { createMatchTracker } from '../../../../pipelines/rules/explain/match-tracker.ts';
import { at, machineEvent, rules } from '../../../support/findings.ts';
import { runThrough, watermark } from '../../../support/flows.ts';

const stage = (name: string, more: object = {}) => ({
  name,
  where: `kind == 'event' && type == '${name}'`,
  ...more,
});
const then = { follows: 'relaxed' };
const events = (...types: string[]) =>
  types.map((type, index) => machineEvent(10 * (index + 1), type));

function reportOf(pattern: readonly object[], more: object, items: readonly Flow<Detected>[]) {
  const change = rules({ patterns: [{ id: 'p', pattern, ...more }] });
  const tracker = createMatchTracker(['p']);
  const all = [change, ...items];
  const watched = runThrough((states) => correlate(states, tracker.watch), all);
  expect(watched).toEqual(runThrough((states) => correlate(states), all));
  const [report] = tracker.report();
  if (report === undefined) throw new Error('expected the report of p');
  return report;
}

describe('the report of a pattern', () => {
  it.each([
    ['the time of the whole', {}, ['a', 'x'], 'a', 'b', 'within 1m was over'],
    ['a gap', { within_previous: '20s' }, ['a', 'x'], 'a', 'b', 'nothing came for 20s'],
    ['the next event', { follows: 'strict' }, ['a', 'x'], 'a', 'b', 'the next event was not b'],
  ])('says that %s ended a match', (_, how, types, after, waiting, why) => {
    const pattern = [stage('a'), { ...stage('b', then), ...how }];
    const end = watermark('p1/l1', at(1_000));
    const { began, finished, endings } = reportOf(pattern, { within: '1m' }, [
      ...events(...types),
      end,
    ]);
    expect({ began, finished }).toEqual({ began: 1, finished: 0 });
    expect(endings).toEqual([
      { after: [after], at: waiting, why, count: 1, examples: [expect.objectContaining({})] },
    ]);
  });

  it('says which absence was broken, before the end and at the end', () => {
    const between = [stage('a'), stage('n', { absent: 'relaxed' }), stage('b', then)];
    expect(reportOf(between, {}, events('a', 'n')).endings).toMatchObject([
      { after: ['a'], at: 'b', why: 'n came, which must not', count: 1 },
    ]);
    const last = [stage('a'), stage('b', then), stage('n', { absent: 'relaxed' })];
    expect(reportOf(last, { within: '1h' }, events('a', 'b', 'n')).endings).toMatchObject([
      { after: ['a', 'b'], at: 'n', why: 'n came, which must not', count: 1 },
    ]);
  });

  it('asks conditions that look back as the match would have', () => {
    const where = "kind == 'event' && type == 'n' && by == first('a').by";
    const never = { name: 'n', absent: 'relaxed', where };
    const pattern = [stage('a'), never, stage('b', then)];
    const items = [machineEvent(1, 'a', { by: 'x' }), machineEvent(2, 'n', { by: 'y' })];
    expect(reportOf(pattern, {}, items)).toMatchObject({ began: 1, open: 1, endings: [] });
    const broken = [...items, machineEvent(3, 'n', { by: 'x' })];
    expect(reportOf(pattern, {}, broken)).toMatchObject({
      open: 0,
      endings: [{ why: 'n came, which must not' }],
    });
  });

  it('shows what a finished match took, and that it took away those it overlaps', () => {
    const report = reportOf([stage('a'), stage('b', then)], {}, events('a', 'a', 'b'));
    expect(report).toMatchObject({ began: 2, finished: 1, open: 0 });
    expect(report.endings).toMatchObject([{ why: 'a match that came out took it away (skip)' }]);
    expect(report.matches).toMatchObject([
      {
        captured: [
          { stage: 'a', text: 'a' },
          { stage: 'b', text: 'b' },
        ],
      },
    ]);
  });

  it('counts matches that began and came true at once, and every match of one beginning', () => {
    expect(reportOf([stage('a')], {}, events('a', 'a'))).toMatchObject({ began: 2, finished: 2 });
    const any = [stage('a'), stage('b', { follows: 'relaxed-any' })];
    const report = reportOf(any, { skip: 'no-skip', within: '1h' }, [
      ...events('a', 'b', 'b', 'b'),
      watermark('p1/l1', at(10_000)),
    ]);
    expect(report).toMatchObject({ began: 1, finished: 3, open: 0, endings: [] });
  });

  it('tells of a changed rule, and of what is under way at the end', () => {
    const items = [
      ...events('a'),
      rules({}),
      rules({ patterns: [{ id: 'p', pattern: [stage('a'), stage('b', then)] }] }),
      machineEvent(50, 'a'),
    ];
    expect(reportOf([stage('a'), stage('b', then)], { within: '1h' }, items)).toMatchObject({
      began: 2,
      open: 1,
      endings: [{ why: 'its rule was changed or removed', count: 1 }],
    });
  });

  it('stays small however many matches there were', () => {
    const many = Array.from({ length: 200 }, (_, index) => [
      machineEvent(10 * index + 1, 'a'),
      machineEvent(10 * index + 2, index % 2 === 0 ? 'n' : 'b'),
    ]).flat();
    const report = reportOf(
      [stage('a'), stage('n', { absent: 'relaxed' }), stage('b', then)],
      {},
      many,
    );
    expect(report).toMatchObject({ began: 200, finished: 100, endings: [{ count: 100 }] });
    expect(report.endings[0]?.examples).toHaveLength(3);
    expect(report.matches).toHaveLength(20);
    const text = patternReportText(report);
    expect(text).toContain('p: 200 began, 100 came true, 0 under way at the end\n');
    expect(text).toContain('  100 × after a, waiting at b: n came, which must not\n');
    expect(text).toContain('  and 80 more came true');
    expect(patternReportText({ ...report, began: 0 })).toContain('no event met its first stage');
  });

  it('says that too many were under way', () => {
    const many = Array.from({ length: 1_005 }, (_, index) => machineEvent(index + 1, 'a'));
    const report = reportOf([stage('a'), stage('b', then)], {}, many);
    expect(report).toMatchObject({ began: 1_005, open: 1_000 });
    expect(report.endings).toMatchObject([{ count: 5, why: expect.stringMatching(/too many/) }]);
  });
});
