import { readConfig } from '../base/config.ts';
import { openWarehouse, type Warehouse } from '../warehouse/warehouse.ts';
import { warehouseProblem } from '../warehouse/warehouse-problem.ts';

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
