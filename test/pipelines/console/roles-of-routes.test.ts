import type { FastifyRequest } from 'fastify';
import { describe, expect, test } from 'vitest';
import { DECIDING_ROLES } from '../../../operators/model/workflow-rule.ts';
import {
  API_ACTS,
  API_GRANTS,
  API_ROLES,
  type ApiRole,
  apiRolesTable,
} from '../../../pipelines/base/api-roles.ts';
import type { Accounts } from '../../../pipelines/console/access/accounts.ts';
import { createGuard } from '../../../pipelines/console/access/guard.ts';
import type { SessionStore } from '../../../pipelines/console/access/sessions.ts';
import {
  isWithinReach,
  reachOf,
  rolesFor,
  type Visitor,
} from '../../../pipelines/console/access/visitor.ts';
import { ApiProblem } from '../../../pipelines/console/api/api-problem.ts';
import { routesOf } from '../../../pipelines/console/routes/routes.ts';
import type { Services } from '../../../pipelines/console/routes/services.ts';
import { textOf } from '../../support/architecture.ts';

const routes = routesOf({} as Services, () => ({}));
const roles = Object.keys(API_ROLES) as ApiRole[];
/** What each role may do, written down a second time: a slip of the table is no slip of the test. */
const MAY: Readonly<Record<ApiRole, string>> = {
  viewer: 'view-plant',
  operator: 'view-plant answer-alarms shelve-alarms report',
  technician: 'view-plant answer-alarms report',
  supervisor: 'view-plant answer-alarms shelve-alarms take-out-of-service report decide-work',
  planner: 'view-plant report decide-work',
  engineer:
    'view-plant view-exceptions answer-alarms shelve-alarms take-out-of-service report decide-work resend handle-exceptions check-rules',
  analyst: 'view-plant view-exceptions check-rules',
  manager: 'view-plant',
  administrator: 'view-plant view-exceptions resend handle-exceptions read-audit',
};

const accounts = {
  program: async (key: string): Promise<Visitor | undefined> =>
    key in API_ROLES
      ? { id: key, name: key, roles: [{ role: key as ApiRole }], isProgram: true }
      : undefined,
} as Accounts;
const guard = createGuard({ accounts, sessions: {} as SessionStore, cookie: 'andon' });

function requestOf(method: string, key?: string): FastifyRequest {
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  return { method, headers, cookies: {} } as unknown as FastifyRequest;
}

async function outcome(route: (typeof routes)[number], key?: string): Promise<string> {
  try {
    await guard(requestOf(route.method, key), route);
    return 'in';
  } catch (error) {
    return error instanceof ApiProblem ? error.kind : String(error);
  }
}

test('docs/security.md has the table of the API as it is', () => {
  expect(textOf('docs/security.md')).toContain(`\n${apiRolesTable()}\n`);
});

test('every act of the table has a route, and every route is an act, or open to all on purpose', () => {
  const used = new Set(routes.map(({ access }) => access));
  expect(Object.keys(API_ACTS).filter((act) => !used.has(act as never))).toEqual([]);
  const open = routes.filter(({ access }) => access === 'everybody').map(({ id }) => id);
  expect(open).toEqual([
    'signIn',
    ...['getSignInWays', 'beginSignOn', 'finishSignOn'],
    'getDescription',
  ]);
  const own = routes.filter(({ access }) => access === 'signed-in').map(({ id }) => id);
  expect(own).toEqual(['signOut', 'getMe', 'leaveProvider']);
});

describe.each(routes)('$method $path', (route) => {
  const { access } = route;
  const isAct = access !== 'everybody' && access !== 'signed-in';
  test.each(roles)('%s', async (role) => {
    const allowed = !isAct || MAY[role].split(' ').includes(access);
    expect(await outcome(route, role)).toBe(allowed ? 'in' : 'forbidden');
  });

  test('nobody', async () => {
    expect(await outcome(route)).toBe(access === 'everybody' ? 'in' : 'not-signed-in');
    // Whoever begins a session has none: a key that is unknown is no reason to keep the page from signing in.
    const wrong = access === 'everybody' && route.method === 'POST' ? 'in' : 'not-signed-in';
    expect(await outcome(route, 'unknown-key')).toBe(wrong);
  });
});

describe('how far a role reaches', () => {
  const at = (role: ApiRole, plant?: string, line?: string) => [
    { role, ...(plant && { plant }), ...(line && { line }) },
  ];

  test.each([
    ['a viewer of a line sees that line', at('viewer', 'p', 'a'), 'view-plant', 'p/a', true],
    ['and no other', at('viewer', 'p', 'a'), 'view-plant', 'p/b', false],
    ['an operator of a line sees the plant', at('operator', 'p', 'a'), 'view-plant', 'p/b', true],
    ['and acts at the line', at('operator', 'p', 'a'), 'answer-alarms', 'p/a', true],
    ['and at no other', at('operator', 'p', 'a'), 'answer-alarms', 'p/b', false],
    ['nor in another plant', at('operator', 'p', 'a'), 'view-plant', 'q/a', false],
    ['a supervisor of a plant acts in it', at('supervisor', 'p'), 'shelve-alarms', 'p/b', true],
    ['and not elsewhere', at('supervisor', 'p'), 'shelve-alarms', 'q/b', false],
    ['without a place: everywhere', at('operator'), 'answer-alarms', 'q/b', true],
    [
      'what is of the installation is everywhere',
      at('analyst', 'p'),
      'view-exceptions',
      'q/b',
      true,
    ],
  ] as const)('%s', (_what, held, act, line, inside) => {
    const [plant = '', of = ''] = line.split('/');
    expect(isWithinReach(reachOf(held, act), plant, of)).toBe(inside);
  });

  test('a step of a workflow may name those who may decide, and a person decides in the roles that reach there', () => {
    const deciding = roles.filter((role) => API_GRANTS[role]['decide-work'] !== undefined);
    expect(DECIDING_ROLES.toSorted()).toEqual(deciding.toSorted());
    const held = [...at('planner', 'p', 'a'), ...at('supervisor', 'p'), ...at('viewer')];
    expect(rolesFor(held, 'decide-work', 'p', 'a')).toEqual(['planner', 'supervisor']);
    expect(rolesFor(held, 'decide-work', 'p', 'b')).toEqual(['supervisor']);
    expect(rolesFor(held, 'decide-work', 'q', 'a')).toEqual([]);
  });

  test('every role has an act, and every act somebody', () => {
    expect(Object.values(API_GRANTS).every((grants) => Object.keys(grants).length > 0)).toBe(true);
    const granted = new Set(Object.values(API_GRANTS).flatMap((grants) => Object.keys(grants)));
    expect([...granted].toSorted()).toEqual(Object.keys(API_ACTS).toSorted());
  });
});
