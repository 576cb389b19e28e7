/** Signing in and out, and who one is. */

import { z } from 'zod';
import { csrfOf } from '../access/sessions.ts';
import { heldRoleSchema, rightsOf, type Visitor } from '../access/visitor.ts';
import { ApiProblem } from '../api/api-problem.ts';
import { type ApiRoute, type Asked, route, SpecialAnswer } from '../api/route.ts';
import type { Services } from './services.ts';

const meSchema = z.object({
  id: z.string().describe('Opaque: what the log has of a person.'),
  name: z.string(),
  roles: z.array(heldRoleSchema),
  rights: z.array(
    z.object({
      act: z.string(),
      everywhere: z.boolean(),
      plants: z.array(z.string()),
      lines: z.array(z.string()).describe('`plant/line`.'),
    }),
  ),
  by: z
    .enum(['password', 'provider', 'key'])
    .describe('How they signed in. A session by the provider is ended by leaveProvider.'),
  csrf: z
    .string()
    .nullable()
    .describe(
      'To be sent with each act as X-Andon-CSRF; null for programs, which have no session.',
    ),
});

const loginSchema = z.strictObject({
  name: z.string().min(1).max(64),
  password: z.string().min(1).max(256),
});

export function sessionRoutes(services: Services): readonly ApiRoute[] {
  const { sessions } = services;
  return [
    route({
      id: 'signIn',
      method: 'POST',
      path: '/session',
      tag: 'Session',
      access: 'everybody',
      summary: 'Begins a session by name and password; the answer sets its cookie.',
      bodySchema: loginSchema,
      answer: meSchema,
      handle: (asked) => signIn(services, asked),
    }),
    route({
      id: 'signOut',
      method: 'DELETE',
      path: '/session',
      tag: 'Session',
      access: 'signed-in',
      summary: 'Ends the session.',
      status: 204,
      async handle({ session }) {
        if (session !== undefined) await sessions.end(session);
        return new SpecialAnswer({ body: undefined, status: 204, session: null });
      },
    }),
    route({
      id: 'getMe',
      method: 'GET',
      path: '/me',
      tag: 'Session',
      access: 'signed-in',
      summary: 'Who one is, and what one may do.',
      answer: meSchema,
      async handle({ visitor, session }) {
        if (visitor === undefined) throw new ApiProblem('not-signed-in', 'Sign in.');
        return meOf(visitor, session);
      },
    }),
  ];
}

async function signIn(
  { accounts, sessions, lockouts, signOn }: Services,
  { body, address }: Pick<Asked<never, never, z.output<typeof loginSchema>>, 'body' | 'address'>,
): Promise<SpecialAnswer> {
  const { name, password } = body;
  if (signOn?.isLocalOff === true) {
    throw new ApiProblem(
      'forbidden',
      `Sign in by ${signOn.settings.name}: local accounts are off.`,
    );
  }
  const wait = Math.max(lockouts.name.wait(name), lockouts.address.wait(address));
  if (wait > 0) {
    const after = Math.ceil(wait / 1_000);
    const detail = `expected fewer wrong passwords. Try again in ${after} s.`;
    throw new ApiProblem('too-many', detail, { after });
  }
  const visitor = await accounts.check(name, password);
  if (visitor === undefined) {
    lockouts.name.failed(name);
    lockouts.address.failed(address);
    const detail = 'Check both. `andon console account add` sets a new password.';
    throw new ApiProblem('wrong-login', detail);
  }
  // An address is not cleared by one right password: whoever guesses may have an account.
  lockouts.name.succeeded(name);
  const session = await sessions.begin(visitor.id);
  return new SpecialAnswer({ body: meOf(visitor, session), session });
}

function meOf(visitor: Visitor, session: string | undefined): z.output<typeof meSchema> {
  const { id, name, roles, isProgram, isVouched } = visitor;
  const rights = rightsOf(roles).map(({ plants, lines, ...right }) => ({
    ...right,
    plants: [...plants],
    lines: [...lines],
  }));
  const csrf = session === undefined || isProgram ? null : csrfOf(session);
  const by = isProgram ? 'key' : isVouched === true ? 'provider' : 'password';
  return { id, name, roles: [...roles], rights, by, csrf };
}
