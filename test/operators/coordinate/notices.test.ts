import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkWorkflows } from '../../../operators/coordinate/check-workflows.ts';
import type { Flow } from '../../../operators/flow/flow.ts';
import type { WorkInput } from '../../../operators/model/request.ts';
import { rulesSchema } from '../../../operators/model/rules.ts';
import type { EventTime } from '../../../operators/model/time.ts';
import { rules } from '../../support/findings.ts';
import {
  acknowledged,
  decision,
  ID,
  reply,
  revised,
  runRules,
  status,
  tick,
} from './run-coordinate.ts';

type Item = Flow<WorkInput>;

/** Rules with these notices, and perhaps a workflow. */
const notify = (list: readonly object[], workflows: readonly object[] = []) =>
  rules({ notify: list, workflows }) as Item;

const SHIFT = { id: 'shift', mode: 'on', role: 'supervisor' };

/** `10 shift 1 supervisor open alarm` */
function told(first: Item, items: readonly Item[][], cuts: readonly number[] = []): string[] {
  const { commands } = runRules(first, items, cuts);
  return commands.map(({ time, step, n, payload, mode }) => {
    const words = [payload.role, payload.state, payload.severity, payload.answered_by];
    const text = words.filter((word) => word !== '').join(' ');
    const only = mode === 'on' ? '' : ` ${mode}`;
    return `${time / 1e6} ${step.replace('notify:', '')} ${n} ${text}${only}`;
  });
}

const update = (seconds: number, revision: number, more: object = {}) =>
  revised(seconds, { revision, action: 'update', ...more });

