/**
 * Makes the Grafana dashboards in deploy/grafana of the queries in sql/queries: each query is a panel, its parameters
 * are variables of the dashboard. `--check` only says whether they are what the queries say. Run it after every
 * change of a query.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const QUERIES = new URL('../sql/queries/', import.meta.url);
const DASHBOARDS = new URL('../deploy/grafana/dashboards/', import.meta.url);
const PARAMETER = /\{(\w+)\s*:\s*([^{}]+)\}/g;
const SOURCE = { type: 'grafana-clickhouse-datasource', uid: '$source' };

/**
 * `value` is what the parameter is when nobody chooses; `all` if an empty one means all of them.
 * @typedef {{ name: string, type: string, value: string, all: boolean }} Parameter
 * @typedef {{ name: string, title: string, group: string, sql: string, parameters: Parameter[] }} Query
 */

/** A variable as Grafana puts it into SQL: a text in quotes. @param {string} name */
const text = (name) => `\${${name}:sqlstring}`;

// Where all of them are chosen, the variable is an empty text.
const PLANT = `${text('plant')} IN ('', plant)`;
const LINE = `${PLANT} AND ${text('line')} IN ('', line)`;
const ASSET = `${LINE} AND ${text('asset')} IN ('', asset)`;
const REQUESTS = 'SELECT id FROM current_requests ORDER BY time DESC LIMIT 200';

/** Where the choices of a variable come from. A parameter that is not here is typed in. */
const CHOICES = Object.entries({
  plant: 'SELECT DISTINCT plant FROM assets ORDER BY plant',
  line: `SELECT DISTINCT line FROM assets WHERE ${PLANT} ORDER BY line`,
  asset: `SELECT DISTINCT asset FROM assets WHERE ${LINE} ORDER BY asset`,
  signal: `SELECT DISTINCT arrayJoin(signals) AS signal FROM assets WHERE ${ASSET} ORDER BY signal`,
  id: REQUESTS,
  request: REQUESTS,
});

/**
 * The head of a query says its question, its group, and its parameters: `-- days = 7 : so many days`.
 * @returns {Query[]}
 */
function readQueries() {
  const files = readdirSync(QUERIES).filter((name) => name.endsWith('.sql'));
  return files.sort().map((file) => {
    const sql = readFileSync(new URL(file, QUERIES), 'utf8');
    const [title = file] = /(?<=^-- ).*/.exec(sql) ?? [];
    const [, group = 'questions'] = /^-- group: (\w+)/m.exec(sql) ?? [];
    const said = new Map(
      [...sql.matchAll(/^-- (\w+) (?:= (.*?) ?)?: (.*)$/gm)].map(
        ([, name, value = '', about = '']) => [
          name,
          { value, all: about.includes('all if empty') },
        ],
      ),
    );
    const types = new Map(
      [...sql.matchAll(PARAMETER)].map(([, name = '', type = '']) => [name, type.trim()]),
    );
    const parameters = [...types].map(([name, type]) => ({
      ...{ name, type, value: '', all: false },
      ...said.get(name),
    }));
    return { name: file.replace('.sql', ''), title, group, sql, parameters };
  });
}

/**
 * The query with Grafana's variables instead of parameters: the plugin knows no parameters.
 * @param {Query} query
 */
function grafanaSql({ sql }) {
  return sql.replace(PARAMETER, (_, name, type) => {
    if (name === 'from') return '$__fromTime';
    if (name === 'to') return '$__toTime';
    return `CAST(${text(name)}, '${type.trim().replaceAll("'", "\\'")}')`;
  });
}

/** @param {Query} query @param {number} index */
function panel(query, index) {
  const series = /^\s*SELECT\s+toStartOf/m.test(query.sql);
  return {
    id: index + 1,
    type: series ? 'timeseries' : 'table',
    title: query.title,
    description: `sql/queries/${query.name}.sql`,
    datasource: SOURCE,
    gridPos: { x: 0, y: index * 10, w: 24, h: 10 },
    targets: [
      {
        refId: 'A',
        datasource: SOURCE,
        editorType: 'sql',
        queryType: series ? 'timeseries' : 'table',
        format: series ? 0 : 1,
        rawSql: grafanaSql(query),
      },
    ],
  };
}

