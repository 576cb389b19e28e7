import { basename } from 'node:path';
import { ISO_BOUNDARIES } from '../../operators/model/detector-bounds.ts';
import { BEARING_PARTS } from '../../operators/spectrum/bearing.ts';
import type { Diagnosis } from '../../operators/spectrum/diagnose.ts';
import {
  envelopeSpectrum,
  halfSpectrum,
  prewhiten,
  squaredEnvelope,
} from '../../operators/spectrum/envelope.ts';
import type { Extracted } from '../../operators/spectrum/extract.ts';
import { type IsoZone, zoneName } from '../../operators/spectrum/iso-zone.ts';
import type { TimeWaveform } from '../../operators/spectrum/time-waveform.ts';
import { velocityBand, velocityLines } from '../../operators/spectrum/vibration-features.ts';
import { escapeXml, type PanelMark, panel } from '../base/panel.ts';

const WIDTH = 1_000;
const HEIGHT = 240;
const COLOURS = {
  outer_race: '#c62828',
  inner_race: '#1565c0',
  rolling_element: '#2e7d32',
  cage: '#8e24aa',
} as const;
/** How far the velocity is drawn: to the end of the standard's band, or to so many multiples of the shaft speed. */
const HIGHEST = 1_000;
const MOST_ORDERS = 20;
/** How far the envelope spectrum is drawn without a bearing, in Hz. */
const FAR = 500;

/** Waveform, spectrum and prewhitened envelope spectrum as one SVG, the defect frequencies marked with their harmonics. */
export function drawDiagnosis(
  file: string,
  samples: Float32Array,
  rate: number,
  unit: string,
  extracted: Extracted,
  { verdict, confidence, severity, also: others }: Diagnosis,
): string {
  const { waveform, shaft } = extracted;
  const also = others.map(({ fault }) => ` and ${fault}`).join('');
  const certainty = verdict === 'not_determined' ? '' : `, confidence ${confidence}`;
  const title = `${basename(file)}: ${verdict.replaceAll('_', ' ')}${also}${certainty}${zoneWords(severity)}`;
  const panels = [
    panel(
      { title: 'waveform', x: 's', y: unit, width: WIDTH, height: HEIGHT, top: 52 },
      samples,
      1 / rate,
      [],
    ),
    ...(waveform === undefined
      ? []
      : [velocityPanel(waveform, shaft?.shaft, zoneLevels(severity))]),
    ...(waveform === undefined ? [] : [envelopePanel(waveform, extracted)]),
  ];
  return picture(title, panels);
}

function picture(title: string, panels: readonly string[]): string {
  const height = 60 + panels.length * 260;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    `<text x="60" y="24" font-size="16">${escapeXml(title)}</text>`,
    ...panels,
    '</svg>\n',
  ].join('\n');
}

function velocityPanel(
  waveform: TimeWaveform,
  shaft: number | undefined,
  levels: readonly PanelMark[],
): string {
  const { step } = waveform.spectrum;
  const high = Math.min(HIGHEST, shaft === undefined ? HIGHEST : MOST_ORDERS * shaft);
  // Below the band of the standard integration makes mountains of nothing; a slow shaft is shown all the same.
  const low = Math.min(velocityBand(waveform.rpm).low, 0.7 * (shaft ?? Number.POSITIVE_INFINITY));
  const velocity = velocityLines(waveform, high).map((line, bin) => (bin * step < low ? 0 : line));
  return panel(
    { title: 'velocity', x: 'Hz', y: 'mm/s rms', width: WIDTH, height: HEIGHT, top: 312 },
    velocity,
    step,
    orderMarks(shaft, high),
    levels,
  );
}

function zoneWords(severity: IsoZone | null): string {
  if (severity === null) return '; no zone';
  return `; ${severity.velocity_rms.toPrecision(3)} mm/s rms, ${zoneName(severity)}`;
}

const ZONE_COLOURS = ['#2e7d32', '#ef6c00', '#c62828'];

/** Boundaries of the machine's row: a line that reaches one puts the machine into the zone above it by itself. */
function zoneLevels(severity: IsoZone | null): PanelMark[] {
  if (severity === null) return [];
  const boundaries = ISO_BOUNDARIES[`${severity.group}-${severity.support}`] ?? [];
  return boundaries.map((at, zone) => {
    const text = `zone ${'BCD'[zone] ?? ''} from ${at} mm/s`;
    return { at, text, colour: ZONE_COLOURS[zone] ?? '#616161' };
  });
}

