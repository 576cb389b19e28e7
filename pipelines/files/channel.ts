/** What all readers of samples give: channels, and what the file itself says of each. */

/** Equidistant samples of one sensor. */
export type Channel = {
  /** As the file says it; empty where it names none. */
  readonly name: string;
  /** From 1: the channel of the file, or the column of a table. Without it 1. */
  readonly number?: number;
  readonly samples: Float32Array;
  /** Samples per second. */
  readonly rate?: number;
  /** As the file says it; it need not be one of a vibration. */
  readonly unit?: string;
};

export type SampledFile = {
  readonly channels: readonly Channel[];
  /** What one must know of the file beside its samples, in sentences. */
  readonly notes: readonly string[];
};

/** A channel with what is known of it: what is undefined is left out. */
export function channelOf(
  name: string,
  samples: Float32Array,
  rate: number | undefined,
  unit: string | undefined,
): Channel {
  return {
    name,
    samples,
    ...(rate !== undefined && Number.isFinite(rate) && rate > 0 ? { rate } : {}),
    ...(unit === undefined || unit.trim() === '' ? {} : { unit: unit.trim() }),
  };
}

/** A name of a variable or property that says samples per second: its value in Hz; undefined when it is none. */
export function rateNamed(name: string, value: number): number | undefined {
  const plain = name.replaceAll(/[\s_-]/g, '').toLowerCase();
  if (!(value > 0 && Number.isFinite(value))) return undefined;
  if (/^(fs|sr|fsamp|samp(le|ling)?(rate|freq|frequency)(hz)?|abtastrate)$/.test(plain))
    return value;
  return /^(dt|ts|samp(le|ling)?(period|interval)|wfincrement)$/.test(plain)
    ? 1 / value
    : undefined;
}
