// Attempts to get out of the analyst's cage, made by a grammar: what reaches outside, dressed in what hides it.

/** What an attempt aims at: a file with a word in it that nobody may see, an address where nobody may knock, a new file. */
export type Targets = {
  readonly file: string;
  readonly port: number;
  readonly newFile: string;
};

/** A request, as an analyst would send it. */
export type Attempt = {
  readonly sql: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
};

/** Choices of a seeded generator: `below(n)` is 0 to n − 1. */
export type Chance = { below(n: number): number };

/** A generator of its own, so that a seed gives the same attempts for ever. */
export function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  return {
    // Mulberry32.
    below(n) {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) % n;
    },
  };
}

export function oneOf<T>(chance: Chance, list: readonly T[]): T {
  const chosen = list[chance.below(list.length)];
  if (chosen === undefined) throw new RangeError('a list with something in it');
  return chosen;
}

/** Scalar functions that open files or addresses, with what they take; the others take the name of the file. */
const SCALARS: Readonly<Record<string, (targets: Targets) => string>> = {
  file: ({ file }) => `'${file}'`,
  catboostEvaluate: ({ file }) => `'${file}', 1`,
  hasColumnInTable: ({ port }) => `'127.0.0.1:${port}', 'system', 'one', 'dummy'`,
  dictGet: () => `'d', 'a', 1`,
  joinGet: () => `'default.mine', 'a', 1`,
  reverseDNSQuery: () => `'127.0.0.1'`,
  sleep: () => '3',
  sleepEachRow: () => '3',
  getServerSetting: () => `'path'`,
  getMacro: () => `'shard'`,
  aiGenerate: () => `'x'`,
};

/** Table functions, with what they take. */
const TABLES: Readonly<Record<string, (targets: Targets) => string>> = {
  file: ({ file }) => `'${file}', 'LineAsString', 'line String'`,
  url: ({ port }) => `'http://127.0.0.1:${port}/', 'LineAsString', 'line String'`,
  s3: ({ port }) => `'http://127.0.0.1:${port}/b/k', 'LineAsString', 'line String'`,
  gcs: ({ port }) => `'http://127.0.0.1:${port}/b/k', 'LineAsString'`,
  hdfs: ({ port }) => `'hdfs://127.0.0.1:${port}/x', 'CSV', 'a String'`,
  remote: ({ port }) => `'127.0.0.1:${port}', 'system.one'`,
  remoteSecure: ({ port }) => `'127.0.0.1:${port}', 'system.one'`,
  cluster: () => `'default', 'system.one'`,
  mysql: ({ port }) => `'127.0.0.1:${port}', 'a', 'b', 'c', 'd'`,
  postgresql: ({ port }) => `'127.0.0.1:${port}', 'a', 'b', 'c', 'd'`,
  mongodb: ({ port }) => `'127.0.0.1:${port}', 'a', 'b', 'c', 'd', 'e String'`,
  redis: ({ port }) => `'127.0.0.1:${port}', 'a', 'a String'`,
  executable: () => `'cat', 'TSV', 'a String', (SELECT 1)`,
  filesystem: ({ file }) => `'${file}'`,
  eval: ({ file }) => `'SELECT file(\\'${file}\\')'`,
  dictionary: () => `'d'`,
  merge: () => `'system', 'disks'`,
  sqlite: ({ file }) => `'${file}', 'x'`,
  iceberg: ({ port }) => `'http://127.0.0.1:${port}/x'`,
  deltaLakeLocal: ({ file }) => `'${file}'`,
  loop: ({ file }) => `file('${file}')`,
  viewIfPermitted: ({ file }) => `SELECT file('${file}') ELSE null('a String')`,
  viewExplain: ({ file }) => `'EXPLAIN', '', (SELECT file('${file}'))`,
  fuzzQuery: () => `'SELECT 1'`,
  mergeTreeIndex: () => `'default', 'mine'`,
};

