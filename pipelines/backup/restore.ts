/** A whole installation out of its backup, on a host and a nats-server that have nothing of it. */

import { createReadStream } from 'node:fs';
import { chmod, mkdir, readdir, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Config } from '../base/config.ts';
import { EXIT, Problem } from '../base/problem.ts';
import { prefixOf, streamManager } from '../nats/jetstream.ts';
import { restoreStream } from '../nats/stream-snapshot.ts';
import { type BackupManifest, copyFile, DIRECTORY, forAll, readBackup } from './manifest.ts';

export type RestoreOptions = {
  readonly config: Config;
  readonly connection: NatsConnection;
  /** Of the backup. */
  readonly folder: string;
  /** ClickHouse was restored by its own means. */
  readonly withoutClickhouse: boolean;
  /** Called before each step, for people. */
  readonly onStep: (step: string) => void;
};

/**
 * Checks every file of the backup first, then that nothing is in the way; only then makes streams and directory. The
 * directory gets its name last: an interrupted restore has none, and is told by the streams that are there.
 *
 * @throws Problem when the backup is damaged, or something of an installation is there already
 */
export async function restore(options: RestoreOptions): Promise<BackupManifest> {
  const { config, connection, folder, onStep } = options;
  onStep(`check of ${folder}`);
  const manifest = await readBackup(folder);
  if (manifest.clickhouse === 'server' && !options.withoutClickhouse)
    throw withoutWarehouse(folder);
  refuseOtherNames(manifest, prefixOf(connection));
  const directory = resolve(config.directory);
  await refuseOccupied(directory, manifest, connection);
  const draft = `${directory}.restoring`;
  await rm(draft, { recursive: true, force: true });
  onStep(`directory ${directory}`);
  await restoreTree(manifest, folder, draft);
  for (const { head, created, file } of manifest.streams) {
    onStep(`stream ${head.config.name}`);
    const chunks = createReadStream(join(folder, file.path), { highWaterMark: 131_072 });
    const found = await restoreStream(connection, head, chunks);
    // Tokens and checkpoints are of a stream that was created then.
    if (found !== created) throw otherStream(head.config.name, created, found);
  }
  await rm(directory, { recursive: true, force: true });
  await rename(draft, directory);
  return manifest;
}

/** Streams keep their names: under another prefix no worker would find them. */
function refuseOtherNames({ streams }: BackupManifest, prefix: string | undefined): void {
  const own = prefix === undefined ? '' : `${prefix}_`;
  const begins = [own, `KV_${own}`, `OBJ_${own}`].map((begin) => `${begin}ANDON_`);
  const names = streams.map(({ head }) => head.config.name);
  const other = names.find((name) => !begins.some((begin) => name.startsWith(begin)));
  if (other === undefined) return;
  throw new Problem({
    where: 'nats.prefix',
    expected: `the prefix of the installation that was backed up, whose streams are named as ${other}`,
    found: prefix ?? 'none',
    remedy: 'Set nats.prefix (NATS_PREFIX) to that one, or leave it out if that one had none.',
    exit: EXIT.input,
  });
}

async function refuseOccupied(
  directory: string,
  { streams }: BackupManifest,
  connection: NatsConnection,
): Promise<void> {
  const [found] = await readdir(directory).catch(() => []);
  if (found !== undefined) throw occupied(directory, 'an empty directory, or none', found);
  const wanted = new Set(streams.map(({ head }) => head.config.name));
  const manager = await streamManager(connection);
  for await (const name of manager.streams.names()) {
    if (wanted.has(name)) throw occupied(connection.getServer(), `no stream ${name}`, name);
  }
}

function occupied(where: string, expected: string, found: string): Problem {
  return new Problem({
    where,
    expected,
    found,
    remedy:
      'Restore where nothing of an installation is. What an interrupted restore left is removed by hand: ' +
      '`nats stream rm`.',
    exit: EXIT.input,
  });
}

function withoutWarehouse(where: string): Problem {
  return new Problem({
    where,
    expected: 'a backup that has ClickHouse in it',
    found: 'one of an installation with a ClickHouse server',
    remedy:
      'Run RESTORE DATABASE on the server, with the backup of the same moment, and this with --without-clickhouse.',
    exit: EXIT.input,
  });
}

function otherStream(where: string, expected: string, found: string): Problem {
  return new Problem({
    where,
    expected: `a stream created at ${expected}, as its backup says`,
    found,
    remedy: 'This nats-server does not keep it: restore with another version.',
    exit: EXIT.outside,
  });
}

async function restoreTree(
  { files, links }: BackupManifest,
  folder: string,
  draft: string,
): Promise<void> {
  await mkdir(draft, { recursive: true, mode: 0o700 });
  await forAll(files, async ({ path, mode }) => {
    const target = join(draft, relative(DIRECTORY, path));
    await copyFile(join(folder, path), target, mode);
    // Whatever the umask is.
    await chmod(target, mode);
  });
  for (const { path, target } of links) {
    const link = join(draft, path);
    await mkdir(dirname(link), { recursive: true, mode: 0o700 });
    await symlink(target, link);
  }
}
