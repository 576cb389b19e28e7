/**
 * What a call to a remote system came to, and how answers and errors are classified. Four outcomes, not two:
 *
 * - `rejected`: understood and refused. The same call would be refused again.
 * - `retryable`: surely not carried out. `after` is what the other side asks to wait, in milliseconds.
 * - `unknown`: perhaps carried out. Whoever repeats it must look first.
 *
 * `down` and `answered` say whether the other side as a whole is in trouble, or this call only. `status` is that of
 * the HTTP answer, null where there was none. `door`: the answer is not the system's own. A gateway, a log-in page or a
 * wrong address has answered, and the next call will fare no better, whatever request it is about.
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
      readonly door?: true;
    }
  | {
      readonly kind: 'unknown';
      readonly note: string;
      readonly status: number | null;
      readonly answered: boolean;
      readonly door?: true;
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

const DOOR = 'the door is wrong: ';

/** Something else than the system has answered, and what it did with the call nobody knows. */
export function atTheDoor(note: string, status: number | null): CallFailure {
  return { kind: 'unknown', note: `${DOOR}${note}`, status, answered: false, door: true };
}

/** The same for a call that changes nothing: it can be made again at any time, and is no fault of its request. */
export function askedAtTheDoor(note: string, status: number | null): CallFailure {
  const said = note.startsWith(DOOR) ? note : `${DOOR}${note}`;
  return { kind: 'retryable', note: said, status, after: null, down: true, door: true };
}

/** Statuses that a system may answer to one question and not to another: they say something of the question. */
const OF_THE_QUESTION: ReadonlySet<number | null> = new Set([null, 400, 409, 413, 414, 422]);

/** What a question about an object came to. It changes nothing, so at a wrong door it is only asked too early. */
export function asked<T>(outcome: CallOutcome<T>): CallOutcome<T> {
  const door = outcome.kind === 'unknown' && outcome.door === true;
  return door ? askedAtTheDoor(outcome.note, outcome.status) : outcome;
}

/**
 * What a search came to. It holds nothing but a key, so a system that refuses it (403, 404, 405 and so on) refuses every
 * request: the address, the rights or the way there are wrong, and no request is to blame.
 */
export function searched<T>(outcome: CallOutcome<T>): CallOutcome<T> {
  if (outcome.kind !== 'rejected' || OF_THE_QUESTION.has(outcome.status)) return asked(outcome);
  return askedAtTheDoor(outcome.note, outcome.status);
}

/** The other side did not work, whatever it was asked: reason to leave it alone for a while. */
export function isDown(outcome: CallOutcome<unknown>): boolean {
  if (outcome.kind === 'retryable') return outcome.down;
  return outcome.kind === 'unknown' && !outcome.answered;
}

/** Where a call that failed is stuck: at what stands in front of the system, or in the system itself. */
export type StuckPlace = 'gateway' | 'target';

export function placeOf(outcome: CallFailure): StuckPlace {
  const { status } = outcome;
  const door = 'door' in outcome && outcome.door === true;
  return door || status === 502 || status === 504 ? 'gateway' : 'target';
}

/** A page for people, where JSON was asked for: that of a log-in, a gateway or a proxy. */
export function isPage(text: string): boolean {
  let rest = text.slice(0, 1_000).trimStart();
  // Not by an expression: what is repeated over comments tries every way to part them.
  while (rest.startsWith('<!--')) {
    const end = rest.indexOf('-->', '<!--'.length);
    if (end < 0) return false;
    rest = rest.slice(end + '-->'.length).trimStart();
  }
  return /^<(!doctype html|html)\b/i.test(rest);
}

/** Longer than this nobody is made to wait by a header. */
const LONGEST_WAIT = 3_600_000;

/**
 * What a status outside 2xx says about the call. `note` should hold the status and the first words of the answer.
 * `page`: the answer is one for people (`isPage`).
 */
export function classifyStatus(
  status: number,
  after: number | null,
  note: string,
  page = false,
): CallFailure {
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
      // Redirected to a log-in, or refused by a gateway that the system knows nothing of.
      if (status < 400 || (page && status < 500)) return atTheDoor(note, status);
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

/** What was wrong with a call or its answer, in words of our own: they hold no secret, and may be shown. */
export class CallError extends Error {
  override name = 'CallError' as const;
}

/**
 * What a call that ended without an answer came to: time-out, reset, refused. Words of other libraries are not shown:
 * they quote headers and addresses, and those hold secrets.
 */
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
  return { kind: 'unknown', note: noteOf(error, code), status: null, answered: false };
}

function noteOf(error: unknown, code: string | undefined): string {
  if (error instanceof CallError) return error.message;
  const name = error instanceof Error ? error.name : typeof error;
  return name === 'TimeoutError' ? 'no answer in time' : `connection lost (${code ?? name})`;
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  // Several addresses were tried, and none took the connection.
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return codeOf(error.cause);
}
