/**
 * A token that a system wants to see with every write, so that no page in somebody's browser can make one: fetched by a
 * read, bound to the cookies of its answer, and fetched anew when it is refused.
 */

import type { Credentials } from './authenticate.ts';
import type { CsrfConfig } from './call-config.ts';
import { addressOf, excerpt, headerValue, jsonOf, placeIn, readBody } from './http.ts';
import { type CallOutcome, classifyError, retryAfter, success } from './outcome.ts';

export interface WriteTokens {
  /** Headers that a write has to show. What is not had before the write is no fault of it: it has not been sent. */
  headers(credentials: Credentials, timeout: number): Promise<CallOutcome<Credentials>>;
  /** They were refused. True when asking again can give others. */
  forget(): boolean;
}

const NONE: WriteTokens = { headers: async () => success({}), forget: () => false };

export function createWriteTokens(config: CsrfConfig | undefined, base: string): WriteTokens {
  if (config === undefined) return NONE;
  const address = addressOf(base, config.path, {});
  let held: Promise<CallOutcome<Credentials>> | undefined;
  return {
    async headers(credentials, timeout) {
      held ??= fetchToken(config, address, credentials, timeout);
      const outcome = await held;
      if (outcome.kind !== 'ok') held = undefined;
      return outcome;
    },
    forget() {
      const had = held !== undefined;
      held = undefined;
      return had;
    },
  };
}

async function fetchToken(
  config: CsrfConfig,
  address: URL,
  credentials: Credentials,
  timeout: number,
): Promise<CallOutcome<Credentials>> {
  try {
    const response = await fetch(address, {
      method: config.method,
      headers: { Accept: 'application/json', ...config.headers, ...credentials },
      redirect: 'manual',
      signal: AbortSignal.timeout(timeout),
    });
    const { status, headers } = response;
    const text = await readBody(response);
    const answer = { status, headers, text };
    const token = placeIn(answer, jsonOf(answer), config.token);
    if (token !== undefined && token !== null) {
      const cookies = headers.getSetCookie().map((cookie) => cookie.split(';')[0] ?? '');
      const shown = cookies.length === 0 ? {} : { Cookie: cookies.join('; ') };
      return success({ [config.header]: headerValue(String(token), config.header), ...shown });
    }
    const after = retryAfter(headers.get('retry-after'), headers.get('date'));
    const note = `token for a write: expected one, found ${status} ${excerpt(text)}`.trim();
    return { kind: 'retryable', note, status, after, down: status !== 429 };
  } catch (error) {
    const note = `token for a write: ${classifyError(error).note}`;
    return { kind: 'retryable', note, status: null, after: null, down: true };
  }
}
