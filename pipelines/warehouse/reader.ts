/** Questions to ClickHouse by somebody who only reads, and who outlives its restarts. */

import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ClickHouseClient } from '@clickhouse/client';
import { createWarehouseClient } from '../../sinks/clickhouse/client.ts';
import { passwordFile } from '../../sinks/clickhouse/warehouse/secret.ts';
import { type Config, secretOf } from '../base/config.ts';
import { EXIT, Problem } from '../base/problem.ts';
import { clickhouseTls } from './warehouse.ts';

export interface WarehouseReader {
  /** Rows of one SELECT. Rejects with what ClickHouse says, or with a `Problem` when there is none. */
  rows(query: string, parameters: Readonly<Record<string, unknown>>): Promise<readonly unknown[]>;
  close(): Promise<void>;
}

/** Milliseconds that a question may take: whoever looks at a page does not wait longer. */
const LONGEST = 30_000;

/**
 * Reads the server that the configuration names, as its user; else the embedded warehouse of the directory, as the
 * console, wherever it listens now. Never starts one: that is the business of the worker, and the directory has one owner.
 */
export function createWarehouseReader(
  config: Pick<Config, 'clickhouse' | 'directory'>,
): WarehouseReader {
  let client: ClickHouseClient | undefined;

  async function connected(): Promise<ClickHouseClient> {
    client ??= config.clickhouse.url === undefined ? await embedded(config) : await server(config);
    return client;
  }

  async function forget(): Promise<void> {
    const old = client;
    client = undefined;
    await old?.close();
  }

  async function ask(query: string, parameters: Readonly<Record<string, unknown>>) {
    const answer = await (await connected()).query({
      query,
      query_params: { ...parameters },
      format: 'JSONEachRow',
    });
    return answer.json<unknown>();
  }

  return {
    async rows(query, parameters) {
      try {
        return await ask(query, parameters);
      } catch (error) {
        if (!isAway(error)) throw error;
        // Started again elsewhere, or the socket was old.
        await forget();
        return ask(query, parameters);
      }
    },
    close: forget,
  };
}

function isAway(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^E[A-Z]+$/.test(String(error.code));
}

async function server({ clickhouse }: Pick<Config, 'clickhouse'>): Promise<ClickHouseClient> {
  const { url = '', user, password: secret, database } = clickhouse;
  const password = typeof secret === 'string' ? secret : secretOf('clickhouse.password', secret);
  const tls = await clickhouseTls(clickhouse);
  return createWarehouseClient({ url, user, password, database, tls, timeout: LONGEST });
}

async function embedded({
  clickhouse,
  directory,
}: Pick<Config, 'clickhouse' | 'directory'>): Promise<ClickHouseClient> {
  const folder = resolve(join(directory, 'warehouse'));
  try {
    const { url } = JSON.parse(await readFile(join(folder, 'address.json'), 'utf8'));
    const password = (await readFile(passwordFile(folder, 'console'), 'utf8')).trim();
    const { database } = clickhouse;
    return createWarehouseClient({ url, user: 'console', password, database, timeout: LONGEST });
  } catch (cause) {
    throw new Problem(
      {
        where: folder,
        expected: 'the embedded warehouse of a worker',
        found: 'none',
        remedy: 'Start `andon run`, or name a server (clickhouse.url).',
        exit: EXIT.outside,
      },
      { cause },
    );
  }
}
