import type { Command } from 'commander';
import { backUp } from '../backup/backup.ts';
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
    .action((folder: string, options: Options) => carryOut(folder, options, backUp, 'backed up'));
}

/** Adds `andon restore`: an installation out of its backup, where nothing of it is. */
export function registerRestore(command: Command): void {
  addOptions(command)
    .argument('<folder>', 'where the backup is')
    .addHelpText(
      'after',
      '\nThe nats-server has no stream of Andon, and the directory of the configuration is empty.',
    )
    .action((folder: string, options: Options) => carryOut(folder, options, restore, 'restored'));
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
  work: typeof backUp,
  done: string,
): Promise<void> {
  const config = readConfig(file);
  const started = performance.now();
  const onStep = (step: string) => {
    if (json !== true) console.error(step);
  };
  const { made, streams, files } = await withNats(config, 'andon backup', (connection) =>
    work({ config, connection, folder, withoutClickhouse: withoutClickhouse === true, onStep }),
  );
  const bytes = sumOf(files) + sumOf(streams.map((stream) => stream.file));
  const seconds = (performance.now() - started) / 1_000;
  const messages = streams.reduce((sum, { head }) => sum + head.state.messages, 0);
  const numbers = { made, streams: streams.length, messages, files: files.length, bytes, seconds };
  if (json === true) console.log(JSON.stringify(numbers));
  else {
    console.log(
      `${done}: ${streams.length} streams with ${messages} messages, ${files.length} files, ` +
        `${bytes} bytes, in ${seconds.toFixed(1)} s`,
    );
  }
}

function sumOf(files: BackupManifest['files']): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}
