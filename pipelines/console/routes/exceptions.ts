/** Exceptions with their owners: who looks after what, and what became of it. Each change of state is an act in the log. */

import { z } from 'zod';
import { isNowhere, reachOf } from '../access/visitor.ts';
import { ApiProblem } from '../api/api-problem.ts';
import { type ApiRoute, route } from '../api/route.ts';
import {
  EXCEPTION_EVENT,
  EXCEPTION_KINDS,
  EXCEPTION_STATES,
  type Exception,
  exceptionSchema,
  exceptionsOf,
  type FoundExceptions,
} from '../data/exceptions.ts';
import { assetIn } from '../data/plant-models.ts';
import { ACT_ANSWER, ACT_HEADERS, actKeyOf } from './act-routes.ts';
import { personNameOf, type Services } from './services.ts';

export function exceptionRoutes(services: Services): readonly ApiRoute[] {
  return [listRoute(services), handleRoute(services)];
}

function listRoute(services: Services): ApiRoute {
  return route({
    id: 'getExceptions',
    method: 'GET',
    path: '/exceptions',
    tag: 'Data',
    access: 'view-exceptions',
    summary:
      'Dead letters by reason and source, what systems refused, and findings: with owner, state and age, those that wait first.',
    querySchema: z.object({
      state: z.enum(EXCEPTION_STATES).optional().describe('Only in this state.'),
      kind: z.enum(EXCEPTION_KINDS).optional().describe('Only of this kind.'),
    }),
    answer: z.object({
      exceptions: z.array(exceptionSchema).describe('Of each kind the newest two hundred.'),
      cut: z.array(z.enum(EXCEPTION_KINDS)).describe('Kinds of which there are more.'),
      people: z
        .array(z.object({ id: z.string(), name: z.string() }))
        .describe('To whom an exception can be given, by their names.'),
      counts: z.object({
        open: z.number(),
        taken: z.number(),
        solved: z.number(),
        waived: z.number(),
      }),
    }),
    async handle({ query: { state, kind } }) {
      const { exceptions, cut } = await listed(services);
      const people = await peopleFor(services, exceptions);
      const ofKind = exceptions.filter((each) => (kind ?? each.kind) === each.kind);
      const countOf = (wanted: Exception['state']) =>
        ofKind.filter((each) => each.state === wanted).length;
      return {
        exceptions: ofKind.filter((each) => (state ?? each.state) === each.state),
        cut: cut.filter((each) => (kind ?? each) === each),
        people,
        counts: {
          ...{ open: countOf('open'), taken: countOf('taken') },
          ...{ solved: countOf('solved'), waived: countOf('waived') },
        },
      };
    },
  });
}

/** A source may name machines that no plant has: those are left out. */
async function listed(services: Services): Promise<FoundExceptions> {
  const [found, plants] = await Promise.all([
    exceptionsOf(services, (id) => personNameOf(services, id)),
    services.models.plants(),
  ]);
  const exceptions = found.exceptions.map((each) => {
    const known = plants.get(each.plant);
    if (known === undefined) return { ...each, plant: '', line: '', asset: '' };
    const asset = assetIn(known, each.line, each.asset);
    return asset === undefined ? { ...each, line: '', asset: '' } : each;
  });
  return { ...found, exceptions };
}

/**
 * Who looks after exceptions: local accounts that may, and whoever took one that is listed. Whom a provider vouches for is
 * in no list of accounts, and is known from the first time on that they take one.
 */
async function peopleFor({ accounts }: Services, exceptions: readonly Exception[]) {
  const local = (await accounts.list()).filter(
    ({ roles, isProgram }) => !isProgram && !isNowhere(reachOf(roles, 'handle-exceptions')),
  );
  const names = new Map(local.map(({ id, name }) => [id, name]));
  for (const { owner, owner_name: name } of exceptions) if (name !== '') names.set(owner, name);
  return [...names]
    .map(([id, name]) => ({ id, name }))
    .toSorted((a, b) => a.name.localeCompare(b.name) || a.id.localeCompare(b.id));
}

