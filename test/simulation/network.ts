/** What lies between hosts: everything that is sent arrives, late or twice or not at all, as chance and the plan say. */

/** How likely each of these is for whatever is sent. */
export type Weather = {
  readonly lost: number;
  readonly late: number;
  readonly doubled: number;
};

export type Server = 'nats' | 'warehouse';

/** Nothing passes between a host and a server for a while. Milliseconds after the beginning. */
export type Cut = {
  readonly host: number;
  readonly server: Server;
  readonly at: number;
  readonly lasts: number;
};

/** Milliseconds: how long the way takes, how much later than that something can come, and the end of bad weather. */
const WAY = 2;
const LATE = 90_000;

export class Network {
  /** From then on all is well. */
  readonly #calmAt: number;
  readonly #weather: Weather;
  readonly #cuts: readonly Cut[];
  readonly #random: () => number;
  /** When the last thing on each way arrives: what goes the same way comes behind it. */
  readonly #arrivals = new Map<string, number>();

  constructor(weather: Weather, cuts: readonly Cut[], calmAt: number, random: () => number) {
    const begun = Date.now();
    this.#weather = weather;
    this.#cuts = cuts.map((cut) => ({ ...cut, at: begun + cut.at }));
    this.#calmAt = begun + calmAt;
    this.#random = random;
  }

  /** Calls with every change of a link: whether something passes from now on. */
  watch(host: number, server: Server, onChange: (passes: boolean) => void): () => void {
    const timers = this.#cuts
      .filter((cut) => cut.host === host && cut.server === server && cut.at >= Date.now())
      .flatMap(({ at, lasts }) => [
        setTimeout(() => onChange(false), at - Date.now()),
        setTimeout(() => onChange(this.passes(host, server)), at + lasts - Date.now() + 1),
      ]);
    return () => timers.forEach(clearTimeout);
  }

  passes(host: number, server: Server, at = Date.now()): boolean {
    return !this.#cuts.some((cut) => {
      const isOn = at >= cut.at && at < cut.at + cut.lasts;
      return cut.host === host && cut.server === server && isOn;
    });
  }

  /** Takes something from a host to a server, or back. */
  carry(host: number, server: Server, way: 'there' | 'back', arrive: () => void): void {
    const { lost, late, doubled } = this.#weather;
    const isCalm = Date.now() >= this.#calmAt;
    const chance = isCalm ? 1 : this.#random();
    if (chance < lost) return;
    this.#send(host, server, way, chance < lost + late, arrive);
    if (!isCalm && this.#random() < doubled) this.#send(host, server, way, true, arrive);
  }

  #send(
    host: number,
    server: Server,
    way: 'there' | 'back',
    isLate: boolean,
    arrive: () => void,
  ): void {
    const key = `${host} ${server} ${way}`;
    const now = Date.now();
    const usual = Math.max(now + this.#random() * WAY, this.#arrivals.get(key) ?? 0);
    // Some are a little late and others very: squares favour the little.
    const at = isLate ? now + this.#random() ** 2 * LATE : usual;
    if (!isLate) this.#arrivals.set(key, usual);
    setTimeout(() => {
      if (this.passes(host, server, now) && this.passes(host, server)) arrive();
    }, at - now);
  }
}
