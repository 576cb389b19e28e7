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
import { escapeXml, type PanelMark, panel } from '../base/panel.ts';

const WIDTH = 1_000;
const HEIGHT = 240;
const COLOURS = {
  outer_race: '#c62828',
  inner_race: '#1565c0',
  rolling_element: '#2e7d32',
  cage: '#8e24aa',
} as const;
/** How far the envelope spectrum is drawn without a bearing, in Hz. */
const FAR = 500;

/** Waveform, spectrum and prewhitened envelope spectrum as one SVG, the defect frequencies marked with their harmonics. */
export function drawDiagnosis(
  file: string,
  samples: Float32Array,
  rate: number,
  unit: string,
  { waveform, bearing, shaft }: Extracted,
  { verdict, confidence }: Diagnosis,
): string {
  const title = `${basename(file)}: ${verdict.replaceAll('_', ' ')}, confidence ${confidence}`;
  const panels = [
    panel(
      { title: 'waveform', x: 's', y: unit, width: WIDTH, height: HEIGHT, top: 52 },
      samples,
      1 / rate,
      [],
    ),
  ];
  if (waveform !== undefined) {
    const { power, step, scale } = waveform.spectrum;
    const amplitudes = power.map((value) => Math.sqrt(value * scale));
    panels.push(
      panel(
        { title: 'spectrum', x: 'Hz', y: `${unit} rms`, width: WIDTH, height: HEIGHT, top: 312 },
        amplitudes,
        step,
        [],
      ),
    );
    const envelope = bearing?.whitened.spectrum ?? envelopeOf(samples, rate);
    const furthest = bearing === undefined ? FAR : 3.3 * bearing.orders.inner_race * bearing.shaft;
    const shown = envelope.amplitudes.slice(1, Math.ceil(furthest / envelope.step) + 1);
    panels.push(
      panel(
        {
          title: 'spectrum of the squared envelope, prewhitened',
          x: 'Hz',
          y: 'as a share of the mean',
          width: WIDTH,
          height: HEIGHT,
          top: 572,
        },
        shown,
        envelope.step,
        [...shaftMarks(shaft?.shaft), ...partMarks(bearing)],
      ),
    );
  }
  const height = 60 + panels.length * 260;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    `<text x="60" y="24" font-size="16">${escapeXml(title)}</text>`,
    ...panels,
    '</svg>\n',
  ].join('\n');
}

function envelopeOf(samples: Float32Array, rate: number) {
  const half = halfSpectrum(samples, rate);
  return envelopeSpectrum(squaredEnvelope(prewhiten(half), 0, half.size / 2));
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
