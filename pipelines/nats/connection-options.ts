import { readFile } from 'node:fs/promises';
import { checkServerIdentity, createSecureContext } from 'node:tls';
import {
  type Authenticator,
  credsAuthenticator,
  type NodeConnectionOptions,
  nkeyAuthenticator,
  nkeys,
  type TlsOptions,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from '@nats-io/transport-node';
import type { Secret } from '../../sinks/remote/secret.ts';
import { secretOf } from '../base/config.ts';
import { EXIT, foundInPlace, messageOf, Problem } from '../base/problem.ts';

/** How long is waited before the next attempt to connect: milliseconds. */
export const BETWEEN_ATTEMPTS = 250;

export type NatsSettings = {
  /** `host:port` or `nats://…`, `tls://…`; one or several of one cluster. */
  readonly servers: string | readonly string[];
  readonly user?: Secret | undefined;
  readonly password?: Secret | undefined;
  readonly token?: Secret | undefined;
  /** Path of a credentials file (JWT and seed). */
  readonly credentials?: string | undefined;
  /** Path of a file with the nkey seed of a user (`SU…`). */
  readonly nkey?: string | undefined;
  /** Paths of PEM files. Naming one, or `tls://` in an address, asks for TLS: a server without it is refused. */
  readonly tls?: TlsFiles | undefined;
  /** The beginning of every inbox: what this user may subscribe to. Default `_INBOX`. */
  readonly inbox?: string | undefined;
  /** The domain of JetStream that is asked; without it the server's own. */
  readonly domain?: string | undefined;
  /** What the names of streams, buckets and subjects begin with, where an account holds several installations. */
  readonly prefix?: string | undefined;
  /** Shown in the server's monitoring pages. */
  readonly name: string;
};

type TlsFiles = {
  readonly ca?: string | undefined;
  readonly certificate?: string | undefined;
  readonly privateKey?: string | undefined;
};

/**
 * Options of the client for these settings: it reconnects for ever, and reads secrets again for it. Certificates are
 * read once, here; rejects with a
 * `Problem` that names the one that cannot be used.
 */
export async function connectionOptions(
  settings: NatsSettings,
  where: string,
): Promise<NodeConnectionOptions> {
  const authenticator = await authenticatorsOf(settings, where);
  const tls = await tlsOf(settings, where);
  return {
    servers: [settings.servers].flat(),
    name: settings.name,
    ...(settings.inbox === undefined ? {} : { inboxPrefix: settings.inbox }),
    ...(authenticator.length === 0 ? {} : { authenticator: [...authenticator] }),
    ...(tls === undefined ? {} : { tls }),
    maxReconnectAttempts: -1,
    reconnectDelayHandler: createReconnectPace(BETWEEN_ATTEMPTS),
    // The default notices a half-open connection after four to six minutes.
    pingInterval: 10_000,
    maxPingOut: 2,
    timeout: 5_000,
    // Credentials may be rotated under a running worker: two refusals in a row are no reason to give up for ever.
    ignoreAuthErrorAbort: true,
    noAsyncTraces: true,
  };
}

/** Asked at every attempt to connect: what they read may be changed under a running worker. */
async function authenticatorsOf(
  { user, password, token, credentials, nkey }: NatsSettings,
  where: string,
): Promise<readonly Authenticator[]> {
  const found: Authenticator[] = [];
  const current = (name: string, secret: Secret) => secretOf(`NATS ${where}: ${name}`, secret);
  if (user !== undefined) {
    const pass = password === undefined ? undefined : current('password', password);
    found.push(usernamePasswordAuthenticator(current('user', user), pass));
  }
  if (token !== undefined) found.push(tokenAuthenticator(current('token', token)));
  if (credentials !== undefined) {
    await contentOf(credentials, 'a credentials file', where);
    const read = current('credentials', { file: credentials });
    found.push(credsAuthenticator(() => new TextEncoder().encode(read())));
  }
  if (nkey !== undefined) found.push(await nkeyOf(nkey, where));
  return found;
}

async function nkeyOf(nkey: string, where: string): Promise<Authenticator> {
  const seed = (await contentOf(nkey, 'an nkey seed file', where)).toString().trim();
  const bytes = new TextEncoder().encode(seed);
  try {
    if (!seed.startsWith('SU')) throw new Error('something else');
    nkeys.fromSeed(bytes);
  } catch (error) {
    throw unusable(where, `the nkey seed of a user (SU…) in ${nkey}`, 'none that can be read', {
      cause: error,
    });
  }
  const read = secretOf(`NATS ${where}: nkey`, { file: nkey });
  return nkeyAuthenticator(() => {
    const now = new TextEncoder().encode(read().trim());
    try {
      nkeys.fromSeed(now);
      return now;
    } catch {
      return bytes;
    }
  });
}

async function tlsOf(settings: NatsSettings, where: string): Promise<TlsOptions | undefined> {
  const { ca, certificate, privateKey } = settings.tls ?? {};
  const addresses = [settings.servers].flat();
  const files = [ca, certificate, privateKey].filter((path) => path !== undefined);
  if (files.length === 0 && !addresses.some((address) => address.startsWith('tls://'))) {
    return undefined;
  }
  const contents = await tlsContents({ ca, certificate, privateKey }, where);
  // Without this an address that is an IP number would be compared with `localhost`.
  const verified = { checkServerIdentity: identityCheck(addresses) };
  return { ...contents, ...verified };
}

/** What stands in PEM files, checked to belong together. Throws a `Problem` if it does not. */
export async function tlsContents(
  { ca, certificate, privateKey }: TlsFiles,
  where: string,
): Promise<{ readonly ca?: string; readonly cert?: string; readonly key?: string }> {
  const files = [ca, certificate, privateKey].filter((path) => path !== undefined);
  if ((certificate === undefined) !== (privateKey === undefined)) {
    const found = certificate === undefined ? 'the private key alone' : 'the certificate alone';
    throw unusable(where, 'certificate and private key of this client, or neither', found);
  }
  const contents = {
    ...(ca === undefined ? {} : { ca: await pem(ca, 'CA certificates', where) }),
    ...(certificate === undefined ? {} : { cert: await pem(certificate, 'a certificate', where) }),
    ...(privateKey === undefined ? {} : { key: await pem(privateKey, 'a private key', where) }),
  };
  try {
    createSecureContext(contents);
  } catch (error) {
    const expected = `certificates and a private key that belong together in ${files.join(', ')}`;
    throw unusable(where, expected, messageOf(error), { cause: error });
  }
  return contents;
}

/** A server is who it says when its certificate names one of the hosts as they were written. */
function identityCheck(addresses: readonly string[]): typeof checkServerIdentity {
  const hosts = addresses.map(hostOf);
  return (_host, certificate) => {
    const errors = hosts.map((host) => checkServerIdentity(host, certificate));
    return errors.includes(undefined) ? undefined : errors[0];
  };
}

function hostOf(address: string): string {
  const url = address.includes('://') ? address : `nats://${address}`;
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : address;
}

async function pem(path: string, what: string, where: string): Promise<string> {
  const content = (await contentOf(path, `${what} in PEM form`, where)).toString();
  if (content.includes('-----BEGIN ')) return content;
  throw unusable(where, `${what} in PEM form in ${path}`, 'no BEGIN line');
}

async function contentOf(path: string, what: string, where: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw unusable(where, `${what} ${path}`, foundInPlace(error), { cause: error });
  }
}

function unusable(where: string, expected: string, found: string, options?: ErrorOptions): Problem {
  const remedy = 'Name a file that can be read and used, or leave it out.';
  return new Problem(
    { where: `NATS ${where}`, expected, found, remedy, exit: EXIT.input },
    options,
  );
}

const JITTER = 100;

/**
 * Tells the client when it may try to connect again: after about `pause` milliseconds. The client itself compares the
 * wall clock with that of its last attempt, and would try nothing for hours after somebody has set the clock back. So
 * the monotonic clock decides: an answer of minus infinity is "at once", whatever the wall clock says.
 */
export function createReconnectPace(pause: number): () => number {
  let due = Number.NEGATIVE_INFINITY;
  return () => {
    const now = performance.now();
    if (now < due) return pause;
    due = now + pause + Math.random() * JITTER;
    return Number.NEGATIVE_INFINITY;
  };
}
