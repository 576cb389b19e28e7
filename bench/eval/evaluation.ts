/** What one data set gave: the systems beside each other, and what is asked for. */
export type Evaluation = {
  readonly name: string;
  /** One sentence or more: what was judged, and how it is counted. */
  readonly about: string;
  readonly rows: readonly {
    readonly system: string;
    readonly [figure: string]: string | number;
  }[];
  readonly bars: readonly {
    readonly bar: string;
    readonly measured: string;
    readonly met: boolean;
  }[];
  /** Every file: what was found in it, and what rules that were chosen without it find. */
  readonly files: readonly {
    readonly file: string;
    readonly [figure: string]: string | number;
  }[];
  readonly plots: readonly Plot[];
  readonly notes: readonly string[];
};

/** One recorded run as a picture: times are epoch milliseconds, `file` has no folder and no ending. */
export type Plot = {
  readonly file: string;
  readonly title: string;
  readonly series: readonly {
    readonly name: string;
    readonly at: readonly number[];
    readonly values: readonly number[];
  }[];
  readonly truth: readonly Span[];
  readonly alarms: readonly Span[];
  readonly logarithmic?: boolean;
};

export type Span = { readonly from: number; readonly to: number; readonly label: string };

/** Evaluates one data set in a folder of `../shared/data`. */
export type Evaluate = (data: string, signal: AbortSignal) => Promise<Evaluation>;
