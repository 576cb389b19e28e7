import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NatsConnection } from '@nats-io/transport-node';
import { Command } from 'commander';
import { vi } from 'vitest';
import { beginChain } from '../../pipelines/audit/audit.ts';
import { registerNatsConfig } from '../../pipelines/cli/nats-config.ts';
import type { NatsSettings } from '../../pipelines/nats/connection-options.ts';
import { connectNats } from '../../pipelines/nats/nats.ts';
import {
  ensureCheckpoints,
  ensureCommands,
  ensureCommits,
  ensurePartition,
  ensureRequests,
  openBucket,
} from '../../pipelines/nats/streams.ts';
import { openLedger } from '../../pipelines/systems/ledger.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { startNats, type TestNats } from './nats.ts';

/** Two plants: one with two lines, which are in two of four partitions. */
export const TWO_PLANTS = {
  plants: [
    {
      id: 'works',
      lines: [
        { id: 'line1', assets: [{ id: 'press', points: [{ id: 'de' }] }, { id: 'pump' }] },
        { id: 'line2', assets: [{ id: 'press' }] },
      ],
    },
    { id: 'mill', lines: [{ id: 'line1', assets: [{ id: 'press' }] }] },
  ],
};

/** A nats-server with the configuration that `andon nats-config` prints, and the keys that it made. */
export interface PrintedNats {
  readonly server: TestNats;
  /** plant.yaml */
  readonly model: string;
  /** The folder with the seeds. */
  readonly keys: string;
  /** How a user of the configuration logs in, under the name of its key: `gateway.works.line1`. */
  settings(user: string): Omit<NatsSettings, 'name'>;
  connect(user: string): Promise<NatsConnection>;
  stop(): Promise<void>;
}

export type PrintedOptions = {
  readonly partitions: number;
  readonly plants?: object;
  /** `nats.prefix` of the installation. */
  readonly prefix?: string;
  /** More of what stands in `jetstream { … }`. */
  readonly jetstream?: string;
  /** More of the command line. */
  readonly words?: readonly string[];
  /** A change of what was printed, made by hand. */
  readonly rewrite?: (config: string) => string;
};

/** What `andon nats-config` prints. */
export async function printedConfig(...words: readonly string[]): Promise<string> {
  const lines: string[] = [];
  const spy = vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(String(line)));
  const program = new Command().exitOverride();
  registerNatsConfig(program.command('nats-config'));
  try {
    await program.parseAsync(['node', 'andon', 'nats-config', ...words]);
  } finally {
    spy.mockRestore();
  }
  return lines.join('\n');
}

export async function startPrintedNats(options: PrintedOptions): Promise<PrintedNats> {
  const { partitions, plants = TWO_PLANTS, prefix, words = ['--no-tls'] } = options;
  const { rewrite, jetstream = '' } = options;
  const folder = temporaryDirectory();
  const model = join(folder, 'plant.yaml');
  const keys = join(folder, 'keys');
  // What is JSON is YAML.
  writeFileSync(model, JSON.stringify(plants));
  const count = ['--partitions', String(partitions)];
  const file = join(folder, 'andon.yaml');
  writeFileSync(file, JSON.stringify({ nats: prefix === undefined ? {} : { prefix } }));
  const named = [...count, '--config', file, ...words];
  const config = await printedConfig('--model', model, '--keys', keys, ...named);
  const server = await startNats({ config: rewrite?.(config) ?? config, jetstream });
  const settings = (user: string) => ({
    ...{ servers: server.url, nkey: join(keys, `${user}.nk`) },
    ...(prefix === undefined
      ? { inbox: `_INBOX_${user}` }
      : { inbox: `_INBOX_${prefix}_${user}`, prefix }),
    ...(/^(?:console|read-only|engineer\..*)$/.test(user) ? { domain: 'andon' } : {}),
  });
  const open: NatsConnection[] = [];
  return {
    server,
    ...{ model, keys, settings },
    async connect(user) {
      const connection = await connectNats({ ...settings(user), name: user });
      open.push(connection);
      return connection;
    },
    async stop() {
      for (const connection of open) await connection.close();
      await server.stop();
    },
  };
}

/** Makes every stream and bucket, each by the role that has to. */
export async function makeStreams(nats: PrintedNats, partitions: number): Promise<NatsConnection> {
  const worker = await nats.connect('worker');
  for (let partition = 0; partition < partitions; partition += 1) {
    await ensurePartition(worker, { partition, partitions });
    await ensureCheckpoints(worker, partition);
  }
  await ensureRequests(worker);
  await ensureCommands(worker);
  await ensureCommits(worker);
  for (const bucket of ['leases', 'homes', 'names'] as const) await openBucket(worker, bucket);
  await openLedger(await nats.connect('requests'));
  await beginChain(worker);
  return worker;
}
