import type { Command } from 'commander';
import { DEAD_LETTER_REASONS } from '../../operators/model/tables.ts';
import { parseDuration } from '../../operators/model/time.ts';
import { readConfig } from '../base/config.ts';
import { inColumns } from '../base/in-columns.ts';
import { wrongInput } from '../base/problem.ts';
import { UnknownAssets } from '../warehouse/unknown-assets.ts';
import { withWarehouse } from '../warehouse/warehouse.ts';
import { withAuditor } from './audited.ts';
import { addDefaultCommand } from './default-command.ts';

type Options = {
  readonly config?: string;
  readonly reason?: string;
  readonly since?: string;
  readonly limit: string;
  readonly json?: true;
};

type DeadLetter = {
  readonly appended: string;
  readonly stream: string;
  readonly run: string;
  readonly first_sequence: number;
  readonly last_sequence: number;
  readonly reason: string;
  readonly stage: string;
  readonly source: string;
  readonly count: number;
  readonly detail: string;
  readonly originals: readonly string[];
};

type OfUnknown = { readonly config?: string; readonly json?: true };
type Resending = OfUnknown & { readonly rate: string; readonly reason?: string };

/** Adds `andon dead-letters`: what left the main way, newest first; and what of it can be sent again. */
export function registerDeadLetters(command: Command): void {
  command.addHelpText(
    'after',
    '\nWithout a command: list. Its options: andon dead-letters list --help',
  );
  registerList(addDefaultCommand(command, 'list'));
  const stated = (named: Command) =>
    named
      .option('--config <file>', 'configuration (YAML); the environment overlays it')
      .option('--json', 'as JSON');
  stated(command.command('unknown'))
    .description(
      'messages of assets that the plant model did not have, and whether it has them now',
    )
    .action(unknown);
  stated(command.command('resend [assets...]'))
    .description(
      'send them again, as backfill, where the model has the asset now: plant/line/asset',
    )
    .option('--rate <count>', 'messages a second', '2000')
    .option('--reason <text>', 'why, for the audit stream')
    .action(resend);
}

function registerList(command: Command): void {
  command
    .description('what was not processed, and why')
    .option('--reason <reason>', DEAD_LETTER_REASONS.join(', '))
    .option('--since <duration>', 'only the last part of the log: 30m, 24h, 7d')
    .option('--limit <rows>', 'at most so many rows', '50')
    .option('--json', 'one JSON object per row')
    .option('--config <file>', 'configuration (YAML); the environment overlays it')
    .action(async (options: Options) => {
      const query = queryOf(options);
      await withWarehouse(options.config, async ({ client }) => {
        const answer = await client.query({ ...query, format: 'JSONEachRow' });
        const deadLetters = await answer.json<DeadLetter>();
        if (options.json !== true && deadLetters.length === 0) console.log(noneText(options));
        for (const deadLetter of deadLetters) {
          console.log(options.json === true ? JSON.stringify(deadLetter) : describe(deadLetter));
        }
      });
    });
}

async function unknown({ config: file, json }: OfUnknown): Promise<void> {
  const { pipeline } = readConfig(file);
  const sources = await withWarehouse(file, ({ client }) =>
    new UnknownAssets(client, pipeline).sources(),
  );
  if (json === true) console.log(JSON.stringify(sources));
  else if (sources.length === 0) console.log('no messages of assets that the model did not have');
  else {
    const rows = sources.map(({ asset, source, count, since, isKnown }) => [
      ...[asset, source, String(count), since, isKnown ? 'in the model now' : 'not in the model'],
    ]);
    console.log(inColumns([['ASSET', 'SOURCE', 'IN ALL', 'SINCE', 'IS'], ...rows], new Set([2])));
    if (sources.some(({ isKnown }) => isKnown)) console.log('\nandon dead-letters resend');
  }
}

async function resend(
  assets: readonly string[],
  { config: file, json, rate, reason }: Resending,
): Promise<void> {
  if (!/^[1-9]\d{0,5}$/.test(rate)) throw wrongInput('--rate', 'a number from 1 to 999999', rate);
  const config = readConfig(file);
  const { resendUnknown } = await import('../warehouse/resend-unknown.ts');
  const { workerIdentity } = await import('../worker/ownership/ownership.ts');
  const { pipeline, partitions } = config;
  const sent = await withWarehouse(file, async ({ client }) => {
    const warehouse = new UnknownAssets(client, pipeline);
    const what = assets.length === 0 ? 'all assets' : assets.join(', ');
    return withAuditor(config, 'andon dead-letters', (auditor, connection) =>
      auditor.around([{ act: 'send-again', what, reason }], () =>
        resendUnknown({
          ...{ connection, warehouse, partitions, rate: Number(rate) },
          owner: workerIdentity(config).owner,
          ...(assets.length === 0 ? {} : { assets }),
        }),
      ),
    );
  });
  if (json === true) console.log(JSON.stringify(sent));
  else if (sent.length === 0) console.log('Nothing to send again: andon dead-letters unknown');
  for (const { source, messages, gone, stream } of json === true ? [] : sent) {
    const rest = gone === 0 ? '' : `; ${gone} messages of ${stream} from that time are gone`;
    console.log(`${source}: ${messages} messages were sent again${rest}`);
  }
}

/** What was not found: beside a choice there may well be others. */
function noneText({ reason, since }: Options): string {
  const chosen = [
    ...(reason === undefined ? [] : [`with the reason ${reason}`]),
    ...(since === undefined ? [] : [`of the last ${since} of the log`]),
  ];
  return ['no dead letters', ...chosen].join(' ');
}

/** `since` counts back from the end of the log, not from now: a recording of last year has an end too. */
function queryOf({ reason, since, limit }: Options): {
  query: string;
  query_params: Record<string, unknown>;
} {
  const conditions = ['1'];
  if (reason !== undefined) {
    if (!DEAD_LETTER_REASONS.some((known) => known === reason)) {
      throw wrongInput('--reason', `one of ${DEAD_LETTER_REASONS.join(', ')}`, reason);
    }
    conditions.push('reason = {reason:String}');
  }
  const back = since === undefined ? undefined : parseDuration(since);
  if (since !== undefined) {
    if (back === undefined) throw wrongInput('--since', 'a duration such as 30m, 24h or 7d', since);
    conditions.push(
      'appended > (SELECT max(last_appended) FROM epochs) - toIntervalMicrosecond({back:Int64})',
    );
  }
  if (!/^[1-9]\d*$/.test(limit)) throw wrongInput('--limit', 'a whole number above 0', limit);
  return {
    query: `SELECT appended, stream, run, sequence AS first_sequence, last_sequence, reason, stage, source, count,
                   detail, originals
            FROM dead_letters
            WHERE ${conditions.join(' AND ')}
            ORDER BY appended DESC, sequence DESC, reason, stage, source
            LIMIT {limit:UInt64}`,
    query_params: { reason, back, limit: Number(limit) },
  };
}

function describe(deadLetter: DeadLetter): string {
  const { appended, stream, run, first_sequence, last_sequence, reason, stage, source } =
    deadLetter;
  const range =
    first_sequence === last_sequence ? `${first_sequence}` : `${first_sequence}-${last_sequence}`;
  const head = `${appended}  ${reason} ×${deadLetter.count}  ${source}  (${stage}, ${stream} ${range}, run ${run})`;
  return [
    head,
    `  ${deadLetter.detail.replaceAll('\n', '\n  ')}`,
    ...deadLetter.originals.map((text) => `  | ${text.replaceAll('\n', '\n  | ')}`),
  ].join('\n');
}
