import type { EventTime } from '../../../operators/model/time.ts';

/** Everything that a screen of the demo shows, as data. */
export type DemoView = {
  readonly phase: 'starting' | 'running' | 'draining' | 'done';
  /** What is being started, or waited for. */
  readonly waiting: string;
  readonly seed: number;
  /** Simulated time. */
  readonly at: EventTime;
  readonly begin: EventTime;
  /** Times faster than the clock: asked for, and as it is just now. */
  readonly speed: number;
  readonly actual: number;
  /** Share of what shall be published; undefined when there is no end. */
  readonly done: number | undefined;
  /** Seconds since publishing began, and those that it shall take. */
  readonly elapsed: number;
  readonly seconds: number | undefined;
  readonly counts: {
    readonly readings: number;
    readonly windows: number;
    readonly anomalies: number;
    readonly incidents: number;
    readonly requests: number;
  };
  /** Per second of the clock. */
  readonly rates: { readonly messages: number; readonly readings: number };
  readonly lag: { readonly messages: number; readonly seconds: number; readonly held: boolean };
  /** Milliseconds from a message into the log until its rows are in ClickHouse, its request in the CMMS; the median. */
  readonly latency: {
    readonly warehouse: number | undefined;
    readonly cmms: number | undefined;
  };
  readonly lines: readonly LineView[];
  /** Newest first. */
  readonly requests: readonly RequestView[];
  /** Newest last. */
  readonly latest: readonly FindingView[];
  readonly deadLetters: readonly { readonly reason: string; readonly count: number }[];
  /** Where to look next: a command or an address, and what is found there. */
  readonly look: readonly { readonly what: string; readonly where: string }[];
  /** The last thing that went wrong around it. */
  readonly trouble: string | undefined;
};

/** Of a machine on the board: `requested` when maintenance is. */
export type BoardStatus = 'unknown' | 'stopped' | 'running' | 'anomalous' | 'requested';

export type LineView = {
  readonly name: string;
  readonly machines: readonly { readonly name: string; readonly status: BoardStatus }[];
};

export type RequestView = {
  readonly id: string;
  readonly at: EventTime;
  readonly action: 'open' | 'update' | 'withdraw' | 'close';
  readonly revision: number;
  readonly priority: string;
  readonly asset: string;
  /** `plant/line/asset`. */
  readonly assetKey: string;
  readonly title: string;
  readonly failureMode: string;
  /** When the line stands anyway, for people; undefined when there is no such time, or none was asked for. */
  readonly slot: string | undefined;
  /** Its number in the CMMS. */
  readonly remote: string | undefined;
};

export type FindingView = {
  readonly kind: 'anomaly' | 'incident' | 'request';
  readonly at: EventTime;
  readonly asset: string;
  readonly severity: string;
  readonly text: string;
};
