/** `edge.yaml`: what stands beside an edge, what its names mean, and what of it goes up. */

import { z } from 'zod';
import { PACKML_STATES } from '../../operators/model/machine-event.ts';
import { nameSchema } from '../../operators/model/plant-model.ts';
import { durationSchema, positiveDurationSchema } from '../../operators/model/time.ts';
import { secretSchema } from '../../sinks/remote/secret.ts';
import { bytes, natsSchema, tlsSchema } from '../base/config.ts';
import { LEVELS } from '../base/log-level.ts';
import { openYamlFile } from '../base/yaml-file.ts';
import type { FileIssue } from '../base/zod-expectations.ts';
import { TIME_FORMATS } from '../files/instant.ts';
import { issuesOfModbus, modbusSchema } from './modbus/modbus-config.ts';
import { issuesOfOpcua, opcuaSchema } from './opcua/opcua-config.ts';
import { parseTopic } from './topic.ts';

const assetPath = z
  .string()
  .regex(
    /^[A-Za-z0-9_-]{1,64}(?:\.[A-Za-z0-9_-]{1,64}){2}$/,
    'expected plant.line.asset, as the plant model has them',
  );
const template = z.string().min(1).max(256);
const path = z.string().min(1).max(256);

/** What one tag becomes. */
const signalSchema = z
  .strictObject({
    as: z.string().min(1).max(128).optional().describe('Its name in the plant model.'),
    scale: z.number().optional().describe('Factor: raw value times scale plus offset.'),
    offset: z.number().optional(),
    unit: z.string().optional().describe('What the payload has to say, where it says a unit.'),
    kind: z.enum(['gauge', 'counter']).optional(),
    deadband: z.number().positive().optional().describe('Least change that goes up, after scale.'),
    every: positiveDurationSchema.optional().describe('At most one value in this time,'),
    heartbeat: positiveDurationSchema.optional().describe('and one after this time in any case.'),
    up: z
      .enum(['all', 'reduced', 'events', 'judge', 'none'])
      .optional()
      .describe('What leaves the plant; judge: nothing, and the judge of this edge sees it.'),
    states: z
      .union([z.literal('packml'), z.record(z.string(), z.enum(PACKML_STATES))])
      .optional()
      .describe('The value is a state: numbers of PackML, or a table of texts and numbers.'),
    event: z.string().min(1).max(64).optional().describe('A change is a machine event.'),
    waveform: z
      .strictObject({
        point: nameSchema,
        rate: z.number().positive(),
        unit: z.enum(['g', 'm/s2', 'mm/s2', 'mm/s', 'm/s', 'um', 'mm']),
      })
      .optional()
      .describe('A list of numbers is a waveform of this point.'),
  })
  .superRefine((signal, context) => {
    const reduces = signal.deadband !== undefined || signal.every !== undefined;
    const isEvent = signal.states !== undefined || signal.event !== undefined;
    const say = (field: string, message: string) =>
      context.addIssue({ code: 'custom', path: [field], message });
    if (signal.up === 'reduced' && !reduces) say('up', 'expected deadband or every beside reduced');
    if (signal.up === 'all' && reduces) say('up', 'expected no deadband and no every beside all');
    if (signal.up === 'events' && !isEvent) say('up', 'expected states or event beside events');
    if (signal.heartbeat !== undefined && !reduces) {
      say('heartbeat', 'expected deadband or every beside it');
    }
    if (signal.kind === 'counter' && signal.deadband !== undefined) {
      say('deadband', 'expected none of a counter: a step is a step');
    }
    if (signal.states !== undefined && signal.event !== undefined) {
      say('event', 'expected states or event, not both');
    }
  });

