/** A session with a server of OPC UA: the library, certificates, who logs in, and one connection at a time. */

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import type {
  ClientSession,
  ClientSessionPublishService,
  ClientSessionRawSubscriptionService,
  OPCUAClient,
  OPCUAClientOptions,
  UserIdentityInfo,
} from 'node-opcua-client';
import { secretOf } from '../../base/config.ts';
import { EXIT, foundInPlace, Problem } from '../../base/problem.ts';
import { within } from '../../base/within.ts';
import type { OpcuaConfig } from './opcua-config.ts';

export type OpcuaLibrary = typeof import('node-opcua-client');
type CertificateManager = NonNullable<OPCUAClientOptions['clientCertificateManager']>;
type Certificates = {
  readonly OPCUACertificateManager: new (options: {
    rootFolder: string;
    automaticallyAcceptUnknownCertificate: boolean;
    disableFileWatchers: boolean;
  }) => CertificateManager;
};

const PACKAGE = 'node-opcua-client';
const VERSION = '2.170.1';

/** What is used of it; the version that the tests run with. */
let loaded: { readonly library: OpcuaLibrary; readonly certificates: Certificates } | undefined;

/** Loads the library, which is installed where somebody wants it. Throws a `Problem` that says how. */
export function loadOpcua(): OpcuaLibrary {
  return load().library;
}

function load() {
  if (loaded !== undefined) return loaded;
  const own = createRequire(import.meta.url);
  try {
    const inner = createRequire(own.resolve(PACKAGE));
    // It writes its own log to standard output, which belongs to this process. What matters comes as an error.
    const { setWarningLogger, setErrorLogger } = inner('node-opcua-debug') as OpcuaLibrary;
    setWarningLogger(() => undefined);
    setErrorLogger(() => undefined);
    const certificates = inner('node-opcua-certificate-manager') as Certificates;
    loaded = { library: own(PACKAGE) as OpcuaLibrary, certificates };
    return loaded;
  } catch (cause) {
    const found = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new Problem(
      {
        where: 'a source of kind opcua',
        expected: `the package ${PACKAGE}, which comes with no installation by itself`,
        found: found ?? 'nothing',
        remedy: `Install it beside andon: npm install ${PACKAGE}@${VERSION} (with -g where andon was installed so).`,
        exit: EXIT.outside,
      },
      { cause },
    );
  }
}

/** A session, and what the library has for those who make and read their subscriptions themselves. */
export type ServerSession = ClientSession &
  ClientSessionRawSubscriptionService &
  ClientSessionPublishService;

export type SessionOptions = {
  readonly config: OpcuaConfig;
  /** Of the source, for messages. */
  readonly name: string;
  /** Of this client, to the server and in its certificate: the same in every life. */
  readonly application: string;
};

export interface OpcuaSession {
  readonly session: ServerSession;
  /** The server still had the session that was before. */
  readonly kept: boolean;
  /** Resolves with the reason when the connection is gone. */
  readonly lost: Promise<string>;
  /** What has come over this connection. */
  bytes(): number;
  /** Ends the connection; the session, too, unless it is to be found again. What it subscribed to stays for a while. */
  close(how: { readonly keepsSession: boolean }): Promise<void>;
}

/** Reads what the configuration names. Throws a `Problem` where it cannot be used. */
export function checkSessionFiles({ config, name }: SessionOptions): void {
  identityOf(config, name);
  pinnedCertificate(config, name);
}

/**
 * Connects, and goes on with the session that was before or begins a new one. Rejects when the server does not answer, does
 * not let this client in, or is not the one it should be.
 */
export async function openOpcuaSession(
  options: SessionOptions,
  before?: ServerSession,
): Promise<OpcuaSession> {
  const { config, name } = options;
  const { library, certificates } = load();
  const client = await clientOf(options, library, certificates);
  const patience = config.answer / 1_000;
  const lost = new Promise<string>((tell) => {
    client.once('close', (error) => tell(error?.message ?? 'the connection broke'));
    client.once('connection_lost', () => tell('the connection broke'));
  });
  try {
    // It may look for the certificate of the server first, over a connection of its own.
    await within(3 * patience, client.connect(config.endpoint));
    const identity = identityOf(config, name);
    const { session, kept } = await sessionOf(client, patience, identity, before);
    return {
      ...{ session, kept, lost, bytes: () => client.bytesRead },
      async close({ keepsSession }) {
        if (!keepsSession) await within(patience, session.close(false)).catch(() => undefined);
        await within(patience, client.disconnect()).catch(() => undefined);
      },
    };
  } catch (error) {
    await within(patience, client.disconnect()).catch(() => undefined);
    throw refusal(error, options);
  }
}

