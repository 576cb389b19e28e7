/** The console as a client of an OpenID provider: authorization code with PKCE, refresh, and signing out there. */

import type * as OpenId from 'openid-client';
import { isGuardedAddress, type OpenIdSettings } from '../../base/console-settings.ts';
import { type Claims, lacksClaims } from './claims.ts';

/** Why somebody does not get in by the provider; the page has a sentence for each. */
export type SignOnReason = 'away' | 'denied' | 'refused' | 'stale' | 'no-role';

export class SignOnFailure extends Error {
  override name = 'SignOnFailure' as const;
  readonly reason: SignOnReason;

  constructor(reason: SignOnReason, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.reason = reason;
  }
}

/** What only the browser that began may show when it comes back. */
export type SignInChecks = {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
};

/** What the provider says of somebody. */
export type ProvidedIdentity = {
  readonly issuer: string;
  readonly subject: string;
  readonly claims: Claims;
  /** For asking again without the person; undefined where the provider gives none. */
  readonly refresh: string | undefined;
  /** Shown to the provider when its session ends too. */
  readonly idToken: string | undefined;
};

export interface OpenIdClient {
  /** Where the browser goes, and what it will be checked by. `again`: the person has to show the provider who they are. */
  begin(redirect: string, again: boolean): Promise<{ readonly url: URL } & SignInChecks>;
  /** @throws SignOnFailure when the answer is not accepted */
  finish(answer: URL, checks: SignInChecks): Promise<ProvidedIdentity>;
  /** What is true of somebody now. @throws SignOnFailure */
  renew(subject: string, refresh: string): Promise<ProvidedIdentity>;
  /** Where the session at the provider ends; undefined where it does not offer that. */
  endAddress(idToken: string | undefined, after: string): Promise<URL | undefined>;
}

/** Seconds that the provider may take for an answer, and bytes that it may have. */
const PATIENCE = 10;
const MOST_BYTES = 1_000_000;

type Provider = {
  readonly settings: OpenIdSettings;
  /** What it is now; undefined for a public client. */
  readonly secret: (() => string) | undefined;
};

/** `secret`: what it is now. */
export function createOpenIdClient(
  settings: OpenIdSettings,
  secret: (() => string) | undefined,
): OpenIdClient {
  /** The library is loaded where it is configured: most consoles do without. */
  async function attempt<T>(
    work: (openid: typeof OpenId, configuration: OpenId.Configuration) => Promise<T>,
  ): Promise<T> {
    const openid = await import('openid-client');
    try {
      return await work(openid, await discover(openid, { settings, secret }));
    } catch (error) {
      throw failureOf(openid, error);
    }
  }

  return {
    begin: (redirect, again) =>
      attempt((openid, configuration) =>
        beginAt(openid, configuration, { settings, redirect, again }),
      ),
    finish: (answer, { state, nonce, verifier }) =>
      attempt(async (openid, configuration) => {
        const { maxAge, roles } = settings;
        const tokens = await openid.authorizationCodeGrant(configuration, answer, {
          ...{ expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier },
          ...{ idTokenExpected: true, ...(maxAge === undefined ? {} : { maxAge }) },
        });
        return identityOf(openid, configuration, { tokens, roles });
      }),
    renew: (subject, refresh) =>
      attempt(async (openid, configuration) => {
        const tokens = await openid.refreshTokenGrant(configuration, refresh);
        const told = { tokens, roles: settings.roles, known: subject };
        const identity = await identityOf(openid, configuration, told);
        return { ...identity, refresh: identity.refresh ?? refresh };
      }),
    endAddress: (idToken, after) =>
      attempt(async (openid, configuration) => {
        if (configuration.serverMetadata().end_session_endpoint === undefined) return undefined;
        const hint = idToken === undefined ? {} : { id_token_hint: idToken };
        const parameters = { ...hint, post_logout_redirect_uri: after };
        return guarded(openid.buildEndSessionUrl(configuration, parameters));
      }),
  };
}

/** Each time anew: a provider that changes its keys or addresses is understood at once, and people sign in rarely. */
function discover(
  openid: typeof OpenId,
  { settings, secret }: Provider,
): Promise<OpenId.Configuration> {
  const { issuer, client, clockTolerance } = settings;
  const metadata = { [openid.clockTolerance]: clockTolerance };
  const auth = secret === undefined ? openid.None() : secretAuth(openid, secret());
  return openid.discovery(new URL(issuer), client, metadata, auth, {
    timeout: PATIENCE,
    [openid.customFetch]: boundedFetch,
    execute: [
      // The signature is checked although the token comes over TLS from the provider itself.
      openid.enableNonRepudiationChecks,
      ...(issuer.startsWith('http:') ? [openid.allowInsecureRequests] : []),
    ],
  });
}

async function beginAt(
  openid: typeof OpenId,
  configuration: OpenId.Configuration,
  asked: { readonly settings: OpenIdSettings; readonly redirect: string; readonly again: boolean },
): Promise<{ readonly url: URL } & SignInChecks> {
  const { scopes, prompt, maxAge } = asked.settings;
  const state = openid.randomState();
  const nonce = openid.randomNonce();
  const verifier = openid.randomPKCECodeVerifier();
  const prompted = asked.again ? 'login' : prompt;
  const url = openid.buildAuthorizationUrl(configuration, {
    ...{ redirect_uri: asked.redirect, scope: scopes.join(' '), state, nonce },
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...(prompted === undefined ? {} : { prompt: prompted }),
    ...(maxAge === undefined ? {} : { max_age: String(maxAge) }),
  });
  return { url: guarded(url), state, nonce, verifier };
}

