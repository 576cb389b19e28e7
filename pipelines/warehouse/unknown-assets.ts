/**
 * Messages of assets that the plant model did not have: dead letters, which the log still has for a while. What the
 * warehouse knows of them, by source: where they stand, whether the model has the asset now, what was sent again.
 */

import type { ClickHouseClient } from '@clickhouse/client';
import { parseSubject } from '../../operators/decode/subject.ts';
import { type AssetKey, plantOf } from '../../operators/model/key.ts';
import { RESENT_EVENT } from '../../operators/model/machine-event.ts';

/** From a message of the log to another one, both among them. */
export type SequenceRange = readonly [from: number, to: number];

export type UnknownSource = {
  readonly stream: string;
  /** When the stream was made that the sequences are of. */
  readonly created: string;
  /** As dead letters name it: a subject, or its backfill. */
  readonly source: string;
  readonly subject: string;
  readonly asset: AssetKey;
  /** The model has the asset now. */
  readonly isKnown: boolean;
  /** Readings, waveforms and events that became dead letters, those that were sent again among them; since when. */
  readonly count: number;
  readonly since: string;
  /** Where every message of this source became one, except for what was sent again. */
  readonly ranges: readonly SequenceRange[];
};

/** How far the warehouse is with a stream. */
export type WarehousePlace = {
  readonly stream: string;
  readonly created: string;
  readonly last: number;
};

/** All of a source up to this message was sent again. */
export type ResentMark = {
  readonly stream: string;
  readonly created: string;
  readonly source: string;
  readonly to: number;
};

/** The processing of each stream that came last. */
const NEWEST = `
SELECT each.stream AS stream, argMax(each.run, (each.landed, each.top)) AS run,
       argMax(each.created, (each.landed, each.top)) AS created,
       toFloat64(argMax(each.top, (each.landed, each.top))) AS last
FROM
(
  SELECT stream, run, created, max(landed) AS landed, max(last_sequence) AS top
  FROM epochs
  WHERE pipeline = {pipeline:String}
  GROUP BY stream, run, created
) AS each
GROUP BY stream`;

/** Signals and points that the model does not have are `unknown`, too: where the model had the asset they have landed. */
const LETTERS = `
SELECT letter.stream AS stream, newest.created AS created, letter.source AS source,
       toFloat64(min(letter.sequence)) AS first, toFloat64(maxIf(letter.last_sequence, startsWith(letter.detail, 'the plant model has no asset'))) AS last,
       toFloat64(sumIf(letter.count, startsWith(letter.detail, 'the plant model has no asset'))) AS count,
       toString(min(letter.appended)) AS since
FROM dead_letters AS letter
INNER JOIN (${NEWEST}) AS newest ON newest.stream = letter.stream AND newest.run = letter.run
WHERE letter.reason = 'unknown' AND letter.stage = 'validate'
GROUP BY stream, created, source
HAVING count > 0
ORDER BY source, stream`;

/** Each change of a plant model, and the assets that it brought. */
const MODELS = `
SELECT model.stream AS stream, model.plant AS plant, toFloat64(model.sequence) AS change,
       groupArrayIf(concat(plant, '/', line, '/', asset), concat(plant, '/', line, '/', asset) IN ({assets:Array(String)}))
         AS assets
FROM assets AS model
INNER JOIN (${NEWEST}) AS newest ON newest.stream = model.stream AND newest.run = model.run
GROUP BY stream, plant, change
ORDER BY stream, plant, change`;

/** A mark is believed of the asset that it came from: subjects are what proves who says something. */
const MARKS = `
SELECT concat(event.plant, '/', event.line, '/', event.asset) AS asset,
       JSONExtractString(event.data, 'stream') AS log, JSONExtractString(event.data, 'created') AS made,
       JSONExtractString(event.data, 'source') AS whose, toFloat64(max(JSONExtractUInt(event.data, 'to'))) AS reached
FROM machine_events AS event
WHERE event.type = '${RESENT_EVENT}' AND event.kind = 'event'
GROUP BY asset, log, made, whose`;

type Reached = {
  readonly asset: string;
  readonly log: string;
  readonly made: string;
  readonly whose: string;
  readonly reached: number;
};
type Letters = WarehousePlace & {
  readonly source: string;
  readonly first: number;
  readonly count: number;
  readonly since: string;
};
type ModelChange = {
  readonly stream: string;
  readonly plant: string;
  readonly change: number;
  readonly assets: readonly string[];
};

/** What `andon dead-letters` asks the warehouse, of one pipeline. */
export class UnknownAssets {
  readonly #client: Pick<ClickHouseClient, 'query'>;
  readonly #pipeline: string;

  constructor(client: Pick<ClickHouseClient, 'query'>, pipeline: string) {
    this.#client = client;
    this.#pipeline = pipeline;
  }

  places(): Promise<readonly WarehousePlace[]> {
    return this.#rows<WarehousePlace>(NEWEST);
  }

  /** By source. Those of which everything was sent again are not among them. */
  async sources(): Promise<readonly UnknownSource[]> {
    const letters = (await this.#rows<Letters>(LETTERS)).flatMap((row) => {
      const [subject = ''] = row.source.split(' ');
      const asset = assetOfSubject(subject);
      return asset === undefined ? [] : [{ ...row, subject, asset }];
    });
    const assets = [...new Set(letters.map(({ asset }) => asset))];
    const [changes, marks] = await Promise.all([
      this.#rows<ModelChange>(MODELS, { assets }),
      this.#rows<Reached>(MARKS),
    ]);
    return letters.flatMap(({ first, last, ...letter }) => {
      const { stream, created, source, asset } = letter;
      const own = changes.filter((each) => each.stream === stream && each.plant === plantOf(asset));
      const sent = marks.find(
        (mark) =>
          mark.asset === asset &&
          mark.log === stream &&
          mark.made === created &&
          mark.whose === source,
      );
      const extent = [Math.max(first, (sent?.reached ?? 0) + 1), last] as const;
      const ranges = unknownRanges(extent, own, asset);
      const isKnown = own.at(-1)?.assets.includes(asset) === true;
      return ranges.length === 0 ? [] : [{ ...letter, isKnown, ranges }];
    });
  }

  async #rows<T>(query: string, more: Readonly<Record<string, unknown>> = {}): Promise<T[]> {
    const query_params = { pipeline: this.#pipeline, ...more };
    const answer = await this.#client.query({ query, query_params, format: 'JSONEachRow' });
    return answer.json<T>();
  }
}

/** The parts of an extent in which no model in force had the asset. `changes`: of its plant, in their order. */
export function unknownRanges(
  [first, last]: SequenceRange,
  changes: readonly Pick<ModelChange, 'change' | 'assets'>[],
  asset: string,
): readonly SequenceRange[] {
  const ranges: SequenceRange[] = [];
  let from: number | undefined = first;
  for (const { change, assets } of changes) {
    const isKnown = assets.includes(asset);
    if (isKnown && from !== undefined) {
      const to = Math.min(change - 1, last);
      if (to >= from) ranges.push([from, to]);
      from = undefined;
    } else if (!isKnown && from === undefined) from = Math.max(change, first);
  }
  if (from !== undefined && from <= last) ranges.push([from, last]);
  return ranges;
}

/** What a person or a system said is theirs to say again. */
function assetOfSubject(subject: string): AssetKey | undefined {
  const parsed = parseSubject(subject);
  if (!('asset' in parsed) || ('attested' in parsed && parsed.attested !== undefined)) return;
  return parsed.asset;
}
