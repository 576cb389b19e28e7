import type { Command } from 'commander';
import { parseDuration } from '../../operators/model/duration.ts';
import { ASIDE_REASONS } from '../../operators/model/tables.ts';
import { withWarehouse } from './with-warehouse.ts';
import { wrongInput } from './wrong-input.ts';

type Options = {
  readonly config?: string;
  readonly reason?: string;
  readonly since?: string;
  readonly limit: string;
  readonly json?: true;
};

type Aside = {
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

/** `andon asides`: what left the main way, newest first. */
export function registerAsides(program: Command): void {
  program
    .command('asides')
    .description('what was set aside and why, newest first: late, malformed, unknown, duplicate …')
    .option('--reason <reason>', ASIDE_REASONS.join(', '))
    .option('--since <duration>', 'only the last part of the log: 30m, 24h, 7d')
    .option('--limit <rows>', 'at most so many rows', '50')
    .option('--json', 'one JSON object per row')
    .option('--config <file>', 'configuration (YAML); the environment overlays it')
    .action(async (options: Options) => {
      const query = queryOf(options);
      await withWarehouse(options.config, async ({ client }) => {
        const answer = await client.query({ ...query, format: 'JSONEachRow' });
        const asides = await answer.json<Aside>();
        if (options.json !== true && asides.length === 0) console.log('nothing was set aside');
        for (const aside of asides) {
          console.log(options.json === true ? JSON.stringify(aside) : describe(aside));
        }
      });
    });
}

/** `since` counts back from the end of the log, not from now: a recording of last year has an end too. */
function queryOf({ reason, since, limit }: Options): {
  query: string;
  query_params: Record<string, unknown>;
} {
  const conditions = ['1'];
  if (reason !== undefined) {
    if (!ASIDE_REASONS.some((known) => known === reason)) {
      throw wrongInput('--reason', `one of ${ASIDE_REASONS.join(', ')}`, reason);
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
            FROM asides
            WHERE ${conditions.join(' AND ')}
            ORDER BY appended DESC, sequence DESC, reason, stage, source
            LIMIT {limit:UInt64}`,
    query_params: { reason, back, limit: Number(limit) },
  };
}

function describe(aside: Aside): string {
  const { appended, stream, run, first_sequence, last_sequence, reason, stage, source } = aside;
  const range =
    first_sequence === last_sequence ? `${first_sequence}` : `${first_sequence}-${last_sequence}`;
  const head = `${appended}  ${reason} ×${aside.count}  ${source}  (${stage}, ${stream} ${range}, run ${run})`;
  return [head, `  ${aside.detail}`, ...aside.originals.map((text) => `  | ${text}`)].join('\n');
}