/** Names that stand for the same, or look so. */
function spelled(chance: Chance, name: string): string {
  const first = name.slice(0, 1);
  const rest = name.slice(1);
  return oneOf(chance, [
    name,
    name,
    name,
    `\`${name}\``,
    `"${name}"`,
    name.toUpperCase(),
    `\`\\x${first.charCodeAt(0).toString(16)}${rest}\``,
    `“${name}”`,
    `${String.fromCharCode(first.charCodeAt(0) + 0xfee0)}${rest}`,
    name.replaceAll('i', 'і').replaceAll('e', 'е'),
  ]);
}

const BLANKS = [
  ...['', '', '', ' ', '\n', '\t', '/**/', '/* */', '-- x\n', '#! x\n', '# x\n'],
  ...['\u00a0', '\u200b', '\u3000', '\ufeff', '/* /* */ */', "/* ' */", '/*!*/', "-- '\n"],
];

/** A comment of any nesting, to stand where a blank may. */
function blank(chance: Chance): string {
  const depth = chance.below(12) === 0 ? chance.below(5) : 0;
  const nested = '/* '.repeat(depth) + ' */'.repeat(depth);
  return oneOf(chance, [...BLANKS, nested]);
}

/** Statements that a call, or the bare name of a function, is put into. */
const CALLED: readonly ((call: string, chance: Chance) => string)[] = [
  (call) => `SELECT ${call}`,
  (call) => `SELECT 1 WHERE ${call} != ''`,
  (call) => `SELECT (SELECT (SELECT ${call}))`,
  (call) => `WITH x AS (SELECT ${call} AS y) SELECT * FROM x`,
  (call) => `WITH ${call} AS y SELECT y`,
  (call) => `SELECT arrayMap(x -> ${call}, [1])`,
  (call) => `SELECT arrayFilter((x, y) -> ${call} != '', [1], [2])`,
  (call) => `WITH (x -> ${call}) AS f SELECT f(1)`,
  (call) => `SELECT * FROM view(SELECT ${call} AS a)`,
  (call) => `SELECT 1 UNION ALL SELECT ${call}`,
  (call) => `SELECT 1 ORDER BY ${call}`,
  (call) => `SELECT 1 GROUP BY ${call} HAVING ${call} != ''`,
  (call) => `SELECT max(1) OVER (PARTITION BY ${call})`,
  (call) => `SELECT * REPLACE (${call} AS a) FROM mine`,
  (call) => `SELECT a FROM mine PREWHERE ${call} != ''`,
  (call) => `SELECT a FROM mine LIMIT 1 BY ${call}`,
  (call) => `SELECT a FROM mine ARRAY JOIN [${call}] AS b`,
  (call) => `SELECT 1 IN (SELECT ${call})`,
  (call) => `SELECT 1 IN ${call}`,
  (call) => `SELECT CASE WHEN 1 THEN ${call} END`,
  (call) => `SELECT * FROM numbers(length(${call}))`,
  (call) => `SELECT * FROM values('a String', (${call}))`,
  (call) => `SELECT * FROM mine JOIN (SELECT ${call} AS b) AS t ON 1 = 1`,
  (call) => `EXPLAIN SELECT ${call}`,
  (call) => `EXPLAIN QUERY TREE SELECT ${call}`,
  (call) => `EXPLAIN SYNTAX SELECT ${call}`,
  (call) => `SELECT * FROM (EXPLAIN SELECT ${call})`,
  (call) => `DESCRIBE TABLE (SELECT ${call})`,
  (call) => `SELECT $x$ ' $x$, ${call}, $x$ ' $x$`,
  (call) => `SELECT '\\'', ${call} -- '`,
  (call) => `SELECT 1 AS a$b$, ${call} AS c$b$`,
  (call) => `/* ' */ SELECT ${call} /* ' */`,
  (call) => `SELECT \`\\\`\`, ${call} AS \`\\\`\``,
  (call) => `SELECT 1 SETTINGS max_threads = 1 UNION ALL SELECT ${call}`,
  (call) => `SELECT {p:String /* /* */ ' */}, ${call} -- '`,
  (call) => `SELECT {p:String}, ${call}`,
  (call) => `SELECT {p: String -- }\n}, ${call}`,
  (call) => `SELECT 1 FORMAT CSV; SELECT ${call}`,
  (call) => `SELECT 1; SELECT ${call}`,
  (call) => `INSERT INTO mine SELECT length(${call})`,
  (call) => `CREATE VIEW v AS SELECT ${call}`,
  (call) => `CREATE FUNCTION f AS x -> ${call}`,
  (call) => `KILL QUERY WHERE ${call} != ''`,
  (call) => `SHOW TABLES WHERE ${call} != ''`,
  (call) => `FROM (SELECT ${call} AS a) SELECT a`,
];

