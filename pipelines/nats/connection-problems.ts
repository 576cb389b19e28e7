import { errors } from '@nats-io/transport-node';
import { EXIT, Problem } from '../base/problem.ts';

/** What to do about an error of TLS, by the beginning of its code or the words of its message. */
const TLS_REMEDIES: readonly (readonly [RegExp, string])[] = [
  [
    /^CERT_HAS_EXPIRED|^CERT_NOT_YET_VALID/,
    'Renew the certificate of the server, and look at the clocks of both machines.',
  ],
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID/,
    'Address the server by a name that its certificate has, or give it a certificate with this one.',
  ],
  [
    /^SELF_SIGNED|^DEPTH_ZERO|^UNABLE_TO_|^CERT_/,
    'Set nats.tls.ca (NATS_CA) to the certificate of the authority that signed the one of the server.',
  ],
  [
    /does not support 'tls'/,
    'Give the server a certificate, or leave out tls:// and nats.tls: then nothing is encrypted.',
  ],
];

/**
 * The problem that an error of connecting is for good: not let in, or TLS that does not fit. Undefined for errors that
 * may pass, such as nobody there.
 */
export function lastingProblem(where: string, cause: Error): Problem | undefined {
  const inner = cause.cause instanceof Error ? cause.cause : cause;
  if ([cause, inner].some(isRefusal)) return refused(where, cause);
  const code = 'code' in inner ? String(inner.code) : '';
  const remedy = TLS_REMEDIES.find(([sign]) => sign.test(code) || sign.test(inner.message))?.[1];
  if (remedy === undefined) return undefined;
  return new Problem(
    {
      where: `NATS ${where}`,
      expected: 'a TLS connection that both sides trust',
      found: inner.message.trim(),
      remedy,
      exit: EXIT.outside,
    },
    { cause },
  );
}

/**
 * The problem that NATS fell silent while a question was under way that a worker, or a command, cannot go on without.
 * Undefined for other errors.
 */
export function silentProblem(
  servers: readonly string[],
  cause: unknown,
  remedy: string,
): Problem | undefined {
  if (!(cause instanceof errors.TimeoutError || cause instanceof errors.RequestError)) {
    return undefined;
  }
  return new Problem(
    {
      where: `NATS ${servers.join(', ')}`,
      expected: 'an answer',
      found: cause.message,
      remedy,
      exit: EXIT.outside,
    },
    { cause },
  );
}

function isRefusal(error: Error): boolean {
  return (
    error instanceof errors.AuthorizationError ||
    error instanceof errors.UserAuthenticationExpiredError
  );
}

function refused(where: string, cause: Error): Problem {
  return new Problem(
    {
      where: `NATS ${where}`,
      expected: 'to be let in',
      found: cause.message,
      remedy:
        'Set user and password, a token, an nkey or a credentials file that this server knows.',
      exit: EXIT.outside,
    },
    { cause },
  );
}

/** Nobody answered within the patience. `tls`: an encrypted connection was asked for. */
export function absentProblem(where: string, cause: Error, tls: boolean): Problem {
  // In TLS 1.3 a server judges the client's certificate when the client is through: it just falls silent.
  const unheard = tls && cause instanceof errors.TimeoutError;
  return new Problem(
    {
      where: `NATS ${where}`,
      expected: 'a nats-server that answers',
      found: unheard ? 'a TLS server that does not greet' : cause.message,
      remedy: unheard ? UNHEARD : NOBODY,
      exit: EXIT.outside,
    },
    { cause },
  );
}

const NOBODY = 'Start one with JetStream (`nats-server -js`), or set NATS_URL to where it is.';
const UNHEARD =
  'If it asks for a certificate, set nats.tls.certificate and nats.tls.privateKey (NATS_CERT, NATS_KEY) to one that ' +
  'it trusts; its log has the reason.';
