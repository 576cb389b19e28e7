import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { checksOf, factsOf, landedTo, rowsOf } from '../stand/landed.ts';
import { startNats } from '../stand/nats.ts';
import { publishInto } from '../stand/outcome.ts';
import { recordedPlant } from '../stand/recorded-plant.ts';
import { type Stand, startStand, until, worksAt } from '../stand/stand.ts';
import { longTest } from '../support/long.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const stoppable: { stop(): Promise<unknown> }[] = [];
afterAll(async () => {
  for (const one of stoppable.reverse()) await one.stop();
});

function keep<S extends { stop(): Promise<unknown> }>(one: S): S {
  stoppable.push(one);
  return one;
}

/** Of event time, in seconds. */
const LASTS = 300;

async function andonOf(stand: Stand, ...args: readonly string[]): Promise<string> {
  const { code, err, out } = await stand.andon([...args, '--config', stand.config]);
  expect([args[0], code, err]).toEqual([args[0], 0, '']);
  return out;
}

/** Rows of each table, requests and dead letters, but for the name of the stream that each row has. */
async function outcomeOf(stand: Stand) {
  const { rows, requests, deadLetters } = await factsOf(stand);
  const counts = Object.entries(rows).map(([table, { rows: count }]) => [table, count]);
  const plainly = JSON.stringify(requests).replaceAll('north_ANDON_0', 'ANDON_0');
  return { counts, requests: JSON.parse(plainly), deadLetters };
}

const streamsIn = (stand: Stand) =>
  rowsOf<{ stream: string }>(stand, 'SELECT DISTINCT stream FROM {db}.epochs');

longTest(
  'two installations in one account, every program of each: neither sees anything of the other',
  400_000,
  async () => {
    const folder = temporaryDirectory();
    const plant = recordedPlant(folder, LASTS, 17);
    const nats = keep(
      await startNats({ config: 'max_payload: 8MB\nserver_name: hub', jetstream: 'domain: hub' }),
    );
    const plain = keep(await startStand({ nats }));
    const env = { NATS_PREFIX: 'north', NATS_DOMAIN: 'hub' };
    const north = keep(await startStand({ nats, env }));
    const last = await publishInto(north, plant);
    await north.worker.start();
    await until('all of it to land', 120_000, async () => (await landedTo(north)) >= last);
    await until('its requests', 60_000, async () => (await worksAt(north)).length > 0);

    // Only now is anything published into the other one, which is made of nothing but that.
    expect(await publishInto(plain, plant)).toBe(last);
    await plain.worker.start();
    await until('the same of the other', 120_000, async () => (await landedTo(plain)) >= last);
    expect(await streamsIn(north)).toEqual([{ stream: 'north_ANDON_0' }]);
    expect(await streamsIn(plain)).toEqual([{ stream: 'ANDON_0' }]);
    expect(await outcomeOf(plain)).toEqual(await outcomeOf(north));
    expect(await checksOf(north)).toEqual({});
    const keysOf = async (stand: Stand) =>
      (await worksAt(stand)).map(({ external_key }) => external_key).sort();
    await until('the same requests', 60_000, async () => {
      return JSON.stringify(await keysOf(plain)) === JSON.stringify(await keysOf(north));
    });

    for (const stand of [plain, north]) {
      const listed = JSON.parse(await andonOf(stand, 'requests', 'list', '--json'));
      expect(listed.map(({ delivery }: { delivery: string }) => delivery)).toEqual(
        (await keysOf(stand)).map(() => 'sent'),
      );
      expect(await andonOf(stand, 'audit', '--verify')).toContain('the chain is whole');
    }
    const found = await north.andon(['doctor', '--config', north.config, '--json']);
    const checks = (JSON.parse(found.out) as { check: string; state: string }[])
      .filter(({ check }) => check.startsWith('stream '))
      .map(({ check, state }) => `${check} ${state}`);
    expect(checks).toContain('stream north_ANDON_REQUESTS ok');

    await north.worker.stop();
    const backup = join(folder, 'backup');
    await andonOf(north, 'backup', backup, '--json');
    const names = readdirSync(join(backup, 'streams'));
    expect(names).toContain('north_ANDON_0.snapshot');
    expect(names.filter((name) => !/^(?:KV_)?north_ANDON_/.test(name))).toEqual([]);
    // The worker of the other one went on meanwhile.
    expect(
      (await plain.andon(['backup', join(folder, 'other'), '--config', plain.config])).code,
    ).toBe(4);
  },
);
