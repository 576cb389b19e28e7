import { Command } from 'commander';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { registerRequests } from '../../../pipelines/cli/requests.ts';
import { freshRequest, type Plant, startPlant } from './systems-support.ts';

let plant: Plant;
beforeAll(async () => {
  plant = await startPlant();
});
afterAll(() => plant.close());
afterEach(() => vi.restoreAllMocks());

/** What the command prints. */
async function andon(...args: string[]): Promise<string> {
  const printed: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((text: string) => void printed.push(text));
  const program = new Command('andon').exitOverride();
  registerRequests(program.command('requests'));
  await program.parseAsync(['requests', ...args, '--nats', plant.nats.url], { from: 'user' });
  return printed.join('\n');
}

const until = { timeout: 10_000, interval: 25 };

describe('andon requests', () => {
  it('says that there are none', async () => {
    expect(await andon('list')).toBe('No requests so far.');
    expect(JSON.parse(await andon('list', '--json'))).toEqual([]);
    await expect(andon('show', 'NOBODY')).rejects.toThrow(/id of a request, found "NOBODY"/);
    await expect(andon('resend', 'a.b')).rejects.toThrow(/id of a request, found "a.b"/);
  });

  it('lists what waits, was sent and was rejected, shows why, and sends again', async () => {
    const sent = freshRequest();
    const rejected = freshRequest({ title: '' });
    await plant.send(sent, rejected);
    expect(JSON.parse(await andon('list', '--json'))).toContainEqual(
      expect.objectContaining({ id: sent.id, delivery: 'waiting', revisions: 1, delivered: 0 }),
    );
    expect(await andon('show', sent.id)).toContain('nothing was tried yet');

    const run = plant.run();
    await expect.poll(async () => (await plant.entry(sent.id))?.status, until).toBe('requested');
    await expect
      .poll(async () => (await plant.entry(rejected.id))?.delivery, until)
      .toBe('rejected');
    const lines = (await andon('list')).split('\n').map((line) => line.split(/ {2,}/));
    expect(lines[0]).toEqual(expect.arrayContaining(['ID', 'DELIVERY', 'TITLE']));
    expect(lines).toContainEqual([
      sent.id,
      'high',
      'sent',
      'requested',
      'WR-00001',
      '1/1',
      'berlin/packing/filler-1',
      'Check the "drive" of Filler 1',
    ]);
    expect(lines.find(([id]) => id === rejected.id)?.[2]).toBe('rejected');

    const shown = await andon('show', sent.id);
    expect(shown).toContain('2025-11-22T08:26:40Z  zone C');
    expect(shown).toContain('open: zone C for 30 s');
    expect(shown).toMatch(/revision 1 {2}create: created {2}WR-00001/);
    expect(await andon('show', rejected.id)).toMatch(/create: rejected {2}422 .*title/);

    // Gone over there: sending again makes it anew. Still there: it is changed.
    const before = await plant.posts();
    await andon('resend', sent.id);
    await expect
      .poll(async () => (await plant.entry(sent.id))?.history.at(-1)?.outcome, until)
      .toBe('written');
    await expect.poll(() => plant.ledger.resends(), until).toEqual([]);
    expect(await plant.posts()).toBe(before);
    expect(await plant.works(sent.id)).toHaveLength(1);

    expect(JSON.parse(await andon('resend', '--rejected', '--json'))).toEqual({
      ...{ ids: [rejected.id], resend: true },
    });
    await expect.poll(() => plant.ledger.resends(), until).toEqual([]);
    await expect(andon('resend')).rejects.toThrow(/the id of a request, or --rejected/);
    await run.stop();
  });
});
