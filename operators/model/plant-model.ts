import { z } from 'zod';
import {
  DAY,
  type Duration,
  durationSchema,
  type EventTime,
  floorTo,
  fromLocal,
  MINUTE,
  toLocal,
} from './time.ts';

/**
 * A token of a subject: no dots, blanks, wildcards or slashes. Names become properties of plain state, so those that
 * every object has are none.
 */
export const nameSchema = z
  .string()
  .max(64)
  .regex(/^[A-Za-z0-9_-]+$/, 'expected letters, digits, _ and - only')
  .refine((name) => !(name in {}), 'expected a name that means nothing to the language');

const signalSchema = z
  .strictObject({
    unit: z.string().max(32).optional(),
    description: z.string().optional(),
    /** What comes is the state of something, or a count that only rises: windows and detectors see its increments. */
    kind: z.enum(['gauge', 'counter']).optional(),
    /** Of a counter: how many steps it has. After `rollover - 1` it is 0. */
    rollover: z.number().positive().optional(),
    /** Physical range of the sensor, in its unit. Outside of it a value lands as suspect, and is not evaluated. */
    range: z
      .tuple([z.number(), z.number()])
      .refine(([low, high]) => low < high, 'expected the lower end of the range first')
      .optional(),
    /** What the source sends where it has no value: -999, 1e31, "---". */
    missing: z
      .array(z.union([z.number(), z.string()]))
      .max(16)
      .optional(),
  })
  .refine(
    ({ kind, rollover }) => rollover === undefined || kind === 'counter',
    'expected rollover of a counter only (kind: counter)',
  );

/** A bearing by its geometry, or by the multiples of the shaft speed that its maker lists: two of them are enough. */
const bearingSchema = z
  .strictObject({
    name: z.string().optional(),
    balls: z.number().int().positive().optional(),
    /** Millimetres. */
    ball_diameter: z.number().positive().optional(),
    pitch_diameter: z.number().positive().optional(),
    /** Degrees. */
    contact_angle: z.number().optional(),
    /** Multiples of the shaft speed: outer race, inner race, cage, and the spin of a rolling element. */
    bpfo: z.number().positive().optional(),
    bpfi: z.number().positive().optional(),
    ftf: z.number().positive().optional(),
    bsf: z.number().positive().optional(),
  })
  .transform(({ name, ...said }, context) => {
    const geometry = geometryOf(said);
    const named = name === undefined ? {} : { name };
    if (!('problem' in geometry)) return { ...named, ...geometry };
    context.addIssue({ code: 'custom', message: geometry.problem });
    return z.NEVER;
  });

/** Lengths in one unit, the angle in degrees. */
type RollingElements = {
  readonly balls: number;
  readonly ball_diameter: number;
  readonly pitch_diameter: number;
  readonly contact_angle: number;
};
/** Multiples of the shaft speed; `balls` where it is known. */
export type DefectOrders = Partial<
  Readonly<Record<'balls' | 'bpfo' | 'bpfi' | 'ftf' | 'bsf', number | undefined>>
>;
type BearingSaid = DefectOrders & {
  readonly [K in Exclude<keyof RollingElements, 'balls'>]?: number | undefined;
};

function geometryOf(said: BearingSaid): RollingElements | { readonly problem: string } {
  const { balls, ball_diameter, pitch_diameter, contact_angle, ...orders } = said;
  const lengths = [ball_diameter, pitch_diameter, contact_angle];
  if (Object.values(orders).some((order) => order !== undefined)) {
    if (lengths.some((length) => length !== undefined))
      return { problem: 'expected either a geometry or multiples of the shaft speed' };
    const found = geometryOfOrders(said);
    return 'expected' in found ? { problem: `expected ${found.expected}` } : found;
  }
  if (balls === undefined || ball_diameter === undefined || pitch_diameter === undefined) {
    const either = 'expected balls, ball_diameter and pitch_diameter';
    return { problem: `${either}, or multiples of the shaft speed such as bpfo and bpfi` };
  }
  return { balls, ball_diameter, pitch_diameter, contact_angle: contact_angle ?? 0 };
}

/**
 * The geometry that has these multiples of the shaft speed: with n rolling elements and q = d/D · cos a, BPFO = n/2 (1 − q),
 * BPFI = n − BPFO, FTF = BPFO/n and BSF = D/2d (1 − q²). Without BSF the contact angle counts as 0. Where they fit no
 * geometry: what was expected, and what helps.
 */
