/** A waveform for the eye: the samples, the velocity and the envelope, each with no more points than a picture has pixels. */

import type { Point } from '../../../operators/model/plant-model.ts';
import { BEARING_PARTS } from '../../../operators/spectrum/bearing.ts';
import { type Diagnosis, diagnose } from '../../../operators/spectrum/diagnose.ts';
import {
  envelopeSpectrum,
  halfSpectrum,
  prewhiten,
  squaredEnvelope,
} from '../../../operators/spectrum/envelope.ts';
import { type Extracted, extract } from '../../../operators/spectrum/extract.ts';
import type { MachineSize } from '../../../operators/spectrum/iso-zone.ts';
import { velocityBand, velocityLines } from '../../../operators/spectrum/vibration-features.ts';

/** One burst, as it came. */
export type Burst = {
  readonly samples: Float32Array;
  readonly rate: number;
  readonly unit: string;
  readonly rpm: number | undefined;
};

/** Least and greatest of each point; point k begins at k · `step`. */
type Band = { readonly step: number; readonly least: number[]; readonly greatest: number[] };
/** The greatest of each point: no line is lost. */
type Lines = { readonly step: number; readonly values: number[] };

/** Where a line is expected: an order of the shaft, or a harmonic of a part of the bearing. */
type Mark = {
  readonly kind: 'order' | 'outer_race' | 'inner_race' | 'rolling_element' | 'cage';
  /** Order, or number of the harmonic. */
  readonly n: number;
  /** Hz. */
  readonly at: number;
};

export type WaveformView = Pick<Extracted, 'values' | 'absent'> & {
  readonly wave: Band;
  /** mm/s rms; null where the samples are no vibration that can be read. */
  readonly velocity: (Lines & { readonly marks: readonly Mark[] }) | null;
  /** Of the prewhitened samples, as a share of the mean of the squared envelope. */
  readonly envelope: (Lines & { readonly marks: readonly Mark[] }) | null;
  /** Hz; null where nobody knows it. */
  readonly shaft: number | null;
  readonly diagnosis: Pick<Diagnosis, 'verdict' | 'confidence' | 'reasons' | 'action'>;
  readonly zone: string | null;
};

/** How far the velocity is drawn, Hz: the end of the standard's band, or so many orders. */
const HIGHEST = 1_000;
const MOST_ORDERS = 20;
/** How far the envelope is drawn where no bearing is known, Hz. */
const FAR = 500;
const ORDERS = [1, 2, 3, 4, 5, 6];
const HARMONICS = [1, 2, 3];

export function waveformView(
  { samples, rate, unit, rpm }: Burst,
  point: Point | undefined,
  size: MachineSize,
  points: number,
): WaveformView {
  const speed = rpm ?? point?.rpm;
  const extracted = extract(samples, rate, unit || (point?.unit ?? ''), speed, point?.bearing);
  const { verdict, confidence, reasons, action, severity } = diagnose(extracted, size);
  return {
    ...{ values: extracted.values, absent: extracted.absent },
    wave: bandOf(samples, 1 / rate, points),
    velocity: velocityOf(extracted, points),
    envelope: envelopeOf(extracted, points),
    shaft: extracted.shaft?.shaft ?? null,
    diagnosis: { verdict, confidence, reasons, action },
    zone: severity?.zone ?? null,
  };
}

function velocityOf({ waveform, shaft }: Extracted, points: number): WaveformView['velocity'] {
  if (waveform === undefined) return null;
  const high = Math.min(HIGHEST, shaft === undefined ? HIGHEST : MOST_ORDERS * shaft.shaft);
  const { step } = waveform.spectrum;
  // Below the band of the standard integration makes mountains of nothing.
  const low = velocityBand(waveform.rpm).low / 2;
  const lines = velocityLines(waveform, high).map((line, bin) => (bin * step < low ? 0 : line));
  return { ...linesOf(lines, step, points), marks: orderMarks(shaft?.shaft, high) };
}

function envelopeOf(
  { waveform, shaft, bearing }: Extracted,
  points: number,
): WaveformView['envelope'] {
  if (waveform === undefined || waveform.unit.quantity !== 'acceleration') return null;
  const found = bearing?.whitened.spectrum ?? envelopeOfSamples(waveform.samples, waveform.rate);
  const furthest = bearing === undefined ? FAR : 3.3 * bearing.orders.inner_race * bearing.shaft;
  const shown = found.amplitudes.slice(0, Math.ceil(furthest / found.step) + 1);
  // The mean is no line.
  shown[0] = 0;
  const parts = bearing === undefined ? [] : BEARING_PARTS;
  const marks = parts.flatMap((part) =>
    HARMONICS.map((n) => ({
      kind: part,
      n,
      at: n * (bearing?.whitened.parts[part].frequency ?? 0),
    })),
  );
  return {
    ...linesOf(shown, found.step, points),
    marks: [...orderMarks(shaft?.shaft, furthest).slice(0, 1), ...marks].filter(
      ({ at }) => at < furthest,
    ),
  };
}

function envelopeOfSamples(samples: Float32Array, rate: number) {
  const half = halfSpectrum(samples, rate);
  return envelopeSpectrum(squaredEnvelope(prewhiten(half), 0, half.size / 2));
}

function orderMarks(shaft: number | undefined, high: number): Mark[] {
  if (shaft === undefined) return [];
  return ORDERS.map((n): Mark => ({ kind: 'order', n, at: n * shaft })).filter(
    ({ at }) => at < high,
  );
}

function linesOf(lines: Float64Array, step: number, points: number): Lines {
  const width = Math.max(1, Math.ceil(lines.length / points));
  const values: number[] = [];
  for (let from = 0; from < lines.length; from += width) {
    let greatest = 0;
    for (let at = from; at < Math.min(lines.length, from + width); at += 1) {
      greatest = Math.max(greatest, lines[at] ?? 0);
    }
    values.push(rounded(greatest));
  }
  return { step: step * width, values };
}

function bandOf(samples: Float32Array, step: number, points: number): Band {
  const width = Math.max(1, Math.ceil(samples.length / points));
  const [least, greatest]: [number[], number[]] = [[], []];
  for (let from = 0; from < samples.length; from += width) {
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let at = from; at < Math.min(samples.length, from + width); at += 1) {
      const sample = samples[at] ?? 0;
      if (sample < low) low = sample;
      if (sample > high) high = sample;
    }
    // A point of samples that are no numbers is drawn as nothing.
    least.push(Number.isFinite(low) ? rounded(low) : 0);
    greatest.push(Number.isFinite(high) ? rounded(high) : 0);
  }
  return { step: step * width, least, greatest };
}

/** Five digits: finer than any picture. */
function rounded(value: number): number {
  return Number(value.toPrecision(5));
}
