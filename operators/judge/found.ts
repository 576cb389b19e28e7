/** What an edge that judges a line sends of it: rows of its own pipeline, as the data of an event on `finding.…`. */

import { z } from 'zod';
import { ALARM_STATES, ANOMALY_PHASES, CLEAR_CAUSES } from '../model/anomaly.ts';
import { severitySchema } from '../model/detector-rule.ts';
import type { EventData } from '../model/machine-event.ts';
import { isTooDeep } from '../model/plain.ts';
import { evidenceSchema, requestSchema } from '../model/request.ts';
import type { Tables } from '../model/tables.ts';
import { canBeWritten, type EventTime } from '../model/time.ts';

/** Tables whose rows come from an edge; in the order in which those of an epoch are sent. */
export const FOUND_TABLES = ['anomalies', 'alarms', 'incidents', 'requests'] as const;
export type FoundTable = (typeof FOUND_TABLES)[number];

/** The type of the event that brings one. */
export const FOUND_EVENT = 'found';

const dataSchema = z.object({
  /** The edge. */
  judge: z.string(),
  table: z.enum(FOUND_TABLES),
  /** JSON text: the row, or the revision of a request. */
  row: z.string(),
});

const text = z.string();
const time = z
  .number()
  .refine((microseconds) => canBeWritten(microseconds / 1_000), 'expected microseconds')
  .transform((microseconds) => Math.round(microseconds) as EventTime);
/** JSON has no NaN. */
const number = z
  .number()
  .nullable()
  .transform((value) => value ?? Number.NaN);

/** A text that is JSON of this shape: whoever reads the row reads that, too. */
const jsonText = (schema: z.ZodType) =>
  text.refine((json) => {
    try {
      const content: unknown = JSON.parse(json);
      return !isTooDeep(content) && schema.safeParse(content).success;
    } catch {
      return false;
    }
  }, 'expected JSON as a judge writes it');
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const alarmState = z.enum(ALARM_STATES);

const located = { plant: text, line: text, asset: text };
const situation = { state: text, mode: text, order: text, product: text };

const anomalySchema = z.object({
  ...located,
  ...situation,
  ...{ id: text, phase: z.enum(ANOMALY_PHASES), revision: z.int().min(1) },
  ...{ rule: text, detector: text },
  ...{ signal: text, point: text, component: text, failure_mode: text, severity: severitySchema },
  ...{ since: time, time, value: number, limit: number, score: number, unit: text, reason: text },
  ...{ sensor: text, contributions: z.record(text, number), part: text, advice: text },
  ...{ evidence: jsonText(z.record(text, scalar)), alarm: alarmState, withheld: text },
  cause: z.enum([...CLEAR_CAUSES, '']),
});

const alarmSchema = z.object({
  ...located,
  ...{ rule: text, signal: text, point: text, anomaly: text, time, cause: text },
  ...{ before: z.enum([...ALARM_STATES, '']), after: z.enum([...ALARM_STATES, '']) },
  ...{ who: text, reason: text },
});

const incidentSchema = z.object({
  ...located,
  ...situation,
  ...{ id: text, rule: text, component: text, failure_mode: text, severity: severitySchema },
  ...{ start: time, end: time, time, anomalies: z.array(text), evidence: jsonText(evidenceSchema) },
});

const SCHEMAS = {
  anomalies: anomalySchema,
  alarms: alarmSchema,
  incidents: incidentSchema,
  requests: requestSchema,
} as const;

/** What an edge found, and the edge. */
export type Found = { readonly judge: string } & {
  [N in FoundTable]: {
    readonly table: N;
    readonly row: z.output<(typeof SCHEMAS)[N]>;
  };
}[FoundTable];

/** What the data of a finding brings, or what is wrong with it. */
export function readFound(data: EventData): Found | { readonly problem: string } {
  const parsed = dataSchema.safeParse(data);
  if (!parsed.success) return { problem: problemOf(parsed.error) };
  const { judge, table, row } = parsed.data;
  let content: unknown;
  try {
    content = JSON.parse(row);
  } catch {
    return { problem: 'row: expected JSON' };
  }
  if (isTooDeep(content)) return { problem: 'row: expected less deep JSON' };
  const found = SCHEMAS[table].safeParse(content);
  if (!found.success) return { problem: `row: ${problemOf(found.error)}` };
  return { judge, table, row: found.data } as Found;
}

function problemOf({ issues: [issue] }: z.ZodError): string {
  return `${issue?.path.join('.')}: ${issue?.message}`;
}

/** The data of the finding that brings a row: of a request its revision, which the row is made of again. */
export function foundData<N extends FoundTable>(
  judge: string,
  table: N,
  row: Tables[N],
): EventData {
  return { judge, table, row: 'request' in row ? row.request : JSON.stringify(row) };
}
