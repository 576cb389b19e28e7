import type { RigOptions } from './rig.ts';
import { warehouseAt } from './rig-parts.ts';

/** Options of benchmarks that can run on somebody's own machines. */
export const MACHINES = {
  nats: { type: 'string' },
  clickhouse: { type: 'string' },
} as const;

/** A nats-server without a log of Andon, and a ClickHouse in which a database is made and dropped: see docs/performance.md. */
export function machinesOf({
  nats,
  clickhouse,
}: {
  readonly nats?: string | undefined;
  readonly clickhouse?: string | undefined;
}): Pick<RigOptions, 'nats' | 'warehouse'> {
  return { nats, ...(clickhouse === undefined ? {} : { warehouse: warehouseAt(clickhouse) }) };
}
