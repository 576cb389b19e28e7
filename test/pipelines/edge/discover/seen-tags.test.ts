import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { plantFileSchema } from '../../../../operators/model/plant-model.ts';
import { compareWithModel } from '../../../../pipelines/edge/discover/compare.ts';
import { nameAll } from '../../../../pipelines/edge/discover/names.ts';
import { edgeText, plantText } from '../../../../pipelines/edge/discover/proposal.ts';
import { asConfigured, SeenTags } from '../../../../pipelines/edge/discover/seen-tags.ts';
import type { EdgeSignal } from '../../../../pipelines/edge/edge-config.ts';
import { TAGGED } from '../../../../pipelines/edge/mapping.ts';
import type { TagValue } from '../../../../pipelines/edge/tag-reading.ts';

function heard(tags: Readonly<Record<string, readonly TagValue[]>>, type?: string) {
  const seen = new SeenTags(() => 0);
  const listener = seen.listener('s');
  for (const [tag, values] of Object.entries(tags)) {
    listener.describe('m', tag, { type });
    for (const value of values) {
      const labels = { machine: 'm', tag };
      const reading = { labels, time: undefined, value, quality: 'good' as const };
      listener.map(TAGGED, [reading], {}, 0);
    }
  }
  return seen.tags();
}

const sureOf = (tag: string, values: readonly TagValue[], type?: string) => {
  const suspicion = heard({ [tag]: values }, type)[0]?.suspicion;
  return [suspicion?.kind, suspicion?.sure];
};

test('a counter is sure by its name, its type, and steps without a restart alone', () => {
  const steps = [1, 2, 3, 4, 5, 6];
  expect(sureOf('part_count', steps)).toEqual(['counter', true]);
  expect(sureOf('part_count', steps, 'Int32')).toEqual(['counter', true]);
  expect(sureOf('level', steps)).toEqual(['counter', false]);
  expect(sureOf('part_count', steps, 'Double')).toEqual(['counter', false]);
  expect(sureOf('part_count', [...steps, 20, 1, 2])).toEqual(['counter', false]);
  expect(sureOf('part_count', [1, 2])).toEqual(['counter', false]);
});

test('states of PackML are sure by three of them, none of which says that nobody knows', () => {
  expect(sureOf('z', ['IDLE', 'Execute', 'HELD'])).toEqual(['packml', true]);
  expect(sureOf('z', ['IDLE', 'STOPPED', 'idle'])).toEqual(['packml', false]);
  expect(sureOf('z', ['IDLE', 'HELD', 'STOPPED', 'UNDEFINED'])).toEqual(['packml', false]);
  expect(sureOf('z', ['IDLE', 'HELD', 'STOPPED', 'lunch'])).toEqual(['state', false]);
});

test('a machine that is published by a name keeps it, and another one gets a number', () => {
  const [mine, other] = heard({ a: [1], b: [1] });
  if (mine === undefined || other === undefined) throw new Error('expected two tags');
  const named = { ...other, source: 'nats', machine: 'works.s.m' };
  const { machines } = nameAll([mine, named], { assets: {}, signals: {} }, 'works');
  expect([...machines].map(([machine, { path }]) => [machine, path])).toEqual([
    ['m', 'works.s.m_2'],
    ['works.s.m', 'works.s.m'],
  ]);
});

test('texts are quoted of states and modes alone: others may be names of people', () => {
  const [operator, mode] = heard({
    operator: ['A. Smith', 'B. Jones'],
    mode: ['auto', 'manual'],
  }).toSorted((a, b) => b.tag.localeCompare(a.tag, 'en'));
  expect(operator?.suspicion?.why).toBe('2 different texts');
  expect(operator?.values).toBeUndefined();
  expect(mode?.suspicion?.why).toBe('2 different texts: auto, manual');
});

