import type { Command } from 'commander';
import { applyChanges } from '../ingest/apply-changes.ts';
import { changesOf, type PlantChange } from '../ingest/changes.ts';
import { connectNats } from '../ingest/connection.ts';
import { natsSettings } from '../ingest/nats-settings.ts';
import { firstAppended } from '../ingest/recording.ts';
import { readDescription } from '../ingest/recording-description.ts';
import { readPlantFile, readRulesFile } from '../rules-file.ts';
import { partitionCount } from './partition-count.ts';

type Options = {
  readonly check?: boolean;
  readonly replay?: string;
  readonly base?: string;
  readonly partitions?: string;
  readonly nats?: string;
  readonly json?: boolean;
};

/** Adds `andon apply`: checks the plant model and the rules, and publishes them into the log. */
export function registerApply(program: Command): void {
  program
    .command('apply')
    .description('check the plant model and the rules, and publish them into the log')
    .argument('<plant>', 'plant.yaml')
    .argument('[rules]', 'rules.yaml')
    .option('--check', 'only check')
    .option(
      '--replay <recording>',
      'into a replay, at the append time at which this recording begins',
    )
    .option('--base <folder>', 'where the file of the recording lies')
    .option('--partitions <count>', 'of the log (ANDON_PARTITIONS, else 1)')
    .option('--nats <url>', 'instead of NATS_URL')
    .option('--json', 'the result as JSON')
    .action(apply);
}

async function apply(
  plantFile: string,
  rulesFile: string | undefined,
  options: Options,
): Promise<void> {
  const plants = await readPlantFile(plantFile);
  const rules = rulesFile === undefined ? undefined : await readRulesFile(rulesFile);
  const changes = changesOf(plants, rules);
  const partitions = partitionCount(options.partitions, process.env);
  const files = [plantFile, ...(rulesFile === undefined ? [] : [rulesFile])];
  if (options.check === true) {
    if (options.json === true) console.log(JSON.stringify({ checked: files, mistakes: 0 }));
    else console.log(`${files.join(' and ')}: no mistakes.`);
    return;
  }
  const replayAt =
    options.replay === undefined
      ? undefined
      : await firstAppended([await readDescription(options.replay, options.base)]);
  await send(changes, partitions, replayAt, options);
}

async function send(
  changes: readonly PlantChange[],
  partitions: number,
  replayAt: Awaited<ReturnType<typeof firstAppended>>,
  { nats, json }: Options,
): Promise<void> {
  const connection = await connectNats(natsSettings('andon apply', process.env, nats));
  try {
    const applied = await applyChanges({
      connection,
      changes,
      partitions,
      ...(replayAt === undefined ? {} : { replayAt }),
    });
    if (json === true) console.log(JSON.stringify(applied));
    else
      for (const { subject, stream, sequence, change } of applied) {
        console.log(
          `${subject} takes effect at message ${sequence} of ${stream} (change ${change})`,
        );
      }
  } finally {
    await connection.close();
  }
}
