import { describe, expect, test } from 'vitest';
import { commandId, commandKey } from '../../../operators/model/command.ts';
import { at, rules } from '../../support/findings.ts';
import {
  acknowledged,
  decision,
  ID,
  reply,
  request,
  revised,
  run,
  status,
  tick,
  workflow,
} from './run-coordinate.ts';

const CHAIN = {
  steps: [
    { id: 'stock', do: 'erp.check-stock', with: { part: 'request.parts[0]' }, deadline: '1m' },
    {
      ...{ id: 'reserve', after: ['stock'], do: 'erp.reserve', undo: 'release' },
      ...{ when: "steps.stock.outcome == 'done' && steps.stock.short == 0" },
      with: { part: 'request.parts[0]', quantity: 1, note: { text: 'as is' } },
    },
    {
      ...{ id: 'order', after: ['stock'], do: 'erp.requisition', undo: 'cancel' },
      when: "steps.stock.outcome == 'done' && steps.stock.short > 0",
      with: { quantity: 'steps.stock.short * 2' },
    },
  ],
};

describe('a workflow', () => {
  test('asks for what can be asked, and goes on by the answers', () => {
    const { asked, told, commands, requests } = run(CHAIN, [
      revised(10),
      reply(12, ['stock', 1], 'done', { short: 2, available: 0 }),
    ]);
    expect(asked).toEqual(['10 stock 1 erp.check-stock', '12 order 1 erp.requisition']);
    expect(told).toEqual([
      ...['10  begun', '10 stock asked', '12 stock done', '12 reserve skipped', '12 order asked'],
    ]);
    expect(commands[0]).toMatchObject({
      ...{ request: ID, n: 1, payload: { part: '6205' }, not_after: at(70), priority: 'high' },
      id: commandId({ request: ID, step: 'stock', n: 1 }),
      key: commandKey({ request: ID, step: 'stock', n: 1, verb: 'check-stock' }),
    });
    expect(commands[1]?.payload).toEqual({ quantity: 4 });
    expect(requests).toEqual([request()]);
  });

  test('passes revisions on before it decides anything, and of requests without a workflow too', () => {
    const { output } = run(CHAIN, [revised(10)]);
    const kinds = output.map((item) => (item.kind === 'row' ? item.table : item.kind));
    expect(kinds.indexOf('event')).toBeLessThan(kinds.indexOf('workflow_steps'));
    const none = run({ ...CHAIN, classes: ['press'] }, [revised(10)]);
    expect(none.requests).toHaveLength(1);
    expect(none.told).toEqual([]);
  });

  test('is the first that is for the request', () => {
    const when = "request.severity == 'danger'";
    expect(run({ ...CHAIN, when }, [revised(10)]).told).toEqual([]);
    const worse = revised(20, { revision: 2, action: 'update', severity: 'danger' });
    expect(run({ ...CHAIN, when }, [revised(10), worse]).asked).toEqual([
      '20 stock 1 erp.check-stock',
    ]);
  });

  test('asks nobody in shadow, and settles what it worked out', () => {
    const { asked, told } = run({ ...CHAIN, mode: 'shadow' }, [revised(10)]);
    expect(asked).toEqual(['10 stock 1 erp.check-stock shadow']);
    expect(told).toEqual([
      ...['10  begun', '10 stock shadow', '10 reserve skipped', '10 order skipped'],
    ]);
  });

  test('leaves out what is switched off', () => {
    const steps = CHAIN.steps.map((step) =>
      step.id === 'order' ? { ...step, mode: 'off' } : step,
    );
    const answer = reply(12, ['stock', 1], 'done', { short: 2 });
    expect(run({ steps }, [revised(10), answer]).asked).toHaveLength(1);
  });
});