export function geometryOfOrders(
  said: DefectOrders,
): RollingElements | { readonly expected: string; readonly remedy: string } {
  const { bpfo: outer, bpfi: inner, ftf: cage, bsf } = said;
  const balls = said.balls ?? countOf(outer, inner, cage);
  const race = outer ?? (balls === undefined || inner === undefined ? undefined : balls - inner);
  if (balls === undefined || race === undefined) {
    return {
      expected: 'bpfi, ftf or balls beside bpfo',
      remedy:
        'Two of BPFO, BPFI and FTF, or one of the races and the number of elements, are enough.',
    };
  }
  const misfit =
    (inner !== undefined && Math.abs(race + inner - balls) > 0.05) ||
    (cage !== undefined && Math.abs(cage - race / balls) > 0.01);
  if (misfit || race >= balls / 2) {
    return {
      expected:
        'BPFO and BPFI that add up to the number of rolling elements, BPFO the less, and FTF = BPFO over it',
      remedy: 'Say them for one turn of the shaft.',
    };
  }
  const ratio = 1 - (2 * race) / balls;
  const ball = bsf === undefined ? ratio : (1 - ratio ** 2) / (2 * bsf);
  if (ratio / ball > 1.02) {
    const most = (1 - ratio ** 2) / (2 * ratio);
    return {
      expected: `a spin (BSF) of at most ${most.toFixed(3)} beside BPFO`,
      remedy:
        'Some tables list the double, at which a defect strikes both races: then say the half.',
    };
  }
  const angle = (Math.acos(Math.min(1, ratio / ball)) * 180) / Math.PI;
  return { balls, ball_diameter: ball, pitch_diameter: 1, contact_angle: angle };
}

/** The number of rolling elements that two multiples tell. */
function countOf(
  outer: number | undefined,
  inner: number | undefined,
  cage: number | undefined,
): number | undefined {
  if (outer !== undefined && inner !== undefined) return Math.round(outer + inner);
  if (outer !== undefined && cage !== undefined) return Math.round(outer / cage);
  if (inner !== undefined && cage !== undefined) return Math.round(inner / (1 - cage));
  return undefined;
}

const pointSchema = z.strictObject({
  id: nameSchema,
  component: nameSchema.optional(),
  quantity: z.enum(['acceleration', 'velocity', 'displacement']).default('acceleration'),
  unit: z.enum(['g', 'm/s2', 'mm/s2', 'mm/s', 'm/s', 'um', 'mm']).default('g'),
  direction: z.enum(['horizontal', 'vertical', 'axial', 'radial']).optional(),
  mounting: z.string().optional(),
  /** Nominal shaft speed, where waveforms do not carry it. */
  rpm: z.number().positive().optional(),
  bearing: bearingSchema.optional(),
});

export const assetSchema = z.strictObject({
  id: nameSchema,
  name: z.string().optional(),
  class: nameSchema.default('machine'),
  /** ISO 20816-3: group 1 (above 300 kW) or 2 (15 to 300 kW), and how stiff the support is. */
  iso: z
    .strictObject({ group: z.enum(['1', '2']), support: z.enum(['rigid', 'flexible']) })
    .optional(),
  criticality: z.enum(['A', 'B', 'C']).default('B'),
  /** What one hour of standstill costs, in the plant's currency. */
  stop_cost: z.number().nonnegative().optional(),
  components: z.array(nameSchema).default([]),
  /** How far the events of this asset may arrive out of order; `time.disorder` of the rules without it. */
  disorder: durationSchema.optional(),
  /** The most that this asset may delay its line; `time.hold` of the rules without it. */
  hold: durationSchema.optional(),
  signals: z.record(nameSchema, signalSchema).default({}),
  points: z.array(pointSchema).default([]),
  /** Numbers that are its own, by names of the plant's own: rules name them as limits (`above: { attribute: max_temperature }`). */
  attributes: z.record(nameSchema, z.number()).default({}),
  /** Ids of this asset in other systems: `{ cmms: '4711' }`. */
  ids: z.record(z.string(), z.string()).default({}),
});

const lineSchema = z.strictObject({
  id: nameSchema,
  name: z.string().optional(),
  /** The edge whose own worker judges the machines of this line; without it, or with `centre`, the centre does. */
  judged_at: nameSchema.optional(),
  assets: z.array(assetSchema).default([]),
});

const shiftSchema = z.strictObject({
  id: nameSchema,
  start: z.string().regex(/^\d\d:\d\d$/, 'expected hh:mm'),
  end: z.string().regex(/^\d\d:\d\d$/, 'expected hh:mm'),
});

export const plantModelSchema = z.strictObject({
  id: nameSchema,
  name: z.string().optional(),
  time_zone: z.string().default('UTC'),
  /** Of `stop_cost`, as requests say it: `EUR`. */
  currency: z.string().max(8).optional(),
  lines: z.array(lineSchema).default([]),
  shifts: z.array(shiftSchema).default([]),
});

