import type { NatsConnection } from '@nats-io/transport-node';
import type { Command } from 'commander';
import type { PlantModel } from '../../operators/model/plant-model.ts';
import { type AuditedAct, openAuditor } from '../audit/audit.ts';
import { type Config, configOf, type Departures } from '../base/config.ts';
import { messageOf } from '../base/problem.ts';
import { printRemarks, type Remark } from '../base/yaml-file.ts';
import { unjudgedLines } from '../edge/join.ts';
import type { PlantChange } from '../nats/partition.ts';
import { readDescription } from '../recordings/recording-description.ts';
import { firstAppended } from '../recordings/recordings.ts';
import { type Applied, applyChanges } from '../rules/apply-changes.ts';
import { changesOf } from '../rules/changes.ts';
import { readPlantAndRules, readPlantFile } from '../rules/rules.ts';
import { applyActs, checkFourEyes } from './audited.ts';
import { withNats } from './with-nats.ts';

type Options = Departures & {
  readonly check?: boolean;
  readonly propose?: true;
  readonly replay?: string;
  readonly base?: string;
  readonly reason?: string;
  readonly json?: boolean;
  readonly migrate?: true;
};

/** Adds `andon apply`: checks the plant model and the rules, and publishes them into the log. */
export function registerApply(command: Command): void {
  command
    .argument('<plant>', 'plant.yaml')
    .argument('[rules]', 'rules.yaml')
    .option('--check', 'only check')
    .option('--propose', 'only check and propose: somebody else applies it (four_eyes)')
    .option(
      '--migrate',
      'workflows under way go on by these rules; without it by the definitions that they began with',
    )
    .option(
      '--replay <recording>',
      'into a replay, at the append time at which this recording begins',
    )
    .option('--base <folder>', 'where the file of the recording lies')
    .option('--reason <text>', 'why, for the audit stream')
    .option('--partitions <count>', 'of the log (ANDON_PARTITIONS, else 1)')
    .option('--nats <url>', 'instead of NATS_URL')
    .option('--config <file>', 'configuration (YAML); the environment overlays it')
    .option('--json', 'the result as JSON')
    .action(apply);
}

async function apply(
  plantFile: string,
  rulesFile: string | undefined,
  options: Options,
): Promise<void> {
  const { plants, rules } =
    rulesFile === undefined
      ? { plants: await readPlantFile(plantFile), rules: undefined }
      : await readPlantAndRules(plantFile, rulesFile);
  const changes = changesOf(plants, rules, { migrate: options.migrate === true });
  const config = configOf(options);
  const files = [plantFile, ...(rulesFile === undefined ? [] : [rulesFile])];
  const warnings = rules?.warnings ?? [];
  const json = options.json === true;
  if (!json) printRemarks(warnings);
  if (options.check === true) {
    if (json) console.log(JSON.stringify({ checked: files, mistakes: 0, warnings }));
    else console.log(`${files.join(' and ')}: no mistakes${warningCount(warnings.length)}.`);
    return;
  }
  if (options.propose === true) return propose(changes, config, options.reason);
  const replayAt =
    options.replay === undefined
      ? undefined
      : await firstAppended([await readDescription(options.replay, options.base)]);
  const models = plants.map(({ model }) => model);
  const sending = { replayAt, reason: options.reason, models };
  await send(changes, config, sending, json ? warnings : undefined);
}

async function propose(
  changes: readonly PlantChange[],
  config: Config,
  reason: string | undefined,
): Promise<void> {
  await withNats(config, 'andon apply', async (connection) => {
    const auditor = await openAuditor(connection, { via: 'engineer', user: config.user });
    // To write it down is all that is done.
    await auditor.around(applyActs(changes, reason, 'apply-propose'), async () => undefined);
  });
  for (const { plant } of changes) console.log(`proposed for ${plant}: somebody else applies it`);
}

function warningCount(count: number): string {
  if (count === 0) return '';
  return count === 1 ? ', one warning' : `, ${count} warnings`;
}

type Sending = {
  /** Into a replay, at this append time. */
  readonly replayAt: Awaited<ReturnType<typeof firstAppended>>;
  readonly reason: string | undefined;
  readonly models: readonly PlantModel[];
};

/** Publishes. `warnings`: the result is JSON and carries them, beside the rules that they are about. */
async function send(
  changes: readonly PlantChange[],
  config: Config,
  { replayAt, reason, models }: Sending,
  warnings: readonly Remark[] | undefined,
): Promise<void> {
  const { partitions } = config;
  const replay = replayAt === undefined ? {} : { replayAt };
  const applied = await withNats(config, 'andon apply', async (connection) => {
    const apply = () => applyChanges({ connection, changes, partitions, ...replay });
    // What a recording was made under is no act of today.
    if (replayAt !== undefined) return apply();
    const auditor = await openAuditor(connection, { via: 'engineer', user: config.user });
    const acts = applyActs(changes, reason);
    if (config.four_eyes) await checkFourEyes(connection, acts, auditor.who);
    const done = await auditor.around(acts, apply, placesOf);
    await tellUnjudged(connection, partitions, models);
    return done;
  });
  if (warnings !== undefined) {
    const results = applied.map((one) => (isRules(one.subject) ? { ...one, warnings } : one));
    console.log(JSON.stringify(results));
    return;
  }
  for (const { subject, stream, sequence, change } of applied) {
    console.log(`${subject} takes effect at message ${sequence} of ${stream} (change ${change})`);
  }
}

/** It is applied all the same: an edge may join later. */
async function tellUnjudged(
  connection: NatsConnection,
  partitions: number,
  models: readonly PlantModel[],
): Promise<void> {
  try {
    for (const { line, edge } of await unjudgedLines({ connection, partitions }, models)) {
      const until = 'until `andon edge join` nobody judges it';
      console.error(`warning: ${line} is judged at ${edge}, an edge that has not joined: ${until}`);
    }
  } catch (error) {
    console.error(`warning: whether its edges have joined is not known: ${messageOf(error)}`);
  }
}

/** With several partitions a subject has the prefix of its own. */
function isRules(subject: string): boolean {
  return /^(?:andon\.\d+\.)?rules\./.test(subject);
}

/** Where in the log it takes effect; who applies may not know when the streams were made. */
function placesOf(applied: readonly Applied[], { what }: AuditedAct) {
  return applied
    .filter(({ subject }) => subject === what)
    .map(({ stream, sequence }) => ({ place: { stream, created: null, sequence } }));
}
