import { beforeAll, expect, test } from 'vitest';
import { useOf } from '../../bench/process-use.ts';
import { checkQuality } from '../../pipelines/governance/quality.ts';
import { PLANTERS, plant, soundWorld } from '../pipelines/governance/planted-world.ts';
import {
  namesOf,
  namesOfPlanted,
  syncWorld,
  written,
} from '../pipelines/governance/synced-world.ts';
import { migratedWarehouse, type StartedWarehouse } from '../sinks/clickhouse/started-warehouse.ts';
import { longSuite } from '../support/long.ts';
import { temporaryDirectory } from '../support/temporary.ts';

longSuite('5,000 assets with the same mistakes', () => {
  let warehouse: StartedWarehouse;
  beforeAll(async () => {
    warehouse = await migratedWarehouse();
  });

  test('are all found, and how long it takes is told', { timeout: 600_000 }, async () => {
    const world = soundWorld(5_000);
    const planted = plant(world, Object.keys(PLANTERS), 5);
    await syncWorld(warehouse, written(world, temporaryDirectory(), ['erp', 'cmms', 'hr']));
    const cpu = () => useOf(warehouse.pid())?.cpu ?? 0;
    const [begun, used] = [performance.now(), cpu()];
    const report = await checkQuality(warehouse.client, Date.now);
    const seconds = [(performance.now() - begun) / 1_000, cpu() - used];
    const [took, worked] = seconds.map((each) => each.toFixed(1));
    console.log(
      `5,000 assets, ${report.checks} checks: ${took} s, ${worked} CPU s of the warehouse`,
    );
    expect(namesOf(report)).toEqual(namesOfPlanted(planted));
  });
});
