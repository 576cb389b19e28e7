/** The description of the API (OpenAPI 3.1), made from the list of routes. */

import { z } from 'zod';
import { API_ACTS } from '../../base/api-roles.ts';
import { problemSchema } from './api-problem.ts';
import type { ApiRoute } from './route.ts';

/** Below the base path of the console. */
export const API_PREFIX = '/api/v1';

type JsonObject = Readonly<Record<string, unknown>>;

/** The version of the API: what is added raises the second number, what breaks a client is another path (`/api/v2`). */
const VERSION = '1.0.0';

export function describeApi(routes: readonly ApiRoute[]): JsonObject {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = `${API_PREFIX}${route.path}`;
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Andon',
      version: VERSION,
      summary: 'Machines, alarms, requests and what people do about them.',
      description:
        'Fields and routes may be added at any time; clients ignore what they do not know. What would break a client ' +
        'comes under another path. Times are UTC.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ session: [] }, { key: [] }],
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: 'andon' },
        key: { type: 'http', scheme: 'bearer', description: '`andon console key add` makes one.' },
      },
      schemas: { Problem: jsonSchemaOf(problemSchema) },
    },
  };
}

function operationOf(route: ApiRoute): JsonObject {
  const { id, summary, tag, access, status = 200 } = route;
  const public_ = access === 'everybody';
  return {
    operationId: id,
    summary,
    tags: [tag],
    ...(public_ ? { security: [] } : {}),
    ...(access in API_ACTS ? { 'x-andon-act': access } : {}),
    parameters: parametersOf(route),
    ...bodyOf(route),
    responses: {
      [status]: answerOf(route),
      default: {
        description: 'A problem.',
        content: {
          'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
        },
      },
    },
  };
}

/** Bytes have no schema: that they are of their type is all. */
function ofTypes(types: readonly string[]): JsonObject {
  return Object.fromEntries(types.map((type) => [type, {}]));
}

function bodyOf({ bodySchema, bodyTypes }: ApiRoute): JsonObject {
  if (bodySchema === undefined) return {};
  const json = () => ({ 'application/json': { schema: jsonSchemaOf(bodySchema, 'input') } });
  return {
    requestBody: { required: true, content: bodyTypes === undefined ? json() : ofTypes(bodyTypes) },
  };
}

function answerOf({ answer, answerTypes, handle }: ApiRoute): JsonObject {
  if (handle === undefined) {
    const content = { 'text/event-stream': { schema: { type: 'string' } } };
    return { description: 'Events, for as long as the connection lasts.', content };
  }
  if (answerTypes !== undefined) {
    return { description: 'What was asked for.', content: ofTypes(answerTypes) };
  }
  if (answer === undefined) return { description: 'Done.' };
  const content = { 'application/json': { schema: jsonSchemaOf(answer) } };
  return { description: 'What was asked for.', content };
}

function parametersOf({ pathSchema, querySchema, headers = {} }: ApiRoute): readonly JsonObject[] {
  return [
    ...fieldsOf(pathSchema).map(({ name, schema }) => ({
      name,
      in: 'path',
      required: true,
      schema,
    })),
    ...fieldsOf(querySchema).map(({ name, schema, required }) => {
      const { description, ...rest } = schema;
      return { name, in: 'query', required, ...(description ? { description } : {}), schema: rest };
    }),
    ...Object.entries(headers).map(([name, description]) => ({
      ...{ name, in: 'header', required: description.startsWith('Needed'), description },
      schema: { type: 'string' },
    })),
  ];
}

function fieldsOf(schema: z.ZodObject | undefined) {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = jsonSchemaOf(schema, 'input') as {
    readonly properties?: Readonly<Record<string, JsonObject>>;
    readonly required?: readonly string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    schema: property,
    required: required.includes(name),
  }));
}

/** A schema of zod as JSON Schema 2020-12, which OpenAPI 3.1 takes as it is. */
function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output' = 'output'): JsonObject {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}
