import { expect, test } from 'vitest';
import type { AssetKey } from '../../../operators/model/key.ts';
import { type EventTime, MINUTE, SECOND } from '../../../operators/model/time.ts';
import { score } from '../../../pipelines/demo/score.ts';
import type { PlantedFault, PlantedNuisance, Truth } from '../../../pipelines/demo/truth.ts';

const at = (minutes: number) => (minutes * MINUTE) as EventTime;
const fan = 'demo/l/fan' as AssetKey;
const pump = 'demo/l/pump' as AssetKey;
const fault: PlantedFault = {
  ...{ id: 'unbalance-1', kind: 'unbalance', asset: fan, component: 'rotor', point: 'de' },
  ...{ failure_mode: 'UNBALANCE', begins: at(10), detectable: at(20), because: 'it shakes' },
};
const nuisance: PlantedNuisance = {
  ...{ id: 'late-1', kind: 'late', source: 'telemetry.demo.l.fan', from: at(1), to: at(2) },
  ...{ dead_letters: { 'too-late': 12 }, because: 'a slow gateway' },
};
const truth: Truth = {
  ...{ seed: 1, begins: at(0), ends: at(60), messages: 0, readings: 0 },
  ...{ faults: [fault], growing: [], nuisances: [nuisance] },
  quiet: [{ kind: 'changeover', assets: [pump], from: at(30), to: at(40) }],
};
const request = (id: string, asset: AssetKey, minutes: number, failure_mode = 'UNBALANCE') => {
  return { id, asset, failure_mode, time: at(minutes) };
};
const late = (count: number) => [{ reason: 'too-late', source: nuisance.source, count }];

test('a request on the asset, in time and with the right failure mode, finds a fault', () => {
  const {
    found,
    missed,
    false: extra,
  } = score(truth, {
    requests: [request('a', fan, 20.5)],
    deadLetters: late(12),
  });
  expect(found).toEqual([{ fault, request: 'a', after: 30 * SECOND }]);
  expect([missed, extra]).toEqual([[], []]);
});

test.each([
  ['no request', [], 'no request on its asset'],
  ['one before it begins', [request('a', fan, 5)], 'no request on its asset'],
  ['one too late', [request('a', fan, 22)], 'its request came 120 s after it was detectable'],
  ['another name', [request('a', fan, 20, 'X')], 'its request names "X", expected UNBALANCE'],
])('a fault is missed with %s', (_, requests, because) => {
  expect(score(truth, { requests, deadLetters: [] }).missed).toEqual([{ fault, because }]);
});

test.each([
  [
    'a second request for one fault',
    request('b', fan, 25),
    'the fault unbalance-1 has a request already',
  ],
  ['a request in a changeover', request('b', pump, 35), 'it is in a changeover'],
  ['a request for nothing', request('b', pump, 50), 'nothing is wrong with it'],
])('%s is false', (_, extra, because) => {
  const requests = [request('a', fan, 20), extra];
  const { asset } = extra;
  expect(score(truth, { requests, deadLetters: [] }).false).toEqual([
    { request: 'b', asset, because },
  ]);
});

test('a fault that need not have been found yet may have a request', () => {
  const growing = { ...truth, faults: [], growing: [fault] };
  const seen = { requests: [request('a', fan, 15)], deadLetters: [] };
  expect(score(growing, seen)).toMatchObject({ planted: 0, found: [], missed: [], false: [] });
});

test('a nuisance is exact when its source has left just what was planted', () => {
  const exact = (deadLetters: { reason: string; source: string; count: number }[]) => {
    return score(truth, { requests: [], deadLetters }).nuisances[0]?.exact;
  };
  expect(exact(late(12))).toBe(true);
  expect(exact(late(11))).toBe(false);
  expect(exact([])).toBe(false);
  expect(exact([...late(12), { reason: 'skew', source: nuisance.source, count: 1 }])).toBe(false);
  expect(exact([...late(12), { reason: 'mixed', source: nuisance.source, count: 1 }])).toBe(true);
});
