import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { expect } from 'vitest';
import { landedTo } from '../stand/landed.ts';
import { longTest } from '../support/long.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { hotMachines, MODEL, workflow } from './workflows.ts';
import { startWorld, type World } from './world.ts';

/** The log loses its messages up to this one, as when its age or bytes trim it. Gives the first one that is left. */
async function trim({ stand }: World, to: number): Promise<number> {
  const connection = await connect({ servers: stand.nats.url });
  try {
    const { streams } = await jetstreamManager(connection);
    await streams.purge('ANDON_0', { seq: to + 1 });
    return (await streams.info('ANDON_0')).state.first_seq;
  } finally {
    await connection.close();
  }
}

longTest(
  'a workflow that began before the log begins goes on by the checkpoint, and asks for nothing twice; without one nobody sends',
  600_000,
  async () => {
    const world = await startWorld();
    try {
      const { worker } = world.stand;
      await world.apply(MODEL, hotMachines(workflow('spare-parts')));
      world.heat('press', 90);
      const press = await world.requestOf('press');
      await world.untilStep('press', 'stock', 'done');
      await world.untilStep('press', 'accepted', 'pending');
      const before = await world.commands(press);
      const landed = await landedTo(world.stand);
      await worker.stop();
      const first = await trim(world, landed);

      await worker.start();
      await world.act('press', 'accept');
      await world.untilStep('press', 'reserve', 'assigned');
      await world.untilStep('press', 'announce', 'done');
      const commands = await world.commands(press);
      expect(before.map(({ step }) => step)).toEqual(['stock']);
      expect(commands.map(({ step, n }) => `${step} ${n}`).toSorted()).toEqual([
        ...['announce 1', 'reserve 1', 'stock 1'],
      ]);
      expect((await world.held()).reservations).toMatchObject([{ reference: press }]);
      await worker.stop();

      const anew = { ANDON_RUN: '2', ANDON_DIR: `${world.stand.directory}-2` };
      const sending = join(temporaryDirectory(), 'andon.yaml');
      const settings = { run: '2', send: true, directory: anew.ANDON_DIR };
      const own = JSON.parse(readFileSync(world.stand.config, 'utf8'));
      writeFileSync(sending, JSON.stringify({ ...own, ...settings }));
      const refused = await world.stand.andon(['run', '--config', sending]);
      expect(refused).toMatchObject({
        code: 2,
        err: expect.stringContaining(`it begins with message ${first}`),
      });
      // The same run without its state is refused, too.
      expect((await worker.live({ ANDON_DIR: anew.ANDON_DIR })).code).toBe(2);
      await worker.start(anew);
      await worker.stop();
      expect(await world.commands(press)).toEqual(commands);
    } finally {
      await world.stop();
    }
  },
);
