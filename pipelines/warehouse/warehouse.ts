import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type ClickHouseClient, ClickHouseError } from '@clickhouse/client';
import { createWarehouseClient } from '../../sinks/clickhouse/client.ts';
import { SchemaError } from '../../sinks/clickhouse/migrate.ts';
import { warehouseLogin } from '../../sinks/clickhouse/warehouse/secret.ts';
import { answersPing, warehouseCommand } from '../../sinks/clickhouse/warehouse/warehouse.ts';
import { type Config, readConfig, secretOf } from '../base/config.ts';
import { freePort } from '../base/free-port.ts';
import { EXIT, Problem } from '../base/problem.ts';
import { type DirectoryLock, lockDirectory, ownerOf } from '../base/process-lock.ts';
import { supervise } from '../base/supervise.ts';
import { tlsContents } from '../nats/connection-options.ts';
import type { RecordEvent } from '../observe/observe.ts';

/** Where ClickHouse is, and a client for it. */
export interface Warehouse {
  readonly client: ClickHouseClient;
  readonly url: string;
  /** It is the child of another worker, and goes away with that one. */
  readonly borrowed: boolean;
  /** Closes the client, and the embedded warehouse if it was started here. */
  close(): Promise<void>;
}

const NAME = 'warehouse';
const OWNER = 'default';
/** Milliseconds that somebody else's warehouse may take to answer: it is being started, or started again. */
const PATIENCE = 10_000;
const BETWEEN_LOOKS = 100;

/**
 * Finds ClickHouse: the server that the configuration names; else the embedded warehouse of a worker that runs on the
 * same directory; else an embedded warehouse of its own, which is started again when it dies, at the same address,
 * until `close`. A server is not asked whether it is there.
 *
 * @throws Problem if the embedded warehouse cannot be started, or whoever runs it does not bring it to answer
 */
export async function openWarehouse(
  config: Pick<Config, 'clickhouse' | 'directory'>,
  record: RecordEvent = () => undefined,
  patience = PATIENCE,
): Promise<Warehouse> {
  const { url, user, database, memory } = config.clickhouse;
  if (url !== undefined) {
    const { password: secret } = config.clickhouse;
    const password = typeof secret === 'string' ? secret : secretOf('clickhouse.password', secret);
    const tls = await clickhouseTls(config.clickhouse);
    const client = createWarehouseClient({ url, user, password, database, tls });
    return { client, url, borrowed: false, close: () => client.close() };
  }
  const directory = resolve(join(config.directory, 'warehouse'));
  const found = await ownOrFind(directory, patience);
  if (typeof found === 'string') {
    const client = await ownersClient(directory, found, database);
    return { client, url: found, borrowed: true, close: () => client.close() };
  }
  await orphanGone(directory);
  // The port is chosen here and not by the child, so that clients find it at the same place after a restart.
  const port = config.clickhouse.port === 0 ? await freePort() : config.clickhouse.port;
  const command = warehouseCommand({ directory, port, memory });
  const supervised = supervise({
    ...command,
    name: NAME,
    onEvent: record,
  });
  try {
    await supervised.ready;
  } catch (error) {
    await supervised.stop();
    await found.release();
    throw error;
  }
  const client = await ownersClient(directory, command.url, database);
  return {
    client,
    url: command.url,
    borrowed: false,
    async close() {
      await client.close();
      await supervised.stop();
      await found.release();
    },
  };
}

/** What the TLS files of a configuration contain; undefined where it names none. */
export async function clickhouseTls({ url = '', tls }: Config['clickhouse']) {
  if (tls === undefined || Object.values(tls).every((path) => path === undefined)) return undefined;
  const contents = await tlsContents(tls, 'clickhouse.tls');
  if (url.startsWith('https://')) return contents;
  throw new Problem({
    where: 'clickhouse.url',
    expected: 'an https:// address, because clickhouse.tls names certificates',
    found: url.replace(/\/\/[^/@\s]+@/, '//***@'),
    remedy: 'Correct the address, or leave clickhouse.tls out.',
    exit: EXIT.input,
  });
}

/** May write if this process may read the warehouse's secret; else it may read. */
async function ownersClient(
  directory: string,
  url: string,
  database: string,
): Promise<ClickHouseClient> {
  return createWarehouseClient({ url, ...(await warehouseLogin(directory)), database });
}

/** Whether whoever runs this opens the warehouse as its owner, who may write and remove everything. */
export async function opensAsOwner({
  clickhouse,
  directory,
}: Pick<Config, 'clickhouse' | 'directory'>): Promise<boolean> {
  const { url, user } = clickhouse;
  if (url !== undefined) return user === OWNER;
  return (await warehouseLogin(resolve(join(directory, NAME)))).user === OWNER;
}

