import type { ClickHouseClient } from '@clickhouse/client';
import { z } from 'zod';
import type { EventTime } from '../../operators/model/time.ts';

const count = z.coerce.number();
const time = z.coerce.number().transform((micros) => micros as EventTime);
const located = { plant: z.string(), line: z.string(), asset: z.string() };

const countsSchema = z.object({
  sequence: count,
  messages: count,
  readings: count,
  waveforms: count,
  windows: count,
  features: count,
  anomalies: count,
  incidents: count,
  requests: count,
  revisions: count,
  acts: count,
  replies: count,
  commands: count,
  answered: count,
  accepted: z.array(z.string()),
  done: count,
});
/**
 * What has landed: `sequence` is the last message whose epoch is there as a whole; `acts` are of people, in the page;
 * `replies` are messages of systems; of the commands to them `answered` have had their answer; `accepted` are the ids of
 * requests that somebody has taken on, `done` works that somebody has completed. These are up to `sequence`.
 */
export type Counts = z.infer<typeof countsSchema>;

/**
 * Rows land ahead of the epoch that they are of: what is held against each other is counted up to the last whole epoch.
 * `landed` would be a column of most tables.
 */
const COUNTS = `
  WITH (SELECT max(last_sequence) FROM epochs) AS reached
  SELECT
    reached                                                        AS sequence,
    (SELECT sum(messages) FROM epochs FINAL WHERE last_sequence <= reached) AS messages,
    (SELECT count() FROM readings)                                 AS readings,
    (SELECT count() FROM waveforms)                                AS waveforms,
    (SELECT count() FROM windows_final)                            AS windows,
    (SELECT count() FROM features)                                 AS features,
    (SELECT uniqExact(id) FROM anomalies WHERE phase = 'raised')   AS anomalies,
    (SELECT uniqExact(id) FROM incidents)                          AS incidents,
    (SELECT uniqExact(id) FROM request_history)                    AS requests,
    (SELECT uniqExact(id, revision) FROM request_history)          AS revisions,
    (SELECT uniqExact(stream, sequence) FROM machine_events
     WHERE kind = 'act' AND via = 'console' AND sequence <= reached) AS acts,
    (SELECT uniqExact(stream, sequence) FROM machine_events
     WHERE kind = 'status' AND sequence <= reached)                 AS replies,
    (SELECT uniqExact(id) FROM commands WHERE mode = 'on' AND sequence <= reached) AS commands,
    (SELECT uniqExact(JSONExtractString(data, 'id')) FROM machine_events
     WHERE kind = 'status' AND type = 'command' AND sequence <= reached) AS answered,
    (SELECT groupUniqArray(JSONExtractString(data, 'id')) FROM machine_events
     WHERE kind = 'status' AND type = 'request' AND sequence <= reached
       AND JSONExtractString(data, 'status') IN ('accepted', 'scheduled', 'started', 'completed', 'closed')) AS accepted,
    (SELECT uniqExact(JSONExtractString(data, 'id')) FROM machine_events
     WHERE kind = 'status' AND type IN ('request', 'order') AND sequence <= reached
       AND JSONExtractString(data, 'status') IN ('completed', 'closed')) AS done`;

const deadLetterSchema = z.object({
  reason: z.string(),
  source: z.string(),
  stage: z.string(),
  count,
});
/** What left the main way, added up. */
export type DeadLetterCount = z.infer<typeof deadLetterSchema>;

const DEAD_LETTERS = `
  SELECT reason, source, stage, sum(count) AS count
  FROM dead_letters
  GROUP BY reason, source, stage
  ORDER BY reason, source, stage`;

const findingSchema = z.object({
  kind: z.enum(['anomaly', 'incident']),
  sequence: count,
  time,
  ...located,
  id: z.string(),
  rule: z.string(),
  severity: z.string(),
  failure_mode: z.string(),
  reason: z.string(),
});
/** An anomaly that was raised, or an incident. */
export type LandedFinding = z.infer<typeof findingSchema>;

const FINDINGS = `
  SELECT 'anomaly' AS kind, sequence, toUnixTimestamp64Micro(time) AS time, plant, line, asset, id, rule, severity,
         failure_mode, reason
  FROM anomalies
  WHERE phase = 'raised' AND sequence > {after:UInt64} AND sequence <= {to:UInt64}
  UNION ALL
  SELECT 'incident' AS kind, sequence, toUnixTimestamp64Micro(time) AS time, plant, line, asset, id, rule, severity,
         failure_mode, concat(rule, ', from ', toString(length(anomalies)), if(length(anomalies) = 1, ' anomaly', ' anomalies'))
  FROM incidents
  WHERE sequence > {after:UInt64} AND sequence <= {to:UInt64}
  ORDER BY sequence, kind, time, id`;