test('what signals says already counts: a check of what is applied finds nothing', () => {
  const signals: Readonly<Record<string, EdgeSignal>> = {
    p: { as: 'pressure', scale: 0.001 },
    falling: { scale: -1, offset: 10 },
    z: { states: 'packml' },
    alarm: { event: 'alarm' },
    secret: { up: 'none' },
  };
  const config = { signals, unlisted: 'drop' as const, assets: { m: 'w.l.m' } };
  const raw = heard({
    ...{ p: [1_000, 5_000], falling: [1, 9], z: ['IDLE'], alarm: [1, 2] },
    ...{ secret: [1], other: [7] },
  });
  const tags = raw.map((tag) => asConfigured(tag, config));
  const names = nameAll(tags, config, 'works');
  const text = (range: readonly number[]) => ({
    plants: [
      {
        id: 'w',
        lines: [
          {
            id: 'l',
            assets: [
              {
                id: 'm',
                signals: { pressure: { unit: 'bar', range }, falling: { range: [0, 9.5] } },
              },
            ],
          },
        ],
      },
    ],
  });
  const against = (range: readonly number[]) =>
    compareWithModel({
      ...{ tags, names, expects: () => true },
      models: plantFileSchema.parse(text(range)).plants,
    });
  expect(against([0, 10])).toEqual([]);
  expect(against([0, 2])).toMatchObject([
    { kind: 'changed', signal: 'pressure', what: expect.stringContaining('1 to 5') },
  ]);
  const proposed = plantText(tags, names, []);
  expect(proposed).toMatch(/pressure: \{\}/);
  expect(proposed).toMatch(/# no reading: not in signals, and unlisted is drop/);
  expect(proposed).not.toMatch(/^ *(?:secret|other|alarm|z):/m);
  expect(edgeText('signals: {}\n', tags, names)).not.toContain('other');
});

const PACKML = ['IDLE', 'EXECUTE', 'HELD'];
const inModel = (text: string) => plantFileSchema.parse(parse(text)).plants;

test('a tag that signals has by a number without quotes is not added a second time', () => {
  const before = 'assets: { m: w.l.m }\nsignals:\n  40001: { scale: 0.1 } # tenths\n';
  const config = { signals: { 40001: { scale: 0.1 } }, unlisted: 'pass' as const };
  const tags = heard({ 40001: [10, 20], 40002: [1] }).map((tag) => asConfigured(tag, config));
  const names = nameAll(tags, { ...config, assets: { m: 'w.l.m' } }, 'works');
  const text = edgeText(before, tags, names);
  expect(text).toContain('40001: { scale: 0.1 } # tenths');
  const { signals } = parse(text);
  expect(signals[40001]).toEqual({ scale: 0.1 });
  expect(Object.keys(signals)).toEqual(['40001', '40002']);
});

test('a model of a machine of whose tags none is a signal can be applied as it is', () => {
  const tags = heard({ z: PACKML });
  const text = plantText(tags, nameAll(tags, { assets: {}, signals: {} }, 'works'), []);
  expect(text).toMatch(/# suspected state: its values are states of PackML/);
  expect(inModel(text)[0]?.lines[0]?.assets[0]?.signals).toEqual({});
});

test('states of PackML that go up as readings are a signal of the model, and a check agrees', () => {
  const config = { assets: { m: 'w.l.m' }, unlisted: 'pass' as const };
  const proposed = (signals: Readonly<Record<string, EdgeSignal>>) => {
    const tags = heard({ z: PACKML }).map((tag) => asConfigured(tag, { ...config, signals }));
    const names = nameAll(tags, { ...config, signals }, 'works');
    const text = plantText(tags, names, []);
    const models = inModel(text);
    const without = inModel(text.replace(/^ *z: .*$/m, '').replace(/signals:$/m, 'signals: {}'));
    const differences = (of: typeof models) =>
      compareWithModel({ tags, names, models: of, expects: () => true });
    const declared = Object.keys(models[0]?.lines[0]?.assets[0]?.signals ?? {});
    return { text, declared, agreed: differences(models), missing: differences(without) };
  };
  const listed = proposed({ z: {} });
  expect(listed.text).toContain('; then states: packml in signals of edge.yaml');
  expect([listed.declared, listed.agreed]).toEqual([['z'], []]);
  expect(listed.missing).toMatchObject([{ kind: 'new', signal: 'z' }]);
  const both = proposed({ z: { states: 'packml', up: 'all' } });
  expect(both.text).not.toContain('then states: packml');
  expect([both.declared, both.agreed]).toEqual([['z'], []]);
  expect(both.missing).toMatchObject([{ kind: 'new', signal: 'z' }]);
  for (const signals of [{}, { z: { states: 'packml' as const } }]) {
    expect(proposed(signals)).toMatchObject({ declared: [], agreed: [], missing: [] });
  }
});
