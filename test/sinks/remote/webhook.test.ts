import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createWebhookCheck } from '../../../sinks/remote/webhook.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const NOW = 1_700_000_000_000;

/** What anybody can send who takes the key for empty. */
function forged(body: string) {
  const time = String(NOW / 1_000);
  const signature = createHmac('sha256', '').update(`1.${time}.${body}`).digest('base64');
  return {
    ...{ 'webhook-id': '1', 'webhook-timestamp': time },
    'webhook-signature': `v1,${signature}`,
  };
}

test.each(['whsec_', 'whsec_!!!', 'whsec_=='])(
  'a secret that has no byte of a key is refused: %s',
  (secret) => {
    expect(() => createWebhookCheck({ secret }, {})).toThrow('found no byte of a key');
  },
);

test('a secret that loses its key while the worker runs lets nobody in', () => {
  const file = join(temporaryDirectory(), 'secret');
  writeFileSync(file, `whsec_${Buffer.from('a secret of a test').toString('base64')}\n`);
  const check = createWebhookCheck({ secret: { file } }, {});
  expect(check(forged('{}'), Buffer.from('{}'), NOW)).toMatchObject({ kind: 'refused' });
  writeFileSync(file, 'whsec_\n');
  expect(check(forged('{}'), Buffer.from('{}'), NOW)).toMatchObject({
    kind: 'refused',
    note: expect.stringContaining('no byte of a key'),
  });
});
