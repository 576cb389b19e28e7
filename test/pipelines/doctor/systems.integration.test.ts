import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { configSchema } from '../../../pipelines/base/config.ts';
import { startReferenceErp } from '../../../pipelines/demo/reference-erp/reference-erp.ts';
import type { ReferenceServer } from '../../../pipelines/demo/reference-server.ts';
import { examineSystems } from '../../../pipelines/doctor/systems.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { readProfile } from '../systems/erp-config.ts';

let erp: ReferenceServer;
beforeAll(async () => {
  erp = await startReferenceErp({ journal: join(temporaryDirectory(), 'erp.ndjson') });
});
afterAll(() => erp.close());

async function examined(systems: object): Promise<readonly string[]> {
  const results = await examineSystems(configSchema.parse({ systems }), undefined);
  return results.map(({ check, state, found }) => `${state} ${check}: ${found}`);
}

const profile = (secret: string) => ({
  ...readProfile('erp'),
  ...{ base: erp.url, retry: { first: '10ms' }, timeout: '2s' },
  auth: { kind: 'oauth2', path: '/oauth/token', client: 'andon', secret },
});

test('an ERP that lets us in is well, verb by verb, and one that does not is a failure', async () => {
  const searched = [
    'announce',
    'reserve',
    'requisition',
    'consume',
    'book-hours',
    'report-downtime',
    'onboard-vendor',
    'order-service',
    'hold-lots',
  ];
  expect((await examined({ erp: profile('reference') })).toSorted()).toEqual(
    searched
      .toSorted()
      .map((verb) => `ok system erp, ${verb}: answers a search for a key that nobody has`),
  );
  const [first] = await examined({ erp: profile('another') });
  expect(first).toMatch(/^fail system erp, reserve: .*401/);
});

test('something else at its address is a failure', async () => {
  const server = createServer((_, reply) => void reply.writeHead(200).end('<!doctype html>'));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const [first] = await examined({ erp: { ...profile('reference'), base, auth: undefined } });
  expect(first).toMatch(/^fail system erp, reserve: /);
  server.closeAllConnections();
  server.close();
});

test('a mail server is greeted and sent nothing; folders are looked at', async () => {
  const server = new SMTPServer({ authOptional: true, disabledCommands: ['STARTTLS'] });
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const { port } = server.server.address() as AddressInfo;
  const text = { to: 'a@plant.example', subject: 's', text: 't' };
  const mail = {
    ...{ kind: 'mail', host: '127.0.0.1', port, tls: 'none', from: 'andon@plant.example' },
    ...{ timeout: '2s', verbs: { notify: text } },
  };
  const door = {
    kind: 'files',
    out: temporaryDirectory(),
    verbs: { tell: { content: { a: '1' } } },
  };
  expect(await examined({ mail, door })).toEqual([
    'ok system mail: answers and lets us in; nothing was sent',
    'ok system door: its folders can be read and written',
  ]);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  const [away, gone] = await examined({ mail, door: { ...door, out: '/nowhere/to/be/found' } });
  expect(away).toMatch(/^fail system mail: /);
  expect(gone).toMatch(/^fail system door: /);
});
