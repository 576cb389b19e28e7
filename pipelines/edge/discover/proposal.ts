/** What was heard, as a `plant.yaml` to edit and as entries of `edge.yaml`: what is known is written, what is guessed stands in comments. */

import { isMap, isScalar, type Pair, parseDocument, YAMLMap } from 'yaml';
import { assetSchema, nameSchema } from '../../../operators/model/plant-model.ts';
import type { EdgeSignal } from '../edge-config.ts';
import { NATS_SOURCE } from './listen.ts';
import type { FoundNames } from './names.ts';
import type { SeenTag } from './seen-tags.ts';

/** Units that a point of vibration may have. */
const POINT_UNITS: ReadonlySet<string> = new Set(
  assetSchema.shape.points.unwrap().element.shape.unit.unwrap().options,
);
const LONGEST_UNIT = 32;
const LONGEST_COMMENT = 100;

/** `head`: sentences above all else. */
export function plantText(
  tags: readonly SeenTag[],
  names: FoundNames,
  head: readonly string[],
): string {
  const plants = new Map<string, Map<string, Map<string, SeenTag[]>>>();
  for (const tag of tags) {
    const [plant = '', line = '', asset = ''] =
      names.machines.get(tag.machine)?.path.split('.') ?? [];
    const lines = inMap(plants, plant, () => new Map<string, Map<string, SeenTag[]>>());
    const assets = inMap(lines, line, () => new Map<string, SeenTag[]>());
    inMap(assets, asset, () => []).push(tag);
  }
  const text = [...head.map((line) => comment('', line)), 'plants:'];
  for (const [plant, lines] of plants) {
    text.push(`  - id: ${word(plant)}`, '    lines:');
    for (const [line, assets] of lines) {
      text.push(`      - id: ${word(line)}`, '        assets:');
      for (const [asset, all] of assets) text.push(...assetLines(asset, all, names));
    }
  }
  return `${text.join('\n')}\n`;
}

function assetLines(asset: string, tags: readonly SeenTag[], names: FoundNames): readonly string[] {
  const machines = [...new Set(tags.map(({ machine }) => machine))];
  const called = machines.find((machine) => machine !== names.machines.get(machine)?.path);
  const events = tags.filter(({ facts }) => facts.type === 'event');
  const points = tags.filter(({ facts }) => facts.type === 'waveform');
  const signals = new Map(
    tags.filter((tag) => isSignal(tag)).map((seen) => [names.signals.get(seen.tag), seen]),
  );
  const indent = ' '.repeat(12);
  // Of two tags with one name the second is the first, by another way.
  const named = [...signals.values()].flatMap((seen) => signalLines(`${indent}  `, seen, names));
  // Comments alone would leave `signals` without a value, which is no map.
  const none = named.every((line) => line.trimStart().startsWith('#')) ? ' {}' : '';
  return [
    `          - id: ${word(asset)}`,
    ...(called === undefined ? [] : [`${indent}name: ${JSON.stringify(called)}`]),
    ...events.map(({ tag, count }) => comment(indent, `events of type ${tag}: ${count} heard`)),
    ...(points.length === 0 ? [] : [`${indent}points:`]),
    ...points.map(({ tag, facts: { unit = '' } }) => {
      const said = POINT_UNITS.has(unit) ? `, unit: ${unit}` : '';
      return `${indent}  - { id: ${word(tag)}${said} }`;
    }),
    ...(signals.size === 0 ? [] : [`${indent}signals:${none}`]),
    ...named,
  ];
}

function signalLines(indent: string, seen: SeenTag, names: FoundNames): readonly string[] {
  const name = names.signals.get(seen.tag) ?? seen.tag;
  const said = [comment(indent, `${name === seen.tag ? '' : `${seen.tag}: `}${describeTag(seen)}`)];
  const { suspicion, types, facts } = seen;
  if (suspicion !== undefined) {
    const kind = suspicion.kind === 'packml' ? 'state' : suspicion.kind;
    said.push(comment(indent, `suspected ${kind}: ${suspicion.why}${adviceOn(seen)}`));
  }
  // A name of the source that the model does not take has to be given another one first.
  if (types.has('list') && types.size === 1) {
    said.push(comment(indent, 'a list of numbers: a waveform, if signals of edge.yaml says so'));
    return said;
  }
  if (seen.unread !== undefined) {
    said.push(comment(indent, `no reading: ${seen.unread}`));
    return said;
  }
  if (isPackml(seen)) return said;
  if (!nameSchema.safeParse(name).success) {
    const how =
      seen.source === NATS_SOURCE ? 'whoever publishes it' : 'signals of edge.yaml ("as")';
    said.push(comment(indent, `no name of a model: let ${how} give it another one`));
    return said;
  }
  const [unit] = seen.units;
  const fields = [
    ...(unit === undefined || seen.units.size > 1 || unit.length > LONGEST_UNIT || unit === ''
      ? []
      : [`unit: ${JSON.stringify(unit)}`]),
    ...(isCounter(seen) ? ['kind: counter'] : []),
    ...(facts.description ? [`description: ${JSON.stringify(facts.description)}`] : []),
  ];
  return [
    ...said,
    `${indent}${word(name)}: {${fields.length === 0 ? '' : ` ${fields.join(', ')} `}}`,
  ];
}