describe('a role hears', () => {
  test('of a request that is grave enough, once, and when it is over', () => {
    const items = [
      revised(10),
      update(20, 2, { title: 'hotter', description: 'and hotter', because: 'it speaks again' }),
      update(30, 3, { action: 'withdraw' }),
    ];
    expect(told(notify([SHIFT]), items)).toEqual([
      '10 shift 1 supervisor open alarm',
      '30 shift 2 supervisor over alarm',
    ]);
    expect(told(notify([{ ...SHIFT, severity: 'danger' }]), items)).toEqual([]);
  });

  test('since when the problem shows, and not since when its request is open', () => {
    const since = 4_000_000 as EventTime;
    const { commands } = runRules(notify([SHIFT]), [[...revised(10, { since })]]);
    expect(commands.map(({ payload }) => payload.since)).toEqual(['1970-01-01T00:00:04Z']);
  });

  test('of one that becomes grave enough, and hears of it to its end', () => {
    const first = notify([{ ...SHIFT, severity: 'danger' }]);
    const items = [
      revised(10),
      update(20, 2, { severity: 'danger' }),
      update(30, 3, { severity: 'alarm' }),
      update(40, 4, { action: 'close' }),
    ];
    expect(told(first, items)).toEqual([
      '20 shift 1 supervisor open danger',
      '30 shift 2 supervisor open alarm',
      '40 shift 3 supervisor over alarm',
    ]);
  });

  test('who answered; a worse severity or another failure mode is not covered by that', () => {
    const items = [
      revised(10),
      acknowledged(20, 'u7'),
      update(30, 2, { title: 'the same' }),
      update(40, 3, { severity: 'danger' }),
      acknowledged(50, 'u7'),
      update(60, 4, { severity: 'danger', failure_mode: 'BRG-CAGE' }),
    ];
    expect(told(notify([SHIFT]), items)).toEqual([
      '10 shift 1 supervisor open alarm',
      '20 shift 2 supervisor answered alarm u7',
      '40 shift 3 supervisor open danger',
      '50 shift 4 supervisor answered danger u7',
      '60 shift 5 supervisor open danger',
    ]);
  });

  test('each answer anew: it begins the time for which it holds', () => {
    const items = [revised(10), acknowledged(20, 'u7'), acknowledged(30, 'u7')];
    expect(told(notify([SHIFT]), items).slice(1)).toEqual([
      '20 shift 2 supervisor answered alarm u7',
      '30 shift 3 supervisor answered alarm u7',
    ]);
  });

  test('that work was accepted, refused, and asked for again', () => {
    const items = [
      revised(10),
      status(20, 'accepted'),
      status(30, 'rejected'),
      status(40, 'requested'),
      status(50, 'started'),
      status(60, 'completed'),
    ];
    expect(told(notify([SHIFT]), items).map((line) => line.split(' ').slice(0, 5).at(-1))).toEqual([
      ...['open', 'answered', 'over', 'open', 'answered', 'over'],
    ]);
  });

  test('of a step that escalates, and of a system that refused', () => {
    const steps = [
      {
        ...{ id: 'heard', until: 'request.acknowledged', deadline: '20s' },
        ...{ otherwise: 'escalate', escalate: ['order'] },
      },
      { id: 'order', do: 'erp.order' },
    ];
    const first = notify(
      [
        { ...SHIFT, id: 'head', role: 'head', on: ['escalation'] },
        { ...SHIFT, id: 'buyer', role: 'buyer', on: ['exception'] },
      ],
      [{ id: 'w', mode: 'on', steps }],
    );
    const items = [
      revised(10),
      [tick(31)],
      reply(40, ['order', 1], 'rejected', { note: 'no budget' }),
    ];
    const { commands } = runRules(first, items);
    const notices = commands.filter(({ verb }) => verb === 'notify');
    expect(notices.map(({ payload: { role, cause } }) => [role, cause])).toEqual([
      ['head', 'escalation'],
      // What was refused is news to whoever heard of the escalation too.
      ['head', 'escalation'],
      ['buyer', 'exception'],
    ]);
    expect(notices.at(-1)?.payload.because).toContain('no budget');
  });

  test('nothing in shadow, but the command lands; off is not there', () => {
    expect(told(notify([{ id: 'shift', role: 'supervisor' }]), [revised(10)])).toEqual([
      '10 shift 1 supervisor open alarm shadow',
    ]);
    expect(told(notify([{ ...SHIFT, mode: 'off' }]), [revised(10)])).toEqual([]);
  });

  test('nothing of what was over in shadow, once the rule is on', () => {
    const over = [revised(10), update(20, 2, { action: 'withdraw' })];
    const items = [...over, [tick(30), notify([SHIFT])], [tick(40)]];
    expect(told(notify([{ id: 'shift', role: 'supervisor' }]), items)).toEqual([
      '10 shift 1 supervisor open alarm shadow',
      '20 shift 2 supervisor over alarm shadow',
    ]);
  });

  test('only where the rule is for the asset', () => {
    const seen = (more: object) => told(notify([{ ...SHIFT, ...more }]), [revised(10)]).length;
    expect(seen({ plants: ['other'] })).toBe(0);
    expect(seen({ when: "request.priority == 'low'" })).toBe(0);
    expect(seen({ when: "request.priority == 'high'" })).toBe(1);
    // What it names is not known: nobody keeps silent because of that.
    expect(seen({ when: 'asset.attributes.zone == 1' })).toBe(1);
  });

  test('that it is over when its rule goes: nobody is reminded for ever', () => {
    const items = [revised(10), [tick(20), notify([])], update(30, 2)];
    const lines = told(notify([SHIFT]), items);
    expect(lines).toEqual([
      '10 shift 1 supervisor open alarm',
      '20 shift 2 supervisor not-in-force alarm',
    ]);
  });
});

