import { basename } from 'node:path';
import { BEARING_PARTS } from '../../operators/spectrum/bearing.ts';
import type { Diagnosis } from '../../operators/spectrum/diagnose.ts';
import {
  envelopeSpectrum,
  halfSpectrum,
  prewhiten,
  squaredEnvelope,
} from '../../operators/spectrum/envelope.ts';
import type { Extracted } from '../../operators/spectrum/extract.ts';
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
  const zone =
    severity === null
      ? ''
      : `; ${severity.velocity_rms.toPrecision(3)} mm/s rms, zone ${severity.zone}`;
  const also = others.map(({ fault }) => ` and ${fault}`).join('');
  const certainty = verdict === 'not_determined' ? '' : `, confidence ${confidence}`;
  const title = `${basename(file)}: ${verdict.replaceAll('_', ' ')}${also}${certainty}${zone}`;
  const panels = [
    panel(
      { title: 'waveform', x: 's', y: unit, width: WIDTH, height: HEIGHT, top: 52 },
      samples,
      1 / rate,
      [],
    ),
    ...(waveform === undefined ? [] : [velocityPanel(waveform, shaft?.shaft)]),
    ...(waveform === undefined ? [] : [envelopePanel(waveform, extracted)]),
  ];
  const height = 60 + panels.length * 260;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    `<text x="60" y="24" font-size="16">${escapeXml(title)}</text>`,
    ...panels,
    '</svg>\n',
  ].join('\n');
}

function velocityPanel(waveform: TimeWaveform, shaft: number | undefined): string {
  const { step } = waveform.spectrum;
  const high = Math.min(HIGHEST, shaft === undefined ? HIGHEST : MOST_ORDERS * shaft);
  // Below the band of the standard integration makes mountains of nothing.
  const low = velocityBand(waveform.rpm).low / 2;
  const velocity = velocityLines(waveform, high).map((line, bin) => (bin * step < low ? 0 : line));
  return panel(
    { title: 'velocity', x: 'Hz', y: 'mm/s rms', width: WIDTH, height: HEIGHT, top: 312 },
    velocity,
    step,
    orderMarks(shaft, high),
  );
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
