import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { EDGE_EVENTS } from '../../pipelines/observe/edge-events.ts';
import { OUTSIDE_EVENTS } from '../../pipelines/observe/outside-events.ts';
import { WORKER_EVENTS } from '../../pipelines/observe/worker-events.ts';
import { textOf } from '../support/architecture.ts';
import { configTable } from '../support/documents.ts';

const operations = textOf('docs/operations.md');
const kinds = { ...WORKER_EVENTS, ...OUTSIDE_EVENTS, ...EDGE_EVENTS };

test('docs/operations.md has every setting with its variable, default and sentence', () => {
  const start = operations.indexOf('| setting |');
  const written = operations.slice(start, operations.indexOf('\n\n', start));
  expect(written).toBe(configTable());
});

test('docs/operations.md says of every alarm what to do', () => {
  const alarms = Object.entries(kinds)
    .filter(([, { level }]) => level === 'warn' || level === 'error' || typeof level === 'function')
    .map(([name]) => name);
  const section = /### Alarms(.*?)\n## /s.exec(operations)?.[1] ?? '';
  const told = [...section.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name);
  expect(told.toSorted()).toEqual(alarms.toSorted());
});

test('metrics that documents name exist', () => {
  const exist = Object.values(kinds).flatMap(({ measures }) =>
    measures.map(({ name }) => `andon_${name}`),
  );
  const documents = readdirSync(new URL('../../docs/', import.meta.url))
    .filter((name) => name.endsWith('.md'))
    .map((name) => textOf(`docs/${name}`));
  const named = documents.flatMap((text) =>
    [...text.matchAll(/`(andon_[a-z_]+)[`{]/g)].map(([, name]) => name),
  );
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((name) => name !== undefined && !exist.includes(name))).toEqual([]);
});