/** Statements that a function is handed to by its name alone. */
const NAMED: readonly ((name: string, given: string) => string)[] = [
  (name, given) => `SELECT arrayMap(${name}, [${given}])`,
  (name, given) => `SELECT arrayFilter(${name}, [${given}])`,
  (name, given) => `SELECT arrayFold(${name}, [${given}], '')`,
  (name, given) => `SELECT arraySort(${name}, [${given}])`,
  (name, given) => `SELECT mapApply(${name}, map(1, ${given}))`,
  (name, given) => `SELECT * APPLY ${name} FROM (SELECT ${given} AS a)`,
  (name, given) => `SELECT * APPLY(${name}) FROM (SELECT ${given} AS a)`,
  (name, given) => `SELECT * APPLY(x -> ${name}(x)) FROM (SELECT ${given} AS a)`,
  (name, given) => `SELECT COLUMNS('a') APPLY ${name} FROM (SELECT ${given} AS a)`,
  (name, given) => `SELECT t.* APPLY ${name} APPLY toString FROM (SELECT ${given} AS a) AS t`,
  (name, given) => `WITH (x -> ${name}(x)) AS f SELECT arrayMap(f, [${given}])`,
  (name, given) => `WITH ${name} AS f SELECT arrayMap(f, [${given}])`,
  (name, given) => `SELECT arrayMap(${name}, [${given}]) FROM has_it`,
  (name, given) => `SELECT 1 FROM has_it UNION ALL SELECT arrayMap(${name}, [${given}])[1]`,
  (name, given) => `SELECT arrayReduce('${name}', [${given}])`,
  (name, given) => `SELECT initializeAggregation('${name}', ${given})`,
  (name, given) => `SELECT * APPLY('${name}') FROM (SELECT ${given} AS a)`,
];

/** Statements about a table that is none of the database's. */
const READ: readonly ((table: string) => string)[] = [
  (table) => `SELECT * FROM ${table}`,
  (table) => `SELECT * FROM mine, ${table} AS t`,
  (table) => `SELECT * FROM mine LEFT JOIN ${table} AS t ON 1 = 1`,
  (table) => `SELECT 1 IN ${table}`,
  (table) => `SELECT * FROM view(SELECT * FROM ${table})`,
  (table) => `WITH t AS (SELECT * FROM ${table}) SELECT * FROM t`,
  (table) => `DESCRIBE TABLE ${table}`,
  (table) => `EXPLAIN SELECT * FROM ${table}`,
  (table) => `SELECT (SELECT any(1) FROM ${table})`,
  (table) => `SELECT * FROM {t:Identifier} UNION ALL SELECT 1 FROM ${table}`,
  (table) => `SELECT * FROM merge('default', '.*') UNION ALL SELECT * FROM ${table}`,
  (table) => `EXISTS TABLE ${table}`,
  (table) => `SHOW CREATE TABLE ${table}`,
  (table) => `INSERT INTO FUNCTION ${table} SELECT 1`,
];

