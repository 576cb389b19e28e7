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
  /** Those of some verbs to one system, until the signal aborts. Who comes later has the stream read anew. */
  of(options: KnownOptions): KnownCommands;
}

export type KnownOptions = {
  readonly system: string;
  readonly verbs: ReadonlySet<string>;
  readonly read: CommandReader['read'];
  readonly signal: AbortSignal;
};

/** What is held of one system. */
type Held = {
  readonly system: string;
  readonly verbs: ReadonlySet<string>;
  readonly byKey: Map<string, Command>;
  readonly undone: Map<string, string>;
  /** What comes before it in the stream is known. */
  next: number;
};

/** `from`: gives the commands to all systems from a sequence on. */
export function createCommandIndex(from: CommandReader['from']): CommandIndex {
  const all = new Set<Held>();
  let reading: Promise<void> = Promise.resolve();

  async function read(): Promise<void> {
    // Who comes while this is read has a look of its own behind it.
    const now = [...all];
    if (now.length === 0) return;
    for await (const stored of from(Math.min(...now.map(({ next }) => next)))) {
      for (const held of now) {
        if (stored.sequence < held.next) continue;
        if (stored.kind === 'command') take(held, stored.command);
        held.next = stored.sequence + 1;
      }
    }
  }

  function take({ system, verbs, byKey, undone }: Held, command: Command): void {
    if (command.system !== system) return;
    if (verbs.has(command.verb)) byKey.set(command.key, command);
    if (command.undoes !== null) undone.set(command.undoes, command.id);
  }

  return {
    of({ system, verbs, read: readOne, signal }) {
      const held: Held = { system, verbs, byKey: new Map(), undone: new Map(), next: 1 };
      all.add(held);
      signal.addEventListener('abort', () => all.delete(held), { once: true });
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
