import { createClickHouseSink } from '../../sinks/clickhouse/clickhouse.ts';
import { migrateOrCheck, SchemaError } from '../../sinks/clickhouse/migrate.ts';

import { RefusedError, type Sink } from '../../sinks/sink.ts';

import type { Config } from '../base/config.ts';
import { within } from '../base/within.ts';
import type { RecordEvent } from '../observe/observe.ts';
import { type Warehouse, warehouseProblem } from './warehouse.ts';

export interface LandingSink extends Sink {
  /**
   * Opens the warehouse and brings its schema up to date. A warehouse that is away, or does not start, is no reason
   * not to begin: requests go out, epochs wait in their files, and the first that lands does this again.
   *
   * @throws Problem when the schema there is not one that this version can write to
   */
  begin(): Promise<void>;
  /**
   * Rows of a question. Rejects while the warehouse is away. A number: the milliseconds that it may take, once the warehouse is
   * open.
   */
  ask<T>(
    query: string,
    ending: AbortSignal | number,
    parameters?: Readonly<Record<string, string>>,
  ): Promise<readonly T[]>;
  close(): Promise<void>;
}

/** How long a worker waits at its start for a warehouse that does not answer. */
const PATIENCE = 10_000;

/**
 * The sink `clickhouse`: rows into the warehouse, which is opened and migrated before the first of them. `onMigrated` is
 * called with the files of the schema that ran for that.
 */
export function createLandingSink(
  open: () => Promise<Warehouse>,
  config: Config,
  record: RecordEvent,
  onMigrated: (files: readonly string[]) => void = () => undefined,
): LandingSink {
  const { database } = config.clickhouse;
  let opening: Promise<OpenWarehouse> | undefined;
  const report = createReporter(record);

  function ready(): Promise<OpenWarehouse> {
    opening ??= openAndMigrate(open, database, onMigrated);
    const attempt = opening;
    attempt.catch(() => {
      if (opening === attempt) opening = undefined;
    });
    return attempt;
  }

  return {
    name: 'clickhouse',
    takesBatches: true,
    async begin() {
      try {
        await within(PATIENCE, ready());
        report(true);
      } catch (error) {
        if (error instanceof SchemaError) throw warehouseProblem(error, '');
        report(false, reasonOf(error));
      }
    },
    async ask<T>(query: string, ending: AbortSignal | number, parameters = {}) {
      const { client } = (await ready()).warehouse;
      const asked = { query, query_params: { ...parameters }, abort_signal: signalOf(ending) };
      return (await client.query({ ...asked, format: 'JSONEachRow' })).json<T>();
    },
    async write(content, signal) {
      const { warehouse, sink } = await ready().catch((error: unknown) => {
        report(false, reasonOf(error));
        throw error;
      });
      try {
        await sink.write(content, signal);
        report(true);
      } catch (error) {
        if (error instanceof RefusedError) report(true);
        else if (!signal.aborted) report(false, reasonOf(error));
        // Where another worker's warehouse has gone, whoever is left starts one.
        if (!signal.aborted && !(error instanceof RefusedError) && warehouse.borrowed) {
          opening = undefined;
          await warehouse.close();
        }
        throw error;
      }
    },
    async close() {
      await (await opening?.catch(() => undefined))?.warehouse.close();
    },
  };
}

function signalOf(ending: AbortSignal | number): AbortSignal {
  return typeof ending === 'number' ? AbortSignal.timeout(ending) : ending;
}

/** Records each change of the connection once. */
function createReporter(record: RecordEvent) {
  const server = 'ClickHouse';
  let connected: boolean | undefined;
  return (answers: boolean, reason = '') => {
    if (connected === answers) return;
    connected = answers;
    if (answers) record({ kind: 'connected', server, version: '' });
    else record({ kind: 'disconnected', server, reason });
  };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

type OpenWarehouse = { readonly warehouse: Warehouse; readonly sink: Sink };

async function openAndMigrate(
  open: () => Promise<Warehouse>,
  database: string,
  onMigrated: (files: readonly string[]) => void,
): Promise<OpenWarehouse> {
  const warehouse = await open();
  try {
    const applied = await migrateOrCheck(warehouse.client, database);
    if (applied.length > 0) onMigrated(applied);
  } catch (error) {
    await warehouse.close();
    throw error;
  }
  return { warehouse, sink: createClickHouseSink(warehouse.client, { database }) };
}
