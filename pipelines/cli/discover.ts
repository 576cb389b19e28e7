import { existsSync, statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Command } from 'commander';
import { nameSchema } from '../../operators/model/plant-model.ts';
import { endOnSignal } from '../base/child.ts';
import { configOf } from '../base/config.ts';
import { inColumns } from '../base/in-columns.ts';
import { EXIT, wrongInput } from '../base/problem.ts';
import { readText } from '../base/read-text.ts';
import type { ModelDifference } from '../edge/discover/compare.ts';
import type { Discovered } from '../edge/discover/discover.ts';
import { readEdgeConfig } from '../edge/edge-config.ts';
import { readPlantFile } from '../rules/rules.ts';
import { withNats } from './with-nats.ts';

type Options = {
  readonly config?: string;
  readonly nats?: string;
  readonly seconds: string;
  readonly plant?: string;
  readonly out?: string;
  readonly mapping?: string;
  readonly model?: string;
  readonly json?: true;
};

/** Adds `andon discover`: what stands in a plant, as a model to edit. */
export function registerDiscover(command: Command): void {
  command
    .option(
      '--config <file>',
      'edge.yaml, whose sources are listened to; its assets may be missing',
    )
    .option('--nats <url>', 'listen there to what is published in the wire format')
    .option('--seconds <count>', 'how long', '60')
    .option('--plant <id>', 'the plant of new machines (that of assets, else works)')
    .option('--out <file>', 'write plant.yaml there; an existing file is left alone')
    .option('--mapping <file>', 'write edge.yaml there, with entries for what was found')
    .option('--model <file>', 'a plant.yaml: say what is new, gone or changed (exit code 7)')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nListens beside a running edge: with another client id and without STATE. It asks nodes of Sparkplug for their' +
        '\nbirths, and opens a connection of its own to servers of OPC UA. Types, rates and ranges stand in comments.',
    )
    .action(run);
}

async function run(options: Options): Promise<void> {
  const { config: file, nats, out, mapping, model, json } = options;
  const seconds = checked(options);
  const models = model === undefined ? undefined : await readPlantFile(model);
  const config = file === undefined ? undefined : readEdgeConfig(file, 'without assets');
  const { differencesFrom, discover, edgeFileWith } = await import('../edge/discover/discover.ts');
  const listening = (connection: NatsConnection | undefined) =>
    discover({
      ...{ config, nats: connection, seconds, plant: options.plant, signal: endOnSignal() },
      onProgress: ({ seconds: passed, machines, tags, readings }) =>
        console.error(
          `${passed} of ${seconds} s: ${machines} machines, ${tags} tags, ${readings} values`,
        ),
    });
  const found =
    nats === undefined
      ? await listening(undefined)
      : await withNats(configOf({ nats }), 'andon discover', listening);
  if (out !== undefined) writeFileSync(out, found.plant, { flag: 'wx' });
  if (mapping !== undefined && file !== undefined) {
    // What may read the one may read the other: passwords may stand in it.
    const mode = statSync(file).mode & 0o777;
    writeFileSync(mapping, edgeFileWith(found, readText(file)), { flag: 'wx', mode });
  }
  const plants = models?.map((entry) => entry.model);
  const differences = plants && differencesFrom(found, plants, config ?? {}, nats !== undefined);
  if (json === true) console.log(JSON.stringify(jsonOf(found, differences)));
  else if (differences !== undefined) console.log(describe(differences));
  else if (out === undefined) console.log(found.plant.trimEnd());
  for (const sentence of found.summary) console.error(sentence);
  if (nats !== undefined && differences?.some(isNewAsset) === true) {
    console.error('What the log has of new assets can be sent again: andon dead-letters unknown');
  }
  if (differences !== undefined && differences.length > 0) process.exitCode = EXIT.differs;
}

/** Before anybody listens for minutes. */
function checked({ config, nats, seconds, plant, out, mapping }: Options): number {
  if (config === undefined && nats === undefined) {
    throw wrongInput('andon discover', '--config or --nats', 'neither', 'Say what to listen to.');
  }
  if (!/^[1-9]\d{0,5}$/.test(seconds)) {
    throw wrongInput('--seconds', 'a number from 1 to 999999', seconds);
  }
  if (plant !== undefined && !nameSchema.safeParse(plant).success) {
    throw wrongInput('--plant', 'letters, digits, _ and -', plant);
  }
  if (mapping !== undefined && config === undefined) {
    throw wrongInput('--mapping', '--config beside it', 'none');
  }
  for (const [option, file] of Object.entries({ out, mapping })) {
    if (file === undefined) continue;
    if (existsSync(file)) throw wrongInput(`--${option}`, 'a new file', `${file}, which is there`);
    const folder = dirname(resolve(file));
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
      throw wrongInput(`--${option}`, 'a file in a folder that is there', file);
    }
  }
  if (out !== undefined && mapping !== undefined && resolve(out) === resolve(mapping)) {
    throw wrongInput('--mapping', 'another file than --out', mapping);
  }
  return Number(seconds);
}

function jsonOf(
  { tags, names, sources, plant }: Discovered,
  differences: readonly ModelDifference[] | undefined,
): object {
  return {
    sources,
    tags: tags.map(({ units, types, ...seen }) => ({
      ...seen,
      ...{ units: [...units], types: [...types] },
      asset: names.machines.get(seen.machine)?.path,
      signal: names.signals.get(seen.tag),
    })),
    plant,
    ...(differences === undefined ? {} : { differences }),
  };
}

function isNewAsset({ kind, signal }: ModelDifference): boolean {
  return kind === 'new' && signal === undefined;
}

function describe(differences: readonly ModelDifference[]): string {
  if (differences.length === 0) return 'Everything that was heard is in the model, and all of it.';
  const rows = differences.map(({ kind, asset, signal = '-', what }) => [
    kind,
    asset,
    signal,
    what,
  ]);
  return inColumns([['IS', 'ASSET', 'SIGNAL', 'WHAT'], ...rows]);
}
