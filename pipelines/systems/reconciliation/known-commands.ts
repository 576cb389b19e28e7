import type { Command } from '../../../operators/model/command.ts';
import type { CommandReader } from '../command-reader.ts';

/** All commands of the stream to one system, read on from where the last look ended. */
export interface KnownCommands {
  /** Reads what has come since. */
  refresh(): Promise<void>;
  all(): readonly Command[];
  byKey(key: string): Command | undefined;
  /** The command that takes another one back, by their ids. */
  undoOf(id: string): string | undefined;
}

export function createKnownCommands(commands: CommandReader, system: string): KnownCommands {
  const byKey = new Map<string, Command>();
  const undone = new Map<string, string>();
  let next = 1;
  return {
    async refresh() {
      for await (const stored of commands.from(next)) {
        next = stored.sequence + 1;
        if (stored.kind !== 'command' || stored.command.system !== system) continue;
        const { command } = stored;
        byKey.set(command.key, command);
        if (command.undoes !== null) undone.set(command.undoes, command.id);
      }
    },
    all: () => [...byKey.values()],
    byKey: (key) => byKey.get(key),
    undoOf: (id) => undone.get(id),
  };
}
