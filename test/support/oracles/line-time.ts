/**
 * Line time as the design defines it, from all that was heard so far, each time anew: the running maximum, on whole
 * seconds, of the least source time among the sources that are heard (within `idle`) and in step (within `hold` of the
 * most advanced one). For plants whose rules and model stay as they are.
 */
import type { Key } from '../../../operators/model/key.ts';
import type { Asset } from '../../../operators/model/plant-model.ts';
import type { TimeRules } from '../../../operators/model/rules.ts';

/** A message of telemetry, a waveform or a machine event, as the watermarks see it. Microseconds. */
export type Heard = {
  readonly source: string;
  readonly asset: Key;
  readonly kind: 'frame' | 'waveform' | 'event';
  readonly backfill: boolean;
  readonly time: number;
  readonly appended: number;
};

const SECOND = 1_000_000;

export class LineByDefinition {
  /** As it is when asked once a second. Undefined before the line was heard of. */
  least: number | undefined;
  /** As it is when asked for each message: the line is never further. */
  most: number | undefined;
  readonly #heard: Heard[] = [];
  /** Stretches of more than five seconds in which nothing was appended: they make nobody silent. */
  readonly #blind: (readonly [from: number, to: number])[] = [];
  #appended = Number.POSITIVE_INFINITY;
  readonly #rules: TimeRules;
  readonly #assets: ReadonlyMap<string, Asset>;
  /** Subjects that the plant model declares. */
  readonly #declared: readonly string[];

  constructor(rules: TimeRules, assets: ReadonlyMap<string, Asset>, declared: readonly string[]) {
    this.#rules = rules;
    this.#assets = assets;
    this.#declared = declared;
  }

  /** Something was appended: a message of any kind, or a tick. */
  goOn(appended: number): void {
    if (appended - this.#appended > 5 * SECOND) this.#blind.push([this.#appended, appended]);
    this.#appended = appended;
  }

  /** Who is still heard is decided on whole seconds of append time. */
  hear(message: Heard): void {
    const { time, appended } = message;
    if (time - appended > this.#rules.skew) return;
    this.#heard.push(message);
    if (!message.backfill) this.most = later(this.most, this.#candidate(floor(appended)));
  }

  /** A second of append time is over. */
  look(appended: number): void {
    this.least = later(this.least, this.#candidate(floor(appended)));
    this.most = later(this.most, this.least);
  }

  /** Append time without blind time. */
  #since(then: number, now: number): number {
    const blind = this.#blind.filter(([from]) => from >= then);
    return now - then - blind.reduce((sum, [from, to]) => sum + to - from, 0);
  }

  #candidate(now: number): number | undefined {
    const { idle, hold, disorder, skew_behind } = this.#rules;
    const born = this.#heard[0]?.appended;
    if (born === undefined) return undefined;
    const live = this.#heard.filter(({ kind, backfill }) => kind !== 'event' && !backfill);
    const known = [...new Set(live.map(({ source }) => source))].map((source) => {
      const messages = live.filter((one) => one.source === source);
      const asset = this.#assets.get(messages[0]?.asset ?? '');
      const since = (then: number) => this.#since(then, now);
      const trusted = messages.filter(({ time, appended }) => appended - time <= skew_behind);
      const last = Math.max(...messages.map(({ time, appended }) => Math.min(time, appended)));
      return {
        source,
        silence: Math.min(...trusted.map(({ appended }) => since(appended))),
        step: floor(last - (asset?.disorder ?? disorder)),
        hold: asset?.hold ?? hold,
      };
    });
    const longest = Math.max(hold, ...known.map((source) => source.hold));
    const heard = known.filter(({ silence }) => silence <= idle);
    if (heard.length === 0) return floor(now - Math.max(idle, longest) - disorder);
    const advanced = Math.max(...heard.map(({ step }) => step));
    const inStep = heard.filter((source) => source.step >= advanced - source.hold);
    const least = Math.min(...inStep.map(({ step }) => step));
    const complete = this.#declared.every((subject) => known.some((one) => one.source === subject));
    return !complete && this.#since(born, now) < longest
      ? Math.min(least, advanced - longest)
      : least;
  }
}

function later(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);
}

function floor(time: number): number {
  return Math.floor(time / SECOND) * SECOND;
}
