import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { parseDuration } from '../../operators/model/time.ts';
import { openAuditor } from '../audit/audit.ts';
import { describeEntry, describeVerification, listEntries } from '../audit/audit-text.ts';
import { enterName, eraseName, eraseReason, personById } from '../audit/people.ts';
import { reasonsOf } from '../audit/stored-chain.ts';
import { type KnownEntry, verifyChain } from '../audit/verify.ts';
import { type Config, configOf, type Departures } from '../base/config.ts';
import { EXIT, wrongInput } from '../base/problem.ts';
import { monthOf, reportMonth, reportText } from '../governance/month-report.ts';
import { readObjectives } from '../warehouse/objectives.ts';
import { openWarehouse, withWarehouse } from '../warehouse/warehouse.ts';
import { addDefaultCommand } from './default-command.ts';
import { withNats } from './with-nats.ts';

type Options = Departures & { readonly json?: true };
type ListOptions = Options & {
  readonly since?: string;
  readonly who?: string;
  readonly limit: string;
  readonly verify?: true;
  readonly expect?: string;
  readonly accept?: readonly string[];
  readonly report?: readonly string[];
  readonly objectives?: string;
};
type ForgetOptions = Options & { readonly reason?: string };

/** Adds `andon audit`: who did what, whether the chain is whole, and the names that can be erased. */
export function registerAudit(command: Command): void {
  command.addHelpText('after', '\nWithout a command: list. Its options: andon audit list --help');
  withConnection(
    addDefaultCommand(command, 'list')
      .description('who did what, newest first; --verify checks the chain instead')
      .option('--since <duration>', 'only the last part: 30m, 24h, 7d')
      .option('--who <user>', 'only what this user did: an opaque id')
      .option('--limit <entries>', 'at most so many', '50')
      .option('--verify', 'check every entry, and compare them with those in ClickHouse')
      .option('--expect <head>', 'with --verify: NUMBER:SHA256, as an earlier run printed it')
      .option(
        '--accept <place...>',
        'with --verify: a place that does not fit and is known, as an earlier run printed it',
      )
      .option(
        '--report <plant month...>',
        'of a plant and a month (2026-11, by UTC): objectives, figures, who did what',
      )
      .option('--objectives <file>', 'with --report: other objectives than objectives.yaml here'),
  ).action(async (options: ListOptions) => {
    if (options.report !== undefined) await report(options.report, options);
    else if (options.verify === true) await verify(options);
    else await list(options);
  });
  withConnection(
    command
      .command('name <user> <name>')
      .description('enter the name behind an id; it is in no other place'),
  ).action(name);
  withConnection(
    command
      .command('person <user>')
      .description('name, audit entries and acts under an id, as JSON: to hand out to the person'),
  ).action(person);
  withConnection(
    command
      .command('forget [user]')
      .description('erase the name behind an id and the reasons that were given under it')
      .option('--reason <id>', 'erase this one reason instead'),
  ).action(forget);
}

function withConnection(command: Command): Command {
  return command
    .option('--nats <url>', 'instead of NATS_URL')
    .option('--config <file>', 'configuration (YAML); the environment overlays it')
    .option('--json', 'the result as JSON');
}

async function list({ since, who, limit, json, ...departures }: ListOptions): Promise<void> {
  const back = since === undefined ? undefined : parseDuration(since);
  if (since !== undefined && back === undefined) {
    throw wrongInput('--since', 'a duration such as 30m, 24h or 7d', since);
  }
  if (!/^[1-9]\d*$/.test(limit)) throw wrongInput('--limit', 'a whole number above 0', limit);
  if (who !== undefined) checkUser('--who', who);
  const from = back === undefined ? 0 : Date.now() - back / 1_000;
  const chosen = { since: from, who, most: Number(limit) };
  const entries = await withNats(configOf(departures), 'andon audit', (connection) =>
    listEntries(connection, chosen),
  );
  if (json !== true && entries.length === 0) console.log('no such entry');
  for (const entry of entries) {
    console.log(json === true ? JSON.stringify(entry) : describeEntry(entry));
  }
}

async function verify({ expect, accept = [], json, ...departures }: ListOptions): Promise<void> {
  const config = configOf(departures);
  const kept = expect === undefined ? [] : [headOf(expect)];
  for (const place of accept) {
    if (/^\d+:[0-9a-f]{64}$/.test(place)) continue;
    throw wrongInput('--accept', 'NUMBER:SHA256, as andon audit --verify prints it', place);
  }
  const landed = await askLanded<KnownEntry>(config, LANDED);
  const known = [...kept, ...(Array.isArray(landed) ? landed : [])];
  const result = await withNats(config, 'andon audit', (connection) =>
    verifyChain(connection, known, accept),
  );
  const compared = [
    ...kept.map(({ n }) => `entry ${n} as it was kept`),
    Array.isArray(landed) ? `${landed.length} rows in ClickHouse` : `no rows: ${landed}`,
  ];
  console.log(
    json === true
      ? JSON.stringify({ ...result, whole: result.faults.length === 0, compared })
      : describeVerification(result, compared),
  );
  if (result.faults.length > 0) process.exitCode = EXIT.defect;
}

