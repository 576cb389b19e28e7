import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { plantModelSchema } from '../../../operators/model/plant-model.ts';
import type { LineReach } from '../../../pipelines/console/access/visitor.ts';
import { createQuestions } from '../../../pipelines/console/data/questions.ts';
import { routesOf } from '../../../pipelines/console/routes/routes.ts';
import type { Services } from '../../../pipelines/console/routes/services.ts';
import { checkQuality, keepQuality } from '../../../pipelines/governance/quality.ts';
import {
  migratedWarehouse,
  type StartedWarehouse,
} from '../../sinks/clickhouse/started-warehouse.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { csvOf } from './planted-world.ts';
import { namesOf, syncWorld } from './synced-world.ts';

let warehouse: StartedWarehouse;
const folder = temporaryDirectory();
const path = join(folder, 'governance.yaml');

beforeAll(async () => {
  warehouse = await migratedWarehouse();
  mkdirSync(join(folder, 'exports'));
});

type Rows = Record<string, string>[];
const machine = (id: string, plant: string, more: Record<string, string> = {}) => ({
  ...{ id, name: `Machine ${id}`, plant, criticality: 'B' },
  ...more,
});
const part = (id: string, supplier: string) => ({ id, name: `Part ${id}`, supplier });
const supplier = (id: string) => ({ id, name: `Supplier ${id}` });

/**
 * Each plant has an ERP and a CMMS of its own. Numbers collide: 4711 and the part 6205 are one thing here and another there,
 * and parts and suppliers name no plant.
 */
const SOUND: Readonly<Record<string, Readonly<Record<string, Rows>>>> = {
  erp: {
    asset: [machine('4711', 'P100'), machine('4712', 'P100')],
    part: [part('6205', 'S1')],
    supplier: [supplier('S1')],
  },
  cmms: { asset: [machine('4711', 'BER'), machine('4712', 'BER')] },
  sap: {
    asset: [machine('4711', '0200'), machine('4713', '0200')],
    part: [part('6205', 'V9')],
    supplier: [supplier('V9')],
  },
  pm: { asset: [machine('M-1', 'TOR'), machine('M-2', 'TOR')] },
};
const model = (plant: string, line: string, assets: Record<string, Record<string, string>>) => ({
  id: plant,
  lines: [
    { id: line, assets: Object.entries(assets).map(([id, ids]) => ({ id, class: 'press', ids })) },
  ],
});
const MODELS = [
  model('berlin', 'l1', {
    press: { erp: '4711', cmms: '4711' },
    mill: { erp: '4712', cmms: '4712' },
  }),
  model('torino', 'l1', { press: { sap: '4711', pm: 'M-1' }, lathe: { sap: '4713', pm: 'M-2' } }),
];

/** Two plants of one installation: Torino's systems are its own. */
function governance(systems: object, atTorino: object) {
  const sources = Object.fromEntries(
    Object.entries(systems).map(([system, lists]) => [
      system,
      Object.fromEntries(
        Object.keys(lists).map((entity) => [
          entity,
          { csv: `exports/${system}-${entity}.csv`, delimiter: ';' },
        ]),
      ),
    ]),
  );
  const own = { record: 'sap' };
  return {
    plants: [
      { id: 'berlin', name: 'Berlin', codes: { erp: 'P100', cmms: 'BER' } },
      {
        ...{ id: 'torino', name: 'Torino', codes: { sap: '0200', pm: 'TOR', s4: '0200' } },
        systems: Object.keys(systems).filter((one) => !['erp', 'cmms'].includes(one)),
      },
    ],
    entities: {
      asset: {
        ...{ owner: 'planning', record: 'erp', also: ['cmms'], fields: { criticality: 'cmms' } },
        ...{ monitored: ['press'], plants: { torino: atTorino } },
      },
      part: { owner: 'stores', record: 'erp', plants: { torino: own } },
      supplier: { owner: 'purchasing', record: 'erp', plants: { torino: own } },
    },
    ...{ model: 'plant.yaml', sources },
  };
}

async function findings(
  world: Readonly<Record<string, Readonly<Record<string, Rows>>>>,
  atTorino: object,
  models: readonly object[] = MODELS,
  mappings: readonly object[] = [],
) {
  for (const [system, lists] of Object.entries(world)) {
    for (const [entity, rows] of Object.entries(lists)) {
      writeFileSync(join(folder, 'exports', `${system}-${entity}.csv`), csvOf(rows));
    }
  }
  writeFileSync(join(folder, 'plant.yaml'), stringify({ plants: models }));
  writeFileSync(path, stringify({ ...governance(world, atTorino), mappings }));
  const synced = await syncWorld(warehouse, path);
  expect(synced.filter(({ error }) => error !== null)).toEqual([]);
  return checkQuality(warehouse.client, Date.now);
}

const PM = { record: 'sap', also: ['pm'], fields: { criticality: 'pm' } };

test('two plants with systems of their own are judged by their own, and numbers that collide are no mistake', async () => {
  const report = await findings(SOUND, PM);
  expect(namesOf(report)).toEqual([]);
  const placed = await warehouse.rows<{ plant: string; system: string; record: string }>(
    "SELECT DISTINCT plant, toString(system) AS system, toString(record) AS record FROM master_now WHERE entity = 'part' ORDER BY plant",
  );
  expect(placed).toEqual([
    // The ERP of the group serves other plants as well: what names no plant there is of none.
    { plant: '', system: 'erp', record: 'erp' },
    { plant: 'torino', system: 'sap', record: 'sap' },
  ]);
});

