import { createSign, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export type JsonObject = Record<string, unknown>;

/** What a test bends: each gets what an honest provider would give. */
export type Lies = {
  metadata?: (honest: JsonObject) => JsonObject;
  /** Claims of the token. */
  claims?: (honest: JsonObject) => JsonObject;
  /** The whole token, signed. */
  token?: (signed: string) => string;
  /** Signs with another key, or another way. */
  sign?: (head: JsonObject, claims: JsonObject) => string;
  answer?: (honest: JsonObject) => JsonObject;
  userinfo?: (honest: JsonObject) => JsonObject;
  /** Answers by itself: true where it did. */
  instead?: (path: string, response: ServerResponse) => boolean;
};

/** A provider that was taken over, or somebody who sits in its place: it answers as a test says. */
export interface LyingProvider {
  readonly issuer: string;
  lies: Lies;
  /** Paths that were asked for, in their order. */
  readonly asked: string[];
  /** Follows a request to sign in: the answer that leads back, with the nonce bound to its code. */
  answerTo(location: string): URLSearchParams;
  readonly publicKey: KeyObject;
  stop(): Promise<void>;
}

export const CLIENT = { id: 'andon', secret: 'a secret of the client' } as const;

const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token in the compact form of RFC 7515, by RS256. */
export function signedToken(key: KeyObject, head: JsonObject, claims: JsonObject): string {
  const body = `${base64url(head)}.${base64url(claims)}`;
  return `${body}.${createSign('sha256').update(body).sign(key, 'base64url')}`;
}

export async function startLyingProvider(): Promise<LyingProvider> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'RS256', use: 'sig' };
  const nonces = new Map<string, string>();
  const asked: string[] = [];
  let issuer = '';

  function metadata(): JsonObject {
    return {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      userinfo_endpoint: `${issuer}/userinfo`,
      jwks_uri: `${issuer}/jwks`,
      end_session_endpoint: `${issuer}/end`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      authorization_response_iss_parameter_supported: true,
    };
  }

  async function tokens(request: IncomingMessage): Promise<JsonObject> {
    const { lies } = provider;
    const body = new URLSearchParams(await text(request));
    const now = Math.floor(Date.now() / 1_000);
    const nonce = nonces.get(body.get('code') ?? '') ?? '';
    const honest: JsonObject = {
      ...{ iss: issuer, sub: 'mia', aud: CLIENT.id, iat: now, exp: now + 300, nonce },
      ...{ name: 'Mia Brandt', groups: ['press-crew'], auth_time: now },
    };
    const claims = lies.claims?.(honest) ?? honest;
    const head = { alg: 'RS256', kid: 'one', typ: 'JWT' };
    const signed = lies.sign?.(head, claims) ?? signedToken(privateKey, head, claims);
    const answer = {
      access_token: 'access',
      token_type: 'Bearer',
      expires_in: 300,
      refresh_token: 'refresh',
      id_token: lies.token?.(signed) ?? signed,
    };
    return lies.answer?.(answer) ?? answer;
  }

  async function answerOf(path: string, request: IncomingMessage): Promise<JsonObject> {
    const { lies } = provider;
    if (path === '/token') return tokens(request);
    if (path === '/jwks') return { keys: [jwk] };
    const honest = { sub: 'mia', groups: ['press-crew'] };
    if (path === '/userinfo') return lies.userinfo?.(honest) ?? honest;
    return lies.metadata?.(metadata()) ?? metadata();
  }

  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    asked.push(path);
    if (provider.lies.instead?.(path, response) === true) return;
    void answerOf(path, request).then((answer) => {
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider: LyingProvider = {
    ...{ issuer, lies: {}, asked, publicKey },
    answerTo(location) {
      const { searchParams } = new URL(location);
      const code = randomBytes(12).toString('hex');
      nonces.set(code, searchParams.get('nonce') ?? '');
      const state = searchParams.get('state') ?? '';
      return new URLSearchParams({ code, state, iss: issuer });
    },
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return provider;
}
