/** How plants differ: from their template, from each other, and where two installations would collide. */

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { EXIT, Problem } from '../base/problem.ts';
import { readText } from '../base/read-text.ts';
import { openYamlFile } from '../base/yaml-file.ts';
import { readPlantFile } from '../rules/rules.ts';
import { leavesOf, type MadePlant, readMadePlant } from './plant-template.ts';

/** `template`: undefined where the template has nothing there; `found`: where the plant has nothing. */
type Difference = {
  readonly file: string;
  readonly at: string;
  readonly template: string | undefined;
  readonly found: string | undefined;
  /** Of an overlay; undefined for what was changed by hand. */
  readonly why: string | undefined;
};
export type PlantDifferences = {
  readonly differences: readonly Difference[];
  /** Values in the files of the plant, and how many of them are as the template has them. */
  readonly values: number;
  readonly shared: number;
};

/** What a plant has otherwise than its template: by overlay, or by hand. */
export function comparePlant(folder: string): PlantDifferences {
  const { files, overlay } = readMadePlant(folder);
  const differences: Difference[] = [];
  let [values, shared] = [0, 0];
  for (const { name, bare, made } of files) {
    const template = leavesOf(bare);
    const laid = leavesOf(parse(made));
    const found = leavesOf(yamlOf(folder, name));
    values += found.size;
    for (const at of [...new Set([...template.keys(), ...found.keys()])].toSorted()) {
      if (template.get(at) === found.get(at)) {
        shared += 1;
        continue;
      }
      const own = overlay.filter((one) => one.file === name && isBelow(at, one.at));
      const by = own.findLast((one) => `${at}/`.startsWith(`${one.at}/`)) ?? own.at(-1);
      const why = laid.get(at) === found.get(at) ? by?.why : undefined;
      differences.push({ file: name, at, template: template.get(at), found: found.get(at), why });
    }
    // What is laid over and is not in the file was taken back by hand.
    for (const [at, value] of laid) {
      if (found.get(at) === value || differences.some((one) => one.file === name && one.at === at))
        continue;
      differences.push({
        file: name,
        at,
        template: template.get(at),
        found: found.get(at),
        why: undefined,
      });
    }
  }
  return { differences, values, shared };
}

function yamlOf(folder: string, name: string): unknown {
  const path = join(folder, name);
  return existsSync(path) ? openYamlFile(path).data : {};
}

/** A place that an overlay names with `-` or a number may be any entry of that list. */
function isBelow(at: string, overlaid: string): boolean {
  const steps = at.split('/');
  return overlaid
    .split('/')
    .every(
      (step, index) =>
        step === steps[index] || (/^(-|\d+)$/.test(step) && steps[index] !== undefined),
    );
}

/** Makes the files of a plant anew. What was changed by hand is not written over: it belongs into the overlay. */
export function makeAgain(folder: string, force: boolean): readonly string[] {
  const made: MadePlant = readMadePlant(folder);
  const changed = made.files.filter(({ name, made: text }) => {
    const path = join(folder, name);
    return !existsSync(path) || readText(path) !== text;
  });
  const lost = comparePlant(folder).differences.filter(
    ({ file, at, why, found }) =>
      why === undefined &&
      found !== undefined &&
      !made.overlay.some((one) => one.file === file && isBelow(at, one.at)),
  );
  if (lost.length > 0 && !force) {
    const places = lost.slice(0, 5).map(({ file, at }) => `${file} ${at}`);
    throw new Problem({
      where: folder,
      expected: 'files as template and overlay make them',
      found: `${lost.length} values changed by hand: ${places.join(', ')}${lost.length > 5 ? ' …' : ''}`,
      remedy: 'Write them under overlay, or use --force, which takes them back.',
      exit: EXIT.input,
    });
  }
  for (const { name, made: text } of changed) writeFileSync(join(folder, name), text);
  return changed.map(({ name }) => name);
}

/** What two installations both have, and what could be done. */
export type Collision = {
  readonly kind: 'plant' | 'id';
  readonly name: string;
  readonly first: string;
  readonly second: string;
  readonly plan: string;
};

/** Would two installations that become one collide? `first` and `second` are their plant models. */
export async function findCollisions(first: string, second: string): Promise<readonly Collision[]> {
  const [one, other] = await Promise.all([readPlantFile(first), readPlantFile(second)]);
  const plants = new Map(one.map(({ model }) => [model.id, model.name ?? model.id]));
  const taken = new Set([...plants.keys(), ...other.map(({ model }) => model.id)]);
  const found: Collision[] = [];
  for (const { model } of other) {
    const name = plants.get(model.id);
    if (name === undefined) continue;
    const free = freeName(model.id, taken);
    taken.add(free);
    found.push({
      ...{ kind: 'plant', name: model.id, first: name, second: model.name ?? model.id },
      plan: `Call it ${free} in ${second} and in what its gateways publish, apply it, then end the old subjects.`,
    });
  }
  const ids = new Map(remoteIds(one).map(({ key, asset }) => [key, asset]));
  for (const { key, asset, system, remote } of remoteIds(other)) {
    const known = ids.get(key);
    if (known === undefined) continue;
    found.push({
      ...{ kind: 'id', name: `${system} ${remote}`, first: known, second: asset },
      plan: `If both are of one ${system}, one of them is wrong: ask its owner. If not, give the second system a name of its own, in its configuration and under ids of ${second}.`,
    });
  }
  return found;
}

function remoteIds(plants: Awaited<ReturnType<typeof readPlantFile>>) {
  return plants.flatMap(({ model }) =>
    model.lines.flatMap((line) =>
      line.assets.flatMap((asset) =>
        Object.entries(asset.ids).map(([system, remote]) => ({
          ...{ system, remote, key: JSON.stringify([system, remote]) },
          asset: `${model.id}/${line.id}/${asset.id}`,
        })),
      ),
    ),
  );
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  let number = 2;
  while (taken.has(`${name}-${number}`)) number += 1;
  return `${name}-${number}`;
}
