import { writeFileSync } from 'node:fs';
import type { ClickHouseClient } from '@clickhouse/client';
import type { Command } from 'commander';
import {
  type MappingChange,
  mappingChangeSchema,
  plantOfMapping,
} from '../../operators/model/wire.ts';
import { openAuditor } from '../audit/audit.ts';
import { configOf, type Departures } from '../base/config.ts';
import { inColumns } from '../base/in-columns.ts';
import { EXIT, Problem, wrongInput } from '../base/problem.ts';
import { csvOfMappings, readMappingCsv } from '../governance/mapping-csv.ts';
import {
  type ChangeRecord,
  changesOfMappings,
  checkMapping,
  checkMappingAnswer,
  currentMappings,
  type MappingCheck,
  newMappings,
  type ProposedMapping,
  proposalOf,
  publishMappings,
} from '../governance/mappings.ts';
import type { Applied } from '../rules/apply-changes.ts';
import { withWarehouse } from '../warehouse/warehouse.ts';
import { withNats } from './with-nats.ts';

type Options = Departures & { readonly json?: true; readonly reason?: string };
type ProposalOptions = Options &
  Partial<ProposedMapping> & { readonly csv?: string; readonly plant?: string };

/** Adds `andon mapping`: what things are called in which system, and changes of it with a check and an approval. */
export function registerMapping(command: Command): void {
  command.addHelpText('after', '\nWithout a command: list. Its options: andon mapping list --help');
  common(
    command
      .command('list', { isDefault: true })
      .description('mappings as they are, of the governance file and of approved changes')
      .option('--csv <file>', 'write them into this file, for people and for propose --csv'),
  ).action(list);
  common(
    command.command('history').description('changes, what became of each and from where on'),
  ).action(history);
  described(
    common(command.command('check').description('what a change would touch; changes nothing')),
  ).action((options: ProposalOptions) => check(options));
  described(
    common(command.command('propose').description('put a change into the log, behind its check')),
  )
    .option(
      '--plant <plant>',
      'whose engineers propose it, for what has no plant in its id (part, supplier …)',
    )
    .option('--reason <text>', 'why, for whoever approves it and for the audit stream')
    .action((options: ProposalOptions) => propose(options));
  for (const verb of ['approve', 'refuse'] as const) {
    common(command.command(`${verb} <changes...>`).description(`${verb} changes that wait`))
      .option('--reason <text>', 'why, for everybody and for the audit stream')
      .action((changes: string[], options: Options) => answer(verb, changes, options));
  }
}

function common(command: Command): Command {
  return command
    .option('--nats <url>', 'instead of NATS_URL')
    .option('--config <file>', 'configuration (YAML); the environment overlays it')
    .option('--json', 'the result as JSON');
}

function described(command: Command): Command {
  return command
    .option('--csv <file>', 'each row of this file that is not so already')
    .option('--entity <entity>', 'asset, part, status …')
    .option('--id <id>', 'canonical id; of a status the canonical word')
    .option('--system <system>', 'system that calls it otherwise')
    .option('--remote <id>', 'what that system calls it')
    .option('--owner <name>', 'who answers for the mapping')
    .option('--from <day>', 'first day (1970-01-01)')
    .option('--to <day>', 'last day');
}

function shown(options: Options, value: unknown, text: () => string): void {
  console.log(options.json === true ? JSON.stringify(value, null, 2) : text());
}

async function list(options: Options & { readonly csv?: string }): Promise<void> {
  const mappings = await asked(options, currentMappings);
  if (options.csv !== undefined) writeFileSync(options.csv, csvOfMappings(mappings));
  shown(options, mappings, () => {
    if (options.csv !== undefined) return `${options.csv}: ${mappings.length} mappings`;
    const rows = mappings.map((one) => [
      ...[one.entity, one.id, one.system, one.remote, one.from, one.to ?? '', one.state],
      one.change === '' ? 'file' : `change ${one.change}`,
    ]);
    return inColumns([['entity', 'id', 'system', 'remote', 'from', 'to', 'state', 'by'], ...rows]);
  });
}