/** Its states go up as events, and it is no signal. */
export function isPackml({ suspicion }: SeenTag): boolean {
  return suspicion?.kind === 'packml' && suspicion.sure;
}

function isCounter({ suspicion }: SeenTag): boolean {
  return suspicion?.kind === 'counter' && suspicion.sure;
}

function adviceOn({ suspicion }: SeenTag): string {
  if (suspicion === undefined || suspicion.sure) return '';
  if (suspicion.kind === 'counter') return '; then kind: counter';
  return suspicion.kind === 'packml'
    ? '; then states: packml in signals of edge.yaml'
    : '; then a table of states in signals of edge.yaml';
}

/** Type, rate, range and silence, for people. */
export function describeTag(seen: SeenTag): string {
  const { facts, types, count, bad, interval, silence, low, high, units } = seen;
  const type = facts.type ?? ([...types].join(' and ') || 'no value yet');
  const seconds = (milliseconds: number) => `${Number((milliseconds / 1_000).toPrecision(2))} s`;
  const range =
    low === undefined || high === undefined
      ? []
      : [low === high ? `${short(low)} only` : `${short(low)} to ${short(high)} seen`];
  const declared =
    facts.low === undefined || facts.high === undefined
      ? []
      : [`${short(facts.low)} to ${short(facts.high)} by its source`];
  return [
    type,
    ...(units.size > 1 ? [`units ${[...units].join(' and ')}`] : []),
    `${count} ${count === 1 ? 'value' : 'values'}`,
    ...(bad === 0 ? [] : [`${bad} bad`]),
    ...(interval === undefined ? [] : [`one in ${seconds(interval)}`]),
    ...(silence === undefined ? [] : [`silent for ${seconds(silence)} at most`]),
    ...range,
    ...declared,
  ].join(', ');
}

function short(number: number): string {
  return String(Number(number.toPrecision(5)));
}

/** `edge.yaml` as it was, with entries for what it does not name yet. */
export function edgeText(before: string, tags: readonly SeenTag[], names: FoundNames): string {
  const document = parseDocument(before);
  const assets = mapAt(document, 'assets');
  const signals = mapAt(document, 'signals');
  // By their texts, as the file is read: a name that is a number may stand there without quotes.
  const listed = new Set(signals.items.map(({ key }) => String(isScalar(key) ? key.value : key)));
  for (const [machine, { path, known }] of names.machines) {
    if (!known) assets.items.push(document.createPair(machine, path) as Pair);
  }
  const ours = tags.filter((seen) => isSignal(seen) && seen.source !== NATS_SOURCE);
  const fresh = new Map(ours.map((seen) => [seen.tag, seen]));
  for (const [tag, seen] of fresh) {
    if (listed.has(tag) || seen.unread !== undefined) continue;
    const name = names.signals.get(tag) ?? tag;
    const entry: EdgeSignal = {
      ...(name === tag ? {} : { as: name }),
      ...(isCounter(seen) ? { kind: 'counter' as const } : {}),
      ...(isPackml(seen) ? { states: 'packml' as const } : {}),
    };
    const value = document.createNode(entry, { flow: true });
    signals.items.push(document.createPair(tag, value) as Pair);
  }
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

/** What has a name in `signals`: no event, and no waveform of the wire format. */
export function isSignal({ facts: { type } }: SeenTag): boolean {
  return type !== 'event' && type !== 'waveform';
}

function mapAt(document: ReturnType<typeof parseDocument>, name: string): YAMLMap {
  const found = document.get(name);
  const map = isMap(found) ? found : new YAMLMap();
  if (map !== found) document.set(name, map);
  map.flow = false;
  return map;
}

/** One line whatever a source is called: what breaks a line would end the comment. */
function comment(indent: string, text: string): string {
  const line = text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ');
  const cut = line.length > LONGEST_COMMENT + 40 ? `${line.slice(0, LONGEST_COMMENT + 37)}…` : line;
  return `${indent}# ${cut}`;
}

/** Names of the model, some of which YAML would take for a number or a word of its own. */
function word(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_-]*$/.test(name) &&
    !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(name)
    ? name
    : JSON.stringify(name);
}

function inMap<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key) ?? make();
  map.set(key, found);
  return found;
}
