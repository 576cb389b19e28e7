// The options of `andon diagnose` as numbers: rate, geometry of the bearing, how samples are read.

import { geometryOfOrders } from '../../operators/model/plant-model.ts';
import {
  BEARINGS,
  type BearingGeometry,
  bearingsNamed,
  type KnownBearing,
} from '../../operators/spectrum/bearing.ts';
import type { DiagnosisOptions } from '../../operators/spectrum/diagnose.ts';
import { VIBRATION_UNITS, vibrationUnit } from '../../operators/spectrum/time-waveform.ts';
import { EXIT, Problem, wrongInput } from '../base/problem.ts';
import { SAMPLE_FORMATS, type SampleFormat, type SampleOptions } from '../files/files.ts';

export type DiagnoseOptions = {
  readonly rate?: string;
  readonly rpm?: string;
  readonly bearing?: string;
  readonly balls?: string;
  readonly ballDiameter?: string;
  readonly pitchDiameter?: string;
  readonly contactAngle: string;
  readonly bpfo?: string;
  readonly bpfi?: string;
  readonly bsf?: string;
  readonly ftf?: string;
  readonly unit?: string;
  readonly group?: string;
  readonly support?: string;
  readonly lineFrequency?: string;
  readonly format?: string;
  readonly scale: string;
  readonly column?: string;
  readonly channel?: string;
  readonly json?: true;
  readonly plot?: string;
};

/** Share by which a stated rate may differ from that of the file's own times. */
const RATE_ERROR = 0.01;

/** Samples per second: `own` is what the file says itself. */
export function rateOf(file: string, given: string | undefined, own: number | undefined): number {
  const rate = given === undefined ? own : parsePositive('--rate', given);
  if (rate === undefined) {
    throw wrongInput(file, '--rate', 'none', 'Say how many samples per second the file holds.');
  }
  if (own !== undefined && Math.abs(rate / own - 1) > RATE_ERROR) {
    const found = `--rate ${rate}`;
    const remedy = 'Leave --rate out, or correct the file.';
    throw wrongInput(file, `${own} samples per second, as it says itself`, found, remedy);
  }
  return rate;
}

/** The unit of the samples: `own` is what the file says itself. Without either it is g, as of most accelerometers. */
export function unitOf(file: string, given: string | undefined, own: string | undefined): string {
  const unit = given ?? own ?? 'g';
  const known = vibrationUnit(unit);
  if (known === undefined && given === undefined) {
    const remedy = 'Say --unit, and with --scale how many of it are one of the file.';
    throw wrongInput(
      file,
      `samples in one of ${VIBRATION_UNITS}`,
      `${unit}, as it says itself`,
      remedy,
    );
  }
  if (known === undefined) {
    throw wrongInput('--unit', `one of ${VIBRATION_UNITS}`, JSON.stringify(unit), 'Choose one.');
  }
  const said = own === undefined ? known : vibrationUnit(own);
  // What is no unit of a vibration, such as volts, is turned into one by --unit and --scale.
  if (said === undefined || (said.quantity === known.quantity && said.factor === known.factor)) {
    return unit;
  }
  const remedy = 'Leave --unit out, or correct the file.';
  throw wrongInput(file, `${own}, as the file says`, `--unit ${unit}`, remedy);
}

/** What kind of machine it is, for zones and for what the grid does to a motor. */
export function machineOf({ group, support, lineFrequency }: DiagnoseOptions): DiagnosisOptions {
  if (group !== undefined && group !== '1' && group !== '2') {
    throw wrongInput('--group', '1 or 2', JSON.stringify(group), 'Above 300 kW it is 1.');
  }
  if (support !== undefined && support !== 'rigid' && support !== 'flexible') {
    throw wrongInput('--support', 'rigid or flexible', JSON.stringify(support), 'Choose one.');
  }
  return {
    ...(group === undefined ? {} : { group: group === '1' ? 1 : 2 }),
    ...(support === undefined ? {} : { support }),
    ...(lineFrequency === undefined ? {} : { grids: gridsOf(lineFrequency) }),
  };
}

function gridsOf(text: string): readonly number[] {
  return text === 'none' ? [] : [parsePositive('--line-frequency', text)];
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
  const wanted = column ?? options.channel;
  return {
    ...(format === undefined ? {} : { format }),
    ...(wanted === undefined ? {} : { wanted }),
    scale: parsePositive('--scale', options.scale),
  };
}

function isFormat(text: string): text is SampleFormat {
  return SAMPLE_FORMATS.some((format) => format === text);
}

/** A bearing that may be meant. */
export type MeantBearing = BearingGeometry & Partial<Pick<KnownBearing, 'kind' | 'source'>>;

/**
 * The bearings that may be meant, none where nothing is said of one. What was measured goes before the table; of a
 * designation there are several where makers differ.
 */
export function bearingsOf(options: DiagnoseOptions): readonly MeantBearing[] {
  const { bearing, balls, ballDiameter, pitchDiameter, contactAngle } = options;
  const { bpfo, bpfi, bsf, ftf } = options;
  if ([bpfo, bpfi, bsf, ftf].some((order) => order !== undefined))
    return [geometryFromOrders(options)];
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
    return [checked(geometry)];
  }
  if (bearing === undefined) return [];
  const known = bearingsNamed(bearing);
  if (known.length > 0) return known;
  const names = [...new Set(BEARINGS.map(({ name }) => name))].join(', ');
  const remedy =
    "Say --balls, --ball-diameter and --pitch-diameter, or the maker's --bpfo and --bpfi.";
  throw wrongInput('--bearing', `one of ${names}`, JSON.stringify(bearing), remedy);
}

/** The geometry of the multiples of the shaft speed that were said. */
function geometryFromOrders(options: DiagnoseOptions): BearingGeometry {
  const names = ['balls', 'bpfo', 'bpfi', 'ftf', 'bsf'] as const;
  const said = names.flatMap((name) => {
    const text = options[name];
    return text === undefined ? [] : [[name, parsePositive(`--${name}`, text)] as const];
  });
  const geometry = geometryOfOrders(Object.fromEntries(said));
  if (!('expected' in geometry)) return checked(geometry);
  const found = said.map(([name, value]) => `--${name} ${value}`).join(' ');
  throw wrongInput('geometry', geometry.expected, found, geometry.remedy);
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
