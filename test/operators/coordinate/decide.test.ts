import { describe, expect, test } from 'vitest';
import { workflowRuleSchema } from '../../../operators/model/workflow-rule.ts';
import { decision, ID, reply, revised, run, status, tick } from './run-coordinate.ts';

describe('a step that a person decides', () => {
  const ASKING = {
    steps: [
      { id: 'supplier', do: 'erp.read-supplier', deadline: '1m' },
      {
        ...{ id: 'allowed', after: ['supplier'], deadline: '1h' },
        ...{ decide: "'Change ' + steps.supplier.name + '?'", otherwise: 'give-up' },
      },
      {
        ...{ id: 'change', after: ['allowed'], when: "steps.allowed.decision == 'approve'" },
        ...{ do: 'erp.change-supplier', with: { days: 'steps.allowed.days' } },
      },
    ],
  };
  const begun = [revised(10), reply(12, ['supplier', 1], 'done', { name: 'Seals & Co' })];

  test('waits for the act, whose values the steps behind it can name', () => {
    const { asked, told, steps, commands } = run(ASKING, [
      ...begun,
      decision(90, 'allowed', 'approve', { days: 20 }),
    ]);
    expect(asked).toEqual(['10 supplier 1 erp.read-supplier', '90 change 1 erp.change-supplier']);
    expect(told).toContain('12 allowed pending');
    expect(told).toContain('12 allowed ask');
    expect(steps.find(({ state }) => state === 'pending')?.because).toBe('Change Seals & Co?');
    expect(steps.findLast(({ step }) => step === 'allowed')).toMatchObject({
      ...{ state: 'done', because: 'u1: approve' },
      values: '{"days":20,"decision":"approve"}',
    });
    expect(commands.at(-1)?.payload).toEqual({ days: 20 });
  });

  test('a refusal settles it, and what needs an approval is skipped', () => {
    const { asked, told } = run(ASKING, [...begun, decision(90, 'allowed', 'refuse')]);
    expect(asked).toHaveLength(1);
    expect(told.slice(-2)).toEqual(['90 allowed done', '90 change skipped']);
  });

  test('nobody decides: the deadline does what the rules say', () => {
    const { told } = run(ASKING, [...begun, [tick(12 + 3_601)]]);
    expect(told).toContain('3612 allowed overdue');
    expect(told.at(-1)).toBe('3612 change given-up');
  });

  test('an answer to what was not asked, or a second one, is refused', () => {
    const once = [...begun, decision(90, 'allowed', 'approve', { days: 20 })];
    const { deadLetters, asked } = run(ASKING, [...once, decision(91, 'allowed', 'refuse')]);
    expect(deadLetters).toEqual([
      expect.stringContaining(
        `nobody was asked to approve or refuse step allowed of request ${ID}`,
      ),
    ]);
    expect(asked).toHaveLength(2);
    expect(run(ASKING, [...begun, decision(90, 'allowed', 'keep')]).deadLetters).toEqual([
      expect.stringContaining('nobody was asked to decide about step allowed'),
    ]);
    expect(run(ASKING, [...begun, decision(90, 'change', 'approve')]).deadLetters).toHaveLength(1);
  });

  test('is for those whom it names: the console attests their roles, and nobody else does', () => {
    const [supplier, allowed, change] = ASKING.steps;
    const named = { steps: [supplier, { ...allowed, by: ['planner'] }, change] };
    const answer = (roles: string | undefined, via?: string) =>
      run(named, [...begun, decision(90, 'allowed', 'approve', { days: 20, roles }, via)]);
    for (const roles of ['planner', 'supervisor planner']) {
      expect(answer(roles).asked).toHaveLength(2);
      expect(answer(roles).steps.at(-2)?.values).not.toContain('planner');
    }
    for (const roles of ['engineer', 'planners', '', undefined]) {
      const { asked, deadLetters } = answer(roles);
      expect(asked).toHaveLength(1);
      expect(deadLetters).toEqual([expect.stringContaining('is for planner to decide, found u1')]);
    }
    expect(answer('planner', 'key').deadLetters).toEqual([
      expect.stringContaining('u1 by key, which attests no role'),
    ]);
  });

  test('is withdrawn with its request', () => {
    const { told } = run(ASKING, [...begun, status(40, 'rejected')]);
    expect(told).toContain('40 allowed withdrawn');
  });
});

