import type { Command } from 'commander';
import { DEAD_LETTER_REASONS } from '../../operators/model/tables.ts';
import { parseDuration } from '../../operators/model/time.ts';
import { wrongInput } from '../base/problem.ts';
import { withWarehouse } from '../warehouse/warehouse.ts';

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

/** Adds `andon dead-letters`: what left the main way, newest first. */
export function registerDeadLetters(command: Command): void {
  command
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
