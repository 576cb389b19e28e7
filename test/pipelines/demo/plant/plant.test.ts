import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { type Duration, HOUR, MINUTE, plus } from '../../../../operators/model/time.ts';
import { FAULT_KINDS } from '../../../../pipelines/demo/plant/faults.ts';
import { NUISANCE_KINDS } from '../../../../pipelines/demo/plant/nuisances.ts';
import { BEGIN, FOUND_WITHIN, simulatedPlant } from '../../../../pipelines/demo/plant/plant.ts';
import { before } from '../demo-plant.ts';

function fingerprint(seed: number): string {
  const hash = createHash('sha256');
  for (const message of before(
    simulatedPlant({ seed, begin: BEGIN }),
    plus(BEGIN, (4 * MINUTE) as Duration),
  )) {
    hash.update(`${message.subject} ${message.appended} ${JSON.stringify(message.headers)}`);
    hash.update(message.payload);
  }
  return hash.digest('hex');
}

test('the same seed gives the same bytes, another one others', () => {
  expect(fingerprint(1)).toBe(fingerprint(1));
  expect(fingerprint(2)).not.toBe(fingerprint(1));
});

test('append times never go back, and the truth counts just the messages before its end', () => {
  const plant = simulatedPlant({ seed: 3, begin: BEGIN });
  const until = plus(BEGIN, (5 * MINUTE) as Duration);
  const appended = [...before(plant, until)].map((message) => message.appended);
  expect(appended).toEqual(appended.toSorted((a, b) => a - b));
  expect(plant.truth(until)).toMatchObject({
    messages: appended.length,
    begins: BEGIN,
    ends: until,
  });
});

test.each([1, 2, 3, 4])(
  'two hours of seed %i hold every kind of fault and nuisance, each where its machine runs',
  (seed) => {
    const until = plus(BEGIN, (2 * HOUR) as Duration);
    const { faults, nuisances, quiet } = simulatedPlant({ seed, begin: BEGIN }).truth(until);
    expect(faults.map(({ kind }) => kind).toSorted()).toEqual([...FAULT_KINDS].toSorted());
    expect(new Set(faults.map(({ asset }) => asset)).size).toBe(faults.length);
    expect(nuisances.map(({ kind }) => kind).toSorted()).toEqual([...NUISANCE_KINDS].toSorted());
    const stretches = new Set(quiet.map(({ kind }) => kind));
    expect(stretches).toEqual(
      new Set(['changeover', 'startup', 'planned-stop', 'stop', 'maintenance']),
    );
    for (const { asset, begins, detectable } of faults) {
      expect(detectable).toBeGreaterThanOrEqual(begins);
      const during = quiet.filter(({ assets, from, to }) => {
        return assets.includes(asset) && from <= plus(detectable, FOUND_WITHIN) && to > detectable;
      });
      expect(during).toEqual([]);
    }
  },
);