const revisionSchema = z.object({
  sequence: count,
  time,
  opened: time,
  ...located,
  id: z.string(),
  revision: count,
  action: z.enum(['open', 'update', 'withdraw', 'close']),
  priority: z.string(),
  component: z.string(),
  failure_mode: z.string(),
  title: z.string(),
  request: z.string(),
});
/** One revision of a request; `request` is the JSON that went to the CMMS. */
export type LandedRevision = z.infer<typeof revisionSchema>;

const REVISIONS = `
  SELECT sequence, toUnixTimestamp64Micro(time) AS time, toUnixTimestamp64Micro(opened) AS opened, plant, line, asset, id,
         revision, action, priority, component, failure_mode, title, request
  FROM request_history FINAL
  WHERE sequence > {after:UInt64} AND sequence <= {to:UInt64}
  ORDER BY sequence, id, revision`;

const machineSchema = z.object({ ...located, state: z.string(), standing: count });
/** What a machine does now, and how many of its anomalies stand. */
export type MachineNow = z.infer<typeof machineSchema>;

const MACHINES = `
  SELECT plant, line, asset, max(state) AS state, sum(standing) AS standing
  FROM
  (
      SELECT plant, line, asset, argMax(state, (time, sequence)) AS state, 0 AS standing
      FROM machine_states
      GROUP BY plant, line, asset
      UNION ALL
      SELECT plant, line, asset, '' AS state, count() AS standing
      FROM anomalies_now
      WHERE phase != 'cleared'
      GROUP BY plant, line, asset
  )
  GROUP BY plant, line, asset`;

const ANSWERS = `
  SELECT lower(hex(SHA256(arrayStringConcat(arraySort(groupArray(said)), '\\n')))) AS answers
  FROM
  (
      SELECT concat('anomaly ', id, ' ', toString(revision), ' ', phase, ' ', toString(time), ' ', reason) AS said FROM anomalies FINAL
      UNION ALL
      SELECT concat('incident ', id, ' ', toString(time), ' ', evidence) FROM incidents FINAL
      UNION ALL
      -- Closed is a request when somebody has done it, by the clock.
      SELECT concat('request ', request) FROM request_history FINAL WHERE action != 'close'
  )`;

const postedSchema = z.object({ ...located, id: z.string(), posted: count });
/** A work that was done, and what the ERP has posted for it. */
export type DoneWork = z.infer<typeof postedSchema>;

const DONE = `
  WITH done AS
  (
      SELECT JSONExtractString(data, 'id') AS id, any(plant) AS plant, any(line) AS line, any(asset) AS asset
      FROM machine_events
      WHERE kind = 'status' AND type IN ('request', 'order') AND JSONExtractString(data, 'status') IN ('completed', 'closed')
      GROUP BY id
  )
  SELECT done.id AS id, done.plant AS plant, done.line AS line, done.asset AS asset, sum(cost.amount) AS posted
  FROM done
  LEFT JOIN (SELECT request, amount FROM work_costs WHERE basis = 'posted') AS cost ON cost.request = done.id
  GROUP BY id, plant, line, asset
  ORDER BY asset, id`;

/** Messages later than `after`, `to` included. */
export type MessageRange = { readonly after: number; readonly to: number };

/** The questions that the demo asks ClickHouse: everything it shows and counts comes from there. */
export interface DemoQuestions {
  counts(): Promise<Counts>;
  deadLetters(): Promise<readonly DeadLetterCount[]>;
  /** Those of a stretch of messages. Up to the landed sequence nothing is missing. */
  findings(stretch: MessageRange): Promise<readonly LandedFinding[]>;
  revisions(stretch: MessageRange): Promise<readonly LandedRevision[]>;
  machines(): Promise<readonly MachineNow[]>;
  /** A fingerprint of all anomalies, incidents and request revisions. */
  answers(): Promise<string>;
  done(): Promise<readonly DoneWork[]>;
}

export function askWarehouse(client: ClickHouseClient): DemoQuestions {
  async function ask<T>(
    query: string,
    schema: z.ZodType<T>,
    stretch?: MessageRange,
  ): Promise<readonly T[]> {
    const answer = await client.query({
      query,
      query_params: { ...stretch },
      format: 'JSONEachRow',
    });
    return z.array(schema).parse(await answer.json());
  }
  return {
    async counts() {
      const [counts] = await ask(COUNTS, countsSchema);
      if (counts === undefined) throw new Error('expected one row of counts, found none');
      return counts;
    },
    deadLetters: () => ask(DEAD_LETTERS, deadLetterSchema),
    findings: (stretch) => ask(FINDINGS, findingSchema, stretch),
    revisions: (stretch) => ask(REVISIONS, revisionSchema, stretch),
    machines: () => ask(MACHINES, machineSchema),
    async answers() {
      const [found] = await ask(ANSWERS, z.object({ answers: z.string() }));
      return found?.answers ?? '';
    },
    done: () => ask(DONE, postedSchema),
  };
}