async function report(
  of: readonly string[],
  { config, objectives: path, json }: ListOptions,
): Promise<void> {
  const [plant, month, ...more] = of;
  if (plant === undefined || month === undefined || more.length > 0) {
    throw wrongInput('--report', 'a plant and a month such as berlin 2026-11', of.join(' '));
  }
  const period = monthOf(month, '--report', Date.now());
  const objectives = readObjectives(path);
  const found = await withWarehouse(config, ({ client }) =>
    reportMonth(client, objectives, { plant, month, period }),
  );
  console.log(json === true ? JSON.stringify(found, null, 2) : reportText(found));
}

function headOf(text: string): KnownEntry {
  const [, n, sha256 = ''] = /^(\d+):([0-9a-f]{64})$/.exec(text) ?? [];
  if (n !== undefined) return { n: Number(n), sha256 };
  throw wrongInput('--expect', 'NUMBER:SHA256, as andon audit --verify prints it', text);
}

/** Hashes of the bytes that have landed; of a row whose columns say something else than its bytes, no hash. */
const LANDED = `
  SELECT toUInt32(sequence) AS n, created,
         if(act = 'unreadable' OR (who, via, act, what) = (
              JSONExtractString(entry, 'who'), JSONExtractString(entry, 'via'),
              JSONExtractString(entry, 'act'), JSONExtractString(entry, 'what')),
            lower(hex(SHA256(entry))), 'of other columns than its entry has') AS sha256
  FROM audit FINAL ORDER BY created, n`;

/** What has landed, or why nothing is known of that. No engine is made for it. */
async function askLanded<T>(
  config: Config,
  query: string,
  query_params: Readonly<Record<string, string>> = {},
): Promise<T[] | string> {
  const embedded = resolve(join(config.directory, 'warehouse'));
  if (config.clickhouse.url === undefined && !existsSync(embedded)) return 'no ClickHouse here';
  try {
    const warehouse = await openWarehouse(config);
    try {
      const asked = { query, query_params, format: 'JSONEachRow' } as const;
      return await (await warehouse.client.query(asked)).json<T>();
    } finally {
      await warehouse.close();
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function name(user: string, known: string, { json, ...departures }: Options): Promise<void> {
  checkUser('andon audit name', user);
  const config = configOf(departures);
  await withNats(config, 'andon audit', async (connection) => {
    const auditor = await openAuditor(connection, { via: 'console', user: config.user });
    const acts = [{ act: 'name', what: user }];
    await auditor.around(acts, () => enterName(connection, user, known));
  });
  console.log(json === true ? JSON.stringify({ user }) : `${user} has a name now.`);
}

/** What a person did by way of the log, as it has landed: acts at machines, and words on mappings. */
const DONE_BY = `
  SELECT * FROM
  (
    SELECT DISTINCT toString(appended) AS appended, via, type AS act, concat(plant, '/', line, '/', asset) AS what, data
    FROM machine_events FINAL WHERE kind = 'act' AND user = {user:String}
    UNION ALL
    SELECT DISTINCT toString(appended), via, concat('mapping-', verb), change, reason
    FROM mapping_changes FINAL WHERE user = {user:String}
  )
  ORDER BY appended`;

/** To hand out what is kept of somebody is an act, too. */
async function person(user: string, departures: Options): Promise<void> {
  checkUser('andon audit person', user);
  const config = configOf(departures);
  const [known, entries] = await withNats(config, 'andon audit', async (connection) => {
    const auditor = await openAuditor(connection, { via: 'console', user: config.user });
    const everything = { since: 0, who: user, most: Number.POSITIVE_INFINITY };
    return auditor.around([{ act: 'person', what: user }], async () => {
      return [
        await personById(connection, user),
        await listEntries(connection, everything),
      ] as const;
    });
  });
  const log = await askLanded(config, DONE_BY, { user });
  console.log(JSON.stringify({ user, ...known, entries, log }, null, 2));
}

async function forget(
  user: string | undefined,
  { reason, json, ...departures }: ForgetOptions,
): Promise<void> {
  if ((user === undefined) === (reason === undefined)) {
    const found = user === undefined ? 'neither' : 'both';
    throw wrongInput('andon audit forget', 'the id of a user, or --reason', found);
  }
  const what = user ?? reason ?? '';
  checkUser('andon audit forget', what);
  const config = configOf(departures);
  const done = await withNats(config, 'andon audit', async (connection) => {
    const auditor = await openAuditor(connection, { via: 'console', user: config.user });
    return auditor.around([{ act: 'forget', what }], async () => {
      if (user === undefined)
        return { name: false, reasons: +(await eraseReason(connection, what)) };
      const erased = await eraseName(connection, user);
      let reasons = 0;
      for await (const id of reasonsOf(connection, user)) {
        reasons += +(await eraseReason(connection, id));
      }
      return { name: erased, reasons };
    });
  });
  if (json === true) console.log(JSON.stringify({ forgot: what, ...done }));
  else {
    const names = done.name ? 'the name' : 'no name';
    console.log(`erased of ${what}: ${names} and ${done.reasons} reasons. The chain stays whole.`);
  }
}

function checkUser(where: string, id: string): void {
  if (!/^[a-z0-9]{1,32}$/.test(id)) {
    throw wrongInput(where, 'an id of a to z and 0 to 9, at most 32', id);
  }
}
