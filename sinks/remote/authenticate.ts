import type { AuthConfig } from './config.ts';
import { addressOf, excerpt, jsonOf, readBody, textAt } from './http.ts';
import { type CallOutcome, classifyError, retryAfter, success } from './outcome.ts';

import { type Environment, reveal, rotating } from './secret.ts';

export type Credentials = Readonly<Record<string, string>>;

/** Who we are, as headers of a call. */
export interface Authenticator {
  credentials(timeout: number): Promise<CallOutcome<Credentials>>;
  /** They were not accepted. True when asking again can give others. */
  forget(): boolean;
}

export function createAuthenticator(
  auth: AuthConfig,
  base: string,
  environment: Environment,
): Authenticator {
  if (auth.kind === 'login') return login(auth, base, environment);
  // Read again for every call, so that a secret can be changed under a running worker.
  let headers = fixed(auth, environment);
  const read = (): boolean => {
    const before = JSON.stringify(headers);
    try {
      headers = fixed(auth, environment);
    } catch {
      // While a file is being replaced it is what it was.
    }
    return JSON.stringify(headers) !== before;
  };
  return {
    async credentials() {
      read();
      return success(headers);
    },
    forget: read,
  };
}

function fixed(
  auth: Exclude<AuthConfig, { kind: 'login' }>,
  environment: Environment,
): Credentials {
  switch (auth.kind) {
    case 'none':
      return {};
    case 'basic': {
      const pair = `${reveal(auth.user, environment)}:${reveal(auth.password, environment)}`;
      return { Authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
    }
    case 'bearer':
      return { Authorization: `Bearer ${reveal(auth.token, environment)}` };
    case 'header':
      return { [auth.name]: reveal(auth.value, environment) };
  }
}

/** Logs in once and shows the token until it is refused. Nothing of a request is sent before there is one. */
function login(
  auth: Extract<AuthConfig, { kind: 'login' }>,
  base: string,
  environment: Environment,
): Authenticator {
  const address = addressOf(base, auth.path, {});
  const fields = Object.entries(auth.body).map(
    ([name, value]) => [name, rotating(value, environment)] as const,
  );
  const body = () => JSON.stringify(Object.fromEntries(fields.map(([name, of]) => [name, of()])));
  let held: Promise<CallOutcome<Credentials>> | undefined;

  async function ask(timeout: number): Promise<CallOutcome<Credentials>> {
    try {
      const response = await fetch(address, {
        method: auth.method,
        headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
        body: body(),
        redirect: 'manual',
        signal: AbortSignal.timeout(timeout),
      });
      const { status, headers } = response;
      const text = await readBody(response);
      const token = textAt(jsonOf({ status, headers, text }), auth.token);
      if (response.ok && token !== undefined)
        return success({ [auth.header]: auth.prefix + token });
      const note = response.ok
        ? `login: expected a token at ${auth.token}, found none`
        : `login: ${status} ${excerpt(text)}`;
      const after = retryAfter(headers.get('retry-after'), headers.get('date'));
      // Whatever the login was answered, the request itself has not been sent.
      return { kind: 'retryable', note, status, after, down: status !== 429 };
    } catch (error) {
      const { note } = classifyError(error);
      return { kind: 'retryable', note: `login: ${note}`, status: null, after: null, down: true };
    }
  }

  return {
    async credentials(timeout) {
      held ??= ask(timeout);
      const outcome = await held;
      if (outcome.kind !== 'ok') held = undefined;
      return outcome;
    },
    forget() {
      held = undefined;
      return true;
    },
  };
}
