import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { serialize } from 'node:v8';
import { Subject } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { detect } from '../../../operators/detect/detect.ts';
import type { Epoch, Flow } from '../../../operators/flow/flow.ts';
import { type KeyState, NO_CHECKPOINTS, type States } from '../../../operators/flow/states.ts';
import { type AssetKey, assetKey, lineOf } from '../../../operators/model/key.ts';
import type { Enriched, Observation } from '../../../operators/model/observation.ts';
import type { Asset } from '../../../operators/model/plant-model.ts';
import type { Rules } from '../../../operators/model/rules.ts';
import { bearingNamed } from '../../../operators/spectrum/bearing.ts';
import { extract } from '../../../operators/spectrum/extract.ts';
import { readPlantFile, readRulesFile } from '../../../pipelines/rules/rules.ts';
import { watermark } from '../../support/flows.ts';
import { randomOf } from '../../support/plant-log.ts';
import { changeOf, enriched, seconds, windowAt } from './fixtures.ts';

type Item = Flow<Enriched<Observation>>;

const EXAMPLES = fileURLToPath(new URL('../../../examples/', import.meta.url));
const SAMPLES = 440;
const BOUND = 16_384;

/** Every feature that a waveform can have, that of a healthy bearing. */
const random = randomOf(5);
const noise = Float32Array.from({ length: 8_192 }, () => random() - 0.5);
const { values: FEATURES } = extract(noise, 25_600, 'g', 1_800, bearingNamed('6205'));

/** A waveform of each point and a window of each signal and window rule, every minute, of one mode. */
function* heardOf(asset: Asset, key: AssetKey, { windows }: Rules): Generator<Item> {
  const about = { asset: key };
  for (let sample = 1; sample <= SAMPLES; sample += 1) {
    const end = 60 * sample;
    const wander = 1 + (random() - 0.5) / 5;
    const values = Object.fromEntries(
      Object.entries(FEATURES).map(([name, value]) => [name, value * wander]),
    );
    for (const { id: point } of asset.points) {
      const of = { ...about, point, time: seconds(end), rate: 25_600, samples: 8_192 };
      yield enriched({ kind: 'features', ...of, values, absent: {} }, seconds(end));
    }
    for (const signal of Object.keys(asset.signals)) {
      for (const { id: window } of windows) {
        yield enriched(windowAt(end, 50 * wander, { ...about, signal, window }), seconds(end));
      }
    }
    yield watermark(lineOf(key), seconds(end));
  }
}

/** The most bytes that the detectors' whole state of one asset ever took, looked at every few samples. */
function mostBytes(items: Iterable<Item>): number {
  let most = 0;
  const states: States = {
    ...NO_CHECKPOINTS,
    save: (_id, begin) => {
      const look = (cells: readonly KeyState[]) => {
        for (const [, state] of cells) most = Math.max(most, serialize(state).length);
      };
      begin(look, true).more(10);
    },
  };
  const input = new Subject<Item>();
  detect(states)(input).subscribe();
  let count = 0;
  for (const item of items) {
    input.next(item);
    count += 1;
    if (count % 100 === 0) input.next({ kind: 'barrier', epoch: (count / 100) as Epoch });
  }
  return most;
}

/** One of those that differ in nothing but their names. */
function unlike(assets: readonly Asset[]): readonly Asset[] {
  const kinds = new Map(
    assets.map((asset) => [JSON.stringify({ ...asset, id: '', name: '' }), asset]),
  );
  return [...kinds.values()];
}

const folders = ['.', ...readdirSync(EXAMPLES)].filter((folder) =>
  ['plant.yaml', 'rules.yaml'].every((file) => existsSync(`${EXAMPLES}${folder}/${file}`)),
);

/** Those that judge samples: what events raise keeps a few numbers each. */
const judging: string[] = [];
for (const folder of folders) {
  const { rules } = await readRulesFile(`${EXAMPLES}${folder}/rules.yaml`);
  if (rules.detectors.some(({ kind }) => kind !== 'event')) judging.push(folder);
}

describe('all detectors of an asset in one mode together', () => {
  test.for(judging)('stay under 16 kB with the rules of examples/%s', async (folder, context) => {
    const plants = await readPlantFile(`${EXAMPLES}${folder}/plant.yaml`);
    const { rules } = await readRulesFile(`${EXAMPLES}${folder}/rules.yaml`);
    const sizes = plants.flatMap(({ model }) =>
      model.lines.flatMap((line) =>
        unlike(line.assets).map((asset) => {
          const knowledge: Item[] = [
            changeOf({ kind: 'model', id: 'm', model }),
            changeOf({ kind: 'rules', id: 'r', plant: model.id, rules }),
          ];
          const key = assetKey(model.id, line.id, asset.id);
          return mostBytes([...knowledge, ...heardOf(asset, key, rules)]);
        }),
      ),
    );
    await context.annotate(`at most ${Math.max(...sizes)} bytes`);
    expect(Math.max(...sizes)).toBeGreaterThan(100);
    expect(Math.max(...sizes)).toBeLessThan(BOUND);
  });
});
