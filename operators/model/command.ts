/** What a system around the plant is asked to do for a request: the commands of workflows. */

import { identity } from './canonical.ts';
import type { AssetKey } from './key.ts';
import type { EventTime } from './time.ts';
import type { Priority } from './trigger-rule.ts';

/** What JSON can say. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [name: string]: Json };

/** One thing that a system is asked to do for a request. Its id and key decide what a repeat is: the same command. */
export type Command = {
  readonly kind: 'command';
  /** 20 base32 characters of sha256(request, step, n). */
  readonly id: string;
  /** The request or work order that it is for. */
  readonly request: string;
  readonly asset: AssetKey;
  readonly workflow: string;
  readonly step: string;
  /** From 1: how often this step was asked for. */
  readonly n: number;
  /** Name of the system (`systems:` of the installation), such as `erp`. */
  readonly system: string;
  /** What it is asked to do, such as `check-stock`, `reserve`, `release`, `requisition`, `notify`, `propose-stop`. */
  readonly verb: string;
  /** What the system is asked to keep beside the object, so that it is found again: 20 base32 characters of sha256(request, step, n, verb). */
  readonly key: string;
  /** What the templates of the system fill in. */
  readonly payload: Readonly<Record<string, Json>>;
  /** Append time after which it is not begun any more; null: whenever. */
  readonly not_after: EventTime | null;
  /** The command that it undoes, by id. */
  readonly undoes: string | null;
  readonly priority: Priority;
  /** Why, for people. */
  readonly because: string;
  /** Append time of the decision. */
  readonly time: EventTime;
};

/**
 * What became of a command. `done`: carried out or found done; `rejected`: understood and refused; `expired`: not begun before `not_after`;
 * `cancelled`: undone or superseded before it was begun.
 */
export const COMMAND_OUTCOMES = ['done', 'rejected', 'expired', 'cancelled'] as const;
export type CommandOutcome = (typeof COMMAND_OUTCOMES)[number];

/** What identifies a command: its request, its step, and how often that was asked for. */
type Asked = Pick<Command, 'request' | 'step' | 'n'>;

export function commandId({ request, step, n }: Asked): string {
  return identity([request, step, n]);
}

export function commandKey({ request, step, n, verb }: Asked & Pick<Command, 'verb'>): string {
  return identity([request, step, n, verb]);
}