/** `plant.yaml`: one or more plants. Each is published on its own, as `model.<plant>`. */
export const plantFileSchema = z.strictObject({ plants: z.array(plantModelSchema).min(1) });

export type PlantModel = z.infer<typeof plantModelSchema>;
export type Asset = z.infer<typeof assetSchema>;
export type Point = z.infer<typeof pointSchema>;
export type Signal = z.infer<typeof signalSchema>;

/** The clock of a plant: its time zone, and its shifts by that clock. */
export type PlantClock = Pick<PlantModel, 'time_zone' | 'shifts'>;

/** A local day or a shift: [start, end). `shift` is its id; '' of a day, and of the time between two shifts. */
export type LocalSpan = {
  readonly start: EventTime;
  readonly end: EventTime;
  readonly shift: string;
};

/** The local day that holds a time. It begins `begins` after midnight by the clock; with a change of clocks it is longer or shorter. */
export function localDayAt(time: EventTime, zone: string, begins: Duration): LocalSpan {
  let day = floorTo((toLocal(time, zone) - begins) as EventTime, DAY) + begins;
  for (;;) {
    const [start, end] = [fromLocal(day, zone), fromLocal(day + DAY, zone)];
    if (time < start) day -= DAY;
    else if (time >= end) day += DAY;
    else return { start, end, shift: '' };
  }
}

/** The shift that runs at a time, or the time between two. Of shifts that overlap, the first in the model counts. */
export function shiftSpanAt(time: EventTime, clock: PlantClock): LocalSpan {
  const zone = clock.time_zone;
  const today = floorTo(toLocal(time, zone) as EventTime, DAY);
  const spans = [-1, 0, 1].flatMap((days) =>
    stretchesOf(clock.shifts).map(({ from, to, shift }): LocalSpan => {
      const midnight = today + days * DAY;
      const [start, end] = [midnight + from * MINUTE, midnight + to * MINUTE];
      return { start: fromLocal(start, zone), end: fromLocal(end, zone), shift };
    }),
  );
  const running = spans.find(({ start, end }) => start <= time && time < end);
  if (running !== undefined) return running;
  const day = localDayAt(time, zone, 0 as Duration);
  const ends = spans.map(({ end }) => end).filter((end) => end <= time);
  const starts = spans.map(({ start }) => start).filter((start) => start > time);
  return {
    start: Math.max(day.start, ...ends) as EventTime,
    end: Math.min(day.end, ...starts) as EventTime,
    shift: '',
  };
}

const MINUTES_PER_DAY = 24 * 60;

type Stretch = { readonly from: number; readonly to: number; readonly shift: string };

/** The shifts as stretches of the day that do not overlap, in minutes; one that passes midnight ends after 24 h. */
function stretchesOf(shifts: PlantModel['shifts']): readonly Stretch[] {
  const list = shifts.map(({ id, start, end }) => ({
    id,
    start: minutesOf(start),
    end: minutesOf(end),
  }));
  const runningAt = (minute: number) => {
    return list.find(({ start, end }) => {
      return start < end ? minute >= start && minute < end : minute >= start || minute < end;
    });
  };
  const bounds = [...new Set(list.flatMap(({ start, end }) => [start, end]))]
    .map((minute) => minute % MINUTES_PER_DAY)
    .sort((a, b) => a - b)
    .filter((minute) => {
      const before = runningAt((minute + MINUTES_PER_DAY - 1) % MINUTES_PER_DAY);
      const running = runningAt(minute);
      return running !== before || running?.start === minute;
    });
  return bounds.flatMap((from, index) => {
    const running = runningAt(from);
    const to = bounds[index + 1] ?? (bounds[0] ?? 0) + MINUTES_PER_DAY;
    return running === undefined ? [] : [{ from, to, shift: running.id }];
  });
}

function minutesOf(text: string): number {
  const [hours, rest] = text.split(':').map(Number);
  return (hours ?? 0) * 60 + (rest ?? 0);
}

const MOST_KNOWN = 16;

/** Remembers the latest spans that it found: they are asked for with every observation, and last for hours. */
export function rememberSpans(
  find: (time: EventTime) => LocalSpan,
): (time: EventTime) => LocalSpan {
  const known: LocalSpan[] = [];
  return (time) => {
    for (const span of known) if (span.start <= time && time < span.end) return span;
    const found = find(time);
    if (known.length === MOST_KNOWN) known.pop();
    known.unshift(found);
    return found;
  };
}
