import { z } from 'zod';
import { QUALITIES } from './decoded.ts';
import { plantModelSchema } from './plant-model.ts';
import { rulesSchema } from './rules.ts';
import { scheduleMessageSchema } from './schedule.ts';

/*
 * What publishers may send, message by message: the source of `docs/schema`. The decode stage reads by hand, because
 * it is the hot path; a test holds it against these. Unknown fields are ignored, so these are open objects.
 */

const milliseconds = z.number().describe('Epoch milliseconds (UTC), fractions allowed.');

/** MessagePack `bin`. JSON has no such thing. */
function bin(what: string) {
  return z.instanceof(Uint8Array).meta({ description: `MessagePack bin: ${what}` });
}

const reading = z
  .union([z.number(), z.boolean(), z.string(), z.null()])
  .describe('A number, true or false, a text; null where there is none. Never NaN or infinite.');

const word = z.enum(QUALITIES);
const bytes = bin('a code per sample: 0 good, 1 uncertain, 2 suspect, 3 bad');

/** The same word for all values of a message, or for each signal what `one` allows. */
function quality<T extends z.ZodType>(one: T) {
  return z
    .union([word, z.record(z.string(), one)])
    .optional()
    .describe('What the source says of its values; good without it. A bad value is none.');
}

/** `telemetry.<plant>.<line>.<asset>`: the signals of one asset at one time. */
export const frameSchema = z
  .object({
    time: milliseconds,
    values: z.record(z.string(), reading).describe('Value by signal, 1 to 4,096 of them.'),
    quality: quality(word),
  })
  .describe('A frame: the signals of one asset at one time.');

/** The same, several samples in one message. */
export const blockSchema = z
  .object({
    time: z.array(milliseconds).min(1).describe('One time per sample.'),
    values: z
      .record(z.string(), z.array(reading))
      .describe('Per signal a list as long as time. At most 1,000,000 values in one message.'),
    quality: quality(z.union([word, z.array(word.nullable()), bytes])),
  })
  .describe('A block: several samples of one asset in one message.');

/** The same, equidistant and as bytes. */
export const packedBlockSchema = z
  .object({
    time: milliseconds.describe('Of the first sample, in epoch milliseconds.'),
    step: z.number().positive().describe('Milliseconds from one sample to the next.'),
    type: z.enum(['f32', 'f64']).default('f32'),
    values: z.record(z.string(), bin('little-endian numbers of the type, as many for each signal')),
    quality: quality(z.union([word, z.array(word.nullable()), bytes])),
  })
  .describe('A packed block: equidistant samples of one asset as bytes. MessagePack only.');

/** `waveform.<plant>.<line>.<asset>.<point>` */
export const waveformSchema = z
  .object({
    time: milliseconds.describe('Of the first sample, in epoch milliseconds.'),
    rate: z.number().positive().max(1e9).describe('Samples per second.'),
    unit: z.string().max(16).describe('Of the samples: g, m/s2, mm/s2, mm/s, m/s, um or mm.'),
    samples: z.union([
      bin('little-endian f32'),
      z.object({ i16: bin('little-endian i16'), scale: z.number().describe('Unit per count.') }),
      z.array(z.number()).min(1).describe('For JSON.'),
    ]),
    rpm: z.number().nonnegative().optional().describe('Shaft speed while it was taken.'),
    part: z
      .tuple([z.int().nonnegative(), z.int().min(1).max(1_024)])
      .optional()
      .describe('[index from 0, count]: one burst in several messages.'),
  })
  .describe('A waveform: a burst of equidistant samples of one measuring point.');

/**
 * `event.<plant>.<line>.<asset>`, `act.<plant>.<line>.<asset>.<via>.<user>`, `status.<system>.<plant>.<line>.<asset>` and
 * `finding.<plant>.<line>.<asset>`
 */
export const eventSchema = z
  .object({
    time: milliseconds,
    type: z.string().min(1).max(64),
    data: z
      .record(
        z.string().max(64),
        z.union([z.string().max(8_192), z.number(), z.boolean(), z.null()]),
      )
      .default({})
      .describe(
        'Of state: state, mode, product, order. Of request: id, status, remote, note. Of report: text, component, failure_mode, severity, priority, ref, until.',
      ),
  })
  .describe(
    'Something that happened to an asset: state, acknowledged, request, report, or a name of its own.',
  );

/** The last day that ClickHouse keeps: 65,535 days after the first one. */
const LAST_DAY = '2149-06-06';

/** A day of the calendar, UTC. Systems that write 9999-12-31 for an open end mean none. */
const day = z.iso
  .date('expected a day such as 2026-11-30')
  .refine((text) => text >= '1970-01-01' && text <= LAST_DAY, {
    message: `expected a day from 1970-01-01 to ${LAST_DAY}; leave a last day out for an open end`,
  });
const name = (what: string) => z.string().min(1).max(256).describe(what);

/** `mapping.<plant>.<via>.<user>`: who says it is in the subject. */
export const mappingChangeSchema = z
  .object({
    change: name('Id of the change, made by whoever proposes it. Answers name it.'),
    verb: z
      .enum(['propose', 'approve', 'refuse'])
      .describe('What is done with the change. The first answer to a proposal counts.'),
    reason: z.string().max(2_000).default('').describe('Why, for people.'),
    mapping: z
      .object({
        entity: name('What it is: asset, part, status …'),
        id: name('Canonical id; of a status the canonical word.'),
        system: name('System that calls it otherwise.'),
        remote: name('What that system calls it.'),
        owner: z.string().max(256).default('').describe('Who answers for the mapping.'),
        from: day.default('1970-01-01').describe('First day.'),
        to: day
          .nullable()
          .default(null)
          .describe('Last day, not before the first one; null: until further notice.'),
      })
      .refine(({ from, to }) => to === null || to >= from, {
        message: 'expected a last day on or after the first one',
        path: ['to'],
      })
      .optional()
      .describe('Of a proposal: what is to be so. With `to` an end of what is.'),
  })
  .refine(({ verb, mapping }) => (verb === 'propose') === (mapping !== undefined), {
    message: 'expected a mapping in a proposal, and none in an answer',
    path: ['mapping'],
  })
  .describe('A change of what a thing is called in a system: its proposal, or an answer to that.');
export type MappingChange = z.output<typeof mappingChangeSchema>;

/** What a plant has bears its name ahead of its own. All else (parts, suppliers, words of a status …) is of no one plant. */
const OF_PLANT: ReadonlySet<string> = new Set(['line', 'asset', 'component']);

/** The plant whose engineers alone may say it; undefined for what is of no one plant. */
export function plantOfMapping({ entity, id }: { entity: string; id: string }): string | undefined {
  if (entity === 'plant') return id;
  return OF_PLANT.has(entity) ? id.slice(0, Math.max(0, id.indexOf('/'))) : undefined;
}

/** Every message of the log, by the first token of its subject (blocks and frames share `telemetry`, facts `event`). */
export const WIRE_SCHEMAS = {
  frame: frameSchema,
  block: blockSchema,
  'packed-block': packedBlockSchema,
  waveform: waveformSchema,
  event: eventSchema,
  schedule: scheduleMessageSchema,
  model: plantModelSchema,
  rules: rulesSchema,
  mapping: mappingChangeSchema,
} as const;

export type WireMessage = keyof typeof WIRE_SCHEMAS;
