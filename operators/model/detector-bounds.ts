import { z } from 'zod';
import { nameSchema } from './plant-model.ts';
import { type Duration, durationSchema, HOUR, positiveDurationSchema } from './time.ts';

// What detector rules of several kinds have: limits, deadbands and delays, bands, learning, deviations; the zones of ISO 20816-3.

/** `5%` of the limit, or a plain number in the signal's unit. */
export const deadbandSchema = z.union([
  z.number().nonnegative(),
  z.string().regex(/^\d+(\.\d+)?%$/, 'expected a number or a percentage such as 5%'),
]);

/**
 * A limit: a number in the signal's unit, or an attribute of the asset in the plant model, with a default for assets
 * that have none. Without a default, an asset that lacks the attribute is not evaluated, and `apply` says so.
 */
export const boundSchema = z.union([
  z.number(),
  z.strictObject({ attribute: nameSchema, default: z.number().optional() }),
]);

/** The same of a limit that is a distance: more than 0. */
export const positiveBoundSchema = z.union([
  z.number().positive(),
  z.strictObject({ attribute: nameSchema, default: z.number().positive().optional() }),
]);

export type Bound = z.infer<typeof boundSchema>;

/** When an anomaly of a kind is raised and cleared, where its rule does not say. */
export type DelayDefaults = {
  /** `raise.count`, where the rule has neither that nor `raise.after`. */
  readonly raise?: { readonly count: number };
  /** `clear.count` or `clear.after`, where the rule has neither; and `clear.deadband`. */
  readonly clear?: {
    readonly count?: number;
    readonly after?: Duration;
    readonly deadband?: string;
  };
};

/** One value across a limit is a breach there: but the way back takes three, and a distance. */
const AT_ONCE: DelayDefaults = { clear: { count: 3, deadband: '2%' } };
/** A statistic of many samples has its delay in itself. */
const SMOOTHED: DelayDefaults = { clear: { count: 3, deadband: '10%' } };
/** A single sample may be an outlier: noise, a passing truck. */
const SINGLE: DelayDefaults = { raise: { count: 3 }, ...SMOOTHED };

/** Of each kind of detector; those that are not here need none. docs/rules.md has the table with the reasons. */
export const DELAY_DEFAULTS: Readonly<Record<string, DelayDefaults>> = {
  limit: AT_ONCE,
  iso20816: SINGLE,
  // A machine that is loaded by day and not by night crosses the boundary twice a day: that is no lasting change.
  'iso20816-change': {
    raise: { count: 3 },
    clear: { after: (6 * HOUR) as Duration, deadband: '10%' },
  },
  baseline: SINGLE,
  ewma: SMOOTHED,
  // Beyond its record with every step that it creeps: one anomaly, not one for each step.
  range: { clear: { count: 10 } },
  multivariate: SMOOTHED,
  rate: SMOOTHED,
  trend: AT_ONCE,
  'noise-floor': SINGLE,
  drift: SMOOTHED,
};

type Delayed = {
  readonly kind: string;
  readonly raise: { readonly after?: unknown; readonly count?: unknown };
  readonly clear: {
    readonly after?: unknown;
    readonly count?: unknown;
    readonly deadband?: unknown;
  };
};

/** A rule with the delays and the deadband of its kind wherever it has none of its own. What it says counts. */
export function withDelays<R extends Delayed>(rule: R): R {
  const { raise, clear } = DELAY_DEFAULTS[rule.kind] ?? {};
  const isDelayed = ({ after, count }: Delayed['raise']) =>
    after !== undefined || count !== undefined;
  const { deadband, ...back } = clear ?? {};
  return {
    ...rule,
    raise: isDelayed(rule.raise) ? rule.raise : { ...rule.raise, ...raise },
    clear: {
      ...(deadband === undefined ? {} : { deadband }),
      ...(isDelayed(rule.clear) ? {} : back),
      ...rule.clear,
    },
  };
}

/** Of kinds that clear by something else than a value that falls below a limit. */
export const NO_DEADBAND = {
  cusum: 'it clears when its sum is back at 0',
  stuck: 'it clears with the first change',
  usage: 'a completed request ends it',
  silence: 'one value ends a silence',
};

/** Its own `after` and one value decide there. */
export const NOT_OF_SILENCE = [
  ['raise', 'after'],
  ['raise', 'count'],
  ['clear', 'count'],
] as const;

export function hasNoLimit(kind: string): kind is keyof typeof NO_DEADBAND {
  return kind in NO_DEADBAND;
}

