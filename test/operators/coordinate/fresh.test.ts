import { describe, expect, test } from 'vitest';
import { checkWorkflows } from '../../../operators/coordinate/check-workflows.ts';
import { rulesSchema } from '../../../operators/model/rules.ts';
import { workflowRuleSchema } from '../../../operators/model/workflow-rule.ts';
import { reply, revised, run, status, tick } from './run-coordinate.ts';

describe('fresh', () => {
  const buy = (more: object = {}) => ({
    steps: [
      { id: 'stock', do: 'erp.check-stock', deadline: '1m' },
      { id: 'agreed', until: "request.status == 'accepted'", deadline: '1d' },
      {
        ...{ id: 'order', after: ['stock', 'agreed'], fresh: { stock: '10s' } },
        ...{ do: 'erp.requisition', when: 'steps.stock.short > 0', ...more },
      },
    ],
  });
  const short = (n: number, second: number, count: number) =>
    reply(second, ['stock', n], 'done', { short: count });

  test('a step that begins in time rests on the answer that is there', () => {
    const { asked } = run(buy(), [revised(10), short(1, 12, 1), status(20, 'accepted')]);
    expect(asked).toEqual(['10 stock 1 erp.check-stock', '20 order 1 erp.requisition']);
  });

  test('an older answer is asked for again, and the newer one decides', () => {
    const begun = [revised(10), short(1, 12, 1), status(21, 'accepted')];
    const again = ['10 stock 1 erp.check-stock', '21 stock 2 erp.check-stock'];
    const { asked, told } = run(buy(), [...begun, short(2, 23, 0)]);
    expect(asked).toEqual(again);
    expect(told.slice(-2)).toEqual(['23 stock done', '23 order skipped']);
    expect(run(buy(), [...begun, short(2, 23, 2)]).asked).toEqual([
      ...[...again, '23 order 1 erp.requisition'],
    ]);
  });

  test('it counts from the question: an answer that took longer is too old already', () => {
    const late = [revised(10), status(11, 'accepted'), short(1, 30, 1)];
    expect(run(buy(), late).asked).toEqual([
      ...['10 stock 1 erp.check-stock', '30 stock 2 erp.check-stock'],
    ]);
  });

  test('a system that always takes longer is asked anew once a revision, and nothing is decided', () => {
    const slow = [revised(10), status(11, 'accepted'), short(1, 30, 1), short(2, 50, 1)];
    const more = [[tick(100)], status(120, 'scheduled'), revised(200, { revision: 2 })];
    const after = [short(3, 220, 1), status(240, 'started'), [tick(300)]];
    for (const again of [false, true]) {
      const { asked, told } = run(buy({ again }), [...slow, short(3, 70, 1), ...more, ...after]);
      expect(asked).toEqual([
        ...['10 stock 1 erp.check-stock', '30 stock 2 erp.check-stock'],
        ...(again ? ['200 stock 3 erp.check-stock'] : []),
      ]);
      expect(told).toContain('50 order skipped');
      expect(told.filter((one) => one.endsWith('order asked'))).toEqual([]);
    }
  });

  test('one that came in time and is old by now is asked for again', () => {
    const changing = buy({ again: true, with: { title: 'request.title' } });
    const update = (second: number, revision: number) =>
      revised(second, { revision, action: 'update', title: `worse ${revision}` });
    const { asked } = run(changing, [
      ...[revised(10), status(11, 'accepted'), short(1, 30, 1), short(2, 39, 1)],
      ...[update(90, 2), short(3, 91, 1), update(150, 3), short(4, 170, 1), update(300, 4)],
    ]);
    expect(asked).toEqual([
      ...['10 stock 1', '30 stock 2', '39 order 1', '90 stock 3', '91 order 2', '150 stock 4'].map(
        (one) => `${one} erp.${one.includes('stock') ? 'check-stock' : 'requisition'}`,
      ),
      '300 stock 5 erp.check-stock',
    ]);
  });

  test('after an answer that took too long, a later revision asks again, and rests on what is quick', () => {
    const week = 604_800;
    const { asked } = run(buy({ again: true }), [
      ...[revised(10), status(11, 'accepted'), short(1, 30, 1), short(2, 50, 1)],
      revised(week, { revision: 2, action: 'update' }),
      short(3, week + 1, 1),
    ]);
    expect(asked.slice(2)).toEqual([
      ...[`${week} stock 3 erp.check-stock`, `${week + 1} order 1 erp.requisition`],
    ]);
  });

  test('another step asks for an answer that took too long for the first, and none of them without end', () => {
    const steps = (again: boolean) => [
      { id: 'stock', do: 'erp.check-stock', deadline: '1m' },
      { id: 'agreed', until: "request.status == 'accepted'", deadline: '1d' },
      ...['first', 'second'].map((id) => ({
        ...{ id, after: ['stock', ...(id === 'second' ? ['agreed'] : [])], again },
        ...{ do: 'erp.requisition', fresh: { stock: '10s' }, when: 'steps.stock.short > 0' },
      })),
    ];
    for (const again of [false, true]) {
      const { asked, told } = run({ steps: steps(again) }, [
        ...[revised(10), short(1, 30, 1), short(2, 50, 1), status(1_000, 'accepted')],
        ...[short(3, 1_020, 1), status(1_040, 'scheduled'), [tick(1_100)]],
      ]);
      expect(asked).toEqual(
        ['10 stock 1', '30 stock 2', '1000 stock 3'].map((one) => `${one} erp.check-stock`),
      );
      expect(told).toContain('1020 second skipped');
    }
  });

  test('a step is not asked again on an answer that got no newer', () => {
    const changing = buy({ again: true, with: { title: 'request.title' } });
    const { asked } = run(changing, [
      ...[revised(10), short(1, 12, 1), status(21, 'accepted'), [tick(81)]],
      [tick(100)],
      revised(200, { revision: 2, action: 'update', title: 'worse' }),
    ]);
    expect(asked).toEqual(['10 stock 1 erp.check-stock', '21 stock 2 erp.check-stock']);
  });

  test('nothing is decided where no newer answer comes', () => {
    const silent = run(buy(), [revised(10), short(1, 12, 1), status(21, 'accepted'), [tick(81)]]);
    expect(silent.told.slice(-2)).toEqual(['81 stock overdue', '81 order skipped']);
  });

  test('a step that is asked again rests on no older answer either', () => {
    const changing = buy({ again: true, with: { title: 'request.title' } });
    const { asked } = run(changing, [
      ...[revised(10), status(11, 'accepted'), short(1, 12, 1)],
      revised(90, { revision: 2, action: 'update', title: 'worse' }),
      short(2, 91, 1),
    ]);
    expect(asked).toEqual([
      ...['10 stock 1 erp.check-stock', '12 order 1 erp.requisition'],
      ...['90 stock 2 erp.check-stock', '91 order 2 erp.requisition'],
    ]);
  });
});

describe('a workflow is refused', () => {
  const wait = { id: 'agreed', until: 'request.acknowledged' };
  const issues = (step: object) =>
    workflowRuleSchema
      .safeParse({ id: 'w', steps: [wait, step] })
      .error?.issues.map(({ message }) => message);

  test('where what has to be fresh is not waited for, or nobody is asked', () => {
    expect(issues({ id: 'order', do: 'erp.order', fresh: { agreed: '1m' } })).toEqual([
      'expected steps that stand in after, found "agreed"',
    ]);
    const waits = { id: 'other', until: 'true', after: ['agreed'], fresh: { agreed: '1m' } };
    expect(issues(waits)).toEqual(['expected no fresh where no system is asked']);
  });

  test('where asking again would do something again', () => {
    const steps = [
      { id: 'reserve', do: 'erp.reserve', undo: 'release' },
      { id: 'order', do: 'erp.order', after: ['reserve'], fresh: { reserve: '1m' } },
    ];
    const found = checkWorkflows(rulesSchema.parse({ workflows: [{ id: 'w', steps }] }));
    expect(found.map(({ message }) => message)).toEqual([
      'expected steps that ask a system and have no undo, found "reserve"',
    ]);
  });
});
