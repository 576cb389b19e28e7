/** The configuration of a worker or command: its schema, what the environment lays over a file, and how it is shown. */

import { Document, isMap, isScalar, Pair, type YAMLMap } from 'yaml';
import { z } from 'zod';
import { cmmsSchemaOf } from '../../sinks/remote/config.ts';
import { rotating, type Secret, secretSchema } from '../../sinks/remote/secret.ts';
import { consoleSchema, port } from './console-settings.ts';
import { LEVELS } from './log-level.ts';
import { EXIT, foundInPlace, Problem } from './problem.ts';
import { readText } from './read-text.ts';
import { readSystems, systemsSchema } from './system-profiles.ts';
import { isSecret, type Overlay, parseYaml } from './yaml-file.ts';

const SIZES: Readonly<Record<string, number>> = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };

/** Bytes: a whole number, or `64MB`. */
export const bytes = z.union([z.int().positive(), z.string()]).transform((size, context) => {
  if (typeof size === 'number') return size;
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?) ?(B|kB|MB|GB|TB)$/.exec(size) ?? [];
  const factor = SIZES[unit];
  if (number !== undefined && factor !== undefined) return Math.round(Number(number) * factor);
  context.addIssue({ code: 'custom', message: 'expected a number of bytes such as 64MB or 2GB' });
  return z.NEVER;
});

const name = z.string().regex(/^[A-Za-z0-9_-]+$/, 'expected letters, digits, _ and -');

export const tlsSchema = z.strictObject({
  ca: z.string().optional().describe('Path: who signed the certificate of the server (PEM).'),
  certificate: z.string().optional().describe('Path: what this client shows the server (PEM).'),
  privateKey: z.string().optional().describe('Path: of that certificate (PEM).'),
});

const loginSchema = {
  user: secretSchema.optional().describe('With password: how the worker logs in.'),
  password: secretSchema.optional().describe('With user; also { env } or { file }.'),
  token: secretSchema.optional().describe('Logs in without a user; also { env } or { file }.'),
  credentials: z.string().optional().describe('Path of a credentials file (JWT and seed).'),
  nkey: z.string().optional().describe('Path of a file with the nkey seed of a user (SU…).'),
  inbox: z
    .string()
    .regex(
      /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/,
      'expected letters, digits, _, - and dots between them',
    )
    .optional()
    .describe('Begins the inboxes that this user may subscribe to; without it _INBOX.'),
};

/** What subjects of an installation without a prefix begin with: it would hear one that is named so. */
const TAKEN: ReadonlySet<string> = new Set([
  ...['telemetry', 'waveform', 'event', 'act', 'status', 'finding', 'schedule', 'model', 'rules'],
  'mapping',
  ...['andon', 'request', 'command', 'commit', 'live', 'audit', 'reason'],
]);

const prefixSchema = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, 'expected a to z, 0 to 9 and -, at most 32, a letter first')
  .refine((prefix) => !TAKEN.has(prefix), 'expected none of the words that subjects begin with')
  .optional()
  .describe(
    'Begins the names of streams, buckets and subjects: several installations in one account.',
  );

export const natsSchema = z.strictObject({
  servers: z
    .union([z.string().transform((url) => [url]), z.array(z.string()).min(1)])
    .default(['nats://127.0.0.1:4222'])
    .describe('One nats-server, or several of one cluster.'),
  ...loginSchema,
  domain: name
    .optional()
    .describe('Of JetStream, where it is reached over a leaf node or by imports.'),
  prefix: prefixSchema,
  delivery: z
    .strictObject(loginSchema)
    .optional()
    .describe('How the delivery of requests logs in; without it as the worker does.'),
  tls: tlsSchema.optional().describe('Encrypts; tls:// in an address does so too.'),
});

const streamSchema = z.strictObject({
  days: z.number().positive().default(7).describe('The log keeps messages this long,'),
  bytes: bytes
    .optional()
    .describe('and no more bytes than this; without it what the server gives.'),
  replicas: z.int().min(1).max(5).default(1).describe('Copies in a cluster of nats-servers.'),
});