test('what is wrong at one plant is told of that plant, against its own system of record', async () => {
  const world = structuredClone(SOUND) as Record<string, Record<string, Rows>>;
  world.pm?.asset?.pop();
  const [renamed] = world.pm?.asset ?? [];
  if (renamed !== undefined) renamed.plant = 'TRX';
  const inSap = world.sap?.asset?.find(({ id }) => id === '4711');
  if (inSap !== undefined) inSap.criticality = 'A';
  world.sap?.part?.push(part('7000', 'S1'));
  world.cmms?.asset?.push(machine('4799', 'BER'));
  const report = await findings(world, PM);
  await keepQuality(warehouse, 'andon', report);
  const told = report.findings.map((one) => [one.check, one.plant, one.system, ...one.objects]);
  expect(told.toSorted()).toEqual([
    ['broken_mappings', '', 'pm', 'M-2'],
    // Berlin has a supplier S1; the part is of Torino.
    ['dangling_references', 'torino', 'sap', '7000'],
    // Told once: its system serves one plant, so it is judged as if it had named none.
    ['unknown_plant_codes', '', 'pm', 'M-1'],
    ['unmaintained_equipment', 'torino', 'telemetry', 'torino/l1/lathe'],
    ['unrecorded_objects', 'berlin', 'cmms', '4799'],
    ['values_differ', 'torino', 'sap', '4711'],
  ]);
  const scores = report.scores.filter(({ plant }) => plant !== '');
  expect(scores).toEqual([
    expect.objectContaining({ plant: 'berlin', flagged: 1 }),
    expect.objectContaining({ plant: 'torino', flagged: 3 }),
  ]);
});

test('the console shows each plant its own, and what is of no one plant to whoever sees all of them', async () => {
  type Answered = {
    held: { system: string; entity: string; is_record: boolean }[];
    findings: { check: string; system: string; of_plant: boolean }[];
    scores: { objects: number; flagged: number }[];
    mappings: { id: string; system: string; remote: string; state: string }[];
  };
  const everything: LineReach = { everywhere: true, plants: new Set(), lines: new Set() };
  const known = new Map(MODELS.map((each) => [each.id, { model: plantModelSchema.parse(each) }]));
  const reader = { rows: (text: string, given = {}) => warehouse.rows<unknown>(text, given) };
  const services = { questions: createQuestions(reader), models: { plants: async () => known } };
  const route = routesOf(services as unknown as Services, () => ({})).find(
    ({ id }) => id === 'getMasterData',
  );
  const ask = async (plant: string, reach = everything) =>
    route?.answer?.parse(await route.handle?.({ path: { plant }, reach } as never)) as Answered;
  const torino = await ask('torino');
  expect(torino.held.map(({ system, entity, is_record }) => [system, entity, is_record])).toEqual([
    ['sap', 'asset', true],
    ['sap', 'part', true],
    ['sap', 'supplier', true],
    ['telemetry', 'asset', false],
    ['telemetry', 'line', false],
  ]);
  const told = torino.findings.map(({ check, system }) => `${check} ${system}`);
  expect(told.slice(0, 3)).toEqual([
    ...['dangling_references sap', 'unmaintained_equipment telemetry', 'values_differ sap'],
  ]);
  expect(torino.findings.at(-1)).toMatchObject({ check: 'unknown_plant_codes', of_plant: false });
  expect(torino.scores).toMatchObject([{ flagged: 3 }]);
  expect(torino.mappings).toContainEqual(
    expect.objectContaining({
      id: 'torino/l1/press',
      system: 'pm',
      remote: 'M-1',
      state: 'in force',
    }),
  );
  const berlin = await ask('berlin', {
    ...everything,
    everywhere: false,
    plants: new Set(['berlin']),
  });
  expect(berlin.findings).toMatchObject([{ check: 'unrecorded_objects', system: 'cmms' }]);
  const line: LineReach = { everywhere: false, plants: new Set(), lines: new Set(['berlin/l1']) };
  await expect(ask('berlin', line)).rejects.toThrow('found lines of berlin alone');
});

const day = (offset: number) =>
  new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);

test('a system of record is exchanged on a day: until then the old one is asked, from then on the new one', async () => {
  const renamed = [machine('A-1', '0200'), machine('A-2', '0200')];
  const world = { ...SOUND, s4: { asset: renamed } };
  const models = MODELS.map((one) => structuredClone(one));
  const ids = ['A-1', 'A-2'];
  for (const asset of models[1]?.lines[0]?.assets ?? []) asset.ids.s4 = ids.shift() ?? '';
  const also = { also: ['pm'], fields: { criticality: 'pm' } };
  const exchange = (from: number) => [
    { record: 'sap', ...also, to: day(from - 1) },
    { record: 's4', ...also, from: day(from) },
  ];
  // Side by side, with the ids of both: nothing is doubled, and the new one is no system of record yet.
  expect(namesOf(await findings(world, exchange(2), models))).toEqual([]);
  expect(namesOf(await findings(world, exchange(-2), models))).toEqual([]);
  // What the new one lacks is told from its first day on: what the others have is in no system of record then.
  const lacking = { ...world, s4: { asset: renamed.slice(1) } };
  expect(namesOf(await findings(lacking, exchange(-2), models))).toEqual([
    'broken_mappings s4 A-1',
    'unmaintained_equipment telemetry torino/l1/press',
    'unrecorded_objects pm M-1',
    'unrecorded_objects sap 4711',
  ]);
});
