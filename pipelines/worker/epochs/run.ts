/** One processing of one log. Rows and tokens carry it: processing the log again is another run. */
export type Run = {
  readonly pipeline: string;
  readonly run: string;
  readonly stream: string;
  /** When the stream was created, as its server says it. */
  readonly created: string;
};
