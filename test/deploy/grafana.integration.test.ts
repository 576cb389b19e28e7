import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import {
  DATABASE,
  migratedWarehouse,
  type StartedWarehouse,
} from '../sinks/clickhouse/started-warehouse.ts';

const FOLDER = new URL('../../deploy/grafana/dashboards/', import.meta.url);
const SCRIPT = fileURLToPath(new URL('../../scripts/grafana.js', import.meta.url));

type Variable = { readonly name: string; readonly type: string; readonly query: string };
type Dashboard = {
  readonly templating: { readonly list: readonly Variable[] };
  readonly panels: readonly {
    readonly description: string;
    readonly targets: readonly { readonly rawSql: string }[];
  }[];
};

const dashboards = readdirSync(FOLDER).map((name): [string, Dashboard] => [
  name,
  JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')),
]);
let warehouse: StartedWarehouse;

beforeAll(async () => {
  warehouse = await migratedWarehouse();
});

/** What the plugin makes of a text: macros and variables are replaced before it is sent. */
function sent(sql: string, variables: readonly Variable[]): string {
  return sql
    .replaceAll('$__fromTime', 'toDateTime(1795305600)')
    .replaceAll('$__toTime', 'toDateTime(1795392000)')
    .replace(/\$\{(\w+):sqlstring\}/g, (_, name: string) => {
      const box = variables.find(
        (variable) => variable.name === name && variable.type === 'textbox',
      );
      expect(variables.map((variable) => variable.name)).toContain(name);
      return `'${box?.query ?? 'one'}'`;
    });
}

test('the dashboards are what the queries say', () => {
  const { status, stderr } = spawnSync(process.execPath, [SCRIPT, '--check'], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
});

test('every query is a panel, once', () => {
  const shown = dashboards.flatMap(([, { panels }]) =>
    panels.map(({ description }) => description),
  );
  const queries = readdirSync(new URL('../../sql/queries/', import.meta.url));
  expect(shown.toSorted()).toEqual(queries.map((name) => `sql/queries/${name}`).toSorted());
});

test.each(dashboards)(
  'every query of %s runs, as an analyst',
  async (_, { templating, panels }) => {
    const choices = templating.list
      .filter(({ type }) => type === 'query')
      .map(({ query }) => query);
    const queries = [
      ...choices,
      ...panels.flatMap(({ targets }) => targets.map(({ rawSql }) => rawSql)),
    ];
    expect(queries.length).toBeGreaterThan(0);
    for (const query of queries) {
      const who = new URLSearchParams({
        user: 'analyst',
        password: warehouse.readerPassword,
        database: DATABASE,
        default_format: 'Native',
      });
      const body = sent(query, templating.list);
      expect(body).not.toMatch(/\$__|\$\{|\{\w+:/);
      const response = await fetch(`${warehouse.url}/?${who}`, { method: 'POST', body });
      expect([response.status, response.ok ? '' : await response.text()]).toEqual([200, '']);
    }
  },
);
