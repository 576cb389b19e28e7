import type { Config } from '../base/config.ts';
import { examineClickHouse } from './clickhouse.ts';
import type { Finding } from './finding.ts';
import { examineMachine } from './machine.ts';
import { examineNats } from './nats.ts';

/** Examines everything that a worker with this configuration needs. */
export async function examine(config: Config): Promise<readonly Finding[]> {
  // In turn: the machine's checks make the directory that the embedded engine uses.
  return [
    ...(await examineMachine(config)),
    ...(await examineNats(config)),
    ...(await examineClickHouse(config)),
  ];
}

/** One line a finding, and below it what to do. */
export function describe(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  return findings
    .map(({ check, state, found, remedy }) => {
      const line = `${state.padEnd(4)}  ${check.padEnd(width)}  ${found}`;
      return remedy === undefined ? line : `${line}\n${' '.repeat(width + 8)}${remedy}`;
    })
    .join('\n');
}
