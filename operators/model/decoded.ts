import type { Frame } from './frame.ts';
import type { MachineEvent } from './machine-event.ts';
import type { Origin } from './message.ts';
import type { Waveform } from './waveform.ts';

export type Tick = { readonly kind: 'tick'; readonly origin: Origin };

/** What a message of the log can mean, besides a change. */
export type Decoded = Frame | Waveform | MachineEvent | Tick;

/** How many readings a value stands for when it becomes a dead letter; a burst or an event is one. */
export function weightOf(value: Decoded): number {
  return value.kind === 'frame' ? Math.max(1, value.times.length * value.signals.length) : 1;
}

/** The message is not what its subject says. The text tells expected and found; it becomes a row in `dead_letters`. */
export class MalformedError extends Error {
  override name = 'MalformedError' as const;
}

/** `expected an object, found null` */
export function malformed(expected: string, found: unknown): MalformedError {
  return new MalformedError(`expected ${expected}, found ${describe(found)}`);
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'string') return `"${value.slice(0, 40)}"`;
  if (typeof value === 'object') return Array.isArray(value) ? 'a list' : 'an object';
  return String(value);
}
