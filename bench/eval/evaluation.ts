/** A run over time with its truth and its alarms, as `npm run eval` draws it. Times are epoch milliseconds. */
export type Plot = {
  file: string;
  title: string;
  series: readonly {
    name: string;
    at: readonly number[];
    values: readonly number[];
  }[];
  truth: readonly { from: number; to: number; label: string }[];
  alarms: readonly { from: number; to: number; label: string }[];
  logarithmic?: boolean;
};

/** What one data set says of the product: a table beside other systems, the bars and whether they are met, plots. */
export type Evaluation = {
  name: string;
  about: string;
  rows: readonly { system: string; [figure: string]: string | number }[];
  bars: readonly { bar: string; measured: string; met: boolean }[];
  plots: readonly Plot[];
  notes: readonly string[];
};