const topicSchema = z.strictObject({
  topic: z
    .string()
    .refine((text) => parseTopic(text) !== undefined, {
      message: 'expected levels with /, each a text, +, {name}, or at the end # or {name...}',
    })
    .describe('What is subscribed to: factory/{machine}/data'),
  format: z.enum(['json', 'text', 'line-protocol', 'telegraf', 'senml']).default('json'),
  qos: z.union([z.literal(0), z.literal(1)]).default(1),
  machine: template.default('{machine}').describe('What is looked up in assets.'),
  tag: template.optional().describe('What is looked up in signals.'),
  event: z.string().min(1).max(64).optional().describe('A whole payload is an event of this type.'),
  clock: z.enum(['source', 'arrival']).default('source').describe('Whose time counts.'),
  time: z
    .strictObject({ path, format: z.enum(TIME_FORMATS).default('epoch-ms') })
    .optional()
    .describe('Where JSON has its time.'),
  precision: z.enum(['epoch-s', 'epoch-ms', 'epoch-us', 'epoch-ns']).optional(),
  each: path.optional().describe('Where JSON has its list of samples.'),
  value: path.optional().describe('Where JSON has the one value of a sample.'),
  unit: path.optional(),
  quality: z
    .strictObject({
      path,
      good: z.array(z.string()).optional(),
      uncertain: z.array(z.string()).optional(),
    })
    .optional(),
});

/** How a broker is reached, whatever is read from it. */
const brokerFields = {
  url: z
    .string()
    .regex(
      /^(?:mqtts?|tcp|ssl|wss?):\/\/[^\s/]+/,
      'expected mqtt://host:port or mqtts://host:port',
    ),
  version: z.union([z.literal(4), z.literal(5), z.literal('3.1.1')]).default(5),
  client: z.string().min(1).max(128).optional().describe('Its client id; without it the edge.'),
  user: secretSchema.optional(),
  password: secretSchema.optional(),
  tls: tlsSchema.optional(),
  keepalive: z.int().min(1).max(65_535).default(30).describe('Seconds.'),
  in_flight: z.int().min(1).max(1_000).default(100).describe('Most without acknowledgement.'),
};

