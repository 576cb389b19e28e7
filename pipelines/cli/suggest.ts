import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { fromMilliseconds } from '../../operators/model/time.ts';
import { wrongInput } from '../base/problem.ts';
import { readInstant } from '../files/instant.ts';
import { type RecordingDescription, readDescription } from '../recordings/recording-description.ts';
import { openRecordingLog } from '../recordings/recordings.ts';
import { type PlantEntry, readPlantFile } from '../rules/rules.ts';
import { recordLanded } from '../rules/suggest/landed-history.ts';
import { suggest, suggestionText } from '../rules/suggest/suggest.ts';
import { withWarehouse } from '../warehouse/warehouse.ts';

type Options = {
  readonly model: string;
  readonly data?: readonly string[];
  readonly from?: string;
  readonly config?: string;
  readonly base?: string;
  readonly alarms: string;
  readonly out?: string;
};

/** Adds `andon suggest`: rules for a plant that has none yet, from its history. */
export function registerSuggest(command: Command): void {
  command
    .requiredOption('--model <file>', 'plant.yaml')
    .option('--data <file...>', 'descriptions of recordings, or .ndjson files')
    .option('--from <time>', 'instead: what this installation has landed in ClickHouse since')
    .option('--config <file>', 'configuration (YAML) of the installation')
    .option('--base <directory>', 'where the files that descriptions name are')
    .option('--alarms <count>', 'a detector raised at most so many a month and asset', '2')
    .option('--out <file>', 'write the rules there; without it to standard output')
    .addHelpText(
      'after',
      '\nLooks at the history three times, and proposes windows, detectors, modes and limits, each with the alarms a' +
        '\nmonth that it would have raised. Nothing is applied: read the file, then `andon apply --check`.' +
        '\nThe history is --data, or --from: readings, waveforms, states and events of the plants of the model.',
    )
    .action(run);
}

async function run(options: Options): Promise<void> {
  const { model, alarms } = options;
  const most = Number(alarms);
  if (!(most >= 0)) throw wrongInput('--alarms', 'a number from 0 on', alarms);
  if ((options.data === undefined) === (options.from === undefined)) {
    const found = options.data === undefined ? 'neither' : 'both';
    throw wrongInput('andon suggest', 'either --data or --from', found);
  }
  const plants = await readPlantFile(model);
  const folder = mkdtempSync(join(tmpdir(), 'andon-history-'));
  try {
    await print(await historyOf(plants, options, folder), plants, most, options.out);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The recordings that were named; else what was landed, as one in a folder that lasts as long as the look at it. */
async function historyOf(
  plants: readonly PlantEntry[],
  { data = [], from, base, config }: Options,
  folder: string,
): Promise<readonly RecordingDescription[]> {
  if (from === undefined) return Promise.all(data.map((file) => readDescription(file, base)));
  const since = readInstant(from);
  if (Number.isNaN(since)) throw wrongInput('--from', 'a time such as 2026-01-05T00:00:00Z', from);
  const ids = plants.map(({ model }) => model.id);
  const history = { plants: ids, from: fromMilliseconds(since), folder };
  return withWarehouse(config, async ({ client }) => [await recordLanded(client, history)]);
}

async function print(
  recordings: readonly RecordingDescription[],
  plants: readonly PlantEntry[],
  alarms: number,
  out: string | undefined,
): Promise<void> {
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort(new Error('interrupted')));
  const suggestion = await suggest({
    plants,
    openLog: (changes) => openRecordingLog({ recordings, changes }),
    alarms,
    signal: interrupted.signal,
  });
  interrupted.signal.throwIfAborted();
  const text = suggestionText(suggestion);
  if (out === undefined) console.log(text.trimEnd());
  else writeFileSync(out, text);
}
