import type { Message, Sequence } from '../../operators/model/message.ts';
import { Problem } from '../base/problem.ts';
import type { Gap, Pulled } from './log.ts';

type Hole = { readonly from: Sequence; readonly to: Sequence };

const NOTHING: Pulled = { messages: [], gaps: [], ended: false };

/**
 * What was delivered and not yet pulled, with the holes between. Why a hole is there takes a question to the server,
 * so it is asked when the hole is pulled, not when it is seen.
 */
export class LogBuffer {
  failure: Error | undefined;
  #messages: Message[] = [];
  #bytes = 0;
  readonly #holes: Hole[] = [];
  readonly #kindOf: (hole: Hole) => Promise<Gap['kind']>;
  #wake: (() => void) | undefined;

  constructor(kindOf: (hole: Hole) => Promise<Gap['kind']>) {
    this.#kindOf = kindOf;
  }

  get length(): number {
    return this.#messages.length;
  }

  /** Of the payloads. */
  get bytes(): number {
    return this.#bytes;
  }

  add(message: Message): void {
    this.#messages.push(message);
    this.#bytes += message.payload.length;
    this.wake();
  }

  addGap(from: Sequence, to: Sequence): void {
    this.#holes.push({ from, to });
    this.wake();
  }

  /** Pulls fail from here on, once everything before has been returned. */
  fail(failure: Error): void {
    this.failure ??= failure;
    this.wake();
  }

  wake(): void {
    this.#wake?.();
  }

  async pull(limit: number, wait: number, signal: AbortSignal): Promise<Pulled> {
    const waits = this.#messages.length === 0 && this.#holes.length === 0 && !this.failure;
    if (waits && wait > 0 && !signal.aborted) await this.#woken(wait, signal);
    if (signal.aborted) return NOTHING;
    const [hole] = this.#holes;
    const [head] = this.#messages;
    if (hole === undefined || (head !== undefined && head.sequence < hole.from)) {
      if (head === undefined && this.failure !== undefined) throw this.failure;
      return { messages: this.#take(limit), gaps: [], ended: false };
    }
    const kind = await this.#classify(hole);
    if (kind === undefined) return NOTHING;
    this.#holes.shift();
    return { messages: this.#take(limit), gaps: [{ kind, ...hole }], ended: false };
  }

  /** Undefined while the server cannot be asked: the hole stays where it is. A loss not accepted is a failure. */
  async #classify(hole: Hole): Promise<Gap['kind'] | undefined> {
    try {
      return await this.#kindOf(hole);
    } catch (error) {
      if (error instanceof Problem) this.fail(error);
      if (this.failure !== undefined) throw this.failure;
      return undefined;
    }
  }

  #take(limit: number): readonly Message[] {
    const [hole] = this.#holes;
    const before =
      hole === undefined ? limit : this.#messages.findIndex(({ sequence }) => sequence > hole.to);
    const count = before < 0 ? limit : Math.min(limit, before);
    if (count >= this.#messages.length) {
      const all = this.#messages;
      this.#messages = [];
      this.#bytes = 0;
      return all;
    }
    const taken = this.#messages.splice(0, count);
    for (const { payload } of taken) this.#bytes -= payload.length;
    return taken;
  }

  #woken(wait: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(done, wait);
      signal.addEventListener('abort', done, { once: true });
      this.#wake = done;
    });
  }
}
