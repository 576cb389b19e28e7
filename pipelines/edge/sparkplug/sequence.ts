/** The order of the messages of one node: each has the number after the one before it, from 0 to 255 and again from 0. */

const NUMBERS = 256;

/** What is given up: `from` is the first missing number. */
export type SequenceGap<T> = {
  readonly from: number;
  readonly missing: readonly number[];
  /** What had waited, in its order. */
  readonly ready: readonly T[];
};

export class NodeSequence<T> {
  #next: number | undefined;
  /** What came too early. */
  readonly #waiting = new Map<number, T>();
  /** Numbers that were given up since the last birth, and may come after all. */
  readonly #missing = new Set<number>();
  #deadline: number | undefined;
  #missed = 0;

  /** Until when something waits for what is before it; undefined: nothing does. */
  get deadline(): number | undefined {
    return this.#deadline;
  }

  /** Whether everything since the last birth is here, as far as the numbers tell. */
  get isWhole(): boolean {
    return this.#missing.size === 0;
  }

  /** How many messages never came. */
  get missed(): number {
    return this.#missed;
  }

  /** A birth begins a new order. Undefined: it has no number, and the next message with one begins it. */
  begin(number: number | undefined): void {
    this.#next = number === undefined ? undefined : (number + 1) % NUMBERS;
    this.#waiting.clear();
    this.#missing.clear();
    this.#deadline = undefined;
  }

  /** Whether another message waits under this number: then one of them is of another round. */
  isTaken(number: number | undefined): boolean {
    return number !== undefined && this.#waiting.has(number);
  }

  /** What may go on now, in its order: nothing while a message is missing. One without a number goes on at once. */
  accept(number: number | undefined, message: T, deadline: number): readonly T[] {
    if (number === undefined) return [message];
    // Late is better than never, and it is in no order any more.
    if (number !== this.#next && this.#missing.delete(number)) {
      this.#missed -= 1;
      return [message];
    }
    if (this.#next !== undefined && number !== this.#next) {
      this.#waiting.set(number, message);
      this.#deadline ??= deadline;
      return [];
    }
    this.#pass(number);
    return [message, ...this.#follow()];
  }

  /** Waits no longer. */
  giveUp(): SequenceGap<T> {
    const from = this.#next ?? 0;
    const missing: number[] = [];
    const ready: T[] = [];
    while (this.#waiting.size > 0) {
      const next = this.#next ?? 0;
      const message = this.#waiting.get(next);
      this.#pass(next);
      if (message === undefined) {
        missing.push(next);
        this.#missing.add(next);
      } else {
        this.#waiting.delete(next);
        ready.push(message);
      }
    }
    this.#missed += missing.length;
    this.#deadline = undefined;
    return { from, missing, ready };
  }

  /** What waited for the number before it. */
  #follow(): readonly T[] {
    const ready: T[] = [];
    for (;;) {
      const next = this.#next ?? 0;
      const message = this.#waiting.get(next);
      if (message === undefined) break;
      this.#waiting.delete(next);
      this.#pass(next);
      ready.push(message);
    }
    if (this.#waiting.size === 0) this.#deadline = undefined;
    return ready;
  }

  #pass(number: number): void {
    this.#missing.delete(number);
    this.#next = (number + 1) % NUMBERS;
  }
}
