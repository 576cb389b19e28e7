import type { Command } from 'commander';
import { openAuditor } from '../audit/audit.ts';
import { sha256Of } from '../audit/chain.ts';
import { type BackupOptions, backUp } from '../backup/backup.ts';
import type { BackupManifest } from '../backup/manifest.ts';
import { restore } from '../backup/restore.ts';
import { readConfig } from '../base/config.ts';
import { withNats } from './with-nats.ts';

type Options = {
  readonly config?: string;
  readonly withoutClickhouse?: true;
  readonly json?: true;
};

/** Adds `andon backup`: streams, buckets, directory and embedded ClickHouse into a folder. */
export function registerBackup(command: Command): void {
  addOptions(command)
    .argument('<folder>', 'where the backup goes: a new or an empty folder')
    .addHelpText(
      'after',
      '\nWorkers are stopped meanwhile (SIGTERM); plants go on publishing. See docs/operations.md.',
    )
    .action((folder: string, options: Options) => carryOut(folder, options, 'backup'));
}

/** Adds `andon restore`: an installation out of its backup, where nothing of it is. */
export function registerRestore(command: Command): void {
  addOptions(command)
    .argument('<folder>', 'where the backup is')
    .addHelpText(
      'after',
      '\nThe nats-server has no stream of Andon, and the directory of the configuration is empty.',
    )
    .action((folder: string, options: Options) => carryOut(folder, options, 'restore'));
}

function addOptions(command: Command): Command {
  return command
    .option('--config <file>', 'configuration (YAML); the environment overlays it')
    .option(
      '--without-clickhouse',
      'a ClickHouse server is backed up and restored by its own means',
    )
    .option('--json', 'what was done as JSON');
}

async function carryOut(
  folder: string,
  { config: file, withoutClickhouse, json }: Options,
  act: 'backup' | 'restore',
): Promise<void> {
  const config = readConfig(file);
  const started = performance.now();
  const onStep = (step: string) => {
    if (json !== true) console.error(step);
  };
  const how = { config, folder, withoutClickhouse: withoutClickhouse === true, onStep };
  const { made, streams, files } = await (act === 'backup' ? audited(how) : restored(how));
  const bytes = sumOf(files) + sumOf(streams.map((stream) => stream.file));
  const seconds = (performance.now() - started) / 1_000;
  const messages = streams.reduce((sum, { head }) => sum + head.state.messages, 0);
  const numbers = { made, streams: streams.length, messages, files: files.length, bytes, seconds };
  if (json === true) console.log(JSON.stringify(numbers));
  else {
    console.log(
      `${act === 'backup' ? 'backed up' : 'restored'}: ${streams.length} streams with ${messages} messages, ${files.length} files, ` +
        `${bytes} bytes, in ${seconds.toFixed(1)} s`,
    );
  }
}

type How = Omit<BackupOptions, 'connection'>;

/** The backup has its own intent in it. */
function audited(how: How): Promise<BackupManifest> {
  return withNats(how.config, 'andon backup', async (connection) => {
    const { user } = how.config;
    const auditor = await openAuditor(connection, { via: 'backup', user });
    return auditor.around([actOf('backup', how)], () => backUp({ ...how, connection }), after);
  });
}

/** Written down afterwards: before it there is no audit stream to write into. */
function restored(how: How): Promise<BackupManifest> {
  return withNats(how.config, 'andon backup', async (connection) => {
    const manifest = await restore({ ...how, connection });
    const { user } = how.config;
    const auditor = await openAuditor(connection, { via: 'worker', user });
    const [hash] = after(manifest);
    await auditor.note({ ...actOf('restore', how), ...hash });
    return manifest;
  });
}

function actOf(act: string, { config }: How) {
  return { act, what: config.pipeline };
}

/** The manifest has the hash of every file of the backup. */
function after(manifest: BackupManifest) {
  return [{ after: sha256Of(JSON.stringify(manifest)) }];
}

function sumOf(files: BackupManifest['files']): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}
