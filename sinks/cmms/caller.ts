import { addressOf } from './address.ts';
import { type Answer, excerpt, readBody } from './answer.ts';
import { createAuthenticator } from './authenticate.ts';
import { createBreaker } from './breaker.ts';
import { classifyError, classifyStatus, retryAfter } from './classify.ts';
import type { CallConfig, CmmsConfig } from './config.ts';
import { type Outcome, ok, unsent } from './outcome.ts';
import { type Fields, TemplateError, toText } from './placeholder.ts';
import { createGate, type Turn } from './rate.ts';
import { type Environment, reveal } from './secret.ts';
import { encodeHeader, encodePath, fill, fillText } from './template.ts';

/** The circumstances of a call. */
export type Call = {
  readonly turn: Turn;
  /** Ends the wait for a turn, never a call that is under way: what was sent is waited for. */
  readonly signal: AbortSignal;
  /** Told right before the call leaves, when nothing is left to wait for. Throws to stop it. */
  readonly sending?: () => Promise<void>;
};

export type Caller = (config: CallConfig, fields: Fields, call: Call) => Promise<Outcome<Answer>>;

type Prepared = {
  readonly method: string;
  readonly address: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
};

/** Makes one call, once: waits for its turn, fills the templates in, and says what it came to. */
export function createCaller(config: CmmsConfig, environment: Environment): Caller {
  const base = reveal(config.base, environment);
  const common = Object.fromEntries(
    Object.entries(config.headers).map(([name, value]) => [name, reveal(value, environment)]),
  );
  const authenticator = createAuthenticator(config.auth, base, environment);
  const gate = createGate(config.rate);
  const breaker = createBreaker(config.breaker);

  function prepare({ method, path, query, headers, body }: CallConfig, fields: Fields): Prepared {
    const { maps } = config;
    const text = (template: string) => fillText(template, fields, maps, toText);
    const header = (template: string) => fillText(template, fields, maps, encodeHeader);
    return {
      method,
      address: addressOf(base, fillText(path, fields, maps, encodePath), each(query, text)),
      headers: { Accept: 'application/json', ...common, ...each(headers, header) },
      body: body === undefined ? undefined : JSON.stringify(fill(body, fields, maps)),
    };
  }

  async function send(prepared: Prepared, sending?: () => Promise<void>): Promise<Outcome<Answer>> {
    const credentials = await authenticator.credentials(config.timeout);
    if (credentials.kind !== 'ok') return credentials;
    await sending?.();
    const { method, address, headers, body } = prepared;
    try {
      const response = await fetch(address, {
        method,
        headers: {
          ...headers,
          ...credentials.value,
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body }),
        // A followed redirect would turn a POST into a GET.
        redirect: 'manual',
        signal: AbortSignal.timeout(config.timeout),
      });
      const text = await readBody(response);
      if (response.ok) return ok({ status: response.status, headers: response.headers, text });
      const after = retryAfter(response.headers.get('retry-after'), response.headers.get('date'));
      const location = response.headers.get('location');
      const note = `${response.status} ${location === null ? '' : `to ${location} `}${excerpt(text)}`;
      if (after !== null) gate.pause(after);
      return classifyStatus(response.status, after, note.trim());
    } catch (error) {
      return classifyError(error);
    }
  }

  return async function call(callConfig, fields, { turn, signal, sending }) {
    let prepared: Prepared;
    try {
      prepared = prepare(callConfig, fields);
    } catch (error) {
      if (error instanceof TemplateError) return unsent(error.message);
      throw error;
    }
    await gate.pass(turn, signal);
    return breaker(async () => {
      const outcome = await send(prepared, sending);
      const refused = outcome.kind === 'retryable' && outcome.status === 401;
      return refused && authenticator.forget() ? send(prepared, sending) : outcome;
    });
  };
}

function each(
  record: Readonly<Record<string, string>>,
  change: (value: string) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}