/** Signals of the asset by name (`rpm` is also the shaft speed that a waveform carries), each with a range [low, high). */
const rangesSchema = z.record(
  nameSchema,
  z
    .tuple([z.number(), z.number()])
    .refine(([low, high]) => low < high, 'expected the lower end first'),
);

/** Signals of the asset by name, each with the boundaries of its bands, rising. */
const bandsSchema = z.record(
  nameSchema,
  z
    .array(z.number())
    .min(1)
    .max(16)
    .refine(
      (bounds) => bounds.every((bound, at) => at === 0 || bound > (bounds[at - 1] ?? bound)),
      'expected boundaries that rise',
    ),
);

/** In which situations a sample is evaluated, besides `while`. */
export const gateSchema = z.strictObject({
  /** State, mode and product unchanged, and every signal of `within` and `bands` in its band, for so long before the sample begins. */
  steady: durationSchema.optional(),
  /** Not during a start-up, changeover, planned stop or maintenance, nor within so long of its end. */
  settle: durationSchema.optional(),
  /** Only while these signals of the asset are in these ranges: speed, load. */
  within: rangesSchema.optional(),
  /** Only windows that began after the signal was first heard: one that reaches back further is filled in part. */
  whole: z.literal(true).optional(),
});

/** How a mode is told from another, and how long one is learnt. */
export const learning = {
  /** How many evaluated samples of one mode are learnt before the baseline is frozen. */
  learn: z.number().int().min(20).max(20_000).default(200),
  /** And for how much running time of that mode. */
  learn_time: durationSchema.optional(),
  /** Parts of the situation that make a mode: each has a baseline of its own. */
  modes: z
    .array(z.enum(['state', 'mode', 'product', 'operation']))
    .default(['state', 'mode', 'product']),
  /** And bands of these signals (speed, load): `{ speed: [600, 1200] }` makes three modes of each. */
  bands: bandsSchema.optional(),
};

/** How samples become deviations from the baseline. */
export const scaled = {
  scale: z.enum(['log', 'linear']).default('log'),
  /** The smallest MAD, as a share of the median (linear) or in log units: a signal without noise is no reason for an alarm. */
  floor: z.number().nonnegative().default(0.02),
};

/** Of kinds that judge single machines by their deviations from what is usual. */
export const compared = {
  ...scaled,
  /**
   * The usual value goes with the samples, by half in so long, while nothing is wrong: running in, seasons. A change that is
   * slower raises nothing. Without it, the usual value stays for ever.
   */
  follow: positiveDurationSchema.optional(),
  /**
   * What the peers of an asset did at the same time is taken off: `line` for those of its line, `class` for those of its
   * class on that line, or a list of assets of the line (`plant/line/asset`, `*` for any characters).
   */
  relative_to: z.union([z.enum(['line', 'class']), z.array(z.string().min(1)).min(1)]).optional(),
};

/** Deviations of which sign count. */
export const direction = z.enum(['up', 'down', 'both']);

type ZoneBoundaries = readonly [ab: number, bc: number, cd: number];

export const ISO_EDITION = 'ISO 20816-3:2022, boundaries of ISO 10816-3:2009';

/**
 * Zone boundaries A/B, B/C, C/D in mm/s rms, broadband 10 to 1000 Hz (2 to 1000 Hz up to 600 rpm), by machine group
 * and support. Group 1: above 300 kW, or electric machines with a shaft height from 315 mm; group 2: 15 to 300 kW,
 * or 160 to 315 mm. These are the numbers of ISO 10816-3:2009; the 2022 edition of ISO 20816-3 is said to merge
 * zones A and B, which changes no boundary that raises an anomaly here. Rules may bring a table of their own.
 */
export const ISO_BOUNDARIES: Readonly<Record<string, ZoneBoundaries>> = {
  '1-rigid': [2.3, 4.5, 7.1],
  '1-flexible': [3.5, 7.1, 11],
  '2-rigid': [1.4, 2.8, 4.5],
  '2-flexible': [2.3, 4.5, 7.1],
};

/** mm/s rms, by `<group>-<support>`: [A/B, B/C, C/D]. The built-in table without it. */
export const zones = {
  edition: z.string().default(ISO_EDITION),
  table: z.record(z.string(), z.tuple([z.number(), z.number(), z.number()])).optional(),
};

/** A to D. A velocity on a boundary belongs to the better zone; `relief` is what a boundary is lowered by. */
export function zoneOf(
  velocity: number,
  boundaries: ZoneBoundaries,
  relief: (boundary: number) => number,
): string {
  const passed = boundaries.filter((boundary) => velocity > boundary - relief(boundary)).length;
  return String.fromCharCode('A'.charCodeAt(0) + passed);
}
