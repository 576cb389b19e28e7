/**
 * A provider of OpenID Connect in a process of its own: `node openid-provider.js <settings.json>`. People and their claims
 * stand in that file and are read each time, so that a test changes them; keys, clients and lives of tokens are read once.
 */

import { readFileSync } from 'node:fs';
// @ts-expect-error: the package has no types of its own.
import Provider from 'oidc-provider';

const [, , file = ''] = process.argv;
const settings = () => JSON.parse(readFileSync(file, 'utf8'));
const { port, jwks, clients, seconds = 3_600, claims } = settings();

/**
 * Who signs in says so, without a password: what a provider asks is not what is tested here.
 *
 * @param {unknown} _context
 * @param {string} id
 */
async function findAccount(_context, id) {
  const found = settings().people[id];
  if (found === undefined) return undefined;
  return { accountId: id, claims: () => ({ sub: id, ...found }) };
}

const provider = new Provider(`http://127.0.0.1:${port}`, {
  ...{ clients, jwks, findAccount, claims },
  cookies: { keys: ['for tests alone'] },
  features: { devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true } },
  // Claims of the scopes stand in the token, as most providers do it, unless a test wants them at the userinfo endpoint.
  conformIdTokenClaims: settings().userinfo === true,
  /** @type {(context: unknown, client: any, code: any) => Promise<boolean>} */
  issueRefreshToken: async (_context, client, code) =>
    client.grantTypeAllowed('refresh_token') && code.scopes.has('offline_access'),
  rotateRefreshToken: true,
  ttl: {
    ...{ IdToken: seconds, AccessToken: 3_600, Session: 86_400, Grant: 86_400 },
    ...{ Interaction: 600, RefreshToken: 86_400, AuthorizationCode: 60 },
  },
});
provider.proxy = false;
provider.listen(port, '127.0.0.1', () => console.log('listening'));
