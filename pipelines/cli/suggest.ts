import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { wrongInput } from '../base/problem.ts';
import { readDescription } from '../recordings/recording-description.ts';
import { openRecordingLog } from '../recordings/recordings.ts';
import { readPlantFile } from '../rules/rules.ts';
import { suggest, suggestionText } from '../rules/suggest/suggest.ts';

type Options = {
  readonly model: string;
  readonly data: readonly string[];
  readonly base?: string;
  readonly alarms: string;
  readonly out?: string;
};

/** Adds `andon suggest`: rules for a plant that has none yet, from its history. */
export function registerSuggest(command: Command): void {
  command
    .requiredOption('--model <file>', 'plant.yaml')
    .requiredOption('--data <file...>', 'descriptions of recordings, or .ndjson files')
    .option('--base <directory>', 'where the files that descriptions name are')
    .option('--alarms <count>', 'a detector raised at most so many a month and asset', '2')
    .option('--out <file>', 'write the rules there; without it to standard output')
    .addHelpText(
      'after',
      '\nLooks at the history three times, and proposes windows, detectors, modes and limits, each with the alarms a' +
        '\nmonth that it would have raised. Nothing is applied: read the file, then `andon apply --check`.',
    )
    .action(run);
}

async function run({ model, data, base, alarms, out }: Options): Promise<void> {
  const most = Number(alarms);
  if (!(most >= 0)) throw wrongInput('--alarms', 'a number from 0 on', alarms);
  const plants = await readPlantFile(model);
  const recordings = await Promise.all(data.map((file) => readDescription(file, base)));
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort(new Error('interrupted')));
  const suggestion = await suggest({
    plants,
    openLog: (changes) => openRecordingLog({ recordings, changes }),
    alarms: most,
    signal: interrupted.signal,
  });
  interrupted.signal.throwIfAborted();
  const text = suggestionText(suggestion);
  if (out === undefined) console.log(text.trimEnd());
  else writeFileSync(out, text);
}
