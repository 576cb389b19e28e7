import type { AuthConfig } from './call-config.ts';
import {
  addressOf,
  excerpt,
  headerValue,
  jsonOf,
  readBody,
  serverAddress,
  textAt,
  valueAt,
} from './http.ts';
import { CallError, type CallOutcome, classifyError, retryAfter, success } from './outcome.ts';
import { type Environment, reveal, rotating, rotatingJson } from './secret.ts';
import { fillText, toText } from './template.ts';

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
  if (auth.kind === 'login') return tokenKeeper(loginOf(auth, base, environment));
  if (auth.kind === 'oauth2') return tokenKeeper(clientCredentials(auth, base, environment));
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
  auth: Exclude<AuthConfig, { kind: 'login' | 'oauth2' }>,
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
      return {
        Authorization: `Bearer ${headerValue(reveal(auth.token, environment), 'auth.token')}`,
      };
    case 'header':
      return { [auth.name]: headerValue(reveal(auth.value, environment), 'auth.value') };
  }
}

/** How a token is asked for, where it is in the answer, and how it is shown from then on. */
type TokenQuestion = {
  readonly address: URL;
  readonly method: string;
  readonly headers: () => Readonly<Record<string, string>>;
  readonly body: () => string;
  readonly token: string;
  /** Where the answer says for how many seconds it holds. */
  readonly lifetime: string | undefined;
  /** `answer`: the JSON that the token came in. Throws where it lacks what is to be shown with it. */
  readonly shown: (token: string, answer: unknown) => Credentials;
};

function loginOf(
  auth: Extract<AuthConfig, { kind: 'login' }>,
  base: string,
  environment: Environment,
): TokenQuestion {
  const body = rotatingJson(auth.body, environment);
  return {
    ...{ address: addressOf(base, auth.path, {}), method: auth.method, token: auth.token },
    lifetime: undefined,
    headers: () => ({ 'Content-Type': 'application/json' }),
    body: () => JSON.stringify(body()),
    shown(token, answer) {
      const values = Object.entries(auth.values).map(([name, at]) => {
        const value = textAt(answer, at);
        if (value === undefined) throw new CallError(`expected ${name} at ${at}, found none`);
        return [name, value] as const;
      });
      const shown = { token: token.trim(), ...Object.fromEntries(values) };
      const text = fillText(auth.show, shown, {}, toText);
      const encoded = auth.encode === 'base64' ? Buffer.from(text).toString('base64') : text;
      return { [auth.header]: headerValue(auth.prefix + encoded, 'token') };
    },
  };
}

/** RFC 6749, chapters 2.3.1 and 4.4. In the header, id and secret are form-encoded before they become Basic. */
function clientCredentials(
  auth: Extract<AuthConfig, { kind: 'oauth2' }>,
  base: string,
  environment: Environment,
): TokenQuestion {
  const client = rotating(auth.client, environment);
  const secret = rotating(auth.secret, environment);
  const inForm = auth.in === 'form';
  const basic = () => {
    const pair = [client(), secret()].map((part) => encodeURIComponent(part)).join(':');
    return { Authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
  };
  return {
    address: /^https?:/.test(auth.path)
      ? new URL(serverAddress(auth.path, 'auth.path'))
      : addressOf(base, auth.path, {}),
    ...{ method: 'POST', token: '/access_token', lifetime: '/expires_in' },
    headers: () => ({
      'Content-Type': 'application/x-www-form-urlencoded',
      ...(inForm ? {} : basic()),
    }),
    body: () =>
      new URLSearchParams({
        grant_type: 'client_credentials',
        ...(auth.scope === undefined ? {} : { scope: auth.scope }),
        ...(inForm ? { client_id: client(), client_secret: secret() } : {}),
      }).toString(),
    shown: (token) => ({ Authorization: `Bearer ${headerValue(token, 'token')}` }),
  };
}

/** A token is renewed when so much of its time is over. */
const SPENT = 0.9;

/** Asks once and shows the token until it is refused or old. Nothing of a request is sent before there is one. */
function tokenKeeper(question: TokenQuestion): Authenticator {
  let held: Promise<CallOutcome<Credentials>> | undefined;
  let until = Number.POSITIVE_INFINITY;

  async function ask(timeout: number): Promise<CallOutcome<Credentials>> {
    const asked = performance.now();
    try {
      const response = await fetch(question.address, {
        method: question.method,
        headers: { Accept: 'application/json', ...question.headers() },
        body: question.body(),
        redirect: 'manual',
        signal: AbortSignal.timeout(timeout),
      });
      const { status, headers } = response;
      const text = await readBody(response);
      const json = jsonOf({ status, headers, text });
      const token = textAt(json, question.token);
      if (response.ok && token !== undefined) {
        const { lifetime } = question;
        const seconds = lifetime === undefined ? undefined : Number(valueAt(json, lifetime));
        until = seconds === undefined || !(seconds > 0) ? until : asked + seconds * 1_000 * SPENT;
        return success(question.shown(token, json));
      }
      const note = response.ok
        ? `login: expected a token at ${question.token}, found none`
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
      if (performance.now() > until) held = undefined;
      if (held === undefined) {
        until = Number.POSITIVE_INFINITY;
        held = ask(timeout);
      }
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