const clickhouseSchema = z.strictObject({
  url: z.string().optional().describe('HTTP address; without it the embedded engine is used.'),
  user: z.string().default('default').describe('Who inserts; needs no right to drop.'),
  password: secretSchema.default('').describe('Of that user; also { env } or { file }.'),
  tls: tlsSchema.optional().describe('For an https:// address: own authority, certificate.'),
  database: name.default('andon').describe('Where the tables are.'),
  port: port.default(0).describe('Of the embedded engine on this machine; 0: any free port.'),
  memory: bytes.default(1_500_000_000).describe('Bytes that the embedded engine may use.'),
});

const epochSchema = z.strictObject({
  seconds: z
    .number()
    .positive()
    .default(2)
    .describe('An epoch ends after this time (after 0.5 s with a request in it),'),
  rows: z.int().positive().default(500_000).describe('or with this many rows,'),
  bytes: bytes.default(64_000_000).describe('or with this many bytes; whichever comes first.'),
  checkpointEvery: z.int().positive().default(5).describe('A checkpoint each so many epochs.'),
});

const backlogSchema = z.strictObject({
  files: z.int().positive().default(2_000).describe('Pulling stops when so many epochs wait,'),
  bytes: bytes.default(2_000_000_000).describe('or so many bytes.'),
});

const httpSchema = z.strictObject({
  host: z.string().default('127.0.0.1').describe('0.0.0.0 lets other machines read the metrics.'),
  port: port
    .default(9464)
    .describe('Of /healthz, /readyz, /metrics and /status; 0: any free port.'),
});

const logSchema = z.strictObject({
  level: z.enum(LEVELS).default('info').describe('The least serious level that is logged.'),
});

/** Checked here, so that a mistake has its line; kept as it is written, because whoever uses it reads it again. */
const cmmsSchema = z.unknown().superRefine((written, context) => {
  if (written === undefined) return;
  for (const issue of cmmsSchemaOf(written).safeParse(written).error?.issues ?? []) {
    context.addIssue({ ...issue });
  }
});

const groupSchema = z.strictObject({
  weight: z.number().positive().default(1).describe('How much it takes, beside the others.'),
  most: z.int().positive().default(1_024).describe('Partitions that it works, at most.'),
});

/** Addresses, paths and limits. Nothing in here can change an answer: what can stands in `rules.yaml`. */
const configShape = z.strictObject({
  pipeline: name.default('plant').describe('Names this pipeline in tokens, files and metrics.'),
  run: name.default('1').describe('Processing the same log again is another run.'),
  send: z
    .boolean()
    .optional()
    .describe('Publish requests; without it only in run 1: a log worked again asks for nothing.'),
  partition: z.int().min(0).default(0).describe('The partition of this worker.'),
  partitions: z.int().min(1).max(1_024).default(1).describe('How many partitions there are.'),
  group: groupSchema
    .optional()
    .describe('Works the partitions that fall to it in a group of workers, and not one alone.'),
  directory: z.string().default('.andon').describe('Epoch files, checkpoints, embedded engine.'),
  user: z
    .string()
    .regex(/^[a-z0-9]{1,32}$/, 'expected an id of a to z and 0 to 9, at most 32')
    .optional()
    .describe('Who acts, as an opaque id in the audit stream; without it one for the login.'),
  owner: z.string().optional().describe('Shown to whoever tries to run the partition too.'),
  four_eyes: z
    .boolean()
    .default(false)
    .describe('andon apply takes what somebody else has proposed by andon apply --propose.'),
  nats: natsSchema.prefault({}).describe('The log.'),
  stream: streamSchema.prefault({}).describe('The limits of the log.'),
  feed: z
    .boolean()
    .default(false)
    .describe('Publish what happens as CloudEvents, for others to subscribe to: docs/systems.md.'),
  clickhouse: clickhouseSchema.prefault({}).describe('Where rows land.'),
  epoch: epochSchema.prefault({}).describe('The unit of pull, batch and insert.'),
  backlog: backlogSchema.prefault({}).describe('What may wait for a sink that is away.'),
  http: httpSchema.prefault({}).describe('Health and metrics.'),
  console: consoleSchema.prefault({}).describe('The page and the API (andon console).'),
  log: logSchema.prefault({}).describe('What is logged to standard error.'),
  cmms: cmmsSchema
    .optional()
    .describe('The CMMS that requests go to, or a list: see docs/cmms.md.'),
  systems: systemsSchema
    .optional()
    .describe('Systems that take commands, by name: see docs/systems.md.'),
});