async function sessionOf(
  client: OPCUAClient,
  patience: number,
  identity: UserIdentityInfo,
  before: ServerSession | undefined,
): Promise<{ readonly session: ServerSession; readonly kept: boolean }> {
  if (before !== undefined) {
    try {
      await within(patience, client.reactivateSession(before));
      return { session: before, kept: true };
    } catch {
      // It has ended, or the server was started again: a new one begins.
    }
  }
  const session = await within(patience, client.createSession(identity));
  return { session: session as ServerSession, kept: false };
}

async function clientOf(
  { config, name, application }: SessionOptions,
  { OPCUAClient, MessageSecurityMode, SecurityPolicy }: OpcuaLibrary,
  { OPCUACertificateManager }: Certificates,
): Promise<OPCUAClient> {
  const rootFolder = resolve(config.folder);
  const clientCertificateManager = new OPCUACertificateManager({
    ...{ rootFolder, automaticallyAcceptUnknownCertificate: false },
    // It is read anew with each connection.
    disableFileWatchers: true,
  });
  const pinned = pinnedCertificate(config, name);
  return OPCUAClient.create({
    ...{
      applicationName: application,
      applicationUri: `urn:${application}`,
      clientName: application,
    },
    ...{ clientCertificateManager, securityMode: MessageSecurityMode[config.mode] },
    securityPolicy: SecurityPolicy[config.policy],
    ...(pinned === undefined ? {} : { serverCertificate: pinned }),
    // Addresses that a server has for itself are often not those that it is reached by.
    endpointMustExist: false,
    // A connection is made again by its owner, who knows what has to follow.
    connectionStrategy: { maxRetry: 0, initialDelay: 100, maxDelay: 1_000 },
    keepPendingSessionsOnDisconnect: true,
    requestedSessionTimeout: SESSION_LIFE,
    transportTimeout: config.answer / 1_000,
    defaultTransactionTimeout: config.answer / 1_000,
  });
}

/** How long a server keeps the session of a client that is away: what is longer takes a place of a PLC from others. */
const SESSION_LIFE = 60_000;

function identityOf(config: OpcuaConfig, name: string): UserIdentityInfo {
  const { UserTokenType } = load().library;
  if (config.user !== undefined && config.password !== undefined) {
    return {
      type: UserTokenType.UserName,
      userName: secretOf(`source ${name}: user`, config.user)(),
      password: secretOf(`source ${name}: password`, config.password)(),
    };
  }
  if (config.certificate !== undefined && config.privateKey !== undefined) {
    return {
      type: UserTokenType.Certificate,
      certificateData: certificateIn(config.certificate, name),
      privateKey: contentOf(config.privateKey, 'a private key (PEM)', name),
    };
  }
  return { type: UserTokenType.Anonymous };
}

function pinnedCertificate({ server }: OpcuaConfig, name: string): Buffer | undefined {
  return server === undefined ? undefined : certificateIn(server, name);
}

function certificateIn(path: string, name: string): Buffer {
  const expected = 'a certificate (PEM or DER)';
  try {
    return new X509Certificate(readFileSync(path)).raw;
  } catch (error) {
    throw unusableFile(path, expected, name, error);
  }
}

function contentOf(path: string, expected: string, name: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw unusableFile(path, expected, name, error);
  }
}

function unusableFile(path: string, expected: string, name: string, cause: unknown): Problem {
  return new Problem(
    {
      ...{ where: `source ${name}: ${path}`, expected, found: foundInPlace(cause) },
      ...{ remedy: 'Correct the path, or the file.', exit: EXIT.input },
    },
    { cause },
  );
}

/** What people can do about the words of a server or of the library. */
function refusal(error: unknown, { config, application }: SessionOptions): Error {
  const said = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').trim();
  const rejected = join(config.folder, 'rejected');
  const trusted = join(config.folder, 'trusted', 'certs');
  const advice = /Certificate ?verification failed|BadCertificateUntrusted/i.test(said)
    ? `the certificate of the server is not trusted: if it is the right one, move it from ${rejected} to ${trusted}`
    : config.server !== undefined &&
        /Bad(?:SecurityChecksFailed|Certificate)|certificate/i.test(said)
      ? `the server has another certificate than ${config.server}, or does not trust urn:${application}`
      : /BadSecurityChecksFailed|BadCertificate/i.test(said)
        ? `the server does not take the certificate of urn:${application} in ${join(config.folder, 'own', 'certs')}: trust it there`
        : /BadIdentityToken|BadUserAccessDenied|user access/i.test(said)
          ? 'the server refuses this user: see user and password, or certificate'
          : '';
  return new Error(advice === '' ? said : `${advice} (${said})`, { cause: error });
}

/** The attribute Value (part 6, A.1), and `TimestampsToReturn.Both` (part 4, 7.40). */
export const VALUE_ATTRIBUTE = 13;
export const BOTH_TIMES = 2;
