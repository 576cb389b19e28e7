/** The description of a recording: what its file holds, and when that happened. */

import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { nameSchema } from '../../operators/model/plant-model.ts';
import { durationSchema, type EventTime, MINUTE, SECOND } from '../../operators/model/time.ts';
import { openYamlFile } from '../base/yaml-file.ts';
import { SAMPLE_FORMATS } from '../files/files.ts';
import { isZone, readInstant, TIME_FORMATS } from '../files/instant.ts';
import { ENCODINGS } from '../files/row-sources.ts';

/** `2012-01-01T00:00:00Z`; without a zone it is UTC. */
const instant = z.string().transform((text, context): EventTime => {
  const milliseconds = readInstant(text);
  if (!Number.isNaN(milliseconds)) return (milliseconds * 1_000) as EventTime;
  context.addIssue({ code: 'custom', message: 'expected a time such as 2012-01-01T00:00:00Z' });
  return z.NEVER;
});

/** What is known of a machine's life up to a failure, for a backtest to be measured by. Nothing else reads it. */
const lifeSchema = z
  .strictObject({
    /** `plant/line/asset`. Without it the asset of `subject`. */
    asset: z
      .string()
      .regex(/^[\w-]+(\/[\w-]+){2}$/, 'expected plant/line/asset')
      .optional(),
    /** Nothing was wrong with it until then: what is said before is a false alarm. */
    healthy_until: instant.optional(),
    /** When it failed. What comes later is another life. */
    failed: instant.optional(),
  })
  .refine(
    ({ healthy_until: healthy, failed }) =>
      healthy === undefined || failed === undefined || healthy <= failed,
    { message: 'expected healthy_until before failed' },
  );

const common = {
  /** Shown as the name of the log, and in the lineage of each message. */
  name: nameSchema,
  /** Where the data came from, and on what terms. */
  source: z.string().optional(),
  /** Beside the description, or an absolute path. `.gz` is unpacked on the way. */
  file: z.string().min(1),
  /** How long after its last sample a message was appended. */
  delay: durationSchema.default(SECOND),
  /** In a silence a tick is appended so often, as a worker would do it. 0s: none, so the silence is blind time. */
  tick: durationSchema.default(SECOND),
  /** The ticks go on for so long after the last message, so that windows close and off-delays end. */
  settle: durationSchema.default(MINUTE),
  lives: z.array(lifeSchema).default([]),
};

const waveforms = z.strictObject({
  ...common,
  kind: z.literal('waveforms'),
  layout: z
    .enum(['[snapshot][channel][sample]', '[snapshot][sample][channel]'])
    .default('[snapshot][channel][sample]'),
  /** Little endian. */
  type: z.enum(['i16', 'f32', 'f64']),
  /** What one count is, in the unit. */
  scale: z.number().default(1),
  unit: z.string().min(1).max(16),
  /** Samples per second. */
  rate: z.number().positive(),
  /** Per snapshot and channel. */
  samples: z.number().int().positive(),
  /** `waveform.<plant>.<line>.<asset>` */
  subject: z.string().regex(/^waveform(\.[\w-]+){3}$/, 'expected waveform.<plant>.<line>.<asset>'),
  /** One point per channel, in the order of the file. */
  points: z.array(nameSchema).min(1),
  rpm: z.number().nonnegative().optional(),
  /** When the snapshot with the first number began. */
  start: instant,
  /** From one number to the next. */
  interval: durationSchema,
  /** Which snapshots the file holds: the last one always, whatever the step. Without it 1, 2, 3 … */
  snapshots: z
    .strictObject({
      first: z.number().int(),
      step: z.number().int().positive().default(1),
      last: z.number().int(),
    })
    .optional(),
});

/** Files that describe themselves: WAV, MAT, UFF 58, TDMS, NPY, tables of samples. One, or all of a folder. */
const waveformFiles = z.strictObject({
  ...common,
  kind: z.literal('waveform-files'),
  /** By the file's name without it. */
  format: z.enum(SAMPLE_FORMATS).optional(),
  /** Names or numbers of the channels, with commas between them; all without it. */
  channels: z.string().min(1).optional(),
  /** Unit per count, or per full scale of WAV files. */
  scale: z.number().default(1),
  /** Where the files do not say them. */
  unit: z.string().min(1).max(16).optional(),
  rate: z.number().positive().optional(),
  subject: z.string().regex(/^waveform(\.[\w-]+){3}$/, 'expected waveform.<plant>.<line>.<asset>'),
  /** One point per channel, in the order of the file or of `channels`. */
  points: z.array(nameSchema).min(1),
  rpm: z.number().nonnegative().optional(),
  /** When the first file began. */
  start: instant,
  /** From one file of a folder to the next. */
  interval: durationSchema.optional(),
});