describe('a step with every', () => {
  const KEPT = {
    settle: '5s',
    steps: [
      { id: 'stock', do: 'erp.check-stock', deadline: '20s', every: '60s' },
      {
        ...{ id: 'tell', after: ['stock'], do: 'cmms.note', again: true },
        ...{ when: "steps.stock.outcome == 'done'", with: { short: 'steps.stock.short' } },
      },
    ],
  };
  const answer = (n: number, second: number, short: number) =>
    reply(second, ['stock', n], 'done', { short });
  const stock = ({ asked }: ReturnType<typeof run>) =>
    asked.filter((one) => one.includes('check-stock')).map((one) => Number(one.split(' ')[0]));

  test('is asked again so long after it was asked, and steps behind it only when the answer is another one', () => {
    const ran = run(KEPT, [
      ...[revised(10), answer(1, 12, 1), reply(13, ['tell', 1], 'done', {}, 'cmms')],
      ...[[tick(71)], answer(2, 73, 1), [tick(131)], answer(3, 133, 0)],
    ]);
    expect(stock(ran)).toEqual([10, 70, 130]);
    expect(ran.asked.filter((one) => one.includes('tell'))).toEqual([
      ...['12 tell 1 cmms.note', '133 tell 2 cmms.note'],
    ]);
  });

  test('a question that nobody answered, or that was refused, is asked again too', () => {
    expect(stock(run(KEPT, [revised(10), [tick(40)], [tick(75)]]))).toEqual([10, 70]);
    const refused = [revised(10), reply(12, ['stock', 1], 'rejected'), [tick(75)]];
    expect(stock(run(KEPT, refused))).toEqual([10, 70]);
  });

  test('ends with the work, and goes on where that is taken back', () => {
    const begun = [revised(10), answer(1, 12, 1), status(30, 'completed')];
    expect(stock(run(KEPT, [...begun, [tick(500)]]))).toEqual([10]);
    const again = [...begun, [tick(80)], status(90, 'started'), [tick(140)]];
    expect(stock(run(KEPT, again))).toEqual([10, 130]);
  });

  test('keeps no work that is over', () => {
    const told = reply(13, ['tell', 1], 'done', {}, 'cmms');
    const begun = [revised(10), answer(1, 12, 1), told, status(30, 'completed')];
    const ticks = [60, 90, 40_000, 86_429, 86_500, 200_000].map((at) => [tick(at)]);
    expect(run(KEPT, [...begun, ...ticks]).told.at(-1)).toBe('86430  ended');
  });

  test('is the same however often the clock ticks, and after a restart', () => {
    const items = [revised(10), answer(1, 12, 1), [tick(300)]];
    const often = [
      revised(10),
      answer(1, 12, 1),
      ...[20, 69, 71, 99, 140, 300].map((at) => [tick(at)]),
    ];
    // Only what is answered is asked again before its deadline.
    const one = run(KEPT, items).commands.map(({ id, time }) => [id, time]);
    expect(one.length).toBeGreaterThan(2);
    expect(run(KEPT, often).commands.map(({ id, time }) => [id, time])).toEqual(one);
    expect(run(KEPT, items, [3, 5]).commands.map(({ id, time }) => [id, time])).toEqual(one);
  });

  test('stands where nothing is changed, and nowhere else', () => {
    const issues = (step: object) =>
      workflowRuleSchema.safeParse({ id: 'w', steps: [{ id: 'a', ...step }] }).error?.issues ?? [];
    expect(issues({ do: 'erp.check', every: '1m' })).toEqual([]);
    for (const wrong of [{ undo: 'release' }, { again: true }]) {
      expect(issues({ do: 'erp.check', every: '1m', ...wrong })[0]?.path).toEqual([
        'steps',
        0,
        'every',
      ]);
    }
    expect(issues({ until: 'true', every: '1m' })[0]?.path).toEqual(['steps', 0, 'every']);
    expect(issues({ until: 'true', decide: "'?'" })[0]?.message).toContain('expected one of do');
    expect(issues({ decide: "'?'", with: { a: 1 } })[0]?.message).toContain(
      'no with, undo or again',
    );
  });
});
