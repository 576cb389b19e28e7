/** How severe the vibration of one waveform is by ISO 20816-3, and how steady it was. */

import { ISO_BOUNDARIES, ISO_EDITION, zoneOf } from '../model/detector-bounds.ts';
import type { Extracted } from './extract.ts';
import { spectralPeaks } from './power-spectrum.ts';
import { shaftFrequencyOf } from './shaft-faults.ts';
import { outOfReach } from './time-waveform.ts';
import { type Band, SLOW_BAND, velocityBand, velocityRms } from './vibration-features.ts';

/** A machine's row in the standard's table. Without it the row with the smallest boundaries is taken. */
export type MachineSize = { readonly group?: 1 | 2; readonly support?: 'rigid' | 'flexible' };

export type IsoZone = {
  /** mm/s, within `band` Hz. */
  readonly velocity_rms: number;
  readonly band: Band;
  /** A to D. */
  readonly zone: string;
  readonly edition: string;
  readonly group: 1 | 2;
  readonly support: 'rigid' | 'flexible';
  /** False where group or support were not said. */
  readonly stated: boolean;
  /** Velocity of the quietest and the loudest part of the waveform, mm/s rms, where it is long enough for parts. */
  readonly spread?: { readonly least: number; readonly most: number; readonly seconds: number };
  /** Zone in the band from 2 Hz on, where it is another one and the speed is not known. */
  readonly ifSlow?: string;
  /** The shaft turns below the band, so the zone is that of all but its 1×. */
  readonly withoutFirst?: true;
  /** What the zone does not cover, in sentences. */
  readonly reservations: readonly string[];
};

/** Times the C/D boundary: machines that are built to shake reach it, and records in a wrong unit. */
const FAR_BEYOND = 10;

/** Null where the velocity could not be computed. */
export function isoZone(extracted: Extracted, size: MachineSize): IsoZone | null {
  const { values, waveform, shaft, averaged } = extracted;
  const velocity = values.velocity_rms;
  if (velocity === undefined || waveform === undefined) return null;
  const { group = 2, support = 'rigid' } = size;
  const boundaries = ISO_BOUNDARIES[`${group}-${support}`] ?? [0, 0, 0];
  const band = velocityBand(waveform.rpm);
  const judged = (each: number) => zoneOf(each, boundaries, () => 0);
  const zone = judged(velocity);
  const reservations: string[] = [];
  const turns = waveform.rpm === undefined ? undefined : waveform.rpm / 60;
  const isBelow =
    turns !== undefined && turns > 0 && turns < band.low - waveform.spectrum.resolution / 2;
  if (isBelow) {
    const own = values.velocity_1x === undefined ? '' : ` (${level(values.velocity_1x)} there)`;
    reservations.push(
      `the shaft turns at ${turns.toPrecision(3)} Hz, below the band of the standard: the zone does not count its 1×${own}`,
    );
  }
  const slow = shaft === undefined ? velocityFromTwo(extracted) : undefined;
  const isOther = slow !== undefined && judged(slow) !== zone;
  if (isOther) {
    reservations.push(
      `the speed is not known: of a machine of up to 600 rpm the band begins at 2 Hz, and there it is ${level(slow)}, zone ${judged(slow)}`,
    );
  }
  const above = lineAboveBand(extracted);
  if (above !== undefined) reservations.push(above);
  const stated = size.group !== undefined && size.support !== undefined;
  const most = boundaries.at(-1) ?? 0;
  if (velocity > FAR_BEYOND * most) {
    reservations.push(
      `that is ${(velocity / most).toFixed(0)} times the boundary of zone D, as of screens and shakers: of another machine check unit, scale and sensor first`,
    );
  }
  const slower = {
    ...(isOther ? { ifSlow: judged(slow) } : {}),
    ...(isBelow ? { withoutFirst: true as const } : {}),
  };
  const row = { edition: ISO_EDITION, group, support, stated, ...slower };
  const measured = { velocity_rms: velocity, band, zone };
  if (averaged === undefined) return { ...measured, ...row, reservations };
  const { least, most: loudest, seconds } = averaged;
  if (judged(loudest) !== zone && loudest > UNSTEADY * least) {
    reservations.push(
      `the loudest ${seconds.toPrecision(2)} s had ${level(loudest)}, zone ${judged(loudest)}`,
    );
  }
  return { ...measured, ...row, spread: { least, most: loudest, seconds }, reservations };
}

/** Why there is no zone, and of which one at least 1× alone is, in a sentence. */
export function withoutZone({ values, absent, waveform }: Extracted, size: MachineSize): string[] {
  const reason = absent.velocity_rms;
  if (waveform === undefined || reason === undefined) return [];
  const text = `no zone of ${ISO_EDITION}: ${reason}`;
  const first = values.velocity_1x;
  if (first === undefined) return [text];
  const { group = 2, support = 'rigid' } = size;
  const zone = zoneOf(first, ISO_BOUNDARIES[`${group}-${support}`] ?? [0, 0, 0], () => 0);
  return [
    `${text}; 1× alone has ${level(first)}, zone ${zone} at least (group ${group}, ${support})`,
  ];
}

/** g rms from which on a line above the band is told. */
const STRONG = 1;
/** Orders by which a line may miss a multiple of the shaft. */
const MISSES = 0.05;

