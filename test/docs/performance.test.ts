import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { tablesOf } from '../../bench/page.ts';
import { textOf } from '../support/architecture.ts';

const page = textOf('docs/performance.md');
const tables = tablesOf(
  JSON.parse(readFileSync(new URL('../../bench/baseline.json', import.meta.url), 'utf8')),
);

test.each(tables)('docs/performance.md says of %s what bench/baseline.json has', (name, text) => {
  // After a measurement: npm run bench -- --json bench/baseline.json --write-docs
  expect(page).toContain(`<!-- bench: ${name} -->\n\n${text}\n\n<!-- end of bench -->`);
});

test('every place for a table on the page has one', () => {
  const places = [...page.matchAll(/<!-- bench: (\w+) -->/g)].map(([, name]) => name);
  expect(places.toSorted()).toEqual(tables.map(([name]) => name).toSorted());
});
