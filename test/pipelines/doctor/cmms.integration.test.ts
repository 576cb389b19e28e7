import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { configSchema } from '../../../pipelines/base/config.ts';
import { examineCmms } from '../../../pipelines/doctor/cmms.ts';

/** What the doctor says of a CMMS that answers a search so. */
async function examined(status: number, body: string, changes: object = {}) {
  const server = createServer((_, reply) => void reply.writeHead(status).end(body));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const cmms = {
    ...{ name: 'office', base: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
    search: { path: '/w', query: { key: '{{id}}' }, key: '/key' },
    create: { path: '/w', body: { key: '{{id}}' }, remote: '/id' },
    ...changes,
  };
  const results = await examineCmms(configSchema.parse({ cmms }));
  server.closeAllConnections();
  server.close();
  return results.map(({ state, found }) => `${state}: ${found}`);
}

test('a CMMS that answers a search is well; that nobody asks for statuses is a warning', async () => {
  expect(await examined(200, '[]')).toEqual([
    'ok: answers a search for a key that nobody has',
    'warn: nobody asks it what became of requests',
  ]);
});

test.each([
  ['a page of a gateway', 403, '<!doctype html><p>Forbidden', /fail: the door is wrong: 403/],
  ['an ignored filter', 200, '[{ "id": 1, "key": "x" }]', /fail: .*the filter was ignored/],
  ['no list', 200, '{}', /fail: .*expected a list/],
])('%s is a failure', async (_, status, body, said) => {
  expect((await examined(status, body))[0]).toMatch(said);
});

test('so is a secret that is not there', async () => {
  const auth = { kind: 'bearer', token: { env: 'ANDON_TEST_TOKEN_THAT_NOBODY_HAS_SET' } };
  expect((await examined(200, '[]', { auth }))[0]).toMatch(/fail: expected the environment/);
});

test('without a CMMS there is nothing to say', async () => {
  expect(await examineCmms(configSchema.parse({}))).toEqual([]);
});
