import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import {
  comparePlant,
  findCollisions,
  makeAgain,
} from '../../../pipelines/governance/compare-plants.ts';
import { readGovernance } from '../../../pipelines/governance/governance-file.ts';
import { MADE_FROM, newPlant } from '../../../pipelines/governance/plant-template.ts';
import { readPlantAndRules } from '../../../pipelines/rules/rules.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const TEMPLATE = fileURLToPath(new URL('../../../examples/templates/press-line', import.meta.url));
const SET = { plant: 'berlin', name: 'Werk {Berlin}: "B"' };

function made(set: Readonly<Record<string, string>> = SET): string {
  const folder = join(temporaryDirectory(), 'plant');
  newPlant(folder, TEMPLATE, set);
  return folder;
}

/** The overlay of a plant, with the files that are there already. */
function overlay(folder: string, ...entries: readonly object[]): void {
  const path = join(folder, MADE_FROM);
  const from = parse(readFileSync(path, 'utf8'));
  writeFileSync(path, stringify({ ...from, overlay: entries }));
}
const edit = (folder: string, name: string, change: (text: string) => string) =>
  writeFileSync(join(folder, name), change(readFileSync(join(folder, name), 'utf8')));

const DEARER = {
  ...{ file: 'plant.yaml', at: '/plants/berlin/lines/stamping/assets/press3/stop_cost' },
  ...{ value: 5000, why: 'three shifts' },
};
const COLDER = { file: 'rules.yaml', at: '/detectors/hot/above', value: 70, why: 'old oil' };
const SPARE = {
  ...{ file: 'rules.yaml', at: '/detectors/sensor-stuck' },
  why: 'gateways tell it',
};
const NO_PATTERN = { file: 'rules.yaml', at: '/patterns/stop-unanswered', why: 'manual line' };

test('a plant of a template is right as it is, and all of it is shared', async () => {
  const folder = made();
  const { plants } = await readPlantAndRules(
    join(folder, 'plant.yaml'),
    join(folder, 'rules.yaml'),
  );
  expect(plants.map(({ model }) => [model.id, model.name])).toEqual([['berlin', SET.name]]);
  expect(readGovernance(join(folder, 'governance.yaml')).plants).toMatchObject([
    { id: 'berlin', owner: 'plant management' },
  ]);
  const { differences, values, shared } = comparePlant(folder);
  expect(differences).toEqual([]);
  expect(shared).toBe(values);
  expect(values).toBeGreaterThan(100);
});

test('an overlay changes, adds and removes, and each difference says why', async () => {
  const folder = made();
  const before = comparePlant(folder).values;
  const more = { id: 'fan', kind: 'limit', signal: 'flow', window: 'minute', below: 3 };
  const added = { file: 'rules.yaml', at: '/detectors/-', why: 'a third pump' };
  const raise = { severity: 'notice' };
  overlay(folder, DEARER, COLDER, SPARE, NO_PATTERN, { ...added, value: { ...more, raise } });
  expect(makeAgain(folder, false)).toEqual(['plant.yaml', 'rules.yaml']);
  expect(makeAgain(folder, false)).toEqual([]);
  const { rules } = await readPlantAndRules(join(folder, 'plant.yaml'), join(folder, 'rules.yaml'));
  expect(rules?.rules.detectors.map(({ id }) => id)).toContain('fan');
  expect(rules?.rules.detectors.map(({ id }) => id)).not.toContain('sensor-stuck');
  // Comments of the template are kept.
  expect(readFileSync(join(folder, 'rules.yaml'), 'utf8')).toContain('# evaluated only while');
  const { differences, values, shared } = comparePlant(folder);
  expect(differences.filter(({ why }) => why === undefined)).toEqual([]);
  expect(differences.find(({ at }) => at === DEARER.at)).toEqual({
    ...{ file: 'plant.yaml', at: DEARER.at, template: '4200', found: '5000', why: 'three shifts' },
  });
  const ofFan = differences.filter(({ at }) => at.startsWith('/detectors/fan/'));
  // id, kind, signal, window, below, and severity.
  expect(ofFan.map(({ why, template }) => [why, template])).toEqual(
    Array(6).fill(['a third pump', undefined]),
  );
  const gone = differences.filter(({ found }) => found === undefined);
  expect(new Set(gone.map(({ why }) => why))).toEqual(new Set([SPARE.why, NO_PATTERN.why]));
  expect(values).toBe(before - gone.length + 6);
  // All but two that differ and six that are new.
  expect(shared).toBe(values - 8);
});

