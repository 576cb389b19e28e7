import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Problem } from '../../../pipelines/base/problem.ts';
import { createListCopier } from '../../../pipelines/governance/copy-lists.ts';
import { copyCsv, mappingsOfModels } from '../../../pipelines/governance/copy-sources.ts';
import { ENTITY_NAMES, fieldsOf, requiredOf } from '../../../pipelines/governance/entities.ts';
import { readGovernance } from '../../../pipelines/governance/governance-file.ts';
import { readPlantFile } from '../../../pipelines/rules/rules.ts';
import { systemConfigSchema } from '../../../sinks/remote/system-config.ts';
import { temporaryDirectory, temporaryFile } from '../../support/temporary.ts';
import { readProfile } from '../systems/erp-config.ts';

const EXAMPLE = fileURLToPath(new URL('../../../examples/governance.yaml', import.meta.url));

test('the example is right', async () => {
  const { entities, sources, mappings } = readGovernance(EXAMPLE);
  expect(entities.asset).toMatchObject({ record: 'erp', also: ['cmms'], monitored: ['press'] });
  expect(Object.keys(sources)).toEqual(['erp', 'cmms']);
  expect(sources.cmms?.location).toMatchObject({
    list: { path: '/api/master/location', remote: '/id' },
  });
  expect(mappings.at(-1)).toMatchObject({ proposed: 'anna', from: '1970-01-01' });
  const [plant] = await readPlantFile(join(EXAMPLE, '../plant.yaml'));
  expect(mappingsOfModels(plant === undefined ? [] : [plant.model])).toContainEqual(
    expect.objectContaining({ id: 'p1/stamping/press3', system: 'cmms', remote: 'EQ-10023' }),
  );
});

test('every entity has fields, and what it may not be without is one of them', () => {
  for (const entity of ENTITY_NAMES) {
    expect(fieldsOf(entity)).toEqual(expect.arrayContaining([...requiredOf(entity)]));
  }
  expect(requiredOf('asset')).toEqual(['name', 'plant']);
});

const BASE = `
plants:
  - { id: p1, name: One, codes: { erp: P1 } }
entities:
  part: { owner: stores, record: erp }
sources:
  erp:
    part: { csv: parts.csv }
`;

test.each([
  [
    'a second plant of the same code',
    BASE.replace('}}', '}}').replace(
      'codes: { erp: P1 } }',
      'codes: { erp: P1 } }\n  - { id: p2, name: Two, codes: { erp: P1 } }',
    ),
    /:4:\d+: plants\.1\.codes\.erp: expected a code of one plant, found that P1 is p1 too/,
  ],
  [
    'a system of a second plant',
    BASE.replace(
      'codes: { erp: P1 } }',
      'codes: { erp: P1 }, systems: [erp] }\n  - { id: p2, name: Two, systems: [erp] }',
    ),
    /:4:\d+: plants\.1\.systems\.0: expected a system of one plant, found that erp is of p1 too/,
  ],
  [
    'a system of a plant that nothing is copied from',
    BASE.replace('codes: { erp: P1 } }', 'codes: { erp: P1 }, systems: [sapp] }'),
    /:3:\d+: plants\.0\.systems\.0: expected one of erp/,
  ],
  [
    'a system of record that is copied from nowhere',
    BASE.replace('record: erp', 'record: sap'),
    /:5:\d+: entities\.part: expected part under sources\.sap.*copied from erp/,
  ],
  [
    'a source that nobody owns',
    `${BASE}    supplier: { csv: x.csv }\n`,
    /sources\.erp\.supplier: expected an owner of supplier/,
  ],
  [
    'a column of no field',
    BASE.replace('parts.csv }', 'parts.csv, columns: { colour: C } }'),
    /columns\.colour: expected a field of part: id, changed, name/,
  ],
  [
    'a name that is taken',
    BASE.replace('  erp:\n', '  telemetry: { part: { csv: x.csv } }\n  erp:\n'),
    /sources\.telemetry: expected another name/,
  ],
  [
    'an id among the fields of a list',
    BASE.replace(
      'csv: parts.csv',
      'list: { path: /p, query: {}, hits: /items, changed: /changed }, fields: { id: /nr }',
    ),
    /fields\.id: expected a field of part: name.*`remote` and `changed` of the list/,
  ],
  ['an entity that there is not', BASE.replace('  part:', '  gadget:'), /gadget/],
  [
    'who approves what they proposed',
    `${BASE}mappings:\n  - { entity: part, id: A, system: erp, remote: B, proposed: anna, approved: anna }\n`,
    /mappings\.0\.approved: expected somebody else/,
  ],
  [
    'who approves what nobody proposed',
    `${BASE}mappings:\n  - { entity: part, id: A, system: erp, remote: B, approved: anna }\n`,
    /mappings\.0\.approved: expected somebody else/,
  ],
  [
    'an end before its beginning',
    `${BASE}mappings:\n  - { entity: part, id: A, system: erp, remote: B, from: 2026-05-01, to: 2026-04-01 }\n`,
    /mappings\.0\.to: expected a day on or after 2026-05-01/,
  ],
  [
    'a status of no meaning',
    `${BASE}mappings:\n  - { entity: status, id: asleep, system: erp, remote: B }\n`,
    /mappings\.0\.id: expected one of active, standby/,
  ],
  [
    'a plant that there is not',
    `${BASE}mappings:\n  - { entity: plant, id: p9, system: erp, remote: B }\n`,
    /mappings\.0\.id: expected one of p1/,
  ],
])('%s is refused with its place', (_, text, message) => {
  expect(() => readGovernance(temporaryFile('governance.yaml', text))).toThrow(message);
});

