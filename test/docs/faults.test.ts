import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { textOf } from '../support/architecture.ts';

test('docs/faults.md names every test of faults, and no other', () => {
  const folder = fileURLToPath(new URL('../faults/', import.meta.url));
  const files = readdirSync(folder).map((name) => name.replace('.integration.test.ts', ''));
  // The last cell of a row: names as code, links to tests elsewhere.
  const cells = [...textOf('docs/faults.md').matchAll(/^\| .* \| ([^|]+) \|$/gm)];
  const named = cells.flatMap(([, cell = '']) => [...cell.matchAll(/`([\w-]+)`/g)]);
  expect([...new Set(named.map(([, name]) => name))].toSorted()).toEqual(files.toSorted());
});
