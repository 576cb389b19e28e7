import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { readConfig } from '../../../pipelines/base/config.ts';
import { grantStatements } from '../../../pipelines/warehouse/grants.ts';
import { openWarehouse } from '../../../pipelines/warehouse/warehouse.ts';
import { createWarehouseClient } from '../../../sinks/clickhouse/client.ts';
import { migrate, migrateOrCheck, SQL_FOLDER } from '../../../sinks/clickhouse/migrate.ts';
import {
  migratedWarehouse,
  type StartedWarehouse,
} from '../../sinks/clickhouse/started-warehouse.ts';
import { certificateAuthority } from '../../support/certificates.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

// What is made for a ClickHouse server, which these tests do not have: the embedded engine parses it, and plays its part.

let warehouse: StartedWarehouse;
const servers: Server[] = [];
beforeAll(async () => {
  warehouse = await migratedWarehouse();
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function portOf(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

test('the engine can parse every grant, and each role gets what the table of roles says', async () => {
  const passwords = join(temporaryDirectory(), 'grants');
  const options = { database: 'andon', plants: ['p1', 'p2'], passwords };
  const statements = grantStatements(options);
  const query = 'SELECT formatQuerySingleLine({statement:String}) AS plain';
  for (const statement of statements) {
    const [row] = await warehouse.rows<{ plain: string }>(query, { statement });
    expect([statement, row?.plain]).toEqual([
      statement,
      expect.stringMatching(/^(?:CREATE|GRANT|SET)/),
    ]);
  }
  const all = statements.join('\n');
  const of = (user: string) =>
    statements.filter((each) => each.includes(`\`${user}_role\``)).join('\n');
  expect(of('andon_worker')).toContain('GRANT INSERT ON `andon`.`readings`');
  expect(of('andon_worker')).not.toMatch(/CREATE TABLE|ALTER|DROP/);
  for (const user of ['andon_analyst_p1', 'andon_console'])
    expect(of(user)).not.toContain('INSERT');
  expect(of('andon_analyst_p1')).toContain("USING plant = 'p1'");
  expect(of('andon_analyst_p1')).not.toMatch(/'p2'|dead_letters|`audit`/);
  expect(of('andon_console')).toContain('GRANT SELECT ON `andon`.`audit`');
  expect(all).not.toMatch(/andon_(?:gateway|scheduler|engineer|requests|person)/);
  // Every table that knows plants has a policy for every user that reads it.
  const tables = [...of('andon_analyst_p1').matchAll(/ROW POLICY.* ON `andon`\.`(\w+)`/g)].map(
    ([, name]) => name,
  );
  expect(tables).toEqual(
    expect.arrayContaining(['readings', 'readings_1d', 'requests', 'request_history', 'rules']),
  );
  const password = readFileSync(join(passwords, 'andon_analyst_p1'), 'utf8');
  expect(statSync(join(passwords, 'andon_analyst_p1')).mode & 0o777).toBe(0o600);
  expect(all).not.toContain(password);
  expect(grantStatements(options)).toEqual(statements);
});

test('who may read a view may read all that it reads, as the engine sees it', async () => {
  const passwords = join(temporaryDirectory(), 'grants');
  const statements = grantStatements({ database: 'andon', plants: ['p1'], passwords });
  const views = await warehouse.rows<{ name: string; text: string }>(
    "SELECT name, as_select AS text FROM system.tables WHERE database = 'andon' AND engine = 'View'",
  );
  expect(views.length).toBeGreaterThan(40);
  const reads = new Map<string, readonly string[]>();
  for (const { name, text } of views) {
    const tree = await warehouse.rows<{ explain: string }>(`EXPLAIN QUERY TREE ${text}`);
    const found = tree.flatMap(
      ({ explain }) => /table_name: andon\.(\w+)/.exec(explain)?.[1] ?? [],
    );
    reads.set(name, found);
  }
  expect(reads.get('master_now')).toEqual(expect.arrayContaining(['master_data', 'master_syncs']));
  for (const user of ['andon_analyst_p1', 'andon_console']) {
    const own = statements.filter((each) => each.endsWith(`TO \`${user}_role\``));
    const granted = own.flatMap(
      (each) => /^GRANT SELECT ON `andon`\.`(\w+)`/.exec(each)?.[1] ?? [],
    );
    const shut = granted.flatMap((view) =>
      (reads.get(view) ?? []).flatMap((table) =>
        granted.includes(table) ? [] : [`${user} may read ${view}, and not ${table} behind it`],
      ),
    );
    expect(shut).toEqual([]);
    expect(granted).toEqual(expect.arrayContaining(['oee_by_day', 'request_times']));
    // Whoever may read all tables has all views.
    const missing = [...reads.keys()].filter((view) => !granted.includes(view));
    if (user === 'andon_console') expect(missing).toEqual([]);
    else expect(missing).toEqual(expect.arrayContaining(['master_now', 'where_stuck']));
  }
  const quotas = statements.filter((each) => each.includes('QUOTA'));
  expect(quotas.every((each) => each.startsWith('CREATE QUOTA OR REPLACE '))).toBe(true);
});

/** The embedded warehouse behind a server whose user may not define tables. */
async function withoutRights(): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      if (/^\s*(?:CREATE|ALTER|DROP)/i.test(body.toString())) {
        const message =
          'Code: 497. DB::Exception: worker: Not enough privileges. (ACCESS_DENIED)\n';
        response.writeHead(500, { 'X-ClickHouse-Exception-Code': '497' }).end(message);
        return;
      }
      const { 'transfer-encoding': _, ...headers } = request.headers;
      const on = httpRequest(`${warehouse.url}${request.url}`, {
        ...{ method: request.method, headers: { ...headers, 'content-length': body.length } },
      });
      on.on('response', (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      });
      on.end(body);
    });
  });
  return `http://127.0.0.1:${await portOf(server)}`;
}