/** No message is ever mapped to a partition that is not there: its worker would wait for ever. */
function checkPartition(config: z.output<typeof configShape>, context: z.RefinementCtx): void {
  if (config.group !== undefined && config.clickhouse.url === undefined) {
    const message =
      'expected a ClickHouse server (clickhouse.url): a partition moves, and the tables of the embedded engine do not';
    context.addIssue({ code: 'custom', path: ['group'], message });
  }
  const { partition, partitions } = config;
  if (partition < partitions) return;
  context.addIssue({
    code: 'custom',
    path: ['partition'],
    message: `expected a partition below partitions, which is ${partitions}: they are counted from 0`,
  });
}

export const configSchema = configShape.superRefine(checkPartition);
export type Config = z.output<typeof configSchema>;

/**
 * Which variable stands for which setting, and which option of a command. A variable wins over the file, an option over
 * both; an empty one counts as unset.
 */
const VARIABLES: Readonly<
  Record<string, { readonly path: readonly [string, ...string[]]; readonly as?: 'number' | 'list' }>
> = {
  NATS_URL: { path: ['nats', 'servers'], as: 'list' },
  NATS_USER: { path: ['nats', 'user'] },
  NATS_PASSWORD: { path: ['nats', 'password'] },
  NATS_TOKEN: { path: ['nats', 'token'] },
  NATS_CREDS: { path: ['nats', 'credentials'] },
  NATS_NKEY: { path: ['nats', 'nkey'] },
  NATS_INBOX: { path: ['nats', 'inbox'] },
  NATS_DOMAIN: { path: ['nats', 'domain'] },
  NATS_PREFIX: { path: ['nats', 'prefix'] },
  NATS_CA: { path: ['nats', 'tls', 'ca'] },
  NATS_CERT: { path: ['nats', 'tls', 'certificate'] },
  NATS_KEY: { path: ['nats', 'tls', 'privateKey'] },
  CLICKHOUSE_URL: { path: ['clickhouse', 'url'] },
  CLICKHOUSE_USER: { path: ['clickhouse', 'user'] },
  CLICKHOUSE_PASSWORD: { path: ['clickhouse', 'password'] },
  CLICKHOUSE_CA: { path: ['clickhouse', 'tls', 'ca'] },
  CLICKHOUSE_CERT: { path: ['clickhouse', 'tls', 'certificate'] },
  CLICKHOUSE_KEY: { path: ['clickhouse', 'tls', 'privateKey'] },
  CLICKHOUSE_DATABASE: { path: ['clickhouse', 'database'] },
  ANDON_CLICKHOUSE_PORT: { path: ['clickhouse', 'port'], as: 'number' },
  ANDON_CLICKHOUSE_MEMORY: { path: ['clickhouse', 'memory'] },
  ANDON_DIR: { path: ['directory'] },
  ANDON_PIPELINE: { path: ['pipeline'] },
  ANDON_RUN: { path: ['run'] },
  ANDON_OWNER: { path: ['owner'] },
  ANDON_USER: { path: ['user'] },
  ANDON_PARTITION: { path: ['partition'], as: 'number' },
  ANDON_PARTITIONS: { path: ['partitions'], as: 'number' },
  ANDON_HTTP_HOST: { path: ['http', 'host'] },
  ANDON_HTTP_PORT: { path: ['http', 'port'], as: 'number' },
  ANDON_CONSOLE_HOST: { path: ['console', 'host'] },
  ANDON_CONSOLE_PORT: { path: ['console', 'port'], as: 'number' },
  ANDON_LOG_LEVEL: { path: ['log', 'level'] },
  '--nats': { path: ['nats', 'servers'], as: 'list' },
  '--partitions': { path: ['partitions'], as: 'number' },
  '--partition': { path: ['partition'], as: 'number' },
};

/** So many partitions a group has where nothing is said: several for each of its workers, also when it grows. */
const GROUP_PARTITIONS = 16;

/** Every variable, unset: for a child whose configuration nothing shall overlay. */
export const NO_OVERLAYS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.keys(VARIABLES)
    .filter((name) => !name.startsWith('--'))
    .map((name) => [name, '']),
);