type Told = {
  readonly tokens: OpenId.TokenEndpointResponse & OpenId.TokenEndpointResponseHelpers;
  readonly roles: OpenIdSettings['roles'];
  /** Who it has to be. */
  readonly known?: string;
};

/** Claims of the token, and where it lacks some that roles hang on, those of the userinfo endpoint beside them. */
async function identityOf(
  openid: typeof OpenId,
  configuration: OpenId.Configuration,
  { tokens, roles, known }: Told,
): Promise<ProvidedIdentity> {
  const inToken = tokens.claims();
  const subject = inToken?.sub ?? known;
  if (subject === undefined || (known !== undefined && subject !== known)) {
    throw new SignOnFailure('refused', 'expected a token of the same person, found another one');
  }
  const { issuer, userinfo_endpoint: userinfo } = configuration.serverMetadata();
  const asksMore = userinfo !== undefined && lacksClaims(inToken ?? {}, roles);
  const more = asksMore
    ? await openid.fetchUserInfo(configuration, tokens.access_token, subject)
    : {};
  const { refresh_token: refresh, id_token: idToken } = tokens;
  return { issuer, subject, claims: { ...more, ...inToken }, refresh, idToken };
}

/** The secret in the header, as every provider takes it that does not say otherwise (RFC 8414); else in the body. */
function secretAuth(openid: typeof OpenId, secret: string): OpenId.ClientAuth {
  return (server, client, body, headers) => {
    const { token_endpoint_auth_methods_supported: ways } = server;
    const inHeader = ways === undefined || ways.includes('client_secret_basic');
    const auth = inHeader ? openid.ClientSecretBasic(secret) : openid.ClientSecretPost(secret);
    auth(server, client, body, headers);
  };
}

/** Where browsers are sent: never to a script, nor over the network in the clear. */
function guarded(url: URL): URL {
  if (isGuardedAddress(url.href)) return url;
  throw new SignOnFailure(
    'refused',
    `expected https:// addresses of the provider, found ${url.protocol}`,
  );
}

/** Fetches, and reads no more than an answer of a provider can need. */
async function boundedFetch(...[url, options]: Parameters<OpenId.CustomFetch>): Promise<Response> {
  const response = await fetch(url, options as RequestInit);
  const { status, headers, body } = response;
  if (body === null) return response;
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const part of body) {
      size += part.length;
      if (size > MOST_BYTES) {
        throw new SignOnFailure('refused', `expected at most ${MOST_BYTES} bytes of the provider`);
      }
      parts.push(part);
    }
  } catch (cause) {
    if (cause instanceof SignOnFailure) throw cause;
    // A connection that breaks off, or an answer that does not come to its end in time.
    const found = textOfError(innermost(cause));
    throw new SignOnFailure('away', `expected an answer to its end: ${found}`, { cause });
  }
  return new Response(Buffer.concat(parts), { status, headers });
}

const AWAY: ReadonlySet<string> = new Set(['OAUTH_TIMEOUT', 'OAUTH_ABORT']);
const FOR_NOW: ReadonlySet<string> = new Set(['server_error', 'temporarily_unavailable']);

/** Request Timeout and Too Many Requests say nothing of the person (RFC 9110 15.5.9, RFC 6585 4), nor does a fault. */
function isForNow(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/** Whose fault it is: a provider that cannot be reached is asked again, one that says no is not. */
function failureOf(openid: typeof OpenId, cause: unknown): SignOnFailure {
  if (cause instanceof SignOnFailure) return cause;
  const made = (reason: SignOnReason, message: string) =>
    new SignOnFailure(reason, message, { cause });
  const inside = innermost(cause);
  if (inside instanceof SignOnFailure) return inside;
  if (cause instanceof openid.AuthorizationResponseError) {
    const reason = FOR_NOW.has(cause.error) ? 'away' : 'denied';
    return made(reason, `the provider answered ${quoted(cause.error)}`);
  }
  if (cause instanceof openid.ResponseBodyError) {
    const isAway = isForNow(cause.status) || FOR_NOW.has(cause.error);
    const message = `the provider answered ${cause.status} ${quoted(cause.error)}`;
    return made(isAway ? 'away' : 'refused', message);
  }
  if (cause instanceof openid.ClientError) {
    const status = cause.cause instanceof Response ? cause.cause.status : undefined;
    const found = status === undefined ? textOfError(inside) : `status ${status}`;
    const isAway = AWAY.has(cause.code ?? '') || (status !== undefined && isForNow(status));
    return made(isAway ? 'away' : 'refused', `${cause.message}: ${found}`);
  }
  // What `fetch` rejects with when there is no connection.
  const isAway = cause instanceof TypeError && cause.message === 'fetch failed';
  return made(isAway ? 'away' : 'refused', textOfError(inside));
}

/** The first cause; or what this file has made of it, wherever the library has put that. */
function innermost(error: unknown): unknown {
  let at = error;
  for (let depth = 0; depth < 5 && at instanceof Error && at.cause instanceof Error; depth += 1) {
    if (at instanceof SignOnFailure) return at;
    at = at.cause;
  }
  return at;
}

function textOfError(error: unknown): string {
  if (!(error instanceof Error)) return 'something else';
  return 'code' in error && error.message === '' ? String(error.code) : error.message;
}

/** Words of a provider, or of whoever wrote them into an address. */
function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
