/**
 * What a call to the outside came to. Four, not two:
 *
 * - `rejected`: understood and refused. The same call would be refused again.
 * - `retryable`: surely not carried out. `after` is what the other side asks to wait, in milliseconds.
 * - `unknown`: perhaps carried out. Whoever repeats it must look first.
 *
 * `down` and `answered` say whether the other side as a whole is in trouble, or this call only. `status` is that of
 * the HTTP answer, null where there was none.
 */
export type Outcome<T> =
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

export type Failure = Exclude<Outcome<never>, { kind: 'ok' }>;

export function ok<T>(value: T): Outcome<T> {
  return { kind: 'ok', value };
}

/** Nothing was sent: the request lacks what a template asks for. */
export function unsent(note: string): Failure {
  return { kind: 'rejected', note: `nothing was sent: ${note}`, status: null };
}

/** There was an answer, and it did not say what it should have. Whatever was asked may have been done. */
export function puzzling(note: string, status: number | null): Failure {
  return { kind: 'unknown', note, status, answered: true };
}

/** The other side did not work, whatever it was asked: reason to leave it alone for a while. */
export function isDown(outcome: Outcome<unknown>): boolean {
  if (outcome.kind === 'retryable') return outcome.down;
  return outcome.kind === 'unknown' && !outcome.answered;
}
