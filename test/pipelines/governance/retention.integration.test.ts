import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { readGovernance } from '../../../pipelines/governance/governance-file.ts';
import { planRetention } from '../../../pipelines/governance/retention.ts';
import {
  DATABASE,
  migratedWarehouse,
  type StartedWarehouse,
} from '../../sinks/clickhouse/started-warehouse.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const folder = temporaryDirectory();
let warehouse: StartedWarehouse;
beforeAll(async () => {
  warehouse = await migratedWarehouse();
});

function governance(retention: string) {
  const path = join(folder, 'governance.yaml');
  const plants = '[{ id: berlin, name: B }, { id: graz, name: G }, { id: linz, name: L }]';
  writeFileSync(path, `plants: ${plants}\nentities: {}\nretention:\n${retention}`);
  return readGovernance(path);
}

async function apply(retention: string): Promise<readonly string[]> {
  const plan = await planRetention(warehouse.client, DATABASE, governance(retention));
  for (const query of plan.flatMap(({ statements }) => statements)) {
    await warehouse.client.command({ query });
  }
  return plan.filter(({ statements }) => statements.length > 0).map(({ table }) => table);
}

/** A row of waveforms that landed so many days ago. */
async function landed(plant: string, days: number): Promise<void> {
  const ago = `now() - INTERVAL ${days} DAY`;
  const values = `('ANDON_0', '1', ${days}, now64(6), '${plant}', 'l1', 'press', 'de', ${ago})`;
  const columns = 'stream, run, sequence, appended, plant, line, asset, point, landed';
  await warehouse.client.command({ query: `INSERT INTO waveforms (${columns}) VALUES ${values}` });
}

test('rows end by table and plant, and a table that is as described is left alone', async () => {
  expect(await apply('  []')).toEqual([]);
  // Only so a row can say that it is older than it is.
  const query = 'ALTER TABLE waveforms MODIFY COLUMN landed DateTime DEFAULT now()';
  await warehouse.client.command({ query });
  for (const plant of ['berlin', 'graz', 'linz']) {
    await landed(plant, 20);
    await landed(plant, 50);
  }
  const rules =
    '  - { tables: [waveforms], days: 40 }\n  - { tables: [waveforms], plants: [berlin], days: 10 }\n' +
    '  - { tables: [waveforms, windows], plants: [graz], days: 60 }\n';
  expect(await apply(rules)).toEqual(['waveforms', 'windows']);
  await warehouse.client.command({ query: 'OPTIMIZE TABLE waveforms FINAL' });
  const left = await warehouse.rows(
    'SELECT plant, toUInt32(sequence) AS days FROM waveforms ORDER BY plant, days',
  );
  expect(left).toEqual([
    { plant: 'graz', days: 20 },
    { plant: 'graz', days: 50 },
    { plant: 'linz', days: 20 },
  ]);
  expect(await apply(rules)).toEqual([]);
  // Without rules everything is as the schema has it again.
  expect(await apply('  []')).toEqual(['waveforms', 'windows']);
  expect(await apply('  []')).toEqual([]);
});

test('a table that keeps its rows, a plant of a table without plants and an unknown plant are told by line', () => {
  const wrong =
    '  - { tables: [requests], days: 9 }\n  - { tables: [dead_letters], plants: [berlin], days: 9 }\n' +
    '  - { tables: [readings], plants: [rome], days: 0 }\n';
  expect(() => governance(wrong.replace('days: 0', 'days: 1'))).toThrow(
    /:4:\d+: retention\.0\.tables\.0: expected a table with rows that end: readings, .*; found requests\n.*:5:\d+: retention\.1\.tables\.0: expected a table with rows of plants that end: .*; found dead_letters\n.*:6:\d+: retention\.2\.plants\.0: expected one of berlin, graz, linz/,
  );
  expect(() => governance(wrong)).toThrow(/retention\.2\.days/);
});
