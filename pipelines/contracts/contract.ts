/** Contracts: what others send to Andon and read of it, with owner, version, and what happens when it fails. */

import { z } from 'zod';
import { EXIT, Problem } from '../base/problem.ts';
import { readText } from '../base/read-text.ts';
import { openYamlFile } from '../base/yaml-file.ts';

const contractSchema = z.object({
  /** Such as `message.frame`, `table.requests`, `api.listRequests`. */
  id: z.string().min(1),
  kind: z.enum(['message', 'table', 'api']),
  /** Subject, table, or method and path. */
  address: z.string().min(1),
  /** `others`: Andon reads it. `andon`: others read it. */
  sender: z.enum(['others', 'andon']),
  owner: z.string().min(1),
  version: z.int().min(1),
  since: z.string().min(1),
  deprecated: z.string().optional().describe('Since when, and what to use instead.'),
  meaning: z.string().min(1),
  interaction: z.enum(['synchronous', 'asynchronous', 'batch', 'orchestrated']),
  criticality: z.enum(['vital', 'important', 'helpful']),
  latency: z.string().min(1).describe('What is allowed.'),
  on_failure: z.string().min(1),
  schema: z.record(z.string(), z.unknown()),
});
export type Contract = z.infer<typeof contractSchema>;

const catalogueSchema = z.object({
  andon: z.string(),
  contracts: z.array(contractSchema),
});
/** All contracts of one release. */
export type Catalogue = z.infer<typeof catalogueSchema>;

/** Reads a catalogue as `docs/catalogue/contracts.json` has it. Throws a `Problem`. */
export function readCatalogue(file: string): Catalogue {
  const text = readText(file);
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw notACatalogue(file, 'no JSON', cause);
  }
  const parsed = catalogueSchema.safeParse(data);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw notACatalogue(file, `at ${issue?.path.join('.') || 'its top'}: ${issue?.message ?? ''}`);
}

function notACatalogue(where: string, found: string, cause?: unknown): Problem {
  return new Problem(
    {
      where,
      expected: 'a catalogue of contracts as docs/catalogue/contracts.json is one',
      found,
      remedy:
        'Take that file from the releases to compare: git show v0.2.0:docs/catalogue/contracts.json.',
      exit: EXIT.input,
    },
    { cause },
  );
}

const consumersSchema = z.strictObject({
  consumers: z.array(
    z.strictObject({
      name: z.string().min(1),
      owner: z.string().min(1),
      uses: z
        .array(
          z.strictObject({
            contract: z.string().min(1),
            /** Fields as paths (`data.state`); without them all. */
            fields: z.array(z.string()).optional(),
          }),
        )
        .min(1),
    }),
  ),
});
export type Consumer = z.infer<typeof consumersSchema>['consumers'][number];

/** Who uses which contracts, from a YAML file. `known`: contracts that there are or were. Throws a `Problem`. */
export function readConsumers(file: string, known: ReadonlySet<string>): readonly Consumer[] {
  const yaml = openYamlFile(file);
  const parsed = consumersSchema.safeParse(yaml.data);
  const consumers = parsed.data?.consumers ?? [];
  const unknown = consumers.flatMap(({ uses }, at) => {
    return uses.flatMap(({ contract }, use) => {
      if (known.has(contract)) return [];
      const path = ['consumers', at, 'uses', use, 'contract'];
      const message = `expected a contract of one of the catalogues, found ${contract}`;
      return [{ path, message }];
    });
  });
  yaml.report(parsed.error, [], unknown);
  return consumers;
}
