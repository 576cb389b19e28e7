import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { readConfig } from '../../../pipelines/base/config.ts';
import { freePort } from '../../../pipelines/base/free-port.ts';
import { type Accounts, openAccounts } from '../../../pipelines/console/access/accounts.ts';
import {
  type Console,
  consoleDirectory,
  startConsole,
} from '../../../pipelines/console/console.ts';
import type { RecordEvent } from '../../../pipelines/observe/observe.ts';
import { createService, type Service } from '../../../pipelines/stand/service.ts';
import { startNats } from '../../stand/nats.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const PROGRAM = fileURLToPath(new URL('../../stand/openid-provider.js', import.meta.url));

/** Claims of each person, by the name that they sign in with. */
export type ProvidedPeople = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

type ProviderSettings = {
  readonly people: ProvidedPeople;
  /** Claims of scopes stand at the userinfo endpoint alone. */
  readonly userinfo?: boolean;
  /** No refresh tokens. */
  readonly brief?: boolean;
};

/** A provider in a process of its own, whose people and keys a test changes. */
export type TestProvider = Service & {
  readonly issuer: string;
  /** People are read when they are asked for; the rest at the next start. `keys`: makes new ones. */
  change(settings: ProviderSettings, keys?: 'new'): void;
};

export async function createTestProvider(page: string, first: ProviderSettings) {
  const port = await freePort();
  const file = join(temporaryDirectory(), 'provider.json');
  let jwks = newKeys();
  const change: TestProvider['change'] = ({ people, userinfo = false, brief = false }, keys) => {
    if (keys === 'new') jwks = newKeys();
    const client = {
      client_id: 'andon',
      client_secret: 'a secret of the client',
      redirect_uris: [`${page}/api/v1/session/provider/callback`],
      post_logout_redirect_uris: [`${page}/`],
      grant_types: ['authorization_code', ...(brief ? [] : ['refresh_token'])],
    };
    const claims = { openid: ['sub'], profile: ['name'], plant: ['groups'] };
    const settings = { port, jwks, claims, clients: [client], people, userinfo };
    writeFileSync(file, JSON.stringify(settings));
  };
  change(first);
  const issuer = `http://127.0.0.1:${port}`;
  const service = createService({
    ...{ name: 'provider', command: process.execPath, args: [PROGRAM, file] },
    async ready(signal) {
      const configuration = `${issuer}/.well-known/openid-configuration`;
      const isThere = () =>
        fetch(configuration, { signal }).then(
          ({ ok }) => ok,
          () => false,
        );
      while (!(await isThere())) await pause(20, undefined, { signal });
    },
  });
  return { ...service, issuer, change } satisfies TestProvider;
}

function newKeys(): object {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  return { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256' }] };
}

/** A console over a NATS of its own, without a worker: who gets in needs none. */
export type SignOnStand = {
  readonly page: string;
  readonly provider: TestProvider;
  readonly accounts: Accounts;
  readonly connection: NatsConnection;
  readonly directory: string;
  readonly events: Parameters<RecordEvent>[0][];
  /** Starts the console again, with other settings of the provider. */
  restart(oidc: object): Promise<void>;
  stop(): Promise<void>;
};

export async function startSignOnStand(first: ProviderSettings): Promise<SignOnStand> {
  const nats = await startNats();
  const port = await freePort();
  const page = `http://127.0.0.1:${port}`;
  const provider = await createTestProvider(page, first);
  const directory = temporaryDirectory();
  const file = join(directory, 'andon.json');
  const events: Parameters<RecordEvent>[0][] = [];
  let running: Console | undefined;
  async function start(more: object): Promise<void> {
    const oidc = {
      ...{ name: 'Works SSO', issuer: provider.issuer, client: 'andon', page },
      secret: 'a secret of the client',
      scopes: ['openid', 'profile', 'plant', 'offline_access'],
      prompt: 'consent',
      roles: [
        { claim: 'groups', value: 'press-crew', role: 'operator@p1/l1' },
        { claim: 'groups', value: 'engineers', role: 'engineer' },
      ],
      ...more,
    };
    const written = { directory, nats: { servers: nats.url }, console: { port, oidc } };
    writeFileSync(file, JSON.stringify(written));
    const record: RecordEvent = (event) => void events.push(event);
    running = await startConsole(readConfig(file, {}), record, new AbortController().signal);
  }
  await Promise.all([provider.start(), start({})]);
  const connection = await connect({ servers: nats.url });
  return {
    ...{ page, provider, connection, directory, events },
    accounts: openAccounts(consoleDirectory(readConfig(file, {}))),
    async restart(oidc) {
      await running?.close();
      await start(oidc);
    },
    async stop() {
      await connection.close();
      await running?.close();
      await provider.stop();
      await nats.stop();
    },
  };
}