/**
 * The right to run the warehouse of the directory, or the address of the one that somebody runs there. An engine of
 * one's own beside a warehouse that is just being started again would keep it from coming back.
 */
async function ownOrFind(directory: string, patience: number): Promise<DirectoryLock | string> {
  const giveUp = performance.now() + patience;
  for (;;) {
    try {
      return await lockDirectory(directory, `${hostname()}:${process.pid}`);
    } catch (error) {
      if (!(error instanceof Problem && error.exit === EXIT.owned)) throw error;
      const running = await runningAt(directory);
      if (running !== undefined) return running;
      if (performance.now() >= giveUp) throw await silent(directory, patience, error);
    }
    await delay(BETWEEN_LOOKS);
  }
}

async function silent(directory: string, patience: number, cause: Problem): Promise<Problem> {
  const owner = await ownerOf(directory);
  return new Problem(
    {
      where: directory,
      expected: `the embedded warehouse of ${owner ?? 'another process'} to answer`,
      found: `silence for ${patience / 1_000} s`,
      remedy: 'The log of that process says why; it starts the warehouse again. Then try again.',
      exit: EXIT.owned,
    },
    { cause },
  );
}

/** Waits for the warehouse of a process that was killed: it ends soon after it, and holds the data until then. */
async function orphanGone(directory: string): Promise<void> {
  const giveUp = performance.now() + PATIENCE;
  while (performance.now() < giveUp && (await runningAt(directory)) !== undefined) {
    await delay(BETWEEN_LOOKS);
  }
}

/** The address of the warehouse that has the directory now, if one answers there. */
async function runningAt(directory: string): Promise<string | undefined> {
  let url: unknown;
  try {
    ({ url } = JSON.parse(await readFile(join(directory, 'address.json'), 'utf8')));
  } catch {
    return undefined;
  }
  if (typeof url !== 'string') return undefined;
  return (await answersPing(url)) ? url : undefined;
}

/**
 * Does some work with the warehouse of a configuration, started for as long as that takes if nobody runs it, and says
 * what goes wrong with it as a `Problem`.
 */
export async function withWarehouse<T>(
  file: string | undefined,
  work: (warehouse: Warehouse, database: string) => Promise<T>,
): Promise<T> {
  const config = readConfig(file);
  const warehouse = await openWarehouse(config);
  try {
    return await work(warehouse, config.clickhouse.database);
  } catch (error) {
    throw warehouseProblem(error, warehouse.url);
  } finally {
    await warehouse.close();
  }
}

/** UNKNOWN_TABLE, UNKNOWN_DATABASE: nobody has migrated yet, or there is a slip in a name. */
const MISSING: ReadonlySet<string> = new Set(['60', '81']);
/** READONLY, ACCESS_DENIED, REQUIRED_PASSWORD, AUTHENTICATION_FAILED */
const FORBIDDEN: ReadonlySet<string> = new Set(['164', '497', '194', '516']);

/** What went wrong between us and ClickHouse, for people: `url` says where. Other errors stay as they are. */
export function warehouseProblem(error: unknown, url: string): unknown {
  if (error instanceof SchemaError) {
    const { where, expected, found, remedy } = error;
    return new Problem({ where, expected, found, remedy, exit: EXIT.outside }, { cause: error });
  }
  if (error instanceof ClickHouseError) {
    const parts = {
      where: `ClickHouse at ${url}`,
      expected: 'an answer',
      found: `${error.message.trim()} (code ${error.code}, ${error.type ?? 'unknown'})`,
      remedy: remedyOf(error.code),
      exit: EXIT.input,
    };
    return new Problem(parts, { cause: error });
  }
  if (error instanceof Error && 'code' in error && isNetwork(String(error.code))) {
    const parts = {
      where: url,
      expected: 'ClickHouse to answer',
      found: error.message,
      remedy: 'Start it, or correct clickhouse.url (CLICKHOUSE_URL).',
      exit: EXIT.outside,
    };
    return new Problem(parts, { cause: error });
  }
  return error;
}

function remedyOf(code: string): string {
  if (MISSING.has(code)) {
    return 'Check the name (andon sql "SHOW TABLES"); a new database is made by andon migrate.';
  }
  if (FORBIDDEN.has(code)) return 'Ask for what this user may do, or use another user.';
  return 'Correct the statement.';
}

function isNetwork(code: string): boolean {
  return /^E(?:CONN|HOST|NET|PIPE|TIMEDOUT|AI_)|^ENOTFOUND$/.test(code);
}