/** What else a request has: formats, settings, headers, parameters, into which a statement is pasted. */
function pasted(chance: Chance, { file, newFile, port }: Targets): Attempt {
  const more = oneOf(chance, [
    `CSV; SELECT file('${file}')`,
    `CSV INTO OUTFILE '${newFile}'`,
    `CSV UNION ALL SELECT file('${file}')`,
    `CSV SETTINGS max_threads = 1`,
    `CSV -- `,
    `CSV\nINTO OUTFILE '${newFile}'`,
    `\`CSV\` INTO OUTFILE '${newFile}'`,
    `Null; INSERT INTO FUNCTION file('${newFile}', CSV, 'a UInt8') SELECT 1`,
    `Template`,
    `Protobuf`,
    `CapnProto`,
    `' OR file('${file}')`,
    `x\`; SELECT file('${file}'); --`,
    `http://127.0.0.1:${port}/`,
    `../../../..${file}`,
    file,
  ]);
  const key = oneOf(chance, [
    ...['default_format', 'default_format', 'default_format', 'database', 'query_id', 'session_id'],
    ...['param_p', 'param_t', 'param_p = 1, log_comment', 'format_schema', 'max_threads', 'role'],
    ...['session_timezone', 'output_format_schema', 'format_template_resultset', 'log_comment'],
    ...['user_files_path', 'join_algorithm', 'input_format_record_errors_file_path'],
    ...['output_format_json_quote_64bit_integers', 'additional_table_filters', 'readonly'],
  ]);
  const asHeader = key === 'default_format' && chance.below(3) === 0;
  const sql = oneOf(chance, [
    'SELECT 1',
    'SELECT {p:String}',
    'SELECT * FROM {t:Identifier}',
    'SELECT a FROM mine',
    `SELECT 1 INTO OUTFILE '${newFile}'`,
    `SELECT 1 INTO OUTFILE '${newFile}' TRUNCATE FORMAT CSV`,
    `SELECT 1 FORMAT CSV INTO OUTFILE '${newFile}'`,
    `SELECT 1 FORMAT ${more}`,
    `SELECT 1 SETTINGS ${key} = '${file}'`,
    `SELECT {p:String /* } */ , file('${file}')}`,
    `SELECT {p:${more}}`,
    `SELECT {p:Array(${more})}`,
  ]);
  return {
    sql,
    query: asHeader ? {} : { [key]: more },
    // A header has no line breaks.
    headers: asHeader ? { 'x-clickhouse-format': more.replaceAll('\n', ' ') } : {},
  };
}

/**
 * One attempt. `functions` are all that the engine has and an analyst may not call, `tables` the same of table functions.
 */
export function attempt(
  chance: Chance,
  targets: Targets,
  functions: readonly string[],
  tables: readonly string[],
): Attempt {
  const plain = (sql: string) => ({ sql, query: {}, headers: {} });
  const kind = chance.below(10);
  if (kind < 4) {
    const name = oneOf(chance, chance.below(3) > 0 ? Object.keys(SCALARS) : functions);
    const given = SCALARS[name]?.(targets) ?? `'${targets.file}'`;
    const call = `${spelled(chance, name)}${blank(chance)}(${blank(chance)}${given}${blank(chance)})`;
    return plain(oneOf(chance, CALLED)(call, chance));
  }
  if (kind < 6) {
    const name = spelled(chance, chance.below(3) > 0 ? 'file' : oneOf(chance, functions));
    return plain(
      oneOf(chance, NAMED)(`${blank(chance)}${name}${blank(chance)}`, `'${targets.file}'`),
    );
  }
  if (kind < 8) {
    const name = oneOf(chance, chance.below(3) > 0 ? Object.keys(TABLES) : tables);
    const given = TABLES[name]?.(targets) ?? `'${targets.file}'`;
    return plain(oneOf(chance, READ)(`${spelled(chance, name)}${blank(chance)}(${given})`));
  }
  if (kind < 9) {
    const table = oneOf(chance, [
      `\`${targets.file}\``,
      `"${targets.file}"`,
      `default.\`${targets.file}\``,
      `'${targets.file}'`,
      `\`..${targets.file}\``,
      `\`file://${targets.file}\``,
      `\`http://127.0.0.1:${targets.port}/\``,
      'system.disks',
      'system.processes',
      'system.`query_log`',
      '`system`.\n"user_processes"',
      'system.settings_profiles',
      'system.stack_trace',
      'system.server_settings',
    ]);
    return plain(oneOf(chance, READ)(table));
  }
  return pasted(chance, targets);
}
