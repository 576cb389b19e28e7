import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { readQuestions } from '../../pipelines/warehouse/questions.ts';
import { migratedWarehouse, type StartedWarehouse } from '../sinks/clickhouse/started-warehouse.ts';

const PAGE = fileURLToPath(new URL('../../docs/analysts.md', import.meta.url));
// To write them anew: ANDON_WRITE_DOCS=1 npx vitest run --project integration test/docs/analysts.integration.test.ts
const WRITE = process.env.ANDON_WRITE_DOCS !== undefined;

/** Table, its column, the table that this is a key of, and what the relation means. */
const RELATIONS = [
  ['assets', 'asset', 'readings', 'asset', 'sends'],
  ['assets', 'asset', 'waveforms', 'asset', 'sends'],
  ['assets', 'asset', 'machine_states', 'asset', 'was in'],
  ['assets', 'asset', 'machine_events', 'asset', 'reported'],
  ['schedule', 'order', 'machine_states', 'order', 'worked on'],
  ['readings', 'signal', 'readings_1m', 'signal', 'added up to'],
  ['readings_1m', 'signal', 'readings_1h', 'signal', 'added up to'],
  ['readings_1h', 'signal', 'readings_1d', 'signal', 'added up to'],
  ['readings', 'signal', 'windows', 'signal', 'summed up in'],
  ['waveforms', 'time', 'features', 'time', 'measured as'],
  ['windows', 'signal', 'anomalies', 'signal', 'evaluated to'],
  ['features', 'point', 'anomalies', 'point', 'evaluated to'],
  ['baselines', 'rule', 'anomalies', 'rule', 'compared with'],
  ['anomalies', 'id', 'alarms', 'anomaly', 'tracked as'],
  ['anomalies', 'id', 'incidents', 'anomalies', 'evidence of'],
  ['anomalies', 'id', 'requests', 'anomalies', 'evidence of'],
  ['incidents', 'id', 'requests', 'incidents', 'evidence of'],
  ['requests', 'id', 'request_history', 'id', 'revised'],
  ['requests', 'id', 'commands', 'request', 'asked for by'],
  ['commands', 'step', 'workflow_steps', 'step', 'became'],
  ['schedule', 'id', 'requests', 'slot_entry', 'slot of'],
] as const;

type Column = { table: string; name: string; type: string; key: number; position: string };

let warehouse: StartedWarehouse;
let page = readFileSync(PAGE, 'utf8');

beforeAll(async () => {
  warehouse = await migratedWarehouse();
});

function held(section: string, generated: string): void {
  const [begin, end] = [`<!-- ${section} -->\n`, `\n<!-- /${section} -->`];
  const from = page.indexOf(begin) + begin.length;
  if (WRITE) {
    const to = page.indexOf(end, from - 1);
    page = `${page.slice(0, from)}${generated}${page.slice(to)}`;
    writeFileSync(PAGE, page);
  }
  const found = page.slice(from, page.indexOf(end, from - 1));
  expect(found).toBe(generated);
}

test('the page has every question with its options', async () => {
  const rows = (await readQuestions()).map(({ name, group, question, parameters }) => {
    const options = parameters.map(({ name, fallback }) =>
      fallback === undefined ? `\`--${name}\`` : `[\`--${name}\`]`,
    );
    return `| ${group} | \`@${name}\` | ${question} | ${options.join(' ')} |`;
  });
  held(
    'questions',
    ['| about | name | question | options |', '|---|---|---|---|', ...rows].join('\n'),
  );
});

test.each([
  ['tables', "engine LIKE '%MergeTree'"],
  ['views', "engine = 'View'"],
])('the page has all %s', async (section, which) => {
  const found = await warehouse.rows<{ name: string; comment: string }>(
    `SELECT name, comment FROM system.tables
     WHERE database = 'andon' AND ${which} AND name != 'migrations' ORDER BY name`,
  );
  const rows = found.map(({ name, comment }) => `| \`${name}\` | ${comment} |`);
  held(section, ['| name | what it holds |', '|---|---|', ...rows].join('\n'));
});

test('the page has all figures for managers', async () => {
  type Defined = Record<
    'title' | 'aggregate' | 'unit' | 'source' | 'standard' | 'definition',
    string
  >;
  const found = await warehouse.rows<Defined>('SELECT * FROM figures ORDER BY title');
  const rows = found.map(({ title, aggregate, unit, source, standard, definition }) => {
    const views = source.split(', ').map((name) => `\`${name}\``);
    return `| ${title} | ${definition} | ${[aggregate, unit].filter(Boolean).join(', ')} | ${views.join(', ')} | ${standard} |`;
  });
  held(
    'figures',
    ['| figure | means | is | view | near to |', '|---|---|---|---|---|', ...rows].join('\n'),
  );
});

test('the picture shows the keys that the schema has, and relations between columns that are there', async () => {
  const columns = await warehouse.rows<Column>(
    `SELECT table, name, type, is_in_sorting_key AS key, position FROM system.columns
     WHERE database = 'andon' ORDER BY table, system.columns.position`,
  );
  const shown = [...new Set(RELATIONS.flatMap(([one, , other]) => [one, other]))].sort();
  const tables = shown.flatMap((table) => {
    const own = columns.filter((column) => column.table === table);
    const related = RELATIONS.flatMap(([one, name, other, column]) => [
      ...(one === table ? [name] : []),
      ...(other === table ? [column] : []),
    ]);
    for (const name of related) expect(own.map((column) => column.name)).toContain(name);
    const kept = own.filter(({ name, key }) => key === 1 || (related as string[]).includes(name));
    const lines = kept.map(
      ({ name, type, key }) => `    ${plain(type)} ${name}${key === 1 ? ' PK' : ''}`,
    );
    return [`  ${table} {`, ...lines, '  }'];
  });
  const relations = RELATIONS.map(
    ([one, , other, , meaning]) => `  ${one} ||--o{ ${other} : "${meaning}"`,
  );
  held('picture', ['```mermaid', 'erDiagram', ...relations, ...tables, '```'].join('\n'));
});

/** Mermaid takes no parentheses in a type. */
function plain(type: string): string {
  return type
    .replace(/LowCardinality\((\w+)\)/, '$1')
    .replace(/^Array\((\w+)\)$/, '$1s')
    .replace(/\(.*$/, '');
}
