import { Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { z } from 'zod';
import { EXIT, Problem } from '../../base/problem.ts';
import type { Run } from '../epochs/run.ts';

const homeSchema = z.object({
  host: z.string(),
  directory: z.string(),
  run: z.string(),
  created: z.string(),
});

/** Where the state of a run is, remembered beside the log for as long as the server keeps it. */
export type Home = z.infer<typeof homeSchema>;

export interface Homes {
  /**
   * A directory without any state may only begin a run that has no home yet: worked again from another beginning, the
   * same run would cut its epochs elsewhere, and land its rows twice.
   *
   * @throws Problem that says where the state is
   */
  check(run: Run): Promise<void>;
  remember(run: Run): Promise<void>;
}

const BUCKET = 'ANDON_HOMES';

export async function openHomes(
  connection: NatsConnection,
  key: string,
  place: Pick<Home, 'host' | 'directory'>,
): Promise<Homes> {
  const bucket = await new Kvm(connection).create(BUCKET, { history: 1 });
  return {
    async check({ run, created }) {
      const entry = await bucket.get(key);
      if (entry === null || entry.operation !== 'PUT') return;
      const home = homeSchema.parse(entry.json());
      if (home.run !== run || home.created !== created) return;
      throw new Problem({
        where: place.directory,
        expected: `the state of run ${run}, which is in ${home.directory} on ${home.host}`,
        found: 'an empty directory',
        remedy: 'Work there, or move that directory here as a whole, or begin a new run (`run`).',
        exit: EXIT.input,
      });
    },
    async remember({ run, created }) {
      const home: Home = { ...place, run, created };
      await bucket.put(key, JSON.stringify(home));
    },
  };
}
