// How often each rule was right by the answers of people, as the warehouse has it, and in words.

import type { ClickHouseClient } from '@clickhouse/client';

/** Of one rule: on one asset, or in a whole plant, where line and asset are empty. What counts says the view `rule_answers`. */
export type RulePrecision = {
  readonly plant: string;
  readonly line: string;
  readonly asset: string;
  readonly rule: string;
  readonly answers: number;
  readonly confirmed: number;
  readonly called_false: number;
  readonly precision: number;
  /** The interval of 95 %. */
  readonly precision_low: number;
  readonly precision_high: number;
  /** Why the latest false ones were false. */
  readonly reasons: readonly string[];
  readonly latest: string;
};

/** All where one is left out. */
export type PrecisionFilter = {
  readonly plant?: string | undefined;
  readonly asset?: string | undefined;
  readonly rule?: string | undefined;
};

/** The rules with the most false answers first, each followed by its assets. */
export async function readPrecision(
  client: ClickHouseClient,
  { plant = '', asset = '', rule = '' }: PrecisionFilter,
): Promise<readonly RulePrecision[]> {
  const answer = await client.query({
    query: `SELECT plant, line, asset, rule, toUInt32(answers) AS answers, toUInt32(confirmed) AS confirmed,
                   toUInt32(called_false) AS called_false, precision, precision_low, precision_high, reasons, latest
            FROM rule_precision
            WHERE ({plant:String} = '' OR plant = {plant:String}) AND ({rule:String} = '' OR rule = {rule:String})
              AND ({asset:String} = '' OR asset = {asset:String})
            ORDER BY max(called_false) OVER (PARTITION BY plant, rule) DESC, plant, rule, asset != '',
                     called_false DESC, line, asset`,
    query_params: { plant, asset, rule },
    format: 'JSONEachRow',
  });
  return answer.json<RulePrecision>();
}

/** `hot: 3 of 8 right, 38 % (14 to 69 %)`, with its assets and the reasons of the false ones below. */
export function precisionText(found: readonly RulePrecision[]): string {
  if (found.length === 0) {
    return 'No answers yet: nobody called an alarm confirmed or false, and no request was completed, closed, rejected or cancelled.';
  }
  return found.flatMap(linesOf).join('\n');
}

function linesOf(one: RulePrecision): readonly string[] {
  const { plant, line, asset, rule, reasons } = one;
  if (asset === '') return [`${rule} (${plant}): ${shareText(one)}`];
  return [
    `  ${plant}/${line}/${asset} ${rule}: ${shareText(one)}`,
    ...reasons.map((reason) => `      false: ${reason.replaceAll('\n', ' ')}`),
  ];
}

export function shareText(one: RulePrecision): string {
  const { answers, confirmed, precision, precision_low, precision_high } = one;
  const percent = (share: number) => (100 * share).toFixed(0);
  return `${confirmed} of ${answers} right, ${percent(precision)} % (${percent(precision_low)} to ${percent(precision_high)} %)`;
}