/** A file of several, and what was found in it. */
export type TrendPoint = {
  readonly file: string;
  /** The one channel of several that is followed. */
  readonly channel?: string;
  /** g rms, where it is known. */
  readonly acceleration: number | undefined;
  readonly diagnosis: Diagnosis;
};

function isRated({ diagnosis }: TrendPoint): boolean {
  return diagnosis.severity !== null;
}

/**
 * Several files as a trend, in the order in which they were given: velocity with the zones, acceleration, and the greatest
 * score of a bearing part with what a verdict needs. Where a verdict changes, it stands at its file.
 */
export function drawTrend(points: readonly TrendPoint[]): string {
  const [first] = points;
  const last = points.at(-1);
  if (first === undefined || last === undefined) throw new RangeError('expected files, found none');
  const words = ({ diagnosis }: TrendPoint) => diagnosis.verdict.replaceAll('_', ' ');
  const verdicts = points.flatMap((point, at) => {
    const before = points[at - 1];
    const isSame = before !== undefined && words(before) === words(point);
    return isSame ? [] : [{ at: at + 0.001, text: words(point), colour: '#616161' }];
  });
  const series = [
    {
      title: 'velocity',
      y: 'mm/s rms',
      of: ({ diagnosis }: TrendPoint) => diagnosis.severity?.velocity_rms,
      // The last file may be one that cannot be used.
      levels: zoneLevels(points.findLast(isRated)?.diagnosis.severity ?? null),
    },
    {
      title: 'acceleration',
      y: 'g rms',
      of: ({ acceleration }: TrendPoint) => acceleration,
      levels: [],
    },
    {
      title: 'strongest part of the bearing',
      y: 'from 1 on a verdict',
      of: ({ diagnosis }: TrendPoint) => {
        return Math.max(...BEARING_PARTS.map((part) => diagnosis.scores[part]));
      },
      levels: [{ at: 1, text: 'verdict', colour: '#c62828' }],
    },
  ];
  const of = first.channel === undefined ? '' : `, ${first.channel}`;
  const title = `${points.length} files, ${basename(first.file)} to ${basename(last.file)}${of}: last ${words(last)}${zoneWords(last.diagnosis.severity)}`;
  const panels = series.map(({ title: name, y, of, levels }, at) => {
    const frame = {
      title: name,
      x: 'files',
      y,
      whole: true,
      width: WIDTH,
      height: HEIGHT,
      top: 52 + at * 260,
    };
    const values = points.map((point) => of(point) ?? Number.NaN);
    return panel(frame, values, 1, at === 0 ? verdicts : [], levels);
  });
  return picture(title, panels);
}

function envelopePanel({ samples, rate }: TimeWaveform, { bearing, shaft }: Extracted): string {
  const envelope = bearing?.whitened.spectrum ?? envelopeOf(samples, rate);
  const furthest = bearing === undefined ? FAR : 3.3 * bearing.orders.inner_race * bearing.shaft;
  return panel(
    {
      title: 'spectrum of the squared envelope, prewhitened',
      x: 'Hz',
      y: 'as a share of the mean',
      width: WIDTH,
      height: HEIGHT,
      top: 572,
    },
    envelope.amplitudes.slice(1, Math.ceil(furthest / envelope.step) + 1),
    envelope.step,
    [...shaftMarks(shaft?.shaft), ...partMarks(bearing)],
  );
}

function envelopeOf(samples: Float32Array, rate: number) {
  const half = halfSpectrum(samples, rate);
  return envelopeSpectrum(squaredEnvelope(prewhiten(half), 0, half.size / 2));
}

function orderMarks(shaft: number | undefined, high: number): PanelMark[] {
  if (shaft === undefined) return [];
  return [1, 2, 3, 4, 5, 6].flatMap((order) => {
    return order * shaft < high
      ? [{ at: order * shaft, text: `${order}×`, colour: '#616161' }]
      : [];
  });
}

function shaftMarks(shaft: number | undefined): PanelMark[] {
  return shaft === undefined ? [] : [{ at: shaft, text: '1× shaft', colour: '#616161' }];
}

function partMarks(bearing: Extracted['bearing']): PanelMark[] {
  if (bearing === undefined) return [];
  return BEARING_PARTS.flatMap((part) => {
    const { frequency } = bearing.whitened.parts[part];
    return [1, 2, 3].map((harmonic) => ({
      at: harmonic * frequency,
      text: `${harmonic}× ${part.replace('_', ' ')}`,
      colour: COLOURS[part],
    }));
  });
}