const handlingSchema = z.strictObject({
  state: z.enum(EXCEPTION_STATES).describe('open: it is given back.'),
  reason: z
    .string()
    .max(1_000)
    .optional()
    .describe('What was done, or why it may stay as it is. Needed where it is waived.'),
  owner: z
    .string()
    .regex(/^[a-z0-9]{1,32}$/, 'expected the opaque id of a person')
    .optional()
    .describe('Whose it is from now on, where it is taken; without it, of who asks.'),
  seen: z
    .enum(EXCEPTION_STATES)
    .optional()
    .describe('The state that was on the screen: if it is another one by now, nothing is done.'),
});

function handleRoute(services: Services): ApiRoute {
  return route({
    id: 'handleException',
    method: 'POST',
    path: '/exceptions/{id}/states',
    tag: 'Acts',
    access: 'handle-exceptions',
    summary: 'Takes an exception, says that it is solved or waived, or gives it back.',
    headers: ACT_HEADERS,
    pathSchema: z.object({
      id: z.string().regex(/^[A-Za-z0-9_-]{1,96}$/, 'expected an id of letters, digits, - and _'),
    }),
    bodySchema: handlingSchema,
    answer: ACT_ANSWER,
    status: 202,
    async handle(asked) {
      const { state, reason = '', owner, seen } = asked.body;
      const key = actKeyOf(asked);
      const { visitor } = asked;
      if (visitor === undefined) throw new ApiProblem('not-signed-in', 'Sign in.');
      if (state === 'waived' && reason.trim().length < 3) {
        const detail = 'reason: expected why it may stay as it is, in three letters or more';
        throw new ApiProblem('bad-request', detail);
      }
      const { exceptions } = await listed(services);
      await checkOwner(services, exceptions, state, owner);
      const found = exceptions.find(({ id }) => id === asked.path.id);
      if (found === undefined) {
        const detail = `expected an exception that there is, found ${asked.path.id}. It may be over.`;
        throw new ApiProblem('not-found', detail);
      }
      if (seen !== undefined && seen !== found.state) {
        const by = found.owner_name === '' ? '' : ` by ${found.owner_name}`;
        const detail = `expected it to be ${seen}, as it was seen, found that it is ${found.state}${by}`;
        throw new ApiProblem('conflict', detail, { current: found });
      }
      const { stream, sequence } = await services.acts.publish({
        ...(await logPlaceOf(services, found)),
        ...{ user: visitor.id, type: EXCEPTION_EVENT, key },
        data: {
          ...{ id: found.id, state, reason, kind: found.kind, what: found.what },
          ...(owner === undefined ? {} : { owner }),
        },
      });
      return { stream, sequence };
    },
  });
}

/** @throws ApiProblem where it is given to nobody who could take it */
async function checkOwner(
  services: Services,
  exceptions: readonly Exception[],
  state: Exception['state'],
  owner: string | undefined,
): Promise<void> {
  if (owner === undefined) return;
  if (state !== 'taken') {
    const detail = `owner: expected it where the state is taken, found ${state}`;
    throw new ApiProblem('bad-request', detail);
  }
  const people = await peopleFor(services, exceptions);
  if (people.some(({ id }) => id === owner)) return;
  const detail = `owner: expected one of the people of GET /exceptions, found ${owner}`;
  throw new ApiProblem('bad-request', detail);
}

/**
 * Where the log has the act. Each act there is of a machine; for what is of none it is the first of its plant, or of the
 * first plant: every reader takes the exception from the data of the act, never from its place.
 */
async function logPlaceOf({ models }: Services, { plant, line, asset }: Exception) {
  const plants = await models.plants();
  if (asset !== '') return { plant, line, asset };
  const known = plants.get(plant);
  const first = (known ?? [...plants.values()][0])?.model;
  const [firstLine] = first?.lines ?? [];
  const [firstAsset] = firstLine?.assets ?? [];
  if (first === undefined || firstLine === undefined || firstAsset === undefined) {
    throw new ApiProblem('away', 'expected a plant model in the log, found none. Apply one.');
  }
  return { plant: first.id, line: firstLine.id, asset: firstAsset.id };
}
