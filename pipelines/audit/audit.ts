/** Front door: what a person does with an installation is written into the audit stream, before it is done and after. */

import type { NatsConnection } from '@nats-io/transport-node';
import { EXIT, Problem } from '../base/problem.ts';
import type { RoleName } from '../base/roles.ts';
import {
  ensureAudit,
  ensureReasons,
  isNotPermitted,
  isWithoutStream,
  type StoreOptions,
} from '../nats/streams.ts';
import { appendEntry, type ChainStore } from './append.ts';
import { type AuditEntry, type EntryFacts, FIRST_SUBJECT } from './chain.ts';
import { keepReason, userIdOf } from './people.ts';
import { openStoredChain } from './stored-chain.ts';

/** An act, for whoever does it. */
export type AuditedAct = Pick<EntryFacts, 'act' | 'what'> &
  Partial<Pick<EntryFacts, 'place' | 'before' | 'after'>> & {
    /** Why, in the words of whoever acts. */
    readonly reason?: string | undefined;
  };

/** What is known of an act only once it was done. */
export type AuditedOutcome = Partial<Pick<EntryFacts, 'what' | 'place' | 'before' | 'after'>>;

export interface Auditor {
  readonly who: string;
  /** One entry for what has happened, or is no more than looked at. */
  note(act: AuditedAct): Promise<void>;
  /**
   * Writes what is intended, does it, and writes that it was done or has failed. `outcomes`: what became of each act; what
   * was done in several places has several ends.
   *
   * @throws Problem when an intent cannot be written: then nothing is done
   */
  around<T>(
    acts: readonly AuditedAct[],
    work: () => Promise<T>,
    outcomes?: (result: T, act: AuditedAct) => readonly AuditedOutcome[],
  ): Promise<T>;
}

export type AuditorOptions = StoreOptions & {
  /** The role that attests who it is: permissions of the server bind it to the user of the connection. */
  readonly via: RoleName;
  /** The configured id of whoever acts. */
  readonly user: string | undefined;
};

/** Opens the audit stream for somebody, and begins it where there is none. */
export async function openAuditor(
  connection: NatsConnection,
  options: AuditorOptions,
): Promise<Auditor> {
  const { via } = options;
  await beginChain(connection, options);
  const chain = await openStoredChain(connection);
  const who = await userIdOf(connection, options.user);
  const write = (facts: Omit<EntryFacts, 'who' | 'via'>) => append(chain, { who, via, ...facts });
  return {
    who,
    async note(act) {
      const facts = await factsOf(connection, act);
      await write({ ...facts, step: 'done', of: null }).catch((error: unknown) => {
        throw unfinished(`that ${act.act} ${act.what} was done`, error);
      });
    },
    async around(acts, work, outcomes = () => [{}]) {
      const intents: { readonly of: number; readonly act: AuditedAct; readonly facts: Facts }[] =
        [];
      for (const act of acts) {
        const facts = await factsOf(connection, act);
        const { n } = await write({ ...facts, step: 'intent', of: null });
        intents.push({ of: n, act, facts: { ...facts, reason: null } });
      }
      let result: Awaited<ReturnType<typeof work>>;
      try {
        result = await work();
      } catch (error) {
        for (const { of, facts } of intents) {
          // Without it the intent stands without an end, which says as much.
          await write({ ...facts, step: 'failed', of }).catch(() => undefined);
        }
        throw error;
      }
      for (const { of, act, facts } of intents) {
        for (const outcome of outcomes(result, act)) {
          await write({ ...facts, ...outcome, step: 'done', of }).catch((error: unknown) => {
            throw unfinished(`that what entry ${of} intends was done`, error);
          });
        }
      }
      return result;
    },
  };
}

/**
 * Makes the audit stream and its first entry where there is none; two who do so at once begin it once. Whoever may not
 * make streams counts on a worker for that.
 */
export async function beginChain(
  connection: NatsConnection,
  store: StoreOptions = {},
): Promise<void> {
  try {
    const { state } = await ensureAudit(connection, store);
    await ensureReasons(connection, store);
    if (state.last_seq > 0) return;
  } catch (error) {
    if (isNotPermitted(error)) return;
    throw error;
  }
  const first: EntryFacts = {
    ...{ who: 'begin', via: 'chain', act: 'begin', what: 'audit', step: 'done', of: null },
    ...{ place: null, before: null, after: null, reason: null },
  };
  const chain = await openStoredChain(connection);
  const isEmpty = async () => (await chain.last()) === undefined;
  await appendEntry(chain, first, { subject: FIRST_SUBJECT, isWanted: isEmpty });
}

type Facts = Omit<EntryFacts, 'who' | 'via' | 'step' | 'of'>;

async function factsOf(connection: NatsConnection, { reason, ...act }: AuditedAct): Promise<Facts> {
  const kept = reason === undefined ? null : await keepReason(connection, reason);
  return { place: null, before: null, after: null, ...act, reason: kept };
}

async function append(chain: ChainStore, facts: EntryFacts): Promise<AuditEntry> {
  try {
    const entry = await appendEntry(chain, facts);
    if (entry !== undefined) return entry;
    throw new Error('nothing was appended');
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw unwritten(facts, error);
  }
}

function unwritten({ act, via, who }: EntryFacts, cause: unknown): Problem {
  const found = cause instanceof Error ? cause.message : String(cause);
  return new Problem(
    {
      where: 'audit stream',
      expected: `to write down that ${who} (${via}) does this: ${act}`,
      found,
      remedy: `Nothing was done. ${remedyOf(cause)}`,
      exit: EXIT.outside,
    },
    { cause },
  );
}

function remedyOf(cause: unknown): string {
  if (isWithoutStream(cause)) return 'Start a worker (andon run): it makes the stream.';
  if (!isNotPermitted(cause)) return 'Try again when NATS answers.';
  return 'Use the key of a user who may, and the id in its permission (ANDON_USER).';
}

function unfinished(what: string, cause: unknown): Problem {
  return new Problem(
    {
      where: 'audit stream',
      expected: `to write down ${what}`,
      found: cause instanceof Error ? cause.message : String(cause),
      remedy: 'It was done all the same. Look at `andon audit` when NATS answers.',
      exit: EXIT.outside,
    },
    { cause },
  );
}
