/** How commands write into the audit stream what a person does by them. */

import type { NatsConnection } from '@nats-io/transport-node';
import { type AuditedAct, type Auditor, openAuditor } from '../audit/audit.ts';
import { sha256Of } from '../audit/chain.ts';
import { chainExtent } from '../audit/stored-chain.ts';
import type { Config } from '../base/config.ts';
import { connectNats } from '../nats/nats.ts';
import type { PlantChange } from '../nats/partition.ts';
import { withNats } from './with-nats.ts';

/** Each model and each set of rules that is applied, with the hash of what goes into the log. */
export function applyActs(
  changes: readonly PlantChange[],
  reason?: string | undefined,
): readonly AuditedAct[] {
  return changes.flatMap(({ messages }) =>
    messages.map(({ subject, payload }) => ({
      ...{ act: 'apply', what: subject, after: sha256Of(payload), reason },
    })),
  );
}

/** Written before models and rules are published beside other messages: then their places are not known. */
export async function noteApplied(
  config: Config,
  connection: NatsConnection,
  changes: readonly PlantChange[],
): Promise<void> {
  const auditor = await openAuditor(connection, { via: 'engineer', user: config.user });
  for (const act of applyActs(changes)) await auditor.note(act);
}

/** Each file of the schema that runs. */
export function migrationActs(database: string, files: readonly string[]): readonly AuditedAct[] {
  return files.map((file) => ({ act: 'migrate', what: `${database} ${file}` }));
}

/**
 * Does something on the host of a worker with an auditor of whoever runs the command.
 *
 * @throws Problem when NATS does not answer: what cannot be written down is not done
 */
export function withAuditor<T>(
  config: Config,
  name: string,
  work: (auditor: Auditor, connection: NatsConnection) => Promise<T>,
): Promise<T> {
  return withNats(config, name, async (connection) =>
    work(await openAuditor(connection, { via: 'worker', user: config.user }), connection),
  );
}

/**
 * Writes down what was only looked at or printed, where there is an audit stream. Whether it was written: without NATS
 * nothing is kept from being looked at.
 */
export async function noteIfPossible(config: Config, act: AuditedAct): Promise<boolean> {
  try {
    const connection = await connectNats({ ...config.nats, name: 'andon', patience: 0 });
    try {
      if ((await chainExtent(connection)) === undefined) return false;
      const auditor = await openAuditor(connection, { via: 'worker', user: config.user });
      await auditor.note(act);
      return true;
    } finally {
      await connection.close();
    }
  } catch {
    return false;
  }
}
