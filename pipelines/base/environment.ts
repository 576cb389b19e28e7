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
  NATS_CA: { path: ['nats', 'tls', 'ca'] },
  NATS_CERT: { path: ['nats', 'tls', 'certificate'] },
  NATS_KEY: { path: ['nats', 'tls', 'privateKey'] },
  CLICKHOUSE_URL: { path: ['clickhouse', 'url'] },
  CLICKHOUSE_USER: { path: ['clickhouse', 'user'] },
  CLICKHOUSE_PASSWORD: { path: ['clickhouse', 'password'] },
  CLICKHOUSE_DATABASE: { path: ['clickhouse', 'database'] },
  ANDON_CLICKHOUSE_PORT: { path: ['clickhouse', 'port'], as: 'number' },
  ANDON_CLICKHOUSE_MEMORY: { path: ['clickhouse', 'memory'] },
  ANDON_DIR: { path: ['directory'] },
  ANDON_PIPELINE: { path: ['pipeline'] },
  ANDON_RUN: { path: ['run'] },
  ANDON_OWNER: { path: ['owner'] },
  ANDON_PARTITION: { path: ['partition'], as: 'number' },
  ANDON_PARTITIONS: { path: ['partitions'], as: 'number' },
  ANDON_HTTP_HOST: { path: ['http', 'host'] },
  ANDON_HTTP_PORT: { path: ['http', 'port'], as: 'number' },
  ANDON_LOG_LEVEL: { path: ['log', 'level'] },
  '--nats': { path: ['nats', 'servers'], as: 'list' },
  '--partitions': { path: ['partitions'], as: 'number' },
};

/** A value that is laid over what a file says. */
export type Overlay = {
  /** Of the variable or option: a mistake is placed there. */
  readonly name: string;
  readonly path: readonly (string | number)[];
  readonly value: unknown;
  /** The value as somebody wrote it. */
  readonly text: string;
};

/** What the environment lays over a configuration. */
export function overlaysOf(
  environment: Readonly<Record<string, string | undefined>>,
): readonly Overlay[] {
  return Object.entries(VARIABLES).flatMap(([name, { path, as }]) => {
    const text = environment[name];
    return text === undefined || text === '' ? [] : [{ name, path, value: parsed(text, as), text }];
  });
}

/** A copy of the data with the overlays in it, later ones over earlier ones. */
export function overlaid(data: unknown, overlays: readonly Overlay[]): unknown {
  return overlays.reduce((under, { path, value }) => withValue(under, path, value), data);
}

function parsed(text: string, as: 'number' | 'list' | undefined): unknown {
  if (as === 'list') return text.split(',').map((part) => part.trim());
  const number = Number(text);
  return as === 'number' && Number.isFinite(number) ? number : text;
}

/**
 * A copy with one value set; a number is a place in a list. What is neither mapping nor list stays as it is: the schema
 * says so at its own place.
 */
function withValue(inside: unknown, path: readonly (string | number)[], value: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return value;
  if (typeof first === 'number' && Array.isArray(inside)) {
    return inside.map((entry, at) => (at === first ? withValue(entry, rest, value) : entry));
  }
  const mapping = inside ?? {};
  if (typeof mapping !== 'object' || Array.isArray(mapping)) return inside;
  return { ...mapping, [first]: withValue(Reflect.get(mapping, first), rest, value) };
}

/** Every variable, unset: for a child whose configuration nothing shall overlay. */
export const NO_OVERLAYS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.keys(VARIABLES)
    .filter((name) => !name.startsWith('--'))
    .map((name) => [name, '']),
);
