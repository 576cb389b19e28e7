import { describe, expect, test } from 'vitest';
import { orderId } from '../../../operators/model/machine-event.ts';
import { at } from '../../support/findings.ts';
import { order, reply, revised, run } from './run-coordinate.ts';

const PLANNED = {
  on: 'order',
  steps: [
    {
      id: 'stock',
      do: 'erp.check-stock',
      with: { part: 'request.parts[0]', of: 'request.remote' },
    },
    { id: 'reserve', after: ['stock'], do: 'erp.reserve', undo: 'release' },
    { id: 'begun', until: "request.status == 'started'", deadline: '1h' },
  ],
};
const ID = orderId('cmms', 'WO-17');

describe('a work order that its system made itself', () => {
  test('begins a workflow of its own, keyed by its id', () => {
    const { asked, told, commands } = run(PLANNED, [
      order(10, 'WO-17', 'scheduled', { origin: 'plan', parts: '6205\nSEAL-45' }),
      reply(12, ['stock', 1], 'done', { request: ID }),
      order(20, 'WO-17', 'started', { origin: 'plan', parts: '6205' }),
    ]);
    expect(asked).toEqual(['10 stock 1 erp.check-stock', '12 reserve 1 erp.reserve']);
    expect(told.at(-1)).toBe('20 begun done');
    expect(commands[0]).toMatchObject({ request: ID, payload: { part: '6205', of: 'WO-17' } });
    expect(commands[0]?.because).toContain('cmms has order WO-17 (plan)');
  });

  test('is no request, and a request is no such order', () => {
    expect(run({ ...PLANNED, on: 'request' }, [order(10, 'WO-17', 'scheduled')]).told).toEqual([]);
    expect(run(PLANNED, [revised(10)]).told).toEqual([]);
  });

  test('takes back what was done for it when it is cancelled, and begins nothing when it is over', () => {
    const { asked, told } = run(PLANNED, [
      order(10, 'WO-17', 'scheduled', { parts: '6205' }),
      reply(12, ['stock', 1], 'done', { request: ID }),
      reply(13, ['reserve', 1], 'done', { request: ID, remote: 'R-1' }),
      order(20, 'WO-17', 'cancelled', { parts: '6205' }),
    ]);
    expect(asked.at(-1)).toBe('20 reserve 2 erp.release');
    expect(told).toContain('20  refused');
    expect(run(PLANNED, [order(10, 'WO-17', 'closed')]).told).toEqual([]);
  });

  test('carries when it is planned for, and how often it was heard of', () => {
    const soon = { start: at(7_200) / 1_000, end: at(9_000) / 1_000 };
    const { commands } = run(
      {
        on: 'order',
        settle: '1s',
        steps: [
          {
            ...{ id: 'tell', do: 'mail.notify', again: true },
            with: { from: 'slot.start', kind: 'slot.kind', revision: 'request.revision' },
          },
        ],
      },
      [order(10, 'WO-17', 'scheduled', soon), order(20, 'WO-17', 'scheduled', soon)],
    );
    expect(commands.map(({ payload }) => payload)).toEqual([
      { from: expect.stringMatching(/^\d{4}-.*Z$/), kind: 'order', revision: 1 },
      { from: expect.stringMatching(/^\d{4}-.*Z$/), kind: 'order', revision: 2 },
    ]);
  });

  test('of another system, or without what an order is, is refused', () => {
    const { deadLetters, told } = run(PLANNED, [
      order(10, 'WO-17', 'scheduled', { id: orderId('erp', 'WO-17') }),
      order(11, 'WO-17', 'on hold' as never),
    ]);
    expect(told).toEqual([]);
    expect(deadLetters).toEqual([
      expect.stringContaining(`id: expected ${ID}, for order WO-17 of cmms`),
      expect.stringContaining('expected a work order: status'),
    ]);
  });

  test('whatever is cut and goes on decides the same', () => {
    const items = [
      order(10, 'WO-17', 'scheduled', { parts: '6205' }),
      reply(12, ['stock', 1], 'done', { request: ID }),
      order(20, 'WO-17', 'cancelled', { parts: '6205' }),
    ];
    const whole = run(PLANNED, items);
    const cut = run(PLANNED, items, [2, 3, 4, 5, 6, 7]);
    expect(cut.asked).toEqual(whole.asked);
    expect(cut.told).toEqual(whole.told);
  });
});
