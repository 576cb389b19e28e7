// What an installation has landed in ClickHouse, as a recording: readings, waveforms, states and events, in the order in
// which the broker took them.

import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import { type EventTime, toIso } from '../../../operators/model/time.ts';
import { EXIT, Problem } from '../../base/problem.ts';
import {
  type RecordingDescription,
  recordingSchema,
} from '../../recordings/recording-description.ts';

export type LandedHistory = {
  readonly plants: readonly string[];
  /** Messages that the broker took from then on. */
  readonly from: EventTime;
  /** Where the recording is written. */
  readonly folder: string;
};

type Line = { readonly appended: number; readonly subject: string; readonly payload: string };

/** Of what was processed several times the rows are equal but for their run: each message counts once. */
const LINES = `
SELECT toUnixTimestamp64Milli(appended) AS appended, subject, payload FROM
(
    SELECT appended, stream, sequence, concat('telemetry.', plant, '.', line, '.', asset) AS subject,
        toJSONString(CAST(
            (toUnixTimestamp64Milli(time), CAST(groupUniqArray((toString(signal), value)), 'Map(String, Float64)')),
            'Tuple(time Int64, values Map(String, Float64))')) AS payload
    FROM readings
    WHERE plant IN {plants:Array(String)} AND appended >= parseDateTime64BestEffort({from:String}, 6, 'UTC')
      AND text = '' AND quality != 'suspect' AND isFinite(value)
    GROUP BY appended, stream, sequence, plant, line, asset, time
    UNION ALL
    SELECT appended, stream, sequence, concat('event.', plant, '.', line, '.', asset) AS subject,
        toJSONString(CAST(
            (toUnixTimestamp64Milli(time), 'state', mapFilter((name, word) -> word != '', map(
                'state', toString(any(state)), 'mode', toString(any(mode)), 'product', toString(any(product)),
                'order', toString(any(\`order\`))))),
            'Tuple(time Int64, type String, data Map(String, String))')) AS payload
    FROM machine_states
    WHERE plant IN {plants:Array(String)} AND appended >= parseDateTime64BestEffort({from:String}, 6, 'UTC')
    GROUP BY appended, stream, sequence, plant, line, asset, time
    UNION ALL
    SELECT appended, stream, sequence, concat('event.', plant, '.', line, '.', asset) AS subject,
        concat('{"time":', toString(toUnixTimestamp64Milli(time)), ',"type":', toJSONString(toString(type)),
            ',"data":', if(any(data) = '', '{}', any(data)), '}') AS payload
    FROM machine_events
    WHERE plant IN {plants:Array(String)} AND appended >= parseDateTime64BestEffort({from:String}, 6, 'UTC')
      AND kind = 'event'
    GROUP BY appended, stream, sequence, plant, line, asset, type, time
    UNION ALL
    SELECT appended, stream, sequence, concat('waveform.', plant, '.', line, '.', asset, '.', point) AS subject,
        concat('{"time":', toString(toUnixTimestamp64Milli(time)), ',"rate":', toString(any(rate)),
            ',"unit":', toJSONString(toString(any(unit))),
            if(isNull(any(rpm)), '', concat(',"rpm":', toString(any(rpm)))),
            if(parts > 1, concat(',"part":[', toString(part), ',', toString(parts), ']'), ''),
            ',"samples":', toJSONString(any(samples)), '}') AS payload
    FROM waveforms
    WHERE plant IN {plants:Array(String)} AND appended >= parseDateTime64BestEffort({from:String}, 6, 'UTC')
    GROUP BY appended, stream, sequence, plant, line, asset, point, time, part, parts
)
ORDER BY appended, stream, sequence, subject, payload`;

/** Writes what was landed of some plants into a folder. Rejects with a `Problem` when there is nothing. */
export async function recordLanded(
  client: ClickHouseClient,
  { plants, from, folder }: LandedHistory,
): Promise<RecordingDescription> {
  const since = toIso(from);
  const answer = await client.query({
    query: LINES,
    query_params: { plants, from: since },
    format: 'JSONEachRow',
  });
  let count = 0;
  async function* lines(): AsyncGenerator<string> {
    for await (const batch of answer.stream<Line>()) {
      for (const row of batch) {
        const { appended, subject, payload } = row.json<Line>();
        count += 1;
        yield `{"subject":${JSON.stringify(subject)},"appended":${Number(appended)},"payload":${payload}}\n`;
      }
    }
  }
  const file = join(folder, 'landed.ndjson');
  await pipeline(Readable.from(lines()), createWriteStream(file));
  if (count > 0) return recordingSchema.parse({ name: 'landed', kind: 'ndjson', file, tick: '1m' });
  throw new Problem({
    where: '--from',
    expected: `messages of ${plants.join(', ')} in ClickHouse since ${since}`,
    found: 'none',
    remedy: 'Name an earlier time, or look at `andon sql "SELECT min(appended) FROM readings"`.',
    exit: EXIT.input,
  });
}
