import { type Credentials, createAuthenticator } from './authenticate.ts';
import type { CallConfig, ReachConfig } from './call-config.ts';
import { createWriteTokens } from './csrf.ts';
import {
  type Answer,
  addressOf,
  excerpt,
  headerValue,
  jsonOf,
  readBody,
  serverAddress,
  valueAt,
} from './http.ts';
import {
  atTheDoor,
  type CallOutcome,
  classifyError,
  classifyStatus,
  isPage,
  notSent,
  retryAfter,
  success,
  unclear,
} from './outcome.ts';
import { type Environment, reveal } from './secret.ts';
import {
  encodeHeader,
  encodePath,
  fill,
  fillText,
  TemplateError,
  type TemplateFields,
  toText,
} from './template.ts';
import {
  type CallPriority,
  createBreaker,
  createRateLimiter,
  type RateLimiter,
} from './throttle.ts';

/** How urgent a call is, when not to wait for it any more, and what to do right before it leaves. */
export type Call = {
  readonly priority: CallPriority;
  /** Ends the wait for a turn, never a call that is under way: what was sent is waited for. */
  readonly signal: AbortSignal;
  /** Told right before the call leaves, when nothing is left to wait for. Throws to stop it. */
  readonly sending?: () => Promise<void>;
  /** Says what the answer means for this kind of call, before it counts for or against the other side as a whole. */
  readonly judge?: (outcome: CallOutcome<Answer>) => CallOutcome<Answer>;
};

export type Caller = (
  config: CallConfig,
  fields: TemplateFields,
  call: Call,
) => Promise<CallOutcome<Answer>>;

export type Prepared = {
  readonly method: string;
  readonly address: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
};

/**
 * Makes one call, once: waits for its turn, fills the templates in, and says what it came to. Throws when a secret is not
 * there, or cannot stand where it is needed.
 */
export function createCaller(config: ReachConfig, environment: Environment): Caller {
  const base = serverAddress(reveal(config.base, environment), 'base');
  const prepare = createPreparation(config, base, environment);
  const authenticator = createAuthenticator(config.auth, base, environment);
  const writeTokens = createWriteTokens(config.csrf, base);
  const limiter = createRateLimiter(config.rate);
  const breaker = createBreaker(config.breaker);

  async function send(
    prepared: Prepared,
    sending?: () => Promise<void>,
  ): Promise<CallOutcome<Answer>> {
    const credentials = await authenticator.credentials(config.timeout);
    if (credentials.kind !== 'ok') return credentials;
    const shown = await tokensFor(prepared, credentials.value);
    if (shown.kind !== 'ok') return shown;
    await sending?.();
    const all = { ...credentials.value, ...shown.value };
    const outcome = await exchange(prepared, all, config.timeout, limiter);
    return outcome.kind === 'ok' ? withoutError(outcome.value, config.errors) : outcome;
  }

  async function tokensFor({ method }: Prepared, credentials: Credentials) {
    return method === 'GET' ? success({}) : writeTokens.headers(credentials, config.timeout);
  }

  /** Refused for who we are and not for what we ask: with other credentials it may pass. */
  function isStale({ method }: Prepared, outcome: CallOutcome<Answer>): boolean {
    if (outcome.kind === 'retryable' && outcome.status === 401) return authenticator.forget();
    const forbidden = outcome.kind === 'rejected' && outcome.status === 403;
    return forbidden && method !== 'GET' && writeTokens.forget();
  }

  return async function call(callConfig, fields, { priority, signal, sending, judge = same }) {
    let prepared: Prepared;
    try {
      prepared = prepare(callConfig, fields);
    } catch (error) {
      if (error instanceof TemplateError) return notSent(error.message);
      throw error;
    }
    await limiter.pass(priority, signal);
    return breaker(async () => {
      const outcome = await send(prepared, sending);
      return judge(isStale(prepared, outcome) ? await send(prepared, sending) : outcome);
    });
  };
}

function same(outcome: CallOutcome<Answer>): CallOutcome<Answer> {
  return outcome;
}

/** Some systems answer 200, and in the answer they say that they refuse: JSON-RPC, bulk calls. */
function withoutError(answer: Answer, errors: ReachConfig['errors']): CallOutcome<Answer> {
  if (errors === undefined) return success(answer);
  const found = valueAt(jsonOf(answer), errors.at);
  if (found === undefined || found === null || found === false) return success(answer);
  const text = typeof found === 'string' ? found : JSON.stringify(found);
  const note = `refused in an answer ${answer.status}: ${excerpt(text)}`;
  const { passing, refusing } = errors;
  const refused = refusing === undefined || refusing.some((part) => text.includes(part));
  if (!refused || passing.some((part) => text.includes(part))) return unclear(note, answer.status);
  return { kind: 'rejected', note, status: answer.status };
}

/** Fills the templates of a call in. The function that is returned throws a `TemplateError`. */
function createPreparation(
  config: ReachConfig,
  base: string,
  environment: Environment,
): (call: CallConfig, fields: TemplateFields) => Prepared {
  const { maps } = config;
  const common = each(config.headers, (value, name) => {
    return headerValue(reveal(value, environment), `headers.${name}`);
  });
  return ({ method, path, query, headers, body }, fields) => {
    const text = (template: string) => fillText(template, fields, maps, toText);
    const header = (template: string) => fillText(template, fields, maps, encodeHeader);
    return {
      method,
      address: addressOf(base, fillText(path, fields, maps, encodePath), each(query, text)),
      headers: { Accept: 'application/json', ...common, ...each(headers, header) },
      body: body === undefined ? undefined : JSON.stringify(fill(body, fields, maps)),
    };
  };
}

/** Sends, waits for the answer, and classifies it. Pauses all calls when the other side asks for it. */
export async function exchange(
  { method, address, headers, body }: Prepared,
  credentials: Credentials,
  timeout: number,
  limiter: RateLimiter,
): Promise<CallOutcome<Answer>> {
  try {
    const response = await fetch(address, {
      method,
      headers: {
        ...headers,
        ...credentials,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body }),
      // A followed redirect would turn a POST into a GET.
      redirect: 'manual',
      signal: AbortSignal.timeout(timeout),
    });
    const text = await readBody(response);
    const page = isPage(text);
    if (response.ok && !page) {
      return success({ status: response.status, headers: response.headers, text });
    }
    const after = retryAfter(response.headers.get('retry-after'), response.headers.get('date'));
    const location = response.headers.get('location');
    const note = `${response.status} ${location === null ? '' : `to ${excerpt(location)} `}${excerpt(text)}`;
    if (after !== null) limiter.pause(after);
    if (response.ok) return atTheDoor(note.trim(), response.status);
    return classifyStatus(response.status, after, note.trim(), page);
  } catch (error) {
    return classifyError(error);
  }
}

function each<T>(
  record: Readonly<Record<string, T>>,
  change: (value: T, name: string) => string,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name, change(value, name)]),
  );
}