const mqttSchema = z.strictObject({
  ...brokerFields,
  share: z
    .string()
    .regex(/^[^/+#]+$/)
    .optional()
    .describe('The group of a shared subscription.'),
  session: z
    .int()
    .min(1)
    .default(604_800)
    .describe('Seconds that a broker keeps messages (MQTT 5).'),
  topics: z.array(topicSchema).min(1),
});

/** An id of Sparkplug: it stands in a level of a topic. */
const sparkplugId = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[^/+#]+$/, 'expected a text without /, + and #');

const sparkplugSchema = z.strictObject({
  ...brokerFields,
  host: sparkplugId.describe('Its id as a host application; no other one may have it.'),
  groups: z.array(sparkplugId).min(1).optional().describe('Without it all of them.'),
  machine: template.default('{machine}').describe('What is looked up in assets.'),
  tag: template.default('{metric}').describe('What is looked up in signals.'),
  clock: z.enum(['source', 'arrival']).default('source').describe('Whose time counts.'),
  reorder: durationSchema.prefault('2s').describe('How long a message waits for those before it.'),
  rebirth: positiveDurationSchema
    .prefault('30s')
    .describe('Least time between two requests to one node for its births.'),
});

const httpSchema = z.strictObject({
  host: z.string().default('127.0.0.1').describe('Where machines reach it; 0.0.0.0: everywhere.'),
  port: z.int().min(0).max(65_535).default(9466),
  tls: tlsSchema.omit({ ca: true }).optional().describe('Paths of its own pair.'),
  body: bytes.default(1_000_000).describe('Longest body.'),
  in_flight: z.int().min(1).max(1_000).default(64).describe('Most requests of a sender at a time.'),
  answer: positiveDurationSchema.prefault('10s').describe('Longest wait for the log.'),
  tokens: z
    .array(
      z.strictObject({
        name: nameSchema.describe('For log lines and answers.'),
        token: secretSchema,
        machines: z.array(z.string().min(1).max(1_024)).min(1).describe('For whom it may speak.'),
      }),
    )
    .min(1),
  prometheus: z
    .strictObject({
      machine: template.default('{instance}'),
      tag: template.optional().describe('Without it the name, and the labels that are left.'),
    })
    .prefault({}),
});

/** Each kind is one entry here, and one in the table of edge.ts that opens them. */
const sourceSchema = z.discriminatedUnion('kind', [
  z.strictObject({ name: nameSchema, kind: z.literal('mqtt').optional(), mqtt: mqttSchema }),
  z.strictObject({ name: nameSchema, kind: z.literal('opcua'), opcua: opcuaSchema }),
  z.strictObject({
    name: nameSchema,
    kind: z.literal('sparkplug'),
    sparkplug: sparkplugSchema,
  }),
  z.strictObject({ name: nameSchema, kind: z.literal('http'), http: httpSchema }),
  z.strictObject({ name: nameSchema, kind: z.literal('modbus'), modbus: modbusSchema }),
]);

const edgeSchema = z.strictObject({
  edge: z.string().regex(/^[A-Za-z0-9_-]{1,32}$/, 'expected letters, digits, _ and -, at most 32'),
  nats: natsSchema.prefault({}).describe('The leaf node beside it.'),
  centre: z.strictObject({
    domain: nameSchema.describe('Of JetStream at the centre.'),
    partitions: z.int().min(1).max(1_024).default(1),
    away: positiveDurationSchema.prefault('10s').describe('Without an answer it is away.'),
    catch_up: z.int().min(1).default(2_000).describe('Held messages that go up in a second.'),
  }),
  memory: z
    .strictObject({
      days: z.number().positive().default(7),
      bytes: bytes.default(8_000_000_000).describe('Most on disk, for each of the two streams.'),
      unknown: bytes
        .default(256_000_000)
        .describe('Most on disk of machines that are not in assets.'),
    })
    .prefault({}),
  http: z
    .strictObject({
      host: z.string().default('127.0.0.1'),
      port: z.int().min(0).max(65_535).default(9465),
    })
    .prefault({}),
  judge: z
    .strictObject({
      directory: z.string().default('edge-judge').describe('Epoch files and checkpoints.'),
      port: z.int().min(0).max(65_535).default(9467).describe('Of health and metrics; host: http.'),
    })
    .optional()
    .describe('Lines of the plant model that are judged here: andon edge judge.'),
  log: z.strictObject({ level: z.enum(LEVELS).default('info') }).prefault({}),
  assets: z
    .record(z.string(), assetPath)
    .default({})
    .describe('Asset by the name that the source has for it.'),
  signals: z.record(z.string(), signalSchema).default({}),
  unlisted: z
    .enum(['pass', 'judge', 'drop'])
    .default('pass')
    .describe('Tags that are not in signals; judge: as up of these.'),
  sources: z.array(sourceSchema).min(1),
});

export type EdgeConfig = z.output<typeof edgeSchema>;
export type EdgeTopic = z.output<typeof topicSchema>;
export type BrokerSettings = Pick<z.output<typeof mqttSchema>, keyof typeof brokerFields> & {
  readonly session?: number | undefined;
};
export type EdgeSignal = z.output<typeof signalSchema>;
export type EdgeSource = EdgeConfig['sources'][number];
export type SourceKind = NonNullable<EdgeSource['kind']>;
/** A source of this kind. */
export type SourceOf<Kind extends SourceKind> = Extract<
  EdgeSource,
  { readonly kind?: Kind | undefined }
>;

export function isOfKind<Kind extends SourceKind>(
  source: EdgeSource | undefined,
  kind: Kind,
): source is SourceOf<Kind> {
  return source !== undefined && sourceKind(source) === kind;
}

/** What has no kind is a broker: this was the first one. */
export function sourceKind({ kind = 'mqtt' }: EdgeSource): SourceKind {
  return kind;
}

/**
 * Throws a `Problem` that lists every mistake of the file with its line and column. Whoever finds out what there is needs
 * no assets yet.
 */
export function readEdgeConfig(
  file: string,
  purpose: 'to run' | 'without assets' = 'to run',
): EdgeConfig {
  const source = openYamlFile(file);
  const parsed = edgeSchema.safeParse(source.data ?? {});
  source.report(parsed.error, [], parsed.success ? issuesOf(parsed.data, purpose) : []);
  if (parsed.success) return parsed.data;
  throw parsed.error;
}

/** What two places of a file say that does not go together. */
function issuesOf(
  { sources, assets, nats, signals, unlisted, judge }: EdgeConfig,
  purpose: 'to run' | 'without assets',
): readonly FileIssue[] {
  const issues: FileIssue[] = [];
  if (nats.prefix !== undefined) {
    issues.push({ path: ['nats', 'prefix'], message: 'expected none: a leaf node has one edge' });
  }
  if (judge === undefined) {
    const message = 'expected judge in this file: without one nobody would see what stays here';
    if (unlisted === 'judge') issues.push({ path: ['unlisted'], message });
    for (const [tag, { up }] of Object.entries(signals))
      if (up === 'judge') issues.push({ path: ['signals', tag, 'up'], message });
  }
  const names = new Set<string>();
  const devices = new Map<string, string>();
  for (const [at, source] of sources.entries()) {
    const where = ['sources', at];
    const { name } = source;
    if (names.has(name)) issues.push({ path: [...where, 'name'], message: 'expected each once' });
    names.add(name);
    if (isOfKind(source, 'opcua')) {
      issues.push(...issuesOfOpcua(source.opcua, [...where, 'opcua']));
    } else if (isOfKind(source, 'mqtt')) issues.push(...issuesOfBroker(source, where));
    else if (isOfKind(source, 'http')) issues.push(...issuesOfPush(source, where));
    else if (isOfKind(source, 'modbus')) {
      issues.push(...issuesOfModbus(source.modbus, [...where, 'modbus']));
      const { host, port } = source.modbus;
      const device = `${host.toLowerCase()}:${port}`;
      const other = devices.get(device);
      if (other !== undefined) {
        // A device has room for few connections, some for one.
        const message = `expected one source for ${device}: put these groups into source ${other}`;
        issues.push({ path: [...where, 'modbus', 'host'], message });
      }
      devices.set(device, name);
    }
  }
  if (Object.keys(assets).length === 0 && purpose === 'to run') {
    issues.push({ path: ['assets'], message: 'expected at least one' });
  }
  return issues;
}

function issuesOfBroker(
  { mqtt }: SourceOf<'mqtt'>,
  where: readonly (string | number)[],
): readonly FileIssue[] {
  const issues: FileIssue[] = [];
  if (mqtt.share !== undefined && mqtt.version !== 5) {
    const message = 'expected version 5: shared subscriptions are of MQTT 5';
    issues.push({ path: [...where, 'mqtt', 'share'], message });
  }
  for (const [index, topic] of mqtt.topics.entries()) {
    const place = [...where, 'mqtt', 'topics', index];
    for (const [field, message] of misplaced(topic)) {
      issues.push({ path: [...place, field], message });
    }
  }
  return issues;
}

function issuesOfPush(
  { http: { tls, tokens } }: SourceOf<'http'>,
  where: readonly (string | number)[],
): readonly FileIssue[] {
  const issues: FileIssue[] = [];
  const say = (path: readonly (string | number)[], message: string) =>
    issues.push({ path: [...where, 'http', ...path], message });
  if (tls !== undefined && (tls.certificate === undefined || tls.privateKey === undefined)) {
    say(['tls'], 'expected certificate and privateKey');
  }
  const names = tokens.map(({ name }) => name);
  for (const [at, name] of names.entries()) {
    if (names.indexOf(name) < at) say(['tokens', at, 'name'], 'expected each once');
  }
  return issues;
}

/** Fields that mean nothing in the format of their topic. */
function misplaced(topic: EdgeTopic): readonly (readonly [string, string])[] {
  const isJson = topic.format === 'json';
  const fields = ['time', 'each', 'value', 'unit', 'quality'] as const;
  const wrong = isJson ? [] : fields.filter((field) => topic[field] !== undefined);
  const counts = topic.format === 'line-protocol' || topic.format === 'telegraf';
  return [
    ...wrong.map((field) => [field, 'expected it beside format json only'] as const),
    ...(topic.precision !== undefined && !counts
      ? [['precision', 'expected it beside line-protocol and telegraf only'] as const]
      : []),
  ];
}
