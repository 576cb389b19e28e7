/** Signing in by a provider: from the button to a session, and what is true of whoever has one as long as it lasts. */

import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { OpenIdSettings } from '../../base/console-settings.ts';
import { nameByClaims, rolesByClaims, subjectId } from './claims.ts';
import { type OpenIdClient, type ProvidedIdentity, SignOnFailure } from './openid.ts';
import { openValue, sealValue } from './sealed-text.ts';
import type { SessionStore, VouchedSession } from './sessions.ts';
import { heldRoleSchema, type Visitor } from './visitor.ts';

export interface SingleSignOn {
  readonly settings: OpenIdSettings;
  /** Nobody signs in by a local account. */
  readonly isLocalOff: boolean;
  /** Where the browser goes, and the cookie by which it is known when it comes back. */
  begin(place: string, again: boolean): Promise<{ readonly url: URL; readonly cookie: string }>;
  /** Begins a session. @throws SignOnFailure */
  finish(
    answer: Readonly<Record<string, string>>,
    cookie: string | undefined,
  ): Promise<{ readonly session: string; readonly place: string }>;
  /** Who has this session, with the roles of now; undefined when they have to sign in again. */
  visitor(token: string, user: string): Promise<Visitor | undefined>;
  /** Ends a session here; where it ends at the provider, if it offers that. */
  end(token: string): Promise<URL | undefined>;
}

export type SignOnOptions = {
  readonly settings: OpenIdSettings;
  readonly client: OpenIdClient;
  readonly sessions: SessionStore;
  /** See `openIdentityKey`. */
  readonly key: Buffer;
  /** The path of the answer, below the page. */
  readonly callback: string;
  /** Where names stand that can be erased. Gives false when it could not be entered. */
  readonly enterName: (id: string, name: string) => Promise<boolean>;
  readonly onFailure: (failure: SignOnFailure) => void;
  /** Milliseconds of the clock. */
  readonly now?: () => number;
};

/** Milliseconds in which a person signs in at the provider. */
const LONGEST_ATTEMPT = 600_000;
/** Milliseconds until a provider that was away is asked again. */
const ASK_AGAIN = 30_000;
/** Attempts that are remembered as used. */
const MOST_USED = 10_000;
const [ATTEMPT, SESSION] = ['sign-in attempt', 'session of a provider'];

const attemptSchema = z.strictObject({
  ...{ state: z.string(), nonce: z.string(), verifier: z.string() },
  place: z.string(),
  at: z.number(),
});
const personSchema = z.strictObject({
  ...{ subject: z.string(), name: z.string(), roles: z.array(heldRoleSchema) },
  refresh: z.string().optional(),
  idToken: z.string().optional(),
  /** The name was entered where names can be erased. */
  entered: z.boolean(),
});
type Person = z.infer<typeof personSchema>;

export function createSignOn(options: SignOnOptions): SingleSignOn {
  const { settings, client, sessions, key, callback, now = Date.now } = options;
  const { page, local } = settings;
  const redirect = `${page}${callback}`;
  const used = new Set<string>();

  /** An answer counts once, whatever the provider thinks of its code. */
  function use(state: string): boolean {
    if (used.has(state)) return false;
    used.add(state);
    const [oldest] = used;
    if (used.size > MOST_USED && oldest !== undefined) used.delete(oldest);
    return true;
  }

  return {
    settings,
    isLocalOff: !local,
    async begin(place, again) {
      const { url, ...checks } = await client.begin(redirect, again);
      return { url, cookie: sealValue(key, ATTEMPT, { ...checks, place, at: now() }) };
    },
    async finish(answer, cookie) {
      const opened = cookie === undefined ? undefined : openValue(key, ATTEMPT, cookie);
      const attempt = attemptSchema.safeParse(opened).data;
      if (attempt === undefined) {
        throw new SignOnFailure('stale', 'expected the cookie of a sign-in that was begun here');
      }
      const { at, place, ...checks } = attempt;
      if (now() - at > LONGEST_ATTEMPT) {
        throw new SignOnFailure('stale', 'expected an answer within ten minutes');
      }
      // Before it counts as used: another state is another sign-in, and says nothing of this one.
      if (answer.state !== checks.state) {
        throw new SignOnFailure('stale', 'expected the state of the sign-in that was begun here');
      }
      if (!use(checks.state)) {
        throw new SignOnFailure('stale', 'expected an answer that was not used before');
      }
      const identity = await client.finish(
        new URL(`${redirect}?${new URLSearchParams(answer)}`),
        checks,
      );
      const person = await personOf(identity, options);
      const id = subjectId(key, identity.issuer, identity.subject);
      const vouch = (token: string) => vouchedBy(settings, token, person, now());
      return { session: await sessions.begin(id, vouch), place };
    },
    visitor: visitorsOf(options),
    async end(token) {
      const person = openPerson(token, sessions.vouched(token));
      await sessions.end(token);
      if (person === undefined) return undefined;
      return client.endAddress(person.idToken, `${page}/`).catch((error: unknown) => {
        options.onFailure(asFailure(error));
        return undefined;
      });
    },
  };
}