describe('a deadline', () => {
  const waits = (more: object) => ({
    steps: [
      { id: 'stock', do: 'erp.check-stock', deadline: '1m', ...more },
      { id: 'reserve', after: ['stock'], do: 'erp.reserve' },
      { id: 'call', do: 'mail.notify' },
    ],
  });

  test('stands on append time, and the work goes on degraded', () => {
    const silent = run(waits({}), [revised(10), [tick(69)], [tick(70)], [tick(75)]]);
    expect(silent.told.slice(3)).toEqual(['70 stock overdue', '70 reserve asked']);
  });

  test('stands still in blind time', () => {
    const blind = { kind: 'watermark', scope: 'log', of: '', time: at(20) } as const;
    const away = [{ ...blind, blind: { from: at(20), to: at(50) } }] as never;
    const { told } = run(waits({}), [revised(10), [tick(20)], away, [tick(99)], [tick(100)]]);
    expect(told.slice(3)).toEqual(['100 stock overdue', '100 reserve asked']);
  });

  test('gives up: no further step begins', () => {
    const { told } = run(waits({ otherwise: 'give-up' }), [revised(10), [tick(70)]]);
    expect(told.slice(3)).toEqual(['70 stock overdue', '70 reserve given-up']);
  });

  test('escalates: steps that are there for it begin, and only then', () => {
    const escalating = waits({ otherwise: 'escalate', escalate: ['call'] });
    expect(run(escalating, [revised(10), reply(20, ['stock', 1], 'done')]).asked).toEqual([
      ...['10 stock 1 erp.check-stock', '20 reserve 1 erp.reserve'],
    ]);
    expect(run(escalating, [revised(10), [tick(70)]]).asked.slice(1)).toEqual([
      ...['70 reserve 1 erp.reserve', '70 call 1 mail.notify'],
    ]);
  });

  test('a refusal has the same consequence as silence', () => {
    const { told } = run(waits({ otherwise: 'give-up' }), [
      revised(10),
      reply(20, ['stock', 1], 'rejected'),
    ]);
    expect(told.slice(3)).toEqual(['20 stock rejected', '20 reserve given-up']);
  });
});

describe('a step that waits', () => {
  const S21 = {
    steps: [
      {
        ...{ id: 'heard', deadline: '5m', otherwise: 'escalate', escalate: ['call'] },
        until: "request.acknowledged || request.status in ['accepted', 'scheduled', 'started']",
      },
      { id: 'call', do: 'mail.notify', with: { role: "'supervisor'", text: 'request.title' } },
    ],
  };

  test('escalates when nobody acknowledges', () => {
    expect(run(S21, [revised(10), [tick(310)]]).asked).toEqual(['310 call 1 mail.notify']);
  });

  test('is done when somebody does, by an act or in the CMMS', () => {
    for (const answer of [acknowledged(100), status(100, 'accepted')]) {
      const { asked, told } = run(S21, [revised(10), answer, [tick(310)]]);
      expect(asked).toEqual([]);
      expect(told).toContain('100 heard done');
    }
  });
});

