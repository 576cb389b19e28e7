/** Names of the plant model for what machines and tags are called: the same for the same tags, and never one for two. */

import { nameSchema } from '../../../operators/model/plant-model.ts';
import type { EdgeConfig } from '../edge-config.ts';
import { NATS_SOURCE } from './listen.ts';
import type { SeenTag } from './seen-tags.ts';

/** `plant.line.asset`, and whether `edge.yaml` (or the subject) says it already. */
export type NamedMachine = { readonly path: string; readonly known: boolean };

export type FoundNames = {
  /** By what the source calls the machine. */
  readonly machines: ReadonlyMap<string, NamedMachine>;
  /** Signals by their tags: one name for a tag of all machines, as `signals` of `edge.yaml` has it. */
  readonly signals: ReadonlyMap<string, string>;
};

const PATH = /^[A-Za-z0-9_-]{1,64}(?:\.[A-Za-z0-9_-]{1,64}){2}$/;
const LONGEST = 64;
const SPELLED: Readonly<Record<string, string>> = {
  ...{ ä: 'ae', ö: 'oe', ü: 'ue', Ä: 'Ae', Ö: 'Oe', Ü: 'Ue', ß: 'ss', æ: 'ae', ø: 'o', å: 'a' },
  ...{ '°': '', '%': 'percent', µ: 'u' },
};

/** `plant`: the plant of machines that nothing says anything of. */
export function nameAll(
  tags: readonly SeenTag[],
  { assets, signals }: Pick<EdgeConfig, 'assets' | 'signals'>,
  plant: string,
): FoundNames {
  const known = new Map(Object.entries(assets));
  const machines = new Map<string, NamedMachine>();
  const published = tags.filter(({ source }) => source === NATS_SOURCE);
  // What has a name already keeps it, whatever comes first.
  const paths = new Set([...known.values(), ...published.map(({ machine }) => machine)]);
  for (const { machine, source } of tags) {
    if (machines.has(machine)) continue;
    const said = known.get(machine) ?? (source === NATS_SOURCE ? machine : undefined);
    if (said !== undefined && PATH.test(said)) {
      machines.set(machine, { path: said, known: true });
      continue;
    }
    const path = unusedName(pathOf(machine, source, plant), paths);
    paths.add(path);
    machines.set(machine, { path, known: false });
  }
  return { machines, signals: nameSignals(tags, signals) };
}

function nameSignals(
  tags: readonly SeenTag[],
  said: EdgeConfig['signals'],
): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const [tag, { as }] of Object.entries(said)) names.set(tag, as ?? tag);
  const used = new Set(names.values());
  for (const { tag, source } of tags) {
    if (names.has(tag)) continue;
    // What comes in the wire format has its name already.
    const name = source === NATS_SOURCE ? tag : unusedName(modelName(tag), used);
    used.add(name);
    names.set(tag, name);
  }
  return names;
}

/** The last two levels of what a machine is called are its line and itself; of one level the source is the line. */
function pathOf(machine: string, source: string, plant: string): string {
  const levels = machine.split('/').filter((level) => level !== '');
  const asset = levels.at(-1) ?? machine;
  const line = levels.at(-2) ?? source;
  return [plant, line, asset].map(modelName).join('.');
}

/** What stands in a subject: umlauts as they are spelled without, all else that is no letter or digit as `_`. */
export function modelName(text: string): string {
  const plain = [...text]
    .map((letter) => SPELLED[letter] ?? letter)
    .join('')
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .replace(/[^A-Za-z0-9_-]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, LONGEST);
  if (plain === '') return 'unnamed';
  return nameSchema.safeParse(plain).success ? plain : `${plain.slice(0, LONGEST - 1)}_`;
}

/** With a number behind it where somebody else has it. */
function unusedName(wanted: string, used: ReadonlySet<string>): string {
  if (!used.has(wanted)) return wanted;
  const [stem, head] = [wanted.split('.').at(-1) ?? '', wanted.split('.').slice(0, -1)];
  for (let number = 2; ; number += 1) {
    const ending = `_${number}`;
    const name = [...head, `${stem.slice(0, LONGEST - ending.length)}${ending}`].join('.');
    if (!used.has(name)) return name;
  }
}
