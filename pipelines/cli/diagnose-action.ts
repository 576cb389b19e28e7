import { writeFileSync } from 'node:fs';
import type { BearingGeometry } from '../../operators/spectrum/bearing-frequencies.ts';
import { BEARINGS, bearingNamed } from '../../operators/spectrum/bearing-table.ts';
import { diagnose } from '../../operators/spectrum/diagnose.ts';
import { extract } from '../../operators/spectrum/extract.ts';
import { wrongInput } from '../base/wrong-input.ts';
import { describeDiagnosis } from '../diagnose/describe.ts';
import { readLength, readPositive } from '../diagnose/length.ts';
import { drawDiagnosis } from '../diagnose/plot.ts';
import {
  readSamples,
  SAMPLE_FORMATS,
  type SampleFormat,
  type SampleOptions,
} from '../diagnose/read-samples.ts';

export type DiagnoseOptions = {
  readonly rate?: string;
  readonly rpm?: string;
  readonly bearing?: string;
  readonly balls?: string;
  readonly ballDiameter?: string;
  readonly pitchDiameter?: string;
  readonly contactAngle: string;
  readonly unit: string;
  readonly format?: string;
  readonly scale: string;
  readonly column?: string;
  readonly channel: string;
  readonly json?: true;
  readonly plot?: string;
};

/** Diagnoses each file on its own and prints what was found. */
export function diagnoseFiles(files: readonly string[], options: DiagnoseOptions): void {
  if (options.plot !== undefined && files.length > 1) {
    throw wrongInput('--plot', 'one file', `${files.length} files`, 'Draw them one by one.');
  }
  const bearing = bearingOf(options);
  const rpm = options.rpm === undefined ? undefined : readPositive('--rpm', options.rpm);
  const reading = readingOf(options);
  for (const file of files) {
    const { samples, rate: own } = readSamples(file, reading);
    const rate = rateOf(file, options.rate, own);
    const extracted = extract(samples, rate, options.unit, rpm, bearing);
    const diagnosis = diagnose(extracted);
    if (options.plot !== undefined) {
      writeFileSync(
        options.plot,
        drawDiagnosis(file, samples, rate, options.unit, extracted, diagnosis),
      );
    }
    const { values, absent, lines, orders, shaft } = extracted;
    console.log(
      options.json === true
        ? JSON.stringify({ file, ...diagnosis, shaft, features: values, absent, lines, orders })
        : describeDiagnosis(file, extracted, diagnosis),
    );
  }
}

function rateOf(file: string, said: string | undefined, own: number | undefined): number {
  const rate = said === undefined ? own : readPositive('--rate', said);
  if (rate !== undefined) return rate;
  throw wrongInput(file, '--rate', 'none', 'Say how many samples per second the file holds.');
}

function readingOf(options: DiagnoseOptions): SampleOptions {
  const { format, column } = options;
  if (format !== undefined && !isFormat(format)) {
    throw wrongInput(
      '--format',
      SAMPLE_FORMATS.join(', '),
      JSON.stringify(format),
      'Choose one of them.',
    );
  }
  const channel = readPositive('--channel', options.channel);
  return {
    ...(format === undefined ? {} : { format }),
    ...(column === undefined ? {} : { column }),
    scale: readPositive('--scale', options.scale),
    channel: Math.max(1, Math.floor(channel)),
  };
}

function isFormat(text: string): text is SampleFormat {
  return SAMPLE_FORMATS.some((format) => format === text);
}

/** A geometry that was measured goes before one of the table. */
function bearingOf(options: DiagnoseOptions): BearingGeometry | undefined {
  const { bearing, balls, ballDiameter, pitchDiameter, contactAngle } = options;
  if (balls !== undefined || ballDiameter !== undefined || pitchDiameter !== undefined) {
    if (balls === undefined || ballDiameter === undefined || pitchDiameter === undefined) {
      const found = 'only some of them';
      const expected = '--balls, --ball-diameter and --pitch-diameter';
      throw wrongInput('geometry', expected, found, 'Say all three, or --bearing.');
    }
    const geometry = {
      balls: readPositive('--balls', balls),
      ball_diameter: readLength('--ball-diameter', ballDiameter),
      pitch_diameter: readLength('--pitch-diameter', pitchDiameter),
      contact_angle: readPositive('--contact-angle', contactAngle, 0),
    };
    return checked(geometry);
  }
  if (bearing === undefined) return undefined;
  const known = bearingNamed(bearing);
  if (known !== undefined) return known;
  const names = BEARINGS.map(({ name }) => name).join(', ');
  const remedy = 'Say --balls, --ball-diameter and --pitch-diameter.';
  throw wrongInput('--bearing', `one of ${names}`, JSON.stringify(bearing), remedy);
}

function checked(geometry: BearingGeometry): BearingGeometry {
  const { balls, ball_diameter, pitch_diameter, contact_angle } = geometry;
  // So many balls must fit on the pitch circle: beside each other their centres are a diameter apart.
  const most = Math.PI / Math.asin(Math.min(1, ball_diameter / pitch_diameter));
  if (Number.isInteger(balls) && balls >= 3 && balls <= most && contact_angle < 90) return geometry;
  const found = `${balls} of ${ball_diameter.toPrecision(4)} mm on ${pitch_diameter.toPrecision(4)} mm at ${contact_angle}°`;
  const expected = 'a geometry that can be: whole balls, at least 3, that fit on the pitch circle';
  throw wrongInput(
    'geometry',
    expected,
    found,
    'Check the units: without one a length is millimetres.',
  );
}
