/**
 * Makes the Grafana dashboards in deploy/grafana of the queries in sql/queries: each query is a panel, its parameters
 * are variables of the dashboard. `--check` only says whether they are what the queries say. Run it after every
 * change of a query.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const QUERIES = new URL('../sql/queries/', import.meta.url);
const DASHBOARDS = new URL('../deploy/grafana/dashboards/', import.meta.url);
const SOURCE = { type: 'grafana-clickhouse-datasource', uid: '$source' };

/**
 * @typedef {{ name: string, title: string, sql: string, parameters: { name: string, type: string }[] }} Query
 * @typedef {{ uid: string, title: string, takes: (names: string[]) => boolean }} Place
 */

/** A query lies in the first dashboard that takes its parameters. @type {Place[]} */
const PLACES = [
  {
    uid: 'andon-request',
    title: 'Andon: one request',
    takes: (names) => has(names, ['id', 'request']),
  },
  {
    uid: 'andon-asset',
    title: 'Andon: one machine',
    takes: (names) => has(names, ['asset', 'signal']),
  },
  { uid: 'andon-plant', title: 'Andon: the plant', takes: () => true },
];

/** A variable as Grafana puts it into SQL: a text in quotes. @param {string} name */
const text = (name) => `\${${name}:sqlstring}`;

const PLANT = `plant = ${text('plant')}`;
const LINE = `${PLANT} AND line = ${text('line')}`;
const ASSET = `${LINE} AND asset = ${text('asset')}`;
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

/** @param {string[]} names @param {string[]} wanted */
function has(names, wanted) {
  return names.some((name) => wanted.includes(name));
}

/** @returns {Query[]} */
function readQueries() {
  const files = readdirSync(QUERIES).filter((name) => name.endsWith('.sql'));
  return files.sort().map((file) => {
    const sql = readFileSync(new URL(file, QUERIES), 'utf8');
    const [question = file] = /(?<=^-- ).*/.exec(sql) ?? [];
    const found = [...sql.matchAll(/\{(\w+)\s*:\s*([^{}]+)\}/g)];
    const parameters = new Map(
      found.map(([, name = '', type = '']) => [name, { name, type: type.trim() }]),
    );
    return {
      name: file.replace('.sql', ''),
      title: question,
      sql,
      parameters: [...parameters.values()],
    };
  });
}

/**
 * The query with Grafana's variables instead of parameters: the plugin knows no parameters.
 * @param {Query} query
 */
function grafanaSql({ sql }) {
  return sql.replace(/\{(\w+)\s*:\s*([^{}]+)\}/g, (_, name, type) => {
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

/** @param {Query['parameters']} parameters */
function variables(parameters) {
  const named = parameters.filter(({ name }) => name !== 'from' && name !== 'to');
  const needed = new Set(named.map(({ name }) => name));
  // The choices of one depend on those of others.
  if (needed.has('signal')) needed.add('asset');
  if (needed.has('asset')) needed.add('line');
  if (needed.has('line')) needed.add('plant');
  const chosen = CHOICES.filter(([name]) => needed.has(name)).map(([name, query]) => ({
    ...{ name, label: name, type: 'query', datasource: SOURCE, query, definition: query },
    ...{ refresh: 1, includeAll: false, multi: false },
  }));
  const typed = named.filter(({ name }) => !CHOICES.some(([known]) => known === name));
  const boxes = typed.map(({ name, type }) => {
    const value = /^(?:Nullable\()?(?:U?Int|Float|Decimal)/.test(type) ? '1' : '';
    return { name, label: name, type: 'textbox', query: value, current: { text: value, value } };
  });
  const source = { name: 'source', label: 'ClickHouse', type: 'datasource', query: SOURCE.type };
  return [source, ...chosen, ...boxes];
}

/** @returns {Map<string, string>} the files of deploy/grafana/dashboards, by name */
function dashboards() {
  const queries = readQueries();
  const placeOf = (/** @type {Query} */ query) => {
    const names = query.parameters.map(({ name }) => name);
    return PLACES.find((place) => place.takes(names));
  };
  return new Map(
    PLACES.map((place) => {
      const own = queries.filter((query) => placeOf(query) === place);
      const parameters = new Map(
        own.flatMap((query) => query.parameters.map((one) => [one.name, one])),
      );
      const dashboard = {
        ...{
          uid: place.uid,
          title: place.title,
          tags: ['andon'],
          schemaVersion: 39,
          editable: true,
        },
        ...{ time: { from: 'now-24h', to: 'now' }, refresh: '1m', timezone: 'browser' },
        templating: { list: variables([...parameters.values()]) },
        panels: own.map(panel),
      };
      return [`${place.uid}.json`, `${JSON.stringify(dashboard, null, 2)}\n`];
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
  const old = [...files].filter(([name, made]) => written(name) !== made).map(([name]) => name);
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