/** A strong line above the band of the standard, of teeth or a converter, in a sentence: no zone counts it. */
export function lineAboveBand({ waveform, orders, shaft }: Extracted): string | undefined {
  if (waveform?.unit.quantity !== 'acceleration') return undefined;
  const { spectrum, rate, unit } = waveform;
  const [line] = spectralPeaks(spectrum, { low: SLOW_BAND.high, high: rate / 2 }, 0, 1);
  const rms = (line?.rms ?? 0) * unit.factor;
  if (line === undefined || rms < STRONG) return undefined;
  const text = `a line above the band of the standard, at ${line.frequency.toFixed(0)} Hz with ${rms.toPrecision(2)} g rms, is not counted by the zone`;
  if (shaft?.from !== 'message')
    return `${text}: teeth or a converter, as speed and carrier frequency would tell`;
  const order = line.frequency / shaftFrequencyOf(orders, waveform);
  const multiple = Math.round(order);
  if (Math.abs(order - multiple) > MISSES) {
    return `${text}: it stands at ${order.toFixed(2)}×, no multiple of the shaft: a converter, teeth of another shaft, or a resonance`;
  }
  return `${text}: it stands at ${multiple}× of the shaft: look for what has ${multiple} teeth, blades or slots`;
}

/** mm/s rms from 2 Hz on; undefined where the waveform is too short or too coarse to say. */
export function velocityFromTwo({ waveform }: Extracted): number | undefined {
  if (waveform === undefined || outOfReach(waveform, SLOW_BAND) !== undefined) return undefined;
  return velocityRms(waveform, SLOW_BAND);
}

const PARTS = 8;
/** From this ratio of the loudest to the quietest eighth on, one figure for the whole waveform tells half the truth. */
const UNSTEADY = 2;

/** The rms of the quietest and the loudest eighth, in the unit of the samples; undefined where the level is steady. */
export function unsteadiness(
  samples: Float32Array,
): { readonly least: number; readonly most: number } | undefined {
  const length = Math.floor(samples.length / PARTS);
  const levels = Array.from({ length: PARTS }, (_, part) => {
    const from = part * length;
    let sum = 0;
    let square = 0;
    for (let at = from; at < from + length; at++) {
      const value = samples[at] ?? 0;
      sum += value;
      square += value * value;
    }
    return Math.sqrt(Math.max(0, square / length - (sum / length) ** 2));
  });
  const [least, most] = [Math.min(...levels), Math.max(...levels)];
  return most > UNSTEADY * least ? { least, most } : undefined;
}

/** Ratio of the loudest to the quietest part from which on the level is called unsteady; noise alone reaches 2.5. */
const SWAYING = 3;

/** Whether the level comes and goes: then no line of one window over all says what the machine does. */
export function isSwaying({ waveform, averaged }: Extracted): boolean {
  const parts = averaged ?? (waveform === undefined ? undefined : unsteadiness(waveform.samples));
  return parts !== undefined && parts.most > SWAYING * parts.least;
}

/** Averages are right for the whole waveform; a line or a peak has no average. */
export function unsteadinessText(extracted: Extracted): string[] {
  const { waveform, averaged } = extracted;
  const unsteady = waveform === undefined ? undefined : unsteadiness(waveform.samples);
  if (averaged !== undefined && (isSwaying(extracted) || unsteady !== undefined)) {
    const { least, most, seconds } = averaged;
    const [low, high] = [least, most].map((level) => level.toPrecision(3));
    return [
      `the level is not steady: velocity ${low} to ${high} mm/s in parts of ${seconds.toPrecision(2)} s; levels are averages of all parts, lines are of the middle most of all`,
    ];
  }
  if (unsteady === undefined) return [];
  const [least, most] = [unsteady.least, unsteady.most].map((level) => level.toPrecision(3));
  return [
    `the level is not steady: ${least} to ${most} rms in eighths of the waveform, in the unit of the samples; all figures are of its middle most of all`,
  ];
}

/** `zone D`, or of what. */
export function zoneName({ zone, withoutFirst, ifSlow }: IsoZone): string {
  if (ifSlow !== undefined) return `zone ${zone}, or ${ifSlow} at up to 600 rpm`;
  return withoutFirst === true ? `zone ${zone} without its 1×` : `zone ${zone}`;
}

function level(velocity: number): string {
  return `${velocity.toPrecision(3)} mm/s`;
}

/** Advice behind what the zone asks for, which comes first whatever the verdict. */
export function withUrgency(
  { verdict, severity }: { readonly verdict: string; readonly severity: IsoZone | null },
  advice: string,
): string {
  const severe = verdict === 'not_determined' ? ADVICE_SEVERE : ADVICE_SEVERE_FAULT;
  const urgent = severe[severity?.zone ?? ''];
  const slow = severity?.ifSlow;
  return [
    ...(urgent === undefined ? [] : [urgent]),
    ...(slow === undefined
      ? []
      : [
          `If the machine turns at up to 600 rpm, its level is in zone ${slow}: find out the speed.`,
        ]),
    advice,
  ].join(' ');
}

const ADVICE_SEVERE: Readonly<Record<string, string>> = {
  C: 'The level is in zone C: the machine should not run on for long without a cause being found.',
  D: 'The level is in zone D, where damage is expected: look for the cause now.',
};

const ADVICE_SEVERE_FAULT: Readonly<Record<string, string>> = {
  C: 'The level is in zone C: the machine should not run on like this for long.',
  D: 'The level is in zone D, where damage is expected: act now.',
};