/**
 * The configuration: a YAML file if one is named, overlaid by the environment, completed by defaults. Throws a
 * `Problem` that lists every mistake with its file, line and column, or its variable.
 */
export function readConfig(
  file: string | undefined,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Config {
  const text = file === undefined ? '' : readText(file);
  const source = parseYaml(text, file ?? 'configuration', overlaysOf(environment));
  const parsed = configSchema.safeParse(withPartitions(source.data ?? {}));
  if (parsed.success) {
    // A mistake in a profile is told now, and not when the first command comes.
    readSystems(parsed.data.systems, file);
    return frozen(parsed.data);
  }
  source.report(parsed.error, []);
  throw parsed.error;
}

function withPartitions(written: unknown): unknown {
  const isGroup = typeof written === 'object' && written !== null && 'group' in written;
  return isGroup ? { partitions: GROUP_PARTITIONS, ...written } : written;
}

/** The options by which a command may depart from its configuration. */
export type Departures = {
  readonly config?: string;
  readonly nats?: string;
  readonly partitions?: string;
};

/** The configuration of a command: its file and the environment, overlaid by its options. Throws like `readConfig`. */
export function configOf({ config, nats, partitions }: Departures): Config {
  return readConfig(config, { ...process.env, '--nats': nats, '--partitions': partitions });
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) frozen(inner);
    Object.freeze(value);
  }
  return value;
}

/** What the environment lays over a configuration. */
function overlaysOf(environment: Readonly<Record<string, string | undefined>>): readonly Overlay[] {
  return Object.entries(VARIABLES).flatMap(([name, { path, as }]) => {
    const text = environment[name];
    return text === undefined || text === '' ? [] : [{ name, path, value: parsed(text, as), text }];
  });
}

function parsed(text: string, as: 'number' | 'list' | undefined): unknown {
  if (as === 'list') return text.split(',').map((part) => part.trim());
  const number = Number(text);
  return as === 'number' && Number.isFinite(number) ? number : text;
}

/** What a secret is now, whenever it is asked for. Throws a `Problem` where there is none, which never quotes it. */
export function secretOf(where: string, secret: Secret): () => string {
  try {
    return rotating(secret, process.env);
  } catch (error) {
    throw new Problem(
      {
        where,
        expected:
          typeof secret === 'object' && 'file' in secret
            ? `a secret that can be read in the file ${secret.file}`
            : 'a secret that can be read',
        found: foundInPlace(error),
        remedy: 'Set the variable, or name a file that this user can read.',
        exit: EXIT.input,
      },
      { cause: error },
    );
  }
}

/** A configuration as YAML that can be shown: every setting with its sentence, no secrets. */
export function explainConfig(config: Config): string {
  const document = new Document(concealed(config));
  if (isMap(document.contents)) comment(document.contents, configSchema);
  return document.toString({ lineWidth: 0 });
}

/** Replaces what is secret, by the name of its field, and passwords inside of addresses. */
function concealed(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/\/\/[^/@\s]+@/, '//***@');
  if (Array.isArray(value)) return value.map(concealed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([name, inner]) => [name, isSecret(name) && inner !== '' ? '***' : concealed(inner)]),
  );
}

function comment(mapping: YAMLMap, schema: z.ZodType): void {
  const shape = shapeOf(schema);
  for (const pair of mapping.items) {
    if (!(pair instanceof Pair) || !isScalar(pair.key)) continue;
    const field = shape?.[String(pair.key.value)];
    if (field?.description === undefined) continue;
    if (isScalar(pair.value)) pair.value.comment = ` ${field.description}`;
    else pair.key.commentBefore = ` ${field.description}`;
    if (isMap(pair.value)) comment(pair.value, field);
  }
}

/** The fields of an object schema, through its defaults. */
function shapeOf(schema: z.ZodType): Readonly<Record<string, z.ZodType>> | undefined {
  if ('shape' in schema) return schema.shape as Readonly<Record<string, z.ZodType>>;
  const { def } = schema as { readonly def?: { readonly innerType?: z.ZodType } };
  return def?.innerType === undefined ? undefined : shapeOf(def.innerType);
}
