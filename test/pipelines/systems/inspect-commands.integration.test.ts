import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { andon as runAndon } from '../../../pipelines/stand/programs.ts';
import { type ErpPlant, startErpPlant } from './commands-support.ts';
import { exampleCommand } from './example-command.ts';

let plant: ErpPlant;
beforeAll(async () => {
  plant = await startErpPlant();
});
afterAll(() => plant.close());

const until = { timeout: 15_000, interval: 25 };

async function andon(...args: string[]): Promise<string> {
  const { code, out, err } = await runAndon(['commands', ...args, '--nats', plant.nats.url]);
  if (code !== 0) throw new Error(err);
  return out.trim();
}

describe('andon commands', () => {
  it('lists what waits and what is over, shows why, and asks for one again', async () => {
    expect(await andon('list')).toBe('No commands so far.');
    const done = exampleCommand();
    const refused = exampleCommand({ payload: { part: 'NO-SUCH', quantity: 1 } });
    await plant.send(done, refused);
    expect(await andon('show', done.id)).toContain('nothing was tried yet');

    const run = plant.run();
    for (const command of [done, refused]) {
      await expect.poll(async () => (await plant.entry(command))?.outcome, until).toMatch(/./);
    }
    const list = JSON.parse(await andon('list', '--request', done.request, '--json'));
    expect(list).toMatchObject([{ id: done.id, outcome: 'done', remote: 'RES-00001', n: 1 }]);
    const lines = (await andon('list', '--system', 'erp')).split('\n');
    expect(lines.map((line) => line.split(/ {2,}/)[0])).toEqual([
      'ID',
      ...[done.id, refused.id].toSorted(),
    ]);
    const shown = await andon('show', refused.id);
    expect(shown).toMatch(/outcome {3}rejected: 422 .*no part NO-SUCH/);
    expect(shown).toContain('payload   {"part":"NO-SUCH","quantity":1}');

    await plant.ask('PUT', '/admin/parts', { id: 'NO-SUCH', on_hand: 1 });
    expect(await andon('resend', refused.id)).toContain('will be carried out again');
    await expect.poll(async () => (await plant.entry(refused))?.outcome, until).toBe('done');
    await run.stop();
    expect(await andon('list', '--system', 'mail')).toBe('No commands to mail so far.');
    await expect(andon('show', 'NOBODY')).rejects.toThrow(/id of a command, found "NOBODY"/);
  });
});
