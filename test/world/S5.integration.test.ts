import { afterAll, beforeAll, expect, test } from 'vitest';
import { rowsOf } from '../stand/landed.ts';
import { worksAt } from '../stand/stand.ts';
import { longSuite } from '../support/long.ts';
import { heating, MODEL, workflow } from './workflows.ts';
import { startWorld, type World } from './world.ts';

/** Warmer by a degree in ten seconds, up to 15 °C below the limit. */
const READINGS = 200;
const degrees = (second: number) => 40 + second / 10;

longSuite('S5: a work is asked for before the limit is reached', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
    await world.apply(MODEL, heating(workflow('packaging-line')));
  });
  afterAll(() => world?.stop());

  test('S5: what the trend says is a request in the CMMS, with its part reserved, while all is below the limit', async () => {
    const begin = Date.now() - READINGS * 1_000;
    for (let second = 0; second <= READINGS; second += 1) {
      const frame = { time: begin + second * 1_000, values: { temperature: degrees(second) } };
      await world.send('telemetry.p1.l1.press', frame);
    }
    const press = await world.requestOf('press');
    await world.untilStep('press', 'reserve', 'assigned');
    expect((await world.held()).reservations).toMatchObject([{ reference: press }]);
    const [work] = await worksAt(world.stand);
    expect(work).toMatchObject({ external_key: press, priority: 'HIGH' });
    const [found] = await rowsOf<{ reason: string }>(
      world.stand,
      "SELECT reason FROM {db}.anomalies WHERE asset = 'press' AND phase = 'raised'",
    );
    expect(found?.reason).toContain('75');
    const [warmest] = await rowsOf<{ value: number }>(
      world.stand,
      "SELECT max(value) AS value FROM {db}.readings WHERE asset = 'press'",
    );
    expect(warmest?.value).toBeLessThan(75);
  });
});