describe('the reply', () => {
  const answer = (outcome: 'done' | 'rejected', system: string, n = 1) =>
    runRules(notify([SHIFT]), [
      revised(10),
      reply(20, ['notify:shift', n], outcome, { note: 'no role supervisor' }, system),
    ]).deadLetters;

  test('that it was taken over is no news', () => {
    expect(answer('done', 'notify')).toEqual([]);
  });
  test('that nobody could be told is not lost', () => {
    expect(answer('rejected', 'notify')[0]).toContain(
      `nobody was told of request ${ID} (notify:shift): rejected, no role supervisor`,
    );
  });
  test('of a system that was not asked, or to what nobody decided, is refused', () => {
    expect(answer('done', 'erp')[0]).toContain('expected the reply of notify');
    expect(answer('done', 'notify', 2)[0]).toContain('no command');
  });
});

test.each(['__proto__', 'constructor'])('what every object has is no request: %s', (id) => {
  const steps = [{ id: 'order', do: 'erp.order' }];
  const first = notify([SHIFT], [{ id: 'w', mode: 'on', steps }]);
  const items = [
    revised(10),
    status(20, 'accepted', id),
    acknowledged(21, 'u7', id),
    reply(22, ['notify:shift', 1], 'done', { request: id }, 'notify'),
    reply(23, [`notify:${id}`, 1], 'done', {}, 'notify'),
    reply(24, [id, 1], 'done'),
    decision(25, id, 'keep'),
  ];
  const { commands, deadLetters } = runRules(first, items);
  expect(commands.map(({ step }) => step)).toEqual(['order', 'notify:shift']);
  expect(deadLetters.map((text) => /no command|nobody was asked/.test(text))).toEqual([
    ...[true, true, true, true],
  ]);
  expect(Object.keys(Object)).toEqual([]);
  expect(Object.keys(Object.prototype)).toEqual([]);
});

test('an expression that names what is not there is refused with its place', () => {
  const wrong = rulesSchema.parse({ notify: [{ ...SHIFT, when: 'request.colour == 1' }] });
  expect(checkWorkflows(wrong)).toMatchObject([{ path: ['notify', 0, 'when'] }]);
});

test('whatever comes: numbers are dense, nothing is told twice in a row, a restart changes nothing', () => {
  const next = fc.record({
    after: fc.integer({ min: 0, max: 20 }),
    what: fc.constantFrom('update', 'acknowledged', 'status', 'edit', 'tick', 'withdraw', 'close'),
    severity: fc.constantFrom('warning', 'alarm', 'danger'),
    status: fc.constantFrom('requested', 'accepted', 'rejected', 'started', 'completed'),
  });
  const first = notify([SHIFT, { ...SHIFT, id: 'head', role: 'head', severity: 'danger' }]);
  fc.assert(
    fc.property(fc.array(next, { maxLength: 15 }), fc.array(fc.nat(60)), (list, cuts) => {
      let now = 10;
      let revision = 1;
      const items = list.map(({ after, what, severity, status: word }): Item[] => {
        now += after;
        revision += 1;
        switch (what) {
          case 'update':
          case 'withdraw':
          case 'close':
            return revised(now, { revision, action: what, severity });
          case 'acknowledged':
            return acknowledged(now, 'u1');
          case 'status':
            return status(now, word);
          case 'edit':
            return [tick(now), notify(revision % 2 === 0 ? [SHIFT] : [])];
          default:
            return [tick(now)];
        }
      });
      const all = [revised(10), ...items];
      const { commands } = runRules(first, all);
      for (const step of ['notify:shift', 'notify:head']) {
        const own = commands.filter((command) => command.step === step);
        expect(own.map(({ n }) => n)).toEqual(own.map((_, index) => index + 1));
        for (const [index, { payload }] of own.entries()) {
          const { because: _, title: __, word: was = 0, ...before } = own[index - 1]?.payload ?? {};
          const { because: ___, title: ____, word = 0, ...after } = payload;
          expect(after).not.toEqual(before);
          expect(Number(word)).toBeGreaterThanOrEqual(Number(was));
        }
      }
      expect(told(first, all, cuts)).toEqual(told(first, all));
    }),
    { numRuns: 40 },
  );
});
