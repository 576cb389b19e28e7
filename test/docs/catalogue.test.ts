import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { OpenApi } from '../../pipelines/contracts/api-contracts.ts';
import { describeMessages } from '../../pipelines/contracts/async-api.ts';
import { buildCatalogue } from '../../pipelines/contracts/catalogue.ts';
import { checkContracts, isAnnounced } from '../../pipelines/contracts/check-contracts.ts';
import { type Contract, readCatalogue } from '../../pipelines/contracts/contract.ts';
import { filesBelow, textOf } from '../support/architecture.ts';

// To write them anew: npx vitest run --project unit test/docs/catalogue.test.ts -u
const catalogue = buildCatalogue({
  version: JSON.parse(textOf('package.json')).version,
  openApi: JSON.parse(textOf('docs/openapi.json')) as OpenApi,
  tables: filesBelow(['sql/schema'], ['.sql']).map(({ text }) => text),
});

const json = (value: unknown) => `${JSON.stringify(value, null, 1)}\n`;

/** One row a contract, in four tables. */
function index(contracts: readonly Contract[]): string {
  const rows = (kind: string, ofRow: (contract: Contract) => string) => {
    return contracts.filter((each) => each.kind === kind).map(ofRow);
  };
  const cells = (...values: readonly string[]) => `| ${values.join(' | ')} |`;
  const promised = ({ owner, latency, on_failure }: Contract) => [owner, latency, on_failure];
  return [
    '# Catalogue of contracts',
    '',
    'Made by a test from the schemas, the tables and the API. `contracts.json` has each contract whole, `asyncapi.json` the',
    'messages as AsyncAPI 3. What they mean, and how they change: [contracts.md](../contracts.md).',
    ...['', '## Messages', '', cells('contract', 'subject', 'sent by', 'latency', 'on failure')],
    cells('---', '---', '---', '---', '---'),
    ...rows('message', (one) =>
      cells(`\`${one.id}\``, one.address.replaceAll('<', '\\<'), ...promised(one)),
    ),
    ...['', '## Tables', '', cells('contract', 'meaning'), cells('---', '---')],
    ...rows('table', (one) => cells(`\`${one.id}\``, one.meaning)),
    ...['', '## API', '', cells('contract', 'operation', 'meaning'), cells('---', '---', '---')],
    ...rows('api', (one) => cells(`\`${one.id}\``, `\`${one.address}\``, one.meaning)),
    '',
  ].join('\n');
}

describe('the catalogue', () => {
  test.each([
    ['contracts.json', json(catalogue)],
    ['asyncapi.json', json(describeMessages(catalogue))],
    ['README.md', index(catalogue.contracts)],
  ])('docs/catalogue/%s is current', async (file, text) => {
    await expect(text).toMatchFileSnapshot(`../../docs/catalogue/${file}`);
  });

  test('has every table of sql/schema, and each id once', () => {
    const ids = catalogue.contracts.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const made = filesBelow(['sql/schema'], ['.sql']).flatMap(({ text }) => {
      return [...text.matchAll(/^CREATE TABLE (?:IF NOT EXISTS )?(\w+)/gm)].map(([, name]) => name);
    });
    const tables = ids.filter((id) => id.startsWith('table.')).map((id) => id.slice(6));
    expect(tables.toSorted()).toEqual(made.toSorted());
  });

  test('knows every column of every table', () => {
    const columns = filesBelow(['sql/schema'], ['.sql']).flatMap(({ text }) => {
      return [...text.matchAll(/^CREATE TABLE IF NOT EXISTS (\w+)\n\(\n([\s\S]*?)\n\)/gm)].flatMap(
        ([, table, body = '']) =>
          body
            .split('\n')
            .filter(
              (line) =>
                line.trim() !== '' && !/^ *--|MATERIALIZED|^ *(INDEX|PROJECTION)/.test(line),
            )
            .map((line) => `${table}.${line.trim().split(' ')[0]?.replaceAll('`', '')}`),
      );
    });
    const known = catalogue.contracts
      .filter(({ kind }) => kind === 'table')
      .flatMap(({ address, schema }) => {
        return Object.keys(schema.properties ?? {}).map((column) => `${address}.${column}`);
      });
    expect(known.toSorted()).toEqual(columns.toSorted());
  });

  test('has only references that lead somewhere', () => {
    const document = describeMessages(catalogue);
    const references = JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]*)"/g);
    for (const [, path = ''] of references) {
      let found: unknown = document;
      for (const step of path.split('/')) found = (found as Record<string, unknown>)?.[step];
      expect(found, path).toBeDefined();
    }
  });
});

const released = readdirSync(new URL('../../docs/catalogue/', import.meta.url)).filter((name) =>
  /^released-.*\.json$/.test(name),
);

test.skipIf(released.length === 0)(
  'nothing that a release promised breaks without a higher version (skipped: no release has a catalogue yet)',
  () => {
    const before = readCatalogue(`docs/catalogue/${released.toSorted().at(-1)}`);
    const changes = checkContracts(before, catalogue);
    expect(changes.filter(({ breaking, announced }) => breaking && !announced)).toEqual([]);
    expect(isAnnounced(changes)).toBe(true);
  },
);
