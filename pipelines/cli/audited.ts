/** How commands write into the audit stream what a person does by them. */

import type { NatsConnection } from '@nats-io/transport-node';
import { type AuditedAct, type Auditor, openAuditor } from '../audit/audit.ts';
import { listEntries } from '../audit/audit-text.ts';
import { sha256Of } from '../audit/chain.ts';
import { chainExtent } from '../audit/stored-chain.ts';
import type { Config } from '../base/config.ts';
import { EXIT, Problem } from '../base/problem.ts';
import { connectNats } from '../nats/nats.ts';
import type { PlantChange } from '../nats/partition.ts';
import { withNats } from './with-nats.ts';

/** Each model and each set of rules that is applied or proposed, with the hash of what goes into the log. */
export function applyActs(
  changes: readonly PlantChange[],
  reason?: string | undefined,
  act: 'apply' | 'apply-propose' = 'apply',
): readonly AuditedAct[] {
  return changes.flatMap(({ messages }) =>
    messages.map(({ subject, payload }) => ({
      ...{ act, what: subject, after: sha256Of(payload), reason },
    })),
  );
}

/** A proposal that is older was of another time. Milliseconds. */
const PROPOSED_WITHIN = 30 * 86_400_000;

/**
 * Somebody else has proposed each of these, with the same content.
 *
 * @throws Problem where nobody has, or nobody but who applies it
 */
export async function checkFourEyes(
  connection: NatsConnection,
  acts: readonly AuditedAct[],
  who: string,
): Promise<void> {
  const since = Date.now() - PROPOSED_WITHIN;
  const chosen = { since, who: undefined, most: Number.POSITIVE_INFINITY };
  const proposed = (await listEntries(connection, chosen)).filter(
    ({ act, step }) => act === 'apply-propose' && step === 'done',
  );
  for (const { what, after } of acts) {
    const same = proposed.filter((one) => one.what === what && one.after === after);
    if (same.some((one) => one.who !== who)) continue;
    throw new Problem({
      where: `andon apply: ${what}`,
      expected: 'that somebody else has proposed just this in the last 30 days (four_eyes)',
      found: same.length === 0 ? 'no such proposal' : `a proposal by ${who} alone`,
      remedy: 'One of you runs andon apply --propose with these files, and the other andon apply.',
      exit: EXIT.input,
    });
  }
}

/**
 * Written before models and rules are published beside other messages: then their places are not known.
 *
 * @throws Problem where four eyes are wanted, and nobody else has proposed them
 */
export async function noteApplied(
  config: Config,
  connection: NatsConnection,
  changes: readonly PlantChange[],
): Promise<void> {
  const auditor = await openAuditor(connection, { via: 'engineer', user: config.user });
  const acts = applyActs(changes);
  if (config.four_eyes) await checkFourEyes(connection, acts, auditor.who);
  for (const act of acts) await auditor.note(act);
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
