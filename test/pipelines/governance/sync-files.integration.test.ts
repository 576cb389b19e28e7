import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readGovernance } from '../../../pipelines/governance/governance-file.ts';
import { syncMasterData } from '../../../pipelines/governance/sync.ts';
import { migratedWarehouse } from '../../sinks/clickhouse/started-warehouse.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const GOVERNANCE = `
plants: [{ id: berlin, name: Berlin }]
entities: { skill: { owner: HR, record: hr } }
sources: { hr: { skill: { csv: skills.csv, columns: { id: NAME, name: NAME } } } }
`;

test('a file is landed again when it or its description changed, and repeated ids are told', async () => {
  const warehouse = await migratedWarehouse();
  const folder = temporaryDirectory();
  const path = join(folder, 'governance.yaml');
  const file = join(folder, 'skills.csv');
  const write = (where: string, text: string, second: number) => {
    writeFileSync(where, text);
    utimesSync(where, 1_700_000_000 + second, 1_700_000_000 + second);
  };
  let now = 1_700_000_100_000;
  const sync = async (full = false) => {
    now += 60_000;
    const synced = await syncMasterData({
      ...{ governance: readGovernance(path), path, full, warehouse, database: 'andon' },
      ...{ now: () => now, copyList: () => Promise.reject(new Error('no list here')) },
    });
    const [rows] = await warehouse.rows<{ n: number; names: string[] }>(
      `SELECT toUInt32(count()) AS n,
        (SELECT arraySort(groupArray(fields['name'])) FROM master_now WHERE entity = 'skill') AS names
       FROM master_data FINAL WHERE entity = 'skill'`,
    );
    return { ...synced.find(({ entity }) => entity === 'skill'), ...rows };
  };
  write(path, GOVERNANCE.replaceAll('NAME', 'id'), 0);
  write(file, 'id,name\nweld,Welding\nweld,Welding\nlathe,Turning\n', 10);
  const first = { objects: 2, names: ['lathe', 'weld'] };
  expect(await sync()).toMatchObject({ ...first, unchanged: false, repeated: ['weld'], n: 2 });
  expect(await sync()).toMatchObject({ ...first, unchanged: true, repeated: [], n: 2 });
  expect(await sync(true)).toMatchObject({ ...first, unchanged: false, n: 4 });
  // The same file by another description of it: written after the last copy.
  write(path, GOVERNANCE.replace('id: NAME', 'id: id').replace('name: NAME', 'name: name'), 300);
  now = 1_700_000_310_000;
  expect(await sync()).toMatchObject({ unchanged: false, names: ['Turning', 'Welding'], n: 6 });
  expect(await sync()).toMatchObject({ unchanged: true, n: 6 });
  write(file, 'id,name\nlathe,Turning\n', 20);
  expect(await sync()).toMatchObject({ objects: 1, unchanged: false, names: ['Turning'], n: 7 });
});
