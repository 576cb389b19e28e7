import type { Command } from '../../../operators/model/command.ts';
import type { CommandReader } from '../command-reader.ts';

/** The commands of some verbs to one system that the stream has, read on from where the last look ended. */
export interface KnownCommands {
  /** Reads what has come since. */
  refresh(): Promise<void>;
  all(): readonly Command[];
  byKey(key: string): Command | undefined;
  /** The command that takes another one back, by their ids. */
  undoOf(id: string): string | undefined;
  /** The stream has it still: what is long over leaves it. */
  isKept(id: string): Promise<boolean>;
  forget(command: Command): void;
}

export function createKnownCommands(
  commands: Pick<CommandReader, 'from' | 'read'>,
  system: string,
  verbs: ReadonlySet<string>,
): KnownCommands {
  const byKey = new Map<string, Command>();
  const undone = new Map<string, string>();
  let next = 1;
  return {
    async refresh() {
      for await (const stored of commands.from(next)) {
        next = stored.sequence + 1;
        if (stored.kind !== 'command' || stored.command.system !== system) continue;
        const { command } = stored;
        if (verbs.has(command.verb)) byKey.set(command.key, command);
        if (command.undoes !== null) undone.set(command.undoes, command.id);
      }
    },
    all: () => [...byKey.values()],
    byKey: (key) => byKey.get(key),
    undoOf: (id) => undone.get(id),
    isKept: async (id) => (await commands.read(id)) !== undefined,
    forget({ key, id }) {
      byKey.delete(key);
      undone.delete(id);
    },
  };
}
