import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Child } from '../../../pipelines/base/child.ts';
import { type ErpPlant, startErpPlant } from './commands-support.ts';
import { exampleCommand, undoOf } from './example-command.ts';
import { startSystems } from './start-systems.ts';

let plant: ErpPlant;
let child: Child | undefined;
beforeAll(async () => {
  plant = await startErpPlant();
  await plant.ask('PUT', '/admin/parts', { id: '6205-2RS', on_hand: 1_000, lead_time_days: 5 });
});
afterAll(async () => {
  await child?.stop(2_000);
  await plant.close();
});

async function killed(): Promise<void> {
  child?.kill('SIGKILL');
  await child?.exited;
}

it('a process that is killed at random moments leaves each command with one outcome and one object', async () => {
  const faults = (['commit-then-cut', 'cut-before-commit', 'unavailable'] as const).map(
    (fault) => ({
      fault,
      delay: 0,
    }),
  );
  await plant.misbehave({ script: [], random: { seed: 3, probability: 0.2, faults } });
  const start = () => startSystems([plant.nats.url, 'erp', plant.erp.url]);
  child = await start();
  const commands = Array.from({ length: 12 }, () => exampleCommand());
  const undone = commands.slice(0, 6).map((command) => undoOf(command, 'release'));
  for (const at of [0, 1, 2]) {
    await plant.send(...commands.slice(4 * at, 4 * at + 4), ...undone.slice(2 * at, 2 * at + 2));
    // Moments that differ from run to run are the point here; what is expected does not depend on them.
    await sleep(Math.random() * 400);
    await killed();
    if (at === 1) {
      await plant.nats.kill();
      await plant.nats.restart();
    }
    child = await start();
  }
  const until = { timeout: 60_000, interval: 100 };
  for (const command of [...commands, ...undone]) {
    await expect
      .poll(() => plant.entry(command).catch(() => undefined), until)
      .toMatchObject({ outcome: expect.stringMatching(/^(done|cancelled)$/), unreported: null });
  }
  await killed();
  await plant.misbehave({ script: [] });
  const { reservations } = await plant.objects();
  for (const command of commands) {
    const objects = reservations.filter((one) => one.external_key === command.key);
    const undo = undone.find(({ undoes }) => undoes === command.id);
    const outcome = (await plant.entry(command))?.outcome;
    const released = undo !== undefined && (await plant.entry(undo))?.outcome === 'done';
    expect(objects.map(({ status }) => status)).toEqual(
      outcome === 'cancelled' ? [] : [released ? 'RELEASED' : 'ASSIGNED'],
    );
    const replies = (await plant.replies(command)).filter(({ data }) => data.state === undefined);
    expect(new Set(replies.map(({ number }) => number)).size).toBe(1);
  }
}, 240_000);
