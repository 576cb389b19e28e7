import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { STEADY_MEMORY } from '../../sinks/steady-memory.ts';

test('whoever types andon starts it with steady memory', () => {
  const script = new URL('../../scripts/andon.js', import.meta.url);
  const [first] = readFileSync(script, 'utf8').split('\n');
  const variables = Object.entries(STEADY_MEMORY).map(([name, value]) => `${name}=${value}`);
  expect(first).toBe(`#!/usr/bin/env -S ${variables.join(' ')} node`);
});