/** What is true of whoever has a session: the provider is asked again when `renew` has passed. */
function visitorsOf(options: SignOnOptions): SingleSignOn['visitor'] {
  const { settings, sessions, client, onFailure, now = Date.now } = options;
  const policy = policyOf(settings);
  const period = settings.renew * 1_000;
  /** A page asks many things at once, and a refresh token may be used once. */
  const asking = new Map<string, Promise<Person | undefined>>();
  let askAgain = 0;

  async function renewed(
    token: string,
    { subject, refresh, ...before }: Person,
    isOverdue: boolean,
  ): Promise<Person | undefined> {
    const person = { subject, refresh, ...before };
    if (refresh === undefined) {
      // The same button leads through the provider again, mostly without a question.
      await sessions.end(token);
      return undefined;
    }
    if (now() < askAgain) return isOverdue ? undefined : person;
    try {
      const identity = await client.renew(subject, refresh);
      const next = await personOf(identity, options, person);
      const kept = { ...next, idToken: next.idToken ?? before.idToken };
      await sessions.keep(token, vouchedBy(settings, token, kept, now()));
      return kept;
    } catch (error) {
      const failure = asFailure(error);
      onFailure(failure);
      if (failure.reason === 'away') {
        askAgain = now() + ASK_AGAIN;
        return isOverdue ? undefined : person;
      }
      await sessions.end(token);
      return undefined;
    }
  }

  async function personNow(token: string, vouched: VouchedSession): Promise<Person | undefined> {
    const known = openPerson(token, vouched);
    if (known === undefined || vouched.policy !== policy) {
      await sessions.end(token);
      return undefined;
    }
    const age = now() - vouched.checked;
    if (age >= 0 && age < period) return known;
    // While the provider is away, what it said last holds for as long again, and no longer.
    const asked = asking.get(token) ?? renewed(token, known, age < 0 || age >= 2 * period);
    asking.set(token, asked);
    return asked.finally(() => asking.delete(token));
  }

  return async (token, user) => {
    const vouched = sessions.vouched(token);
    const person = vouched === undefined ? undefined : await personNow(token, vouched);
    if (person === undefined) return undefined;
    return { id: user, name: person.name, roles: person.roles, isProgram: false, isVouched: true };
  };
}

/**
 * What is kept of somebody. At a renewal (`before`) a name is entered when it is another one: one that was erased stays so.
 *
 * @throws SignOnFailure where their claims give no role
 */
async function personOf(
  { issuer, subject, claims, refresh, idToken }: ProvidedIdentity,
  { settings, key, enterName }: SignOnOptions,
  before?: Person,
): Promise<Person> {
  const id = subjectId(key, issuer, subject);
  const roles = [...rolesByClaims(claims, settings.roles)];
  if (roles.length === 0) {
    throw new SignOnFailure('no-role', `expected claims that give ${id} a role, found none`);
  }
  const name = nameByClaims(claims, id);
  const isKnown = before?.entered === true && before.name === name;
  const entered = isKnown || (await enterName(id, name));
  return { subject, name, roles, refresh, idToken, entered };
}

function vouchedBy(
  settings: OpenIdSettings,
  token: string,
  person: Person,
  checked: number,
): VouchedSession {
  return { policy: policyOf(settings), checked, sealed: sealValue(token, SESSION, person) };
}

function openPerson(token: string, vouched: VouchedSession | undefined): Person | undefined {
  if (vouched === undefined) return undefined;
  return personSchema.safeParse(openValue(token, SESSION, vouched.sealed)).data;
}

/** What decides who gets in: another table, another provider or another client, and everybody signs in again. */
function policyOf({ issuer, client, roles }: OpenIdSettings): string {
  return createHash('sha256')
    .update(JSON.stringify([issuer, client, roles]))
    .digest('base64url');
}

function asFailure(error: unknown): SignOnFailure {
  if (error instanceof SignOnFailure) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new SignOnFailure('refused', message, { cause: error });
}