test('a worker without the right to define tables begins where they are, and says what to do where not', async () => {
  const database = 'made_elsewhere';
  const { password } = warehouse;
  const newest = readdirSync(join(SQL_FOLDER, 'schema')).sort().at(-1);
  const worker = createWarehouseClient({ url: await withoutRights(), password, database });
  await expect(migrateOrCheck(worker, database)).rejects.toThrow(
    `database ${database}: expected the schema up to ${newest}, found none of it. ` +
      'Run andon migrate, as a user who may define tables.',
  );
  const administrator = createWarehouseClient({ url: warehouse.url, password, database });
  await migrate(administrator, database);
  await migrateOrCheck(worker, database);
  await Promise.all([worker.close(), administrator.close()]);
});

test('TLS with an authority of its own and a certificate of this client', async () => {
  const authority = certificateAuthority('Plant CA');
  const server = authority.issue('clickhouse', ['127.0.0.1', 'localhost']);
  const own = authority.issue('andon_worker', ['worker']);
  const seen: { name: unknown; user: unknown; key: unknown }[] = [];
  const port = await portOf(
    createTlsServer(
      {
        ...{ cert: readFileSync(server.certificate), key: readFileSync(server.privateKey) },
        ...{ ca: readFileSync(authority.certificate), requestCert: true, rejectUnauthorized: true },
      },
      (request, response) => {
        const { socket, headers } = request;
        const shown =
          'getPeerCertificate' in socket
            ? (socket as import('node:tls').TLSSocket).getPeerCertificate()
            : undefined;
        seen.push({
          name: shown?.subject.CN,
          user: headers['x-clickhouse-user'],
          key: headers.authorization,
        });
        response.end('{"one":1}\n');
      },
    ),
  );
  const url = `https://127.0.0.1:${port}`;
  const config = (tls: object, address = url) => {
    const environment: Record<string, string> = {
      CLICKHOUSE_URL: address,
      CLICKHOUSE_USER: 'andon_worker',
    };
    return readConfig(undefined, { ...environment, ...tls });
  };
  const files = {
    ...{ CLICKHOUSE_CA: authority.certificate, CLICKHOUSE_CERT: own.certificate },
    CLICKHOUSE_KEY: own.privateKey,
  };
  const ask = async (tls: object, address?: string) => {
    const { client } = await openWarehouse(config(tls, address));
    const answer = await client.query({ query: 'SELECT 1 AS one', format: 'JSONEachRow' });
    const rows = await answer.json();
    await client.close();
    return rows;
  };
  expect(await ask(files)).toEqual([{ one: 1 }]);
  expect(await ask({ ...files, CLICKHOUSE_PASSWORD: 'x' })).toEqual([{ one: 1 }]);
  expect(seen).toMatchObject([
    { name: 'andon_worker', user: 'andon_worker', key: undefined },
    { name: 'andon_worker', user: undefined, key: expect.stringContaining('Basic ') },
  ]);
  await expect(ask({})).rejects.toThrow(/certificate|self.signed/i);
  await expect(ask({ CLICKHOUSE_CA: authority.certificate })).rejects.toThrow();
  await expect(ask(files, url.replace('https', 'http'))).rejects.toThrow(
    'expected an https:// address',
  );
  await expect(ask({ ...files, CLICKHOUSE_KEY: '' })).rejects.toThrow('certificate alone');
});