test('without four eyes one pair is enough', () => {
  const text = `${BASE}four_eyes: false\nmappings:\n  - { entity: part, id: A, system: erp, remote: B, approved: anna }\n`;
  expect(readGovernance(temporaryFile('governance.yaml', text)).mappings).toHaveLength(1);
});

const copy = (text: string, columns: Record<string, string> = {}) => {
  const path = temporaryFile('parts.csv', '');
  writeFileSync(path, text);
  return copyCsv('erp', 'part', { csv: 'parts.csv', delimiter: ';', columns }, path);
};

test('a file is read by its headings; empty cells and other columns are left out, doubles are counted', async () => {
  const text =
    'Nr;name;supplier;stock;changed\nA;Bearing;S-1;3;2026-01-01T00:00:00Z\nB;;;;\nA;Again;;;\n';
  const { objects, full } = await copy(text, { id: 'Nr' });
  expect(full).toBe(true);
  expect(objects).toEqual([
    {
      ...{ remote: 'A', times: 2, fields: { name: 'Bearing', supplier: 'S-1' } },
      changed: Date.UTC(2026, 0, 1) * 1_000,
    },
    { remote: 'B', times: 1, fields: {}, changed: null },
  ]);
});

test.each([
  ['no row at all', '', {}, /expected a heading and a row for each object, found no row/],
  [
    'no column of ids',
    'Number;name\n1;x\n',
    {},
    /parts\.csv:1: expected the heading id, found Number, name/,
  ],
  [
    'a column that is named and not there',
    'id;Suplier\n1;x\n',
    { supplier: 'Supplier' },
    /expected the heading Supplier.*Did you mean Suplier/,
  ],
  [
    'rows without an id',
    'id;name\n1;a\n;b\n;c\n',
    {},
    /expected an id in each row, found none in 2 rows \(lines 3, 4/,
  ],
  [
    'a time that is none',
    'id;changed\n1;yesterday\n',
    {},
    /:2: expected a time .* found yesterday/,
  ],
])('a file with %s is refused', async (_, text, columns, message) => {
  await expect(copy(text, columns)).rejects.toThrow(message);
});

test('a folder in place of a file is told as what it is', async () => {
  const source = { csv: 'parts.csv', delimiter: ';', columns: {} };
  const copied = copyCsv('erp', 'part', source, temporaryDirectory());
  await expect(copied).rejects.toThrow(/expected a file that can be read, found a folder/);
  await expect(copied).rejects.toBeInstanceOf(Problem);
});

test('a token that is not set is told with the system that lacks it', async () => {
  const auth = { kind: 'bearer', token: { env: 'NOT_SET' } };
  const system = systemConfigSchema.parse({
    ...readProfile('erp'),
    base: 'http://127.0.0.1:1',
    name: 'erp',
    auth,
  });
  if (system.kind !== 'http') throw new Error('no HTTP');
  const copyList = createListCopier({
    ...{ systems: new Map([['erp', system]]), client: undefined as never, environment: {} },
    ...{ full: true, now: Date.now, signal: new AbortController().signal },
  });
  const { sources } = readGovernance(EXAMPLE);
  const source = sources.erp?.asset;
  if (source === undefined || 'csv' in source) throw new Error('no list');
  const copied = copyList('erp', 'asset', source);
  await expect(copied).rejects.toThrow(/^systems\.erp: expected .* NOT_SET to be set/);
  await expect(copied).rejects.toBeInstanceOf(Problem);
});