describe('undo', () => {
  const done = reply(12, ['stock', 1], 'done', { short: 0 });
  const withdrawn = revised(30, { revision: 2, action: 'withdraw', because: 'clear again' });

  test('takes back what was done, and what may have been, the last first', () => {
    const two = {
      steps: [
        { id: 'a', do: 'erp.reserve', undo: 'release' },
        { id: 'b', do: 'erp.requisition', undo: 'cancel' },
        { id: 'c', do: 'erp.check-stock' },
        { id: 'd', after: ['b'], do: 'erp.reserve', undo: 'release' },
      ],
    };
    const { asked, commands, told } = run(two, [
      revised(10),
      reply(12, ['a', 1], 'done'),
      withdrawn,
    ]);
    expect(asked.slice(3)).toEqual(['30 b 2 erp.cancel', '30 a 2 erp.release']);
    expect(commands[3]).toMatchObject({ undoes: commands[1]?.id, not_after: null });
    expect(told).toContain('30 d withdrawn');
  });

  test('of what was never begun: both are cancelled, and it is undone', () => {
    const { told, asked } = run(CHAIN, [
      ...[revised(10), done, withdrawn],
      ...[reply(40, ['reserve', 1], 'cancelled'), reply(40, ['reserve', 2], 'cancelled')],
    ]);
    expect(asked.at(-1)).toBe('30 reserve 2 erp.release');
    expect(told.at(-1)).toBe('40 reserve undone');
  });

  test('follows a no of whoever plans; a yes after it does it again', () => {
    const { asked } = run(CHAIN, [
      ...[revised(10), done, reply(13, ['reserve', 1], 'done'), status(20, 'rejected')],
      ...[reply(25, ['reserve', 2], 'done'), status(30, 'accepted')],
    ]);
    expect(asked.slice(1)).toEqual([
      ...['12 reserve 1 erp.reserve', '20 reserve 2 erp.release', '30 reserve 3 erp.reserve'],
    ]);
  });

  test('is not asked for twice, nor of what was refused', () => {
    const rejected = reply(13, ['reserve', 1], 'rejected');
    const again = revised(40, { revision: 3, action: 'withdraw' });
    expect(run(CHAIN, [revised(10), done, rejected, withdrawn, again]).asked).toHaveLength(2);
    expect(run(CHAIN, [revised(10), done, withdrawn, again]).asked).toHaveLength(3);
  });

  test('does not follow the end of the work: parts were used', () => {
    const answers = [done, reply(13, ['reserve', 1], 'done'), status(20, 'completed')];
    expect(run(CHAIN, [revised(10), ...answers]).asked).toHaveLength(2);
  });
});

describe('again', () => {
  const AGAIN = {
    steps: [
      {
        ...{ id: 'reserve', do: 'erp.reserve', undo: 'release', again: true },
        with: { parts: 'request.parts' },
      },
      { id: 'tell', do: 'mail.notify', again: true, with: { text: 'request.title' } },
    ],
  };
  const parts = (seconds: number, revision: number, ...names: string[]) =>
    revised(seconds, { revision, action: 'update', parts: names, title: names.join(' ') });

  test('what its inputs changed is taken back and asked anew, at most once in settle', () => {
    const { asked, commands } = run(AGAIN, [
      ...[revised(10), parts(12, 2, 'a'), parts(14, 3, 'b'), [tick(19)], [tick(20)]],
      reply(22, ['reserve', 2], 'done'),
    ]);
    expect(asked.slice(2)).toEqual([
      ...['20 reserve 2 erp.release', '20 tell 2 mail.notify', '22 reserve 3 erp.reserve'],
    ]);
    expect(commands.at(-1)).toMatchObject({ payload: { parts: ['b'] } });
    expect(commands[2]).toMatchObject({ undoes: commands[0]?.id, payload: { parts: ['6205'] } });
  });

  test('what is as it was is not asked again', () => {
    const back = parts(14, 3, '6205');
    const same = { ...AGAIN, steps: AGAIN.steps.slice(0, 1) };
    expect(run(same, [revised(10), parts(12, 2, 'a'), back, [tick(40)]]).asked).toHaveLength(1);
  });

  test('a later command supersedes one that is open; the answer to that decides nothing', () => {
    const telling = { steps: AGAIN.steps.slice(1) };
    const { told, commands } = run(telling, [
      ...[revised(10), parts(30, 2, 'a'), reply(31, ['tell', 1], 'done', {}, 'mail')],
      reply(32, ['tell', 2], 'done', {}, 'mail'),
    ]);
    expect(commands.map(({ n }) => n)).toEqual([1, 2]);
    expect(told.slice(2)).toEqual(['30 tell asked', '31 tell superseded', '32 tell done']);
  });
});

