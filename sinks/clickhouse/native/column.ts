import type { ByteSink } from './byte-sink.ts';

/** One column of a Native block: its ClickHouse type, and how its values are written. */
export type Column = {
  readonly name: string;
  readonly type: string;
  readonly rows: number;
  /** About how many bytes its values take. */
  readonly bytes: number;
  write(sink: ByteSink): void;
};
