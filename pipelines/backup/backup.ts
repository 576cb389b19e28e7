/** Front door: a backup of a whole installation while its workers are stopped. */

import { createHash } from 'node:crypto';
import { mkdir, open, readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Config } from '../base/config.ts';
import { EXIT, Problem } from '../base/problem.ts';
import { type DirectoryLock, lockDirectory } from '../base/process-lock.ts';
import { prefixOf, streamManager } from '../nats/jetstream.ts';
import { snapshotStream } from '../nats/stream-snapshot.ts';
import { openEpochStore } from '../worker/epochs/epoch-store.ts';
import { claimPartition, workerIdentity } from '../worker/ownership/ownership.ts';
import { type BackupManifest, copyTree, STREAMS, writeManifest } from './manifest.ts';

export type BackupOptions = {
  readonly config: Config;
  readonly connection: NatsConnection;
  /** Empty, or made. */
  readonly folder: string;
  /** ClickHouse is a server, which is backed up by its own means at the same time. */
  readonly withoutClickhouse: boolean;
  /** Called before each step, for people. */
  readonly onStep: (step: string) => void;
};

/** Streams of one installation, buckets among them. Leases are of processes that run. */
function ownStreams(connection: NatsConnection): { isOwn: RegExp; isLog: RegExp } {
  const prefix = prefixOf(connection);
  const begin = prefix === undefined ? '' : `${prefix}_`;
  return {
    isOwn: new RegExp(`^(?:KV_|OBJ_)?${begin}ANDON_(?!LEASES$)`),
    isLog: new RegExp(`^${begin}ANDON_\\d+$`),
  };
}

const WAREHOUSE = 'warehouse';

/**
 * Copies directory, embedded warehouse, buckets and streams, in this order. Nobody works the partitions meanwhile: the
 * locks of the directories and the leases are held here. So directory, warehouse, requests and ledger are of one moment,
 * and the log, which comes last, holds all that they have seen. What plants publish meanwhile is read after a restore.
 *
 * @throws Problem when a worker runs, or rows wait for a ClickHouse that is backed up elsewhere
 */
export async function backUp(options: BackupOptions): Promise<BackupManifest> {
  const { config, connection, folder, onStep } = options;
  const { url } = config.clickhouse;
  if (url !== undefined && !options.withoutClickhouse) throw isServer(url);
  await makeEmpty(folder);
  const releases: (() => Promise<void>)[] = [];
  try {
    releases.push(...(await claimAll(config, connection)));
    if (url !== undefined) await refuseWaiting(config);
    const directory = resolve(config.directory);
    onStep(`directory ${directory}`);
    const tree = await copyTree(directory, folder);
    const streams: BackupManifest['streams'] = [];
    for (const name of await streamNames(connection)) {
      onStep(`stream ${name}`);
      streams.push(await copyStream(connection, name, folder));
    }
    const manifest: BackupManifest = {
      made: new Date().toISOString(),
      pipeline: config.pipeline,
      partitions: config.partitions,
      clickhouse: url === undefined ? 'embedded' : 'server',
      streams,
      ...tree,
    };
    await writeManifest(folder, manifest);
    return manifest;
  } finally {
    for (const release of releases.reverse()) await release();
  }
}

async function makeEmpty(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const [found] = await readdir(folder);
  if (found === undefined) return;
  throw new Problem({
    where: folder,
    expected: 'an empty folder for the backup',
    found: `${found} in it`,
    remedy: 'Name another folder.',
    exit: EXIT.input,
  });
}

/** Every partition, so that no worker can start; and of those whose directory is here, the directory. */
async function claimAll(config: Config, connection: NatsConnection) {
  const releases: (() => Promise<void>)[] = [];
  const hold = (lock: DirectoryLock) => releases.push(() => lock.release());
  try {
    if (config.clickhouse.url === undefined) {
      hold(await lockDirectory(join(resolve(config.directory), WAREHOUSE), 'andon backup'));
    }
    for (let partition = 0; partition < config.partitions; partition += 1) {
      const { directory } = workerIdentity({ ...config, partition });
      if (await isThere(directory)) hold(await lockDirectory(directory, 'andon backup'));
      const key = `${config.pipeline}-${partition}`;
      const claim = await claimPartition(connection, key, { owner: 'andon backup', directory });
      releases.push(() => claim.release());
    }
    return releases;
  } catch (error) {
    for (const release of releases.reverse()) await release();
    throw error;
  }
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** A server's own backup has no tokens: what was perhaps sent and comes again would be doubled. */
async function refuseWaiting(config: Config): Promise<void> {
  for (let partition = 0; partition < config.partitions; partition += 1) {
    const { directory } = workerIdentity({ ...config, partition });
    if (!(await isThere(directory))) continue;
    const store = await openEpochStore(directory, ['clickhouse'], () => undefined);
    const { files } = store.waiting();
    if (files === 0) continue;
    throw new Problem({
      where: directory,
      expected: 'a drained worker: every epoch in ClickHouse',
      found: `${files} epochs that have not landed`,
      remedy: 'Start the worker until andon_sink_behind_epochs is 0, then stop it with SIGTERM.',
      exit: EXIT.outside,
    });
  }
}

function isServer(url: string): Problem {
  return new Problem({
    where: url,
    expected: 'the embedded ClickHouse, which lies in the directory',
    found: 'a server',
    remedy:
      'Stop the workers, run BACKUP DATABASE on the server, and this with --without-clickhouse, before they start again.',
    exit: EXIT.input,
  });
}

/** The log comes last. */
async function streamNames(connection: NatsConnection): Promise<readonly string[]> {
  const manager = await streamManager(connection);
  const names: string[] = [];
  const { isOwn, isLog } = ownStreams(connection);
  for await (const name of manager.streams.names()) if (isOwn.test(name)) names.push(name);
  const last = (name: string) => Number(isLog.test(name));
  return names.sort((a, b) => last(a) - last(b) || (a < b ? -1 : 1));
}

async function copyStream(
  connection: NatsConnection,
  name: string,
  folder: string,
): Promise<BackupManifest['streams'][number]> {
  const manager = await streamManager(connection);
  const { created } = await manager.streams.info(name);
  const path = join(STREAMS, `${name}.snapshot`);
  await mkdir(join(folder, STREAMS), { recursive: true, mode: 0o700 });
  const file = await open(join(folder, path), 'wx', 0o600);
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    const head = await snapshotStream(connection, name, async (chunk) => {
      hash.update(chunk);
      bytes += chunk.length;
      await file.writeFile(chunk);
    });
    await file.sync();
    const sha256 = hash.digest('hex');
    return { head, created, file: { path, bytes, sha256, mode: 0o600 } };
  } finally {
    await file.close();
  }
}