/** @param {Parameter[]} parameters */
function variables(parameters) {
  const named = parameters.filter(({ name }) => name !== 'from' && name !== 'to');
  const needed = new Map(named.map((one) => [one.name, one.all]));
  // The choices of one depend on those of others.
  for (const [name, above] of [
    ['signal', 'asset'],
    ['asset', 'line'],
    ['line', 'plant'],
  ]) {
    if (needed.has(name ?? '') && !needed.has(above ?? '')) needed.set(above ?? '', true);
  }
  const chosen = CHOICES.filter(([name]) => needed.has(name)).map(([name, query]) => {
    const all = needed.get(name) === true;
    return {
      ...{ name, label: name, type: 'query', datasource: SOURCE, query, definition: query },
      ...{ refresh: 1, multi: false, includeAll: all },
      // Grafana puts its own value for all into the text as it stands.
      ...(all ? { allValue: "''", current: { text: 'All', value: '$__all' } } : {}),
    };
  });
  const typed = named.filter(({ name }) => !CHOICES.some(([known]) => known === name));
  const boxes = typed.map(({ name, value }) => ({
    ...{ name, label: name, type: 'textbox', query: value, current: { text: value, value } },
  }));
  const source = { name: 'source', label: 'ClickHouse', type: 'datasource', query: SOURCE.type };
  return [source, ...chosen, ...boxes];
}

/** @returns {Map<string, string>} the files of deploy/grafana/dashboards, by name */
function dashboards() {
  const queries = readQueries();
  // Queries that ask for the same parameter in two ways, all of them and one, lie in two dashboards.
  const keyOf = (/** @type {Query} */ { group, parameters }) => {
    const one = parameters.some(({ name, all }) => ['asset', 'id'].includes(name) && !all);
    return one && group !== 'signals' ? `${group}-one` : group;
  };
  const keys = [...new Set(queries.map(keyOf))].sort();
  return new Map(
    keys.map((key) => {
      const own = queries.filter((query) => keyOf(query) === key);
      const parameters = new Map(
        own.flatMap((query) => query.parameters.map((one) => [one.name, one])),
      );
      const title = `Andon: ${key.replace('-one', ', one of them')}`;
      const dashboard = {
        ...{ uid: `andon-${key}`, title, tags: ['andon'], schemaVersion: 39, editable: true },
        ...{ time: { from: 'now-24h', to: 'now' }, refresh: '1m', timezone: 'browser' },
        templating: { list: variables([...parameters.values()]) },
        panels: own.map(panel),
      };
      return [`andon-${key}.json`, `${JSON.stringify(dashboard, null, 2)}\n`];
    }),
  );
}

/** @param {string} name */
function written(name) {
  try {
    return readFileSync(new URL(name, DASHBOARDS), 'utf8');
  } catch {
    return '';
  }
}

const files = dashboards();
if (process.argv.includes('--check')) {
  const names = new Set([...files.keys(), ...readdirSync(DASHBOARDS)]);
  const old = [...names].filter((name) => written(name) !== files.get(name));
  if (old.length > 0) {
    console.error(
      `deploy/grafana/dashboards: expected what sql/queries says, found other text in ${old.join(', ')}. Run node scripts/grafana.js`,
    );
    process.exitCode = 1;
  }
} else {
  rmSync(DASHBOARDS, { recursive: true, force: true });
  mkdirSync(DASHBOARDS, { recursive: true });
  for (const [name, made] of files) writeFileSync(new URL(name, DASHBOARDS), made);
  console.log(`deploy/grafana/dashboards: ${files.size} dashboards`);
}