async function history(options: Options): Promise<void> {
  const changes = await asked(options, (client) => changesOfMappings(client));
  shown(options, changes, () =>
    inColumns([
      ['change', 'what', 'proposed', 'answer', 'by', 'counts from'],
      ...changes.map((one) => [
        ...[one.change, textOfMapping(one), one.proposed, stateOfChange(one), one.answered],
        `message ${one.sequence} of ${one.stream}`,
      ]),
    ]),
  );
}

function stateOfChange({ answer, superseded }: ChangeRecord): string {
  if (answer !== '') return answer;
  return superseded === '' ? 'waits' : 'void';
}

function asked<T>(options: Options, ask: (client: ClickHouseClient) => Promise<T>): Promise<T> {
  return withWarehouse(options.config, ({ client }) => ask(client));
}

/** What is asked for and is not so already, each with what it would touch. */
async function checked(options: ProposalOptions): Promise<readonly MappingCheck[]> {
  const wanted = options.csv === undefined ? [mappingOf(options)] : readMappingCsv(options.csv);
  return asked(options, async (client) => {
    const found: MappingCheck[] = [];
    for (const one of newMappings(wanted, await currentMappings(client))) {
      found.push(await checkMapping(client, one));
    }
    return found;
  });
}

function mappingOf({
  entity,
  id,
  system,
  remote,
  owner,
  from,
  to,
}: ProposalOptions): ProposedMapping {
  const given = Object.entries({ entity, id, system, remote, owner, from, to });
  const mapping = Object.fromEntries(given.filter(([, value]) => value !== undefined));
  const parsed = mappingChangeSchema.safeParse({ change: 'one', verb: 'propose', mapping });
  if (parsed.success && parsed.data.mapping !== undefined) return parsed.data.mapping;
  const [issue] = parsed.error?.issues ?? [];
  const name = String(issue?.path.at(-1) ?? 'entity');
  const value = mapping[name];
  throw wrongInput(
    `--${name}`,
    issue?.message ?? 'a mapping, or --csv FILE',
    String(value ?? 'nothing'),
  );
}

async function check(options: ProposalOptions): Promise<void> {
  const found = await checked(options);
  shown(options, found, () =>
    found.length === 0 ? NOTHING_NEW : found.map(textOfCheck).join('\n'),
  );
  if (found.some(({ mistakes }) => mistakes.length > 0)) process.exitCode = EXIT.input;
}

const NOTHING_NEW = 'All of it is so already, or waits for an answer.';

async function propose(options: ProposalOptions): Promise<void> {
  const { csv, reason = '' } = options;
  const found = await checked(options);
  const remedy = 'Nothing was proposed. Correct these, or copy the systems first (andon sync).';
  refuseMistakes(found, csv ?? textOfMapping(found[0]?.mapping), remedy);
  if (found.length === 0) {
    shown(options, [], () => NOTHING_NEW);
    return;
  }
  const byPlant = new Map<string, ProposedMapping[]>();
  for (const { mapping } of found) {
    const plant = proposerOf(mapping, options.plant);
    byPlant.set(plant, [...(byPlant.get(plant) ?? []), mapping]);
  }
  const at = Date.now();
  const sent = await say(options, [...byPlant], (user, mapping: ProposedMapping) =>
    proposalOf(mapping, { user, at, reason }),
  );
  shown(options, { proposed: sent, checks: found }, () =>
    [...found.map(textOfCheck), ...sent.map((one) => textOfSent('proposed', one))].join('\n'),
  );
}

/** Of what has a plant in its id nobody else may say it. */
function proposerOf(mapping: ProposedMapping, given: string | undefined): string {
  const { entity, id } = mapping;
  const plant = plantOfMapping(mapping) ?? given;
  if (plant === '') throw wrongInput('--id', `${entity} PLANT/…`, id);
  if (plant !== undefined) return plant;
  throw wrongInput('--plant', `the plant whose engineers propose ${entity} ${id}`, 'nothing');
}

