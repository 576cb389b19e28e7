/**
 * A system that takes commands, whatever its interface is: a set of verbs. One call each, never repeated in here: who
 * repeats must know why.
 */

import type { Command } from '../../operators/model/command.ts';
import type { Call } from './caller.ts';
import type { Difference, ReadChanges } from './changes.ts';
import type { AnswerValues } from './fields.ts';
import type { CallOutcome } from './outcome.ts';
import type { ReadStatus } from './status.ts';

/** What an answer gave: values that the reply has, and others that only the calls after it use. */
export type Gained = { readonly gives: AnswerValues; readonly names: AnswerValues };

/** An object of the system that carries the key of a command. */
export type CommandObject = Gained & { readonly remote: string };

/** A command in the middle of its calls: the object that it is about, and all values so far. */
export type CommandInput = {
  readonly command: Command;
  readonly remote: string | null;
  readonly values: AnswerValues;
};

/** A call about an object that is there. */
export type ObjectCall = {
  /** Whether it changes something. One that only reads is made again at each try. */
  readonly changes: boolean;
  /** Asks whether it was made before; undefined where a repeat does no harm. */
  readonly wasMade:
    | ((subject: CommandInput, call: Call) => Promise<CallOutcome<boolean>>)
    | undefined;
  make(subject: CommandInput, call: Call): Promise<CallOutcome<Gained>>;
};

/** What becomes of an object later. */
export type ObjectState = {
  readonly read: ReadStatus<string>;
  /** Nothing follows one of these words. */
  readonly final: ReadonlySet<string>;
  /** Milliseconds between two looks. */
  readonly every: number;
  /** The last word is in the log: whatever said it may be put away. */
  readonly taken?: (remote: string) => Promise<void>;
};

/** What a system has of the objects of one verb, for whoever compares both sides. */
export type HeldObjects = {
  readonly changes: ReadChanges;
  /** What an object that was listed says of its state; null when nothing that is known. */
  readonly stateOf: (object: unknown) => string | null;
  readonly differences: (object: unknown, command: Command) => readonly Difference[];
};

/** Something that a system can be asked to do. */
export type Verb = {
  readonly kind: 'query' | 'effect';
  /** Questions ahead of everything else; they change nothing. */
  readonly ask: readonly ((subject: CommandInput, call: Call) => Promise<CallOutcome<Gained>>)[];
  /** The objects that carry the key. Undefined where no object is made, or nobody can be asked. */
  readonly search:
    | ((subject: CommandInput, call: Call) => Promise<CallOutcome<readonly CommandObject[]>>)
    | undefined;
  /** The one call that makes a second object when it is repeated. Undefined where no object is made. */
  readonly create:
    | ((subject: CommandInput, call: Call) => Promise<CallOutcome<CommandObject>>)
    | undefined;
  readonly changes: readonly ObjectCall[];
  readonly state: ObjectState | undefined;
  /** Undefined where the profile does not say how its objects are listed. */
  readonly held?: HeldObjects | undefined;
};

export interface System {
  readonly name: string;
  /** By name. */
  readonly verbs: ReadonlyMap<string, Verb>;
  /** What a command is told whose verb is not there. */
  readonly without: (verb: string) => string;
}

export const NOTHING_GAINED: Gained = { gives: {}, names: {} };

/** What a command is told whose verb its system does not have. */
export function withoutVerb(name: string, verbs: Iterable<string>) {
  return (verb: string) => {
    const known = [...verbs].join(', ') || 'none';
    return `expected a verb of ${name} (${known}), found ${verb}: describe it in the profile of ${name}`;
  };
}
