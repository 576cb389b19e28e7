import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { wrongInput } from '../base/problem.ts';
import { readDescription } from '../recordings/recording-description.ts';
import { openRecordingLog } from '../recordings/recordings.ts';
import { readAnswered } from '../rules/answers/answered.ts';
import { type PrecisionFilter, precisionText, readPrecision } from '../rules/answers/precision.ts';
import { proposalText, propose } from '../rules/answers/proposals.ts';
import { readPlantAndRules } from '../rules/rules.ts';
import { withWarehouse } from '../warehouse/warehouse.ts';

type Options = PrecisionFilter & {
  readonly config?: string;
  readonly json?: true;
  readonly propose?: true;
  readonly model?: string;
  readonly rules?: string;
  readonly data?: readonly string[];
  readonly base?: string;
  readonly out?: string;
};

/** What a proposal is made of, each given. */
type ProposalFiles = Pick<Options, 'base' | 'out' | 'json'> &
  Required<Pick<Options, 'model' | 'rules' | 'data'>>;

/** Adds `andon precision`: how often rules were right by the answers of people, and what could be changed in them. */
export function registerPrecision(command: Command): void {
  command
    .option('--plant <plant>', 'only this plant')
    .option('--asset <asset>', 'only this asset')
    .option('--rule <id>', 'only this rule')
    .option('--propose', 'instead: other values for detectors that were called false often')
    .option('--model <file>', 'plant.yaml, for a proposal')
    .option('--rules <file>', 'rules.yaml, for a proposal')
    .option('--data <file...>', 'descriptions of recordings, or .ndjson files, for a proposal')
    .option('--base <directory>', 'where the files that descriptions name are')
    .option('--out <file>', 'write the proposal there; without it to standard output')
    .option('--config <file>', 'configuration (YAML); the environment overlays it')
    .option('--json', 'a JSON list')
    .addHelpText(
      'after',
      '\nAnswers are feedback on anomalies (confirmed, false), and what became of requests in the CMMS. A proposal needs' +
        '\nfive answers, three of them false, and recordings of the time in which the alarms came: each delay, mode and' +
        '\nlimit is tried on them. Nothing is applied.',
    )
    .action(run);
}

async function run(options: Options): Promise<void> {
  const files = proposalFiles(options);
  if (files !== undefined) return printProposal(files, options);
  await withWarehouse(options.config, async ({ client }) => {
    const found = await readPrecision(client, options);
    console.log(options.json === true ? JSON.stringify(found, null, 2) : precisionText(found));
  });
}

function proposalFiles(options: Options): ProposalFiles | undefined {
  const { model, rules, data, base, out, json } = options;
  const given = [model, rules, data, base, out].some((one) => one !== undefined);
  if (options.propose !== true) {
    if (!given) return undefined;
    throw wrongInput(
      'andon precision',
      '--propose beside --model, --rules, --data',
      'no --propose',
    );
  }
  if (model === undefined || rules === undefined || data === undefined) {
    const found = Object.entries({ model, rules, data })
      .filter(([, value]) => value === undefined)
      .map(([name]) => `no --${name}`);
    const expected = '--model, --rules and --data: what is proposed is tried on recordings';
    throw wrongInput('--propose', expected, found.join(', '));
  }
  return {
    ...{ model, rules, data },
    ...(base === undefined ? {} : { base }),
    ...(out === undefined ? {} : { out }),
    ...(json === undefined ? {} : { json }),
  };
}

async function printProposal(files: ProposalFiles, { config, ...filter }: Options): Promise<void> {
  const { model, rules, data, base, out, json } = files;
  // Mistakes in the files come before a warehouse is opened.
  const { plants } = await readPlantAndRules(model, rules);
  const recordings = await Promise.all(data.map((file) => readDescription(file, base)));
  const answered = await withWarehouse(config, ({ client }) => readAnswered(client, filter));
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort(new Error('interrupted')));
  const proposals = await propose({
    ...{ rules, plants, answered },
    openLog: (changes) => openRecordingLog({ recordings, changes }),
    signal: interrupted.signal,
  });
  interrupted.signal.throwIfAborted();
  const text = json === true ? `${JSON.stringify(proposals, null, 2)}\n` : proposalText(proposals);
  if (text === undefined) {
    console.error(
      'Nothing to propose: no detector of the file has five answers, three of them false.',
    );
  } else if (out === undefined) console.log(text.trimEnd());
  else writeFileSync(out, text);
}
