/** The messenger at work by the clock, over a store that may fail at a write and goes on afterwards. */

import { expect, test } from 'vitest';
import type { InternalEvent } from '../../../../pipelines/observe/observe.ts';
import { type Messenger, openMessenger } from '../../../../pipelines/systems/notify/messenger.ts';
import type { NotificationChannel } from '../../../../sinks/messages/channels.ts';
import { success } from '../../../../sinks/remote/outcome.ts';
import { notice, people } from './people.ts';
import { emptyStored, storeIn } from './simulated.ts';

const until = { timeout: 20_000, interval: 10 };

/** Tells of one danger. The write of this number fails; whoever runs the messenger opens it anew, as the lane does. */
async function tellOnce(fails: number, send: (id: string) => Promise<void> = async () => {}) {
  const stored = emptyStored();
  const ended = new AbortController();
  const [sent, recorded, reopened]: [string[], InternalEvent[], unknown[]] = [[], [], []];
  let writes = 0;
  const store = storeIn(stored, (change) => {
    writes += 1;
    if (writes === fails) throw new Error('the store is away');
    change();
  });
  const mail: NotificationChannel = {
    async send({ id }, call) {
      await call.sending?.();
      await send(id);
      sent.push(id);
      return success('');
    },
  };
  let messenger: Messenger | undefined;
  const open = () =>
    openMessenger({
      ...{
        config: people({ policy: { wait: { danger: '1ms' } } }),
        store,
        channels: new Map([['mail', mail]]),
      },
      ...{ record: (event) => recorded.push(event), signal: ended.signal, now: Date.now },
    });
  const working = (async () => {
    while (!ended.signal.aborted) {
      messenger = await open();
      await messenger.run().catch((error: unknown) => reopened.push(error));
    }
  })();
  const tell = () =>
    messenger?.take(notice({ severity: 'danger' })).then(
      () => true,
      () => false,
    );
  await expect.poll(tell, until).toBe(true);
  const isTold = () => {
    const [problem] = [...stored.problems.values()] as { tellings: { ok: boolean }[] }[];
    return stored.messages.size === 0 && problem?.tellings.some(({ ok }) => ok) === true;
  };
  await expect.poll(isTold, until).toBe(true);
  ended.abort();
  await working;
  return { sent, recorded, reopened };
}

test('a write that fails ends the messenger, and the next one tells all the same', async () => {
  // The notice, the message, that it is sent, that it was, the problem with it, and its end.
  const all = await Promise.all([1, 2, 3, 4, 5, 6].map((fails) => tellOnce(fails)));
  for (const { sent, reopened } of all) {
    expect(new Set(sent).size).toBe(1);
    expect(reopened).toEqual([expect.objectContaining({ message: 'the store is away' })]);
  }
});

test('a channel that breaks is trouble, and the message is sent again', async () => {
  let calls = 0;
  const { sent, recorded, reopened } = await tellOnce(0, async () => {
    calls += 1;
    if (calls === 1) throw new Error('it broke');
  });
  expect([sent.length, reopened]).toEqual([1, []]);
  expect(recorded).toContainEqual(expect.objectContaining({ kind: 'maintenance-trouble' }));
});
