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

test.each([
  ['whsec_', 'expected a key of 16 bytes or more, found 0'],
  ['whsec_!!!', 'found other signs: 3'],
  ['whsec_c2VjcmV0IG9mIGEgdGVzdA?==', 'found other signs: 1'],
  [`whsec_${Buffer.alloc(15, 1).toString('base64')}`, 'found 15'],
  ['letmein', 'expected a key of 16 bytes or more, found 7'],
])('a secret that anybody could guess is refused: %s', (secret, found) => {
  expect(() => createWebhookCheck({ secret }, {})).toThrow(found);
});

test('keys of 16 bytes, with padding or without, and texts as long are taken', () => {
  const key = Buffer.alloc(16, 1).toString('base64');
  for (const secret of [`whsec_${key}`, `whsec_${key.replaceAll('=', '')}`, 'sixteen letters.']) {
    expect(() => createWebhookCheck({ secret }, {})).not.toThrow();
  }
});

test('a secret that loses its key while the worker runs lets nobody in', () => {
  const file = join(temporaryDirectory(), 'secret');
  writeFileSync(file, `whsec_${Buffer.from('a secret of a test').toString('base64')}\n`);
  const check = createWebhookCheck({ secret: { file } }, {});
  expect(check(forged('{}'), Buffer.from('{}'), NOW)).toMatchObject({ kind: 'refused' });
  writeFileSync(file, 'whsec_\n');
  expect(check(forged('{}'), Buffer.from('{}'), NOW)).toMatchObject({
    kind: 'refused',
    note: expect.stringContaining('16 bytes or more, found 0'),
  });
});