async function answer(verb: 'approve' | 'refuse', changes: readonly string[], options: Options) {
  const { reason = '' } = options;
  const { records, checks } = await asked(options, async (client) => {
    const found = await changesOfMappings(client);
    const records = new Map(found.map((one) => [one.change, one]));
    const checks: MappingCheck[] = [];
    // What it touches may have changed since it was proposed.
    for (const change of verb === 'approve' ? changes : []) {
      const record = records.get(change);
      if (record !== undefined) checks.push(await checkMapping(client, mappingOfRecord(record)));
    }
    return { records, checks };
  });
  const byPlant = new Map<string, string[]>();
  for (const change of changes) {
    const plant = records.get(change)?.plant ?? '';
    byPlant.set(plant, [...(byPlant.get(plant) ?? []), change]);
  }
  const sent = await say(options, [...byPlant], (user, change: string) => {
    checkMappingAnswer(change, records.get(change), verb, user);
    refuseMistakes(
      checks,
      `change ${change}`,
      'Nothing was approved. Refuse it, or copy the systems first (andon sync).',
    );
    return { change, verb, reason };
  });
  shown(options, sent, () =>
    [...checks.map(textOfCheck), ...sent.map((one) => textOfSent(`${verb}d`, one))].join('\n'),
  );
}

function mappingOfRecord(record: ChangeRecord): ProposedMapping {
  const { entity, id, system, remote, owner, from, to } = record;
  return { entity, id, system, remote, owner, from, to };
}

function refuseMistakes(checks: readonly MappingCheck[], where: string, remedy: string): void {
  const wrong = checks.filter(({ mistakes }) => mistakes.length > 0);
  if (wrong.length === 0) return;
  throw new Problem({
    ...{ where, expected: 'changes against which nothing speaks', remedy, exit: EXIT.input },
    found: wrong.map(textOfCheck).join('\n'),
  });
}

/** Everything is made and checked before anything is published; the audit stream has it before that. */
function say<T>(
  options: Options,
  byPlant: readonly (readonly [plant: string, of: readonly T[]])[],
  make: (user: string, one: T) => MappingChange,
): Promise<readonly Applied[]> {
  const config = configOf(options);
  const { partitions } = config;
  return withNats(config, 'andon mapping', async (connection) => {
    const auditor = await openAuditor(connection, { via: 'engineer', user: config.user });
    const user = auditor.who;
    const said = byPlant.map(([plant, of]) => [plant, of.map((one) => make(user, one))] as const);
    const acts = said.flatMap(([plant, of]) =>
      of.map(({ change, verb }) => ({
        act: `mapping-${verb}`,
        what: `${plant} ${change}`,
        reason: options.reason,
      })),
    );
    return auditor.around(
      acts,
      async () => {
        const sent: Applied[] = [];
        for (const [plant, of] of said) {
          sent.push(...(await publishMappings(connection, { plant, user, partitions }, of)));
        }
        return sent;
      },
      (sent, { what }) =>
        sent
          .filter(({ change }) => what.endsWith(` ${change}`))
          .map(({ stream, sequence }) => ({ place: { stream, created: null, sequence } })),
    );
  });
}

function textOfSent(what: string, { change, stream, sequence }: Applied): string {
  return `${what} change ${change}: message ${sequence} of ${stream}`;
}

function textOfMapping(one: ProposedMapping | undefined): string {
  if (one === undefined) return '';
  const days = one.to === null ? `from ${one.from}` : `${one.from} to ${one.to}`;
  return `${one.entity} ${one.id} is ${one.remote} in ${one.system} (${days})`;
}

function textOfCheck({ mapping, mistakes, remarks, ...touched }: MappingCheck): string {
  const { requests, works, rules, references } = touched;
  const named = (what: string, of: readonly string[]) =>
    of.length === 0
      ? []
      : [
          `  ${what}: ${of.slice(0, 5).join(', ')}${of.length > 5 ? ` and ${of.length - 5} more` : ''}`,
        ];
  const lines = [
    ...mistakes.map((each) => `  wrong: ${each}`),
    ...remarks.map((each) => `  ${each}`),
    ...named('open requests', requests),
    ...named('workflows under way', works),
    ...named('rules that name it', rules),
    ...(references === 0 ? [] : [`  ${references} objects of ${mapping.system} refer to it`]),
  ];
  return [textOfMapping(mapping), ...(lines.length === 0 ? ['  touches nothing'] : lines)].join(
    '\n',
  );
}
