import { describe, expect, test } from 'vitest';
import { readConfig } from '../../../pipelines/base/config.ts';
import {
  claimsOfTable,
  lacksClaims,
  rolesByClaims,
} from '../../../pipelines/console/access/claims.ts';
import { textOf } from '../../support/architecture.ts';
import { temporaryFile } from '../../support/temporary.ts';

const GOOD = {
  issuer: 'https://login.example.com',
  client: 'andon',
  page: 'https://andon.example.com',
  roles: [{ claim: 'groups', value: 'crew', role: 'operator@works/press' }],
};

const read = (oidc: object, more: object = {}) =>
  readConfig(temporaryFile('andon.yaml', JSON.stringify({ console: { oidc, ...more } })), {});

test('the example of docs/console.md is a configuration, and gives the roles that it shows', () => {
  const [, yaml = ''] =
    /```yaml\n(console:\n {2}oidc:.*?)```/s.exec(textOf('docs/console.md')) ?? [];
  const { oidc } = readConfig(temporaryFile('andon.yaml', yaml), {}).console;
  expect(oidc?.renew).toBe(3_600);
  const table = oidc?.roles ?? [];
  expect(claimsOfTable(table)).toEqual(['groups', 'realm_access.roles']);
  const claims = { groups: ['press-crew', 'x'], realm_access: { roles: ['andon-admin'] } };
  expect(rolesByClaims(claims, table)).toEqual([
    { role: 'operator', plant: 'works', line: 'press' },
    { role: 'administrator' },
  ]);
});

describe('what is refused, with its reason', () => {
  test.each<[string, object, object, string]>([
    ['a provider in the clear', { issuer: 'http://login.example.com' }, {}, 'https://'],
    ['a page in the clear', { page: 'http://andon.example.com' }, {}, 'https://'],
    ['a page elsewhere than the console', {}, { base: '/andon' }, 'the path /andon'],
    ['a page with a path where there is none', { page: 'https://a.example.com/x' }, {}, 'no path'],
    [
      'a role that there is not',
      { roles: [{ ...GOOD.roles[0], role: 'boss' }] },
      {},
      'a role such',
    ],
    ['no roles at all', { roles: [] }, {}, 'console.oidc.roles'],
    ['scopes without openid', { scopes: ['profile'] }, {}, 'openid among'],
  ])('%s', (_what, bent, more, reason) => {
    expect(() => read({ ...GOOD, ...bent }, more)).toThrow(reason);
  });

  test('a provider on this machine may be reached without TLS', () => {
    const local = { issuer: 'http://127.0.0.1:9000', page: 'http://localhost:8080/' };
    expect(read({ ...GOOD, ...local }).console.oidc?.page).toBe('http://localhost:8080');
  });
});

test('claims are own fields and whole texts: nothing is turned into a role', () => {
  const table = [
    { claim: 'constructor', value: 'Object', role: 'viewer' },
    { claim: ['groups', 'length'], value: '1', role: 'viewer' },
    { claim: ['__proto__', 'admin'], value: 'yes', role: 'viewer' },
    { claim: 'level', value: '7', role: 'viewer' },
  ];
  const claims = { groups: ['a'], level: 7 };
  expect(rolesByClaims(claims, table)).toEqual([]);
});

test('an address counts once the provider has verified it, and then alone', () => {
  const table = [{ claim: 'email', value: 'boss@works.example', role: 'administrator' }];
  const email = 'boss@works.example';
  for (const claims of [{}, { email_verified: false }, { email_verified: 'true' }]) {
    expect(rolesByClaims({ email, ...claims }, table)).toEqual([]);
  }
  expect(rolesByClaims({ email, email_verified: true }, table)).toEqual([
    { role: 'administrator' },
  ]);
  // Whether it is verified may stand at the userinfo endpoint alone.
  expect(lacksClaims({ email }, table)).toBe(true);
  expect(lacksClaims({ email, email_verified: true }, table)).toBe(false);
});
