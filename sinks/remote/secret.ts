import { readFileSync } from 'node:fs';
import { z } from 'zod';

/**
 * A text that may stand elsewhere, so that no password stands in a file under version control: `{ env: NAME }` or
 * `{ file: path }` (its trailing line break does not count).
 */
export const secretSchema = z.union([
  z.string(),
  z.strictObject({ env: z.string().min(1) }),
  z.strictObject({ file: z.string().min(1) }),
]);
export type Secret = z.infer<typeof secretSchema>;

/** JSON in which texts may stand elsewhere. */
export type SecretJson =
  | Secret
  | number
  | boolean
  | null
  | readonly SecretJson[]
  | { readonly [name: string]: SecretJson };

export const secretJsonSchema: z.ZodType<SecretJson> = z.lazy(() =>
  z.union([
    secretSchema,
    z.number(),
    z.boolean(),
    z.null(),
    z.array(secretJsonSchema),
    z.record(z.string(), secretJsonSchema),
  ]),
);

export type Environment = Readonly<Record<string, string | undefined>>;

/** The text itself. Throws an error that names what is missing, never the secret. */
export function reveal(secret: Secret, environment: Environment): string {
  if (typeof secret === 'string') return secret;
  if ('file' in secret) return readFileSync(secret.file, 'utf8').replace(/\r?\n$/, '');
  const value = environment[secret.env];
  if (value !== undefined && value !== '') return value;
  throw new Error(`expected the environment variable ${secret.env} to be set, found nothing`);
}

/**
 * The text as it is now: a secret is read again whenever it is used, so that it can be changed under a running worker.
 * While its file is being replaced it is what it was. Throws at once, as `reveal` does, where there is none yet.
 */
export function rotating(secret: Secret, environment: Environment): () => string {
  let known = reveal(secret, environment);
  return () => {
    try {
      const now = reveal(secret, environment);
      if (now !== '') known = now;
    } catch {
      // The server says whether the old one still is right.
    }
    return known;
  };
}

/** The same for JSON that holds secrets: each is read again whenever the whole is. */
export function rotatingJson(json: SecretJson, environment: Environment): () => unknown {
  if (typeof json === 'string' || isElsewhere(json)) return rotating(json, environment);
  if (typeof json !== 'object' || json === null) return () => json;
  if (Array.isArray(json)) {
    const items = json.map((item) => rotatingJson(item, environment));
    return () => items.map((item) => item());
  }
  const fields = Object.entries(json).map(
    ([name, value]) => [name, rotatingJson(value, environment)] as const,
  );
  return () => Object.fromEntries(fields.map(([name, value]) => [name, value()]));
}

function isElsewhere(json: SecretJson): json is Exclude<Secret, string> {
  return secretSchema.safeParse(json).success;
}