test('what was changed by hand is told, and is not written over', () => {
  const folder = made();
  edit(folder, 'plant.yaml', (text) => text.replace('stop_cost: 900', 'stop_cost: 950'));
  expect(comparePlant(folder).differences).toEqual([
    {
      ...{ file: 'plant.yaml', at: '/plants/berlin/lines/stamping/assets/pump1/stop_cost' },
      ...{ template: '900', found: '950', why: undefined },
    },
  ]);
  overlay(folder, DEARER);
  expect(() => makeAgain(folder, false)).toThrow(/1 values changed by hand: .*pump1\/stop_cost/);
  expect(makeAgain(folder, true)).toEqual(['plant.yaml']);
  expect(comparePlant(folder).differences.map(({ why }) => why)).toEqual(['three shifts']);
  // An overlay that was taken back by hand.
  edit(folder, 'plant.yaml', (text) => text.replace('stop_cost: 5000', 'stop_cost: 4200'));
  expect(comparePlant(folder).differences).toMatchObject([
    { at: DEARER.at, template: '4200', found: '4200', why: undefined },
  ]);
});

test('mistakes are told before anything is written', () => {
  const folder = join(temporaryDirectory(), 'plant');
  expect(() => newPlant(folder, TEMPLATE, { plant: 'berlin' })).toThrow(/a value of name/);
  expect(() => newPlant(folder, TEMPLATE, { ...SET, colour: 'red' })).toThrow(/found colour/);
  expect(() => comparePlant(folder)).toThrow(/a folder with made-from.yaml/);
  newPlant(folder, TEMPLATE, SET);
  expect(() => newPlant(folder, TEMPLATE, SET)).toThrow(/found made-from.yaml, governance.yaml/);
  overlay(folder, { ...DEARER, at: '/plants/berlin/lines/painting/name' });
  expect(() => comparePlant(folder)).toThrow(/found \/plants\/berlin\/lines\/painting/);
  overlay(folder, { ...COLDER, file: 'rule.yaml' });
  expect(() => comparePlant(folder)).toThrow(/found rule.yaml/);
  overlay(folder, { ...COLDER, why: '' });
  expect(() => comparePlant(folder)).toThrow(/overlay.0.why/);
});

test('two installations that become one: same plants and same ids in a system collide', async () => {
  const first = made();
  const second = made({ ...SET, name: 'Other works' });
  const third = made({ plant: 'torino', name: 'Torino' });
  const id = (folder: string, remote: string) =>
    edit(folder, 'plant.yaml', (text) =>
      text.replace('- id: press3\n', `- id: press3\n            ids: { cmms: "${remote}" }\n`),
    );
  for (const [folder, remote] of [
    [first, 'EQ-1'],
    [second, 'EQ-2'],
    [third, 'EQ-1'],
  ] as const) {
    id(folder, remote);
  }
  const path = (folder: string) => join(folder, 'plant.yaml');
  expect(await findCollisions(path(first), path(second))).toMatchObject([
    {
      ...{ kind: 'plant', name: 'berlin', first: SET.name, second: 'Other works' },
      plan: expect.stringContaining('berlin-2'),
    },
  ]);
  expect(await findCollisions(path(first), path(third))).toMatchObject([
    {
      ...{ kind: 'id', name: 'cmms EQ-1', first: 'berlin/stamping/press3' },
      second: 'torino/stamping/press3',
    },
  ]);
  expect(await findCollisions(path(second), path(third))).toEqual([]);
});
