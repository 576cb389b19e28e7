import { setTimeout as delay } from 'node:timers/promises';
import { createLanding } from '../../sinks/clickhouse/landing.ts';
import { migrate } from '../../sinks/clickhouse/migrate.ts';
import { SchemaError } from '../../sinks/clickhouse/schema-error.ts';
import { RefusedError } from '../../sinks/refused-error.ts';
import type { Sink } from '../../sinks/sink.ts';
import type { Config } from '../base/config.ts';
import type { RecordEvent } from '../observe/internal-events.ts';
import type { Warehouse } from './warehouse.ts';
import { warehouseProblem } from './warehouse-problem.ts';

export interface LandingSink extends Sink {
  /**
   * Opens the warehouse and brings its schema up to date. A warehouse that is away, or does not start, is no reason
   * not to begin: requests go out, epochs wait in their files, and the first that lands does this again.
   *
   * @throws Problem when the schema there is not one that this version can write to
   */
  begin(): Promise<void>;
  close(): Promise<void>;
}

type Opened = { readonly warehouse: Warehouse; readonly landing: Sink };

/** How long a worker waits at its start for a warehouse that does not answer. */
const PATIENCE = 10_000;

/** The sink `clickhouse`: rows into the warehouse, which is opened and migrated before the first of them. */
export function createLandingSink(
  open: () => Promise<Warehouse>,
  config: Config,
  record: RecordEvent,
): LandingSink {
  const { database } = config.clickhouse;
  let opening: Promise<Opened> | undefined;

  async function opened(): Promise<Opened> {
    const warehouse = await open();
    try {
      await migrate(warehouse.client, database);
    } catch (error) {
      await warehouse.close();
      throw error;
    }
    return { warehouse, landing: createLanding(warehouse.client, { database }) };
  }

  function ready(): Promise<Opened> {
    opening ??= opened();
    const attempt = opening;
    attempt.catch(() => {
      if (opening === attempt) opening = undefined;
    });
    return attempt;
  }

  /** Where another worker's warehouse has gone, whoever is left starts one. */
  async function letGo({ warehouse }: Opened): Promise<void> {
    if (!warehouse.borrowed) return;
    opening = undefined;
    await warehouse.close();
  }

  return {
    name: 'clickhouse',
    async begin() {
      const over = new AbortController();
      const late = delay(PATIENCE, undefined, { signal: over.signal }).then(() => {
        throw new Error(`no answer within ${PATIENCE / 1_000} s`);
      });
      try {
        await Promise.race([ready(), late]);
      } catch (error) {
        if (error instanceof SchemaError) throw warehouseProblem(error, '');
        const reason = error instanceof Error ? error.message : String(error);
        record({ kind: 'disconnected', server: 'ClickHouse', reason });
      } finally {
        late.catch(() => undefined);
        over.abort();
      }
    },
    async write(content, signal) {
      const current = await ready();
      try {
        await current.landing.write(content, signal);
      } catch (error) {
        if (!signal.aborted && !(error instanceof RefusedError)) await letGo(current);
        throw error;
      }
    },
    async close() {
      await (await opening?.catch(() => undefined))?.warehouse.close();
    },
  };
}
