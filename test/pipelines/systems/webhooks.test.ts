import { expect, test } from 'vitest';
import type { InternalEvent } from '../../../pipelines/observe/observe.ts';
import { createWebhooks } from '../../../pipelines/systems/webhooks.ts';

const NOTHING = Buffer.from('');

/** Listens for a system whose webhooks say the key that stands in a header. A look takes until `finish` is called. */
function listening() {
  const recorded: InternalEvent[] = [];
  const looks: (string | null)[] = [];
  const running: { resolve(): void; reject(error: Error): void }[] = [];
  const webhooks = createWebhooks((event) => recorded.push(event));
  webhooks.listen(
    'erp',
    ({ key }) => ({ kind: 'hint', key: typeof key === 'string' ? key : null }),
    (key) => {
      looks.push(key);
      return new Promise<void>((resolve, reject) => running.push({ resolve, reject }));
    },
  );
  const hint = (key?: string) => webhooks.receive('erp', { key }, NOTHING).code;
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return { hint, looks, running, recorded, turn };
}

test('hints that come while one is followed are one more look', async () => {
  const { hint, looks, running, turn } = listening();
  for (let times = 0; times < 1_000; times += 1) expect(hint()).toBe(202);
  expect([hint('a'), hint('a'), hint('b')]).toEqual([202, 202, 202]);
  expect(looks).toEqual([null, 'a', 'b']);
  for (let at = 0; at < running.length; at += 1) {
    running[at]?.resolve();
    await turn();
  }
  expect(looks).toEqual([null, 'a', 'b', null, 'a']);
  hint();
  expect(looks.at(-1)).toBe(null);
  expect(looks).toHaveLength(6);
});

test('a look in vain is trouble, and the next hint is followed', async () => {
  const { hint, looks, running, recorded, turn } = listening();
  hint();
  running[0]?.reject(new Error('the ledger is away'));
  await turn();
  expect(recorded).toContainEqual(expect.objectContaining({ kind: 'maintenance-trouble' }));
  hint();
  expect(looks).toHaveLength(2);
});

test('a hint that comes while a look is in vain is one more look', async () => {
  const { hint, looks, running, recorded, turn } = listening();
  hint('a');
  hint('a');
  running[0]?.reject(new Error('the ledger is away'));
  await turn();
  expect(recorded.filter(({ kind }) => kind === 'maintenance-trouble')).toHaveLength(1);
  expect(looks).toEqual(['a', 'a']);
  running[1]?.resolve();
  await turn();
  hint('a');
  expect(looks).toHaveLength(3);
});

test('whoever has no secret fills no log: a system is told of once a minute, and each is counted', () => {
  const recorded: InternalEvent[] = [];
  let time = 1_000_000;
  const webhooks = createWebhooks(
    (event) => recorded.push(event),
    () => time,
  );
  const refused = { kind: 'refused', note: 'no signature' } as const;
  for (const system of ['erp', 'cmms'])
    webhooks.listen(
      system,
      () => refused,
      async () => undefined,
    );
  const flood = (system: string) => {
    for (let times = 0; times < 1_000; times += 1) {
      expect(webhooks.receive(system, {}, NOTHING)).toEqual({ code: 401, note: 'no signature' });
    }
    const kinds = recorded.splice(0).map(({ kind }) => kind);
    expect(kinds).toHaveLength(1_000);
    return kinds.filter((kind) => kind === 'webhook-refused').length;
  };
  expect([flood('erp'), flood('cmms'), flood('erp')]).toEqual([1, 1, 0]);
  time += 60_000;
  expect([flood('erp'), flood('erp')]).toEqual([1, 0]);
  time -= 3_600_000;
  expect(flood('erp')).toBe(1);
});