const zone = z.string().refine(isZone, 'expected the name of a time zone such as Europe/Berlin');

const telemetry = z
  .string()
  .regex(/^telemetry(\.[\w-]+){3}$/, 'expected telemetry.<plant>.<line>.<asset>');

/** What all tables share. */
const table = {
  ...common,
  time: z.union([
    z.strictObject({
      column: z.string(),
      /** The time of day, where it has a column of its own. */
      clock: z.string().optional(),
      /** `day-first` and `month-first` are 05/01/2026 07:00:00 and the like, `excel` counts days, the others from 1970. */
      format: z.enum(TIME_FORMATS).default('iso'),
      /** Of times that say none. */
      zone: zone.default('UTC'),
    }),
    /** A column that counts: its 0 was at `start`, and each step takes `interval`. */
    z.strictObject({
      column: z.string(),
      format: z.literal('count'),
      start: instant,
      interval: durationSchema,
    }),
  ]),
  /** `telemetry.<plant>.<line>.<asset>`, or the name of the column that has it. */
  subject: telemetry.optional(),
  subject_column: z.string().optional(),
  /** One value a row: the columns of its tag and of itself. */
  long: z.strictObject({ tag: z.string(), value: z.string() }).optional(),
  /** Signal by column or tag, of the subject or of another one. All under their own names without it. */
  signals: z
    .record(
      z.string(),
      z.union([nameSchema, z.strictObject({ subject: telemetry, signal: nameSchema })]),
    )
    .optional(),
  /** What stands for no value, as it is written: it is counted as a value of bad quality. */
  missing: z.array(z.coerce.string()).default([]),
  /** A column that rates the values of its row, and its words; all other words are bad. */
  quality: z
    .strictObject({
      column: z.string(),
      good: z.array(z.coerce.string()).optional(),
      uncertain: z.array(z.coerce.string()).optional(),
    })
    .optional(),
};

const csv = z.strictObject({
  ...table,
  kind: z.literal('csv'),
  delimiter: z.string().length(1).default(','),
  /** Decimal sign of numbers. */
  decimal: z.enum(['.', ',']).default('.'),
  /** Lines above the heading. */
  skip: z.number().int().nonnegative().default(0),
  /** Whether a row of units stands below the heading. */
  units_row: z.boolean().default(false),
  encoding: z.enum(ENCODINGS).default('utf-8'),
});

const parquet = z.strictObject({ ...table, kind: z.literal('parquet') });
/** One object a line. */
const json = z.strictObject({ ...table, kind: z.literal('json') });

type Addressed = {
  readonly subject?: string | undefined;
  readonly subject_column?: string | undefined;
  readonly signals?: Readonly<Record<string, unknown>> | undefined;
};

/** Each value has one subject: of its signal, of its row, or of the whole file. */
function isAddressed({ subject, subject_column: column, signals }: Addressed): boolean {
  const own = Object.values(signals ?? {});
  const all = own.length > 0 && own.every((one) => typeof one !== 'string');
  return all || (subject === undefined) !== (column === undefined);
}
const ONE_SUBJECT = { message: 'expected either subject or subject_column' };

const ndjson = z.strictObject({ ...common, kind: z.literal('ndjson') });

export const recordingSchema = z.discriminatedUnion('kind', [
  waveforms,
  waveformFiles,
  csv.refine(isAddressed, ONE_SUBJECT),
  parquet.refine(isAddressed, ONE_SUBJECT),
  json.refine(isAddressed, ONE_SUBJECT),
  ndjson,
]);

export type RecordingDescription = z.infer<typeof recordingSchema>;
export type WaveformsDescription = Extract<RecordingDescription, { kind: 'waveforms' }>;
export type WaveformFilesDescription = Extract<RecordingDescription, { kind: 'waveform-files' }>;
export type TableDescription = Extract<RecordingDescription, { kind: 'csv' | 'parquet' | 'json' }>;

/**
 * Reads a description; `file` in the result is an absolute path. An `.ndjson` file needs none: it describes itself.
 * Rejects with a `Problem` that says file, line and column.
 */
export async function readDescription(path: string, base?: string): Promise<RecordingDescription> {
  if (/\.ndjson(\.gz)?$/.test(path)) {
    const name = (path.split('/').at(-1) ?? '').split('.')[0]?.replace(/[^\w-]/g, '-') ?? '';
    return recordingSchema.parse({ kind: 'ndjson', name, file: resolve(path) });
  }
  const file = openYamlFile(path);
  const parsed = recordingSchema.safeParse(file.data);
  file.report(parsed.error, []);
  if (!parsed.success) throw parsed.error;
  return { ...parsed.data, file: resolve(base ?? dirname(path), parsed.data.file) };
}
