// The options of `andon diagnose` as numbers: rate, geometry of the bearing, how samples are read.

import { BEARINGS, type BearingGeometry, bearingNamed } from '../../operators/spectrum/bearing.ts';
import { EXIT, Problem, wrongInput } from '../base/problem.ts';
import { SAMPLE_FORMATS, type SampleFormat, type SampleOptions } from './read-samples.ts';

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

/** Samples per second: `own` is what the file says itself. */
export function rateOf(file: string, given: string | undefined, own: number | undefined): number {
  const rate = given === undefined ? own : parsePositive('--rate', given);
  if (rate !== undefined) return rate;
  throw wrongInput(file, '--rate', 'none', 'Say how many samples per second the file holds.');
}

/** How the samples are read. */
export function readingOf(options: DiagnoseOptions): SampleOptions {
  const { format, column } = options;
  if (format !== undefined && !isFormat(format)) {
    throw wrongInput(
      '--format',
      SAMPLE_FORMATS.join(', '),
      JSON.stringify(format),
      'Choose one of them.',
    );
  }
  const channel = parsePositive('--channel', options.channel);
  return {
    ...(format === undefined ? {} : { format }),
    ...(column === undefined ? {} : { column }),
    scale: parsePositive('--scale', options.scale),
    channel: Math.max(1, Math.floor(channel)),
  };
}

function isFormat(text: string): text is SampleFormat {
  return SAMPLE_FORMATS.some((format) => format === text);
}

/** The geometry of the bearing, if one is given. What was measured goes before the table. */
export function bearingOf(options: DiagnoseOptions): BearingGeometry | undefined {
  const { bearing, balls, ballDiameter, pitchDiameter, contactAngle } = options;
  if (balls !== undefined || ballDiameter !== undefined || pitchDiameter !== undefined) {
    if (balls === undefined || ballDiameter === undefined || pitchDiameter === undefined) {
      const found = 'only some of them';
      const expected = '--balls, --ball-diameter and --pitch-diameter';
      throw wrongInput('geometry', expected, found, 'Say all three, or --bearing.');
    }
    const geometry = {
      balls: parsePositive('--balls', balls),
      ball_diameter: parseLength('--ball-diameter', ballDiameter),
      pitch_diameter: parseLength('--pitch-diameter', pitchDiameter),
      contact_angle: parsePositive('--contact-angle', contactAngle, 0),
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

const MILLIMETRES: Readonly<Record<string, number>> = {
  mm: 1,
  cm: 10,
  m: 1_000,
  um: 0.001,
  in: 25.4,
  '"': 25.4,
};

/** Millimetres of `7.94`, `7.94mm` or `0.3126in`. */
export function parseLength(option: string, text: string): number {
  const [, digits = '', unit = 'mm'] =
    /^([0-9.]+(?:e-?\d+)?) *([a-z"]+)?$/i.exec(text.trim()) ?? [];
  const factor = Object.hasOwn(MILLIMETRES, unit) ? MILLIMETRES[unit] : undefined;
  const value = Number(digits) * (factor ?? Number.NaN);
  if (digits !== '' && value > 0 && Number.isFinite(value)) return value;
  throw new Problem({
    where: option,
    expected: 'a length such as 7.94, 7.94mm or 0.3126in',
    found: JSON.stringify(text),
    remedy: 'Without a unit it is millimetres.',
    exit: EXIT.input,
  });
}

/** A number above zero. */
export function parsePositive(option: string, text: string, least = 0): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && (value > 0 || value === least)) return value;
  throw new Problem({
    where: option,
    expected: 'a number above 0',
    found: JSON.stringify(text),
    remedy: 'Write it with a point and without a unit.',
    exit: EXIT.input,
  });
}
