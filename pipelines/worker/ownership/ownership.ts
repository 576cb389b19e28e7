/** Front door: who works a partition, what it claims, and where the state of a run is. */

import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import type { NatsConnection } from '@nats-io/transport-node';
import { z } from 'zod';
import type { Config } from '../../base/config.ts';
import { EXIT, Problem } from '../../base/problem.ts';
import { openBucket, type StoreOptions } from '../../nats/streams.ts';
import type { Run } from '../epochs/checkpoints.ts';
import { takeLease } from './lease.ts';

/** Who works a partition, and in which directory its state is. */
export type WorkerIdentity = { readonly owner: string; readonly directory: string };

export interface Claim {
  /** Fires with a `Problem` when another worker took the partition. */
  readonly lost: AbortSignal;
  homes(): Promise<Homes>;
  release(): Promise<void>;
}

export interface Homes {
  /**
   * A directory without any state may only begin a run that has no home yet: worked again from another beginning, the
   * same run would cut its epochs elsewhere, and land its rows twice. One that sends what it decides needs the whole log,
   * where another run has worked it before. `sendsFrom`: the first message of the log; undefined: it sends nothing, or
   * somebody has accepted that.
   *
   * @throws Problem that says where the state is
   */
  check(run: Run, sendsFrom?: number): Promise<void>;
  record(run: Run): Promise<void>;
}

/** Where the state of a run is, kept beside the log for as long as the server keeps it. */
type Home = z.infer<typeof homeSchema>;

const homeSchema = z.object({
  host: z.string(),
  directory: z.string(),
  run: z.string(),
  created: z.string(),
});

export function workerIdentity(config: Config): WorkerIdentity {
  return {
    owner: config.owner ?? `${hostname()}:${process.pid}`,
    directory: resolve(join(config.directory, `${config.pipeline}-${config.partition}`)),
  };
}

/**
 * Claims a partition for this worker: the lease against others that run, and the homes of runs against beginning one
 * anew elsewhere. The directory itself is locked by the caller (`lockDirectory`).
 *
 * @throws Problem with the name of whoever holds it
 */
export async function claimPartition(
  connection: NatsConnection,
  key: string,
  { owner, directory }: WorkerIdentity,
  options: StoreOptions = {},
): Promise<Claim> {
  const me = { owner, host: hostname(), directory };
  const expected = 'a partition that no other worker holds';
  const lease = await takeLease({ ...options, connection, key, expected, me });
  return {
    lost: lease.lost,
    homes: () => openHomes(connection, key, { host: me.host, directory }, options),
    release: () => lease.release(),
  };
}

export async function openHomes(
  connection: NatsConnection,
  key: string,
  own: Pick<Home, 'host' | 'directory'>,
  options: StoreOptions = {},
): Promise<Homes> {
  const bucket = await openBucket(connection, 'homes', options);
  return {
    async check({ run, created }, sendsFrom) {
      const entry = await bucket.get(key);
      if (entry === null || entry.operation !== 'PUT') return;
      const home = homeSchema.parse(entry.json());
      if (home.created !== created) return;
      if (home.run !== run) {
        if (sendsFrom !== undefined && sendsFrom > 1) throw beginsTooLate(run, home, sendsFrom);
        return;
      }
      throw new Problem({
        where: own.directory,
        expected: `the state of run ${run}, which is in ${home.directory} on ${home.host}`,
        found: 'an empty directory',
        remedy: 'Work there, or move that directory here as a whole, or begin a new run (`run`).',
        exit: EXIT.input,
      });
    },
    async record({ run, created }) {
      const home: Home = { ...own, run, created };
      await bucket.put(key, JSON.stringify(home));
    },
  };
}

/** What is open since before the log begins is in the states of the other run alone: this one would ask for it again. */
function beginsTooLate(run: string, home: Home, first: number): Problem {
  return new Problem({
    where: `run ${run}, which sends what it decides`,
    expected: `the log from its first message on, as run ${home.run} (${home.directory} on ${home.host}) had it`,
    found: `that it begins with message ${first}: the ones before were trimmed`,
    remedy:
      'Requests and works that are open since before would be asked for again, under other ids. ' +
      'Begin it with `send: false` to look at its answers; or settle what is open (`andon requests`), ' +
      'and begin it with `--accept-loss`.',
    exit: EXIT.input,
  });
}
