/** Requests for births: few to each node, fewer while it does not answer, and not all nodes at once. */

/** The interval doubles so often. */
const DOUBLINGS = 5;
/** After so many requests without an answer there are none until the node is heard again. */
const MOST_ASKED = 10;
/** Requests that go out in a second, to all nodes. */
const MOST_REQUESTS = 20;
const SECOND = 1_000;

/** How many requests go out, whomever they are for. Times are of a clock that nobody sets, in milliseconds. */
export class RequestRate {
  #second = 0;
  #count = 0;

  take(tick: number): boolean {
    const second = Math.floor(tick / SECOND);
    if (second !== this.#second) this.#count = 0;
    this.#second = second;
    this.#count += 1;
    return this.#count <= MOST_REQUESTS;
  }
}

/** The requests to one node. */
export class RebirthRequests {
  readonly #interval: number;
  #askAt: number | undefined;
  #notBefore = 0;
  #asked = 0;
  #sent = 0;

  /** `interval`: least milliseconds between two. */
  constructor(interval: number) {
    this.#interval = interval;
  }

  /** When the next one is due; undefined: none is wanted. */
  get due(): number | undefined {
    return this.#askAt;
  }

  get sent(): number {
    return this.#sent;
  }

  want(tick: number): void {
    this.#askAt ??= Math.max(tick, this.#notBefore);
  }

  /** It may give its births without being asked: a part of the interval is left for it. */
  wantLater(tick: number): void {
    this.#asked = 0;
    this.#notBefore = tick + this.#interval / 4;
    this.#askAt = this.#notBefore;
  }

  /** It was born, or is gone. */
  end(): void {
    this.#askAt = undefined;
    this.#asked = 0;
  }

  /** Whether to ask now. */
  take(tick: number, rate: RequestRate): boolean {
    if (this.#askAt === undefined || this.#askAt > tick) return false;
    if (!rate.take(tick)) {
      this.#askAt = tick + SECOND;
      return false;
    }
    this.#notBefore = tick + this.#interval * 2 ** Math.min(this.#asked, DOUBLINGS);
    this.#asked += 1;
    this.#sent += 1;
    this.#askAt = this.#asked % MOST_ASKED === 0 ? undefined : this.#notBefore;
    return true;
  }
}
