import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { followDocument, NATS_SCRIPT } from '../support/follow-document.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

test('the first steps of the README lead to one request in the CMMS, and tell why', async () => {
  const { said } = await followDocument('README.md', 'first-steps');
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  expect(scripts.nats).toBe(`node ${NATS_SCRIPT}`);
  expect(said.size).toBe(6);
  expect(said.get('requests')).toMatch(/\ni2b2imy4l3jj3qao64nc .* sent .* WR-00001 +2\/2 /);
  expect(said.get('requests show')).toContain('failure mode is now CAVITATION');
  expect(said.get('sql --file')?.split('\n').length).toBeGreaterThan(3);
  // What the CMMS answered today is ahead of a recording of January, once it has come round.
  expect(said.get('dead-letters')).toMatch(/^no dead letters\n$|^\S+ \S+ {2}skew ×1 {2}status\./);
});
