/** The operations of the API as contracts: what an operation is asked with, and what it answers. */

import type { JsonSchema } from './compare-schemas.ts';
import type { Contract } from './contract.ts';

/** An OpenAPI document, as far as it is read here. */
export type OpenApi = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, JsonSchema>> };
};

type Operation = {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
};

type Parameter = {
  readonly name: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
};

type Content = Readonly<Record<string, { readonly schema?: JsonSchema }>>;

/** Two contracts an operation: what others send, and what Andon answers. */
export function apiContracts({ paths, components }: OpenApi): readonly Contract[] {
  const shared = { components: { schemas: components?.schemas ?? {} } };
  return Object.entries(paths).flatMap(([path, operations]) => {
    return Object.entries(operations).flatMap(([method, operation]) => {
      const address = `${method.toUpperCase()} ${path}`;
      const isAct = method !== 'get';
      const promise = {
        kind: 'api' as const,
        address,
        owner: 'console',
        version: 1,
        since: '0.2.0',
        interaction: 'synchronous' as const,
        criticality: isAct ? ('important' as const) : ('helpful' as const),
        latency: '2 s',
        on_failure: takesKey(operation)
          ? 'The caller asks again with the same Idempotency-Key: it takes effect once.'
          : 'The caller asks again.',
      };
      const { operationId, summary } = operation;
      const asked = askedOf(operation);
      const answer = answerOf(operation);
      const request: Contract = {
        ...{ id: `api.${operationId}.request`, ...promise, sender: 'others' },
        ...{ meaning: `What ${operationId} is asked with.`, schema: { ...shared, ...asked } },
      };
      const answered: Contract = {
        ...{ id: `api.${operationId}`, ...promise, sender: 'andon', meaning: summary },
        schema: { ...shared, ...answer },
      };
      return Object.keys(asked.properties).length === 0 ? [answered] : [request, answered];
    });
  });
}

function takesKey({ parameters = [] }: Operation): boolean {
  return parameters.some(({ name }) => name === 'Idempotency-Key');
}

function askedOf({ parameters = [], requestBody }: Operation) {
  const body = requestBody?.content['application/json']?.schema;
  const named = parameters.map(({ name, description, schema }): [string, JsonSchema] => {
    return [name, description === undefined ? schema : { ...schema, description }];
  });
  return {
    type: 'object',
    properties: Object.fromEntries(body === undefined ? named : [...named, ['body', body]]),
    required: [
      ...parameters.filter(({ required }) => required === true).map(({ name }) => name),
      ...(body === undefined ? [] : ['body']),
    ],
  };
}

/** The schema of the answer that is no problem; of a stream or an empty answer nothing is promised. */
function answerOf({ responses }: Operation): JsonSchema {
  const [, answer] = Object.entries(responses).find(([status]) => status.startsWith('2')) ?? [];
  return answer?.content?.['application/json']?.schema ?? {};
}
