import type { YamlSource } from './read-yaml.ts';

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
  CLICKHOUSE_URL: { path: ['clickhouse', 'url'] },
  CLICKHOUSE_USER: { path: ['clickhouse', 'user'] },
  CLICKHOUSE_PASSWORD: { path: ['clickhouse', 'password'] },
  CLICKHOUSE_DATABASE: { path: ['clickhouse', 'database'] },
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

/** A configuration with the environment laid over it. A mistake in a variable is placed at the variable. */
export function overlaid(
  source: YamlSource,
  environment: Readonly<Record<string, string | undefined>>,
): YamlSource {
  const places = new Map<string, string>();
  let value = source.value;
  for (const [variable, { path, as }] of Object.entries(VARIABLES)) {
    const text = environment[variable];
    if (text === undefined || text === '') continue;
    value = withValue(value, path, parsed(text, as));
    places.set(path.join('.'), variable);
  }
  return {
    ...source,
    value,
    place: (path) => places.get(path.slice(0, 2).join('.')) ?? source.place(path),
  };
}

function parsed(text: string, as: 'number' | 'list' | undefined): unknown {
  if (as === 'list') return text.split(',').map((part) => part.trim());
  const number = Number(text);
  return as === 'number' && Number.isFinite(number) ? number : text;
}

/** A copy with one value set. What is no mapping stays as it is: the schema says so at its own place. */
function withValue(inside: unknown, path: readonly string[], value: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return value;
  const mapping = inside ?? {};
  if (typeof mapping !== 'object' || Array.isArray(mapping)) return inside;
  return { ...mapping, [first]: withValue(Reflect.get(mapping, first), rest, value) };
}
