/**
 * What a call to a remote system came to, and how answers and errors are classified. Four outcomes, not two:
 *
 * - `rejected`: understood and refused. The same call would be refused again.
 * - `retryable`: surely not carried out. `after` is what the other side asks to wait, in milliseconds.
 * - `unknown`: perhaps carried out. Whoever repeats it must look first.
 *
 * `down` and `answered` say whether the other side as a whole is in trouble, or this call only. `status` is that of
 * the HTTP answer, null where there was none.
 */
export type CallOutcome<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'rejected'; readonly note: string; readonly status: number | null }
  | {
      readonly kind: 'retryable';
      readonly note: string;
      readonly status: number | null;
      readonly after: number | null;
      readonly down: boolean;
    }
  | {
      readonly kind: 'unknown';
      readonly note: string;
      readonly status: number | null;
      readonly answered: boolean;
    };

export type CallFailure = Exclude<CallOutcome<never>, { kind: 'ok' }>;

export function success<T>(value: T): CallOutcome<T> {
  return { kind: 'ok', value };
}

/** Nothing was sent: the request lacks what a template asks for. */
export function notSent(note: string): CallFailure {
  return { kind: 'rejected', note: `nothing was sent: ${note}`, status: null };
}

/** There was an answer, and it did not say what it should have. Whatever was asked may have been done. */
export function unclear(note: string, status: number | null): CallFailure {
  return { kind: 'unknown', note, status, answered: true };
}

/** The other side did not work, whatever it was asked: reason to leave it alone for a while. */
export function isDown(outcome: CallOutcome<unknown>): boolean {
  if (outcome.kind === 'retryable') return outcome.down;
  return outcome.kind === 'unknown' && !outcome.answered;
}

/** Longer than this nobody is made to wait by a header. */
const LONGEST_WAIT = 3_600_000;

/** What a status outside 2xx says about the call. `note` should hold the status and the first words of the answer. */
export function classifyStatus(status: number, after: number | null, note: string): CallFailure {
  switch (status) {
    case 401:
    case 407:
      // Our credentials are wrong, not the request: it must not be lost because a password was changed.
      return { kind: 'retryable', note, status, after, down: true };
    case 425:
    case 429:
      return { kind: 'retryable', note, status, after, down: false };
    case 503:
      return { kind: 'retryable', note, status, after, down: true };
    case 408:
    case 502:
    case 504:
      // Said by proxies, who do not know what became of the call behind them.
      return { kind: 'unknown', note, status, answered: false };
    case 501:
    case 505:
      return { kind: 'rejected', note, status };
    default:
      return status >= 500
        ? { kind: 'unknown', note, status, answered: true }
        : { kind: 'rejected', note, status };
  }
}

/**
 * Milliseconds that a `Retry-After` asks for, null when it says nothing usable. A date is held against the answer's
 * own `Date`, so that the two clocks need not agree.
 */
export function retryAfter(header: string | null, date: string | null): number | null {
  if (header === null) return null;
  const seconds = Number(header);
  const wait = Number.isFinite(seconds)
    ? seconds * 1_000
    : Date.parse(header) - Date.parse(date ?? '');
  return Number.isFinite(wait) && wait >= 0 ? Math.min(wait, LONGEST_WAIT) : null;
}

/** Failures in which nothing can have reached the other side. */
const NOT_SENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** What a call that ended without an answer came to: time-out, reset, refused. */
export function classifyError(error: unknown): CallFailure {
  const code = codeOf(error);
  if (code !== undefined && NOT_SENT.has(code)) {
    return {
      kind: 'retryable',
      note: `no connection (${code})`,
      status: null,
      after: null,
      down: true,
    };
  }
  const timedOut = error instanceof Error && error.name === 'TimeoutError';
  const note = timedOut ? 'no answer in time' : `connection lost (${code ?? String(error)})`;
  return { kind: 'unknown', note, status: null, answered: false };
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  // Several addresses were tried, and none took the connection.
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return codeOf(error.cause);
}
