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

/** Of all systems of a process: however many they are, the stream is read once. */
export interface CommandIndex {
  /** Those of some verbs to one system, from now on. Who comes after a look has the stream read anew. */
  of(system: string, verbs: ReadonlySet<string>, read: CommandReader['read']): KnownCommands;
}

/** What is held of one system. */
type Held = {
  readonly verbs: ReadonlySet<string>;
  readonly byKey: Map<string, Command>;
  readonly undone: Map<string, string>;
};

/** `from`: gives the commands to all systems from a sequence on. */
export function createCommandIndex(from: CommandReader['from']): CommandIndex {
  const systems = new Map<string, Held>();
  let next = 1;
  let generation = 0;
  let reading: Promise<void> = Promise.resolve();

  async function read(): Promise<void> {
    const begun = generation;
    for await (const stored of from(next)) {
      // Somebody came meanwhile, to whom the first ones are not known: it is begun anew.
      if (generation !== begun) return read();
      if (stored.kind === 'command') take(stored.command);
      next = stored.sequence + 1;
    }
  }

  function take(command: Command): void {
    const held = systems.get(command.system);
    if (held?.verbs.has(command.verb) === true) held.byKey.set(command.key, command);
    if (command.undoes !== null) held?.undone.set(command.undoes, command.id);
  }

  return {
    of(system, verbs, readOne) {
      const held: Held = { verbs, byKey: new Map(), undone: new Map() };
      systems.set(system, held);
      next = 1;
      generation += 1;
      const { byKey, undone } = held;
      return {
        refresh() {
          // One after the other: what came before this call is known after it.
          reading = reading.catch(() => undefined).then(read);
          return reading;
        },
        all: () => [...byKey.values()],
        byKey: (key) => byKey.get(key),
        undoOf: (id) => undone.get(id),
        isKept: async (id) => (await readOne(id)) !== undefined,
        forget({ key, id }) {
          byKey.delete(key);
          undone.delete(id);
        },
      };
    },
  };
}