describe('what comes late', () => {
  const late = (policy: string) => ({
    steps: [
      { id: 'a', do: 'erp.reserve', undo: 'release', deadline: '1m', late: policy },
      { id: 'b', after: ['a'], do: 'erp.next' },
    ],
  });
  const items = [revised(10), [tick(70)], reply(80, ['a', 1], 'done', { place: 'x' })];

  test('is a state of its own, and stays', () => {
    const { told, steps, asked } = run(late('keep'), items);
    expect(told.slice(2)).toEqual(['70 a overdue', '70 b asked', '80 a done-late']);
    expect(steps.at(-1)?.values).toBe('{"place":"x"}');
    expect(asked).toHaveLength(2);
  });

  test('is taken back', () => {
    expect(run(late('undo'), items).asked.at(-1)).toBe('80 a 2 erp.release');
  });

  test('is decided by a person', () => {
    const asking = run(late('ask'), items);
    expect(asking.told.at(-1)).toBe('80 a ask');
    expect(run(late('ask'), [...items, decision(90, 'a', 'keep')]).told.at(-1)).toBe('90 a kept');
    const undone = run(late('ask'), [...items, decision(90, 'a', 'undo')]);
    expect(undone.asked.at(-1)).toBe('90 a 2 erp.release');
    expect(run(late('keep'), [...items, decision(90, 'a', 'undo')]).deadLetters).toEqual([
      expect.stringContaining('nobody was asked to decide'),
    ]);
  });
});

describe('an edited definition', () => {
  const edited = {
    steps: [
      { id: 'stock', do: 'erp.check-stock', deadline: '5s' },
      { id: 'more', after: ['stock'], do: 'erp.more' },
    ],
  };
  const answer = reply(40, ['stock', 1], 'done', { short: 0 });

  test('is for requests that begin after it; a workflow under way keeps the one that it began with', () => {
    const { asked, steps } = run(CHAIN, [revised(10), [workflow(edited)], answer]);
    expect(asked).toEqual(['10 stock 1 erp.check-stock', '40 reserve 1 erp.reserve']);
    expect(new Set(steps.map(({ definition }) => definition)).size).toBe(1);
    const removed = run(CHAIN, [revised(10), [rules({})] as never, answer]);
    expect(removed.asked).toEqual(asked);
    const next = revised(50, { id: 'another', revision: 1 });
    expect(run(CHAIN, [revised(10), [workflow(edited)], next]).commands[1]?.not_after).toBe(at(55));
  });

  test('is for those under way, too, when it is applied to migrate them', () => {
    const migrating = workflow(edited) as { value: object };
    const change = { ...migrating, value: { ...migrating.value, migrate: true } };
    const [first, done] = [
      reply(12, ['stock', 1], 'done', { short: 0 }),
      reply(13, ['reserve', 1], 'done'),
    ];
    const { asked, told } = run(CHAIN, [revised(10), first, done, [tick(30), change] as never]);
    expect(asked.slice(2)).toEqual(['30 reserve 2 erp.release', '30 more 1 erp.more']);
    expect(told).toContain('30  migrated');
  });
});

describe('who says it', () => {
  test('only the system that was asked answers', () => {
    const other = reply(12, ['stock', 1], 'done', { short: 0 }, 'mes');
    const { told, deadLetters } = run(CHAIN, [revised(10), other]);
    expect(told).toHaveLength(2);
    expect(deadLetters[0]).toContain('expected the reply of erp');
  });

  test('answers to what nobody asked are refused', () => {
    const strange = [
      reply(12, ['stock', 2], 'done'),
      reply(12, ['stock', 1], 'done', { request: 'x' }),
    ];
    const { deadLetters } = run(CHAIN, [revised(10), ...strange]);
    expect(deadLetters).toEqual([
      expect.stringContaining('was decided for request'),
      expect.stringContaining('no workflow runs for request x'),
    ]);
  });
});

test('an asset whose works are long over has no state but the names of them', () => {
  const closed = revised(30, { revision: 2, action: 'close' });
  const answers = [
    reply(12, ['stock', 1], 'done', { short: 0 }),
    reply(13, ['reserve', 1], 'done'),
  ];
  const { told } = run(CHAIN, [revised(10), ...answers, closed, [tick(90_000)], revised(90_010)]);
  expect(told.at(-1)).toBe('86430  ended');
});
