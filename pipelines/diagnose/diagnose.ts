/** `andon diagnose`: files, one diagnosis each, printed for people or as JSON. */

import { writeFileSync } from 'node:fs';
import { unitOfFeature } from '../../operators/detect/sample.ts';
import { type Diagnosis, WORTH_A_LOOK } from '../../operators/spectrum/diagnose.ts';
import type { Extracted } from '../../operators/spectrum/extract.ts';
import { type IsoZone, zoneName } from '../../operators/spectrum/iso-zone.ts';
import type { SpectralPeak } from '../../operators/spectrum/power-spectrum.ts';
import { GRIDS } from '../../operators/spectrum/shaft-faults.ts';
import { EXIT, Problem } from '../base/problem.ts';
import { readSamples } from '../files/files.ts';
import { combineChannels, type DiagnosedChannel, diagnoseChannel, labelOf } from './channels.ts';
import {
  bearingsOf,
  type DiagnoseOptions,
  machineOf,
  parsePositive,
  rateOf,
  readingOf,
  unitOf,
} from './diagnose-options.ts';
import { drawDiagnosis, drawTrend, type TrendPoint } from './plot.ts';

/** Diagnoses each file on its own, all its channels together, and prints what was found. */
export function diagnoseFiles(files: readonly string[], options: DiagnoseOptions): void {
  const bearings = bearingsOf(options);
  const rpm = options.rpm === undefined ? undefined : parsePositive('--rpm', options.rpm);
  const reading = readingOf(options);
  const machine = machineOf(options);
  const trend: TrendPoint[] = [];
  let followed: string | undefined;
  for (const file of files) {
    const { channels, notes } = readSamples(file, reading);
    const all = channels.map((channel) => {
      const rate = rateOf(file, options.rate, channel.rate);
      const unit = unitOf(file, options.unit, channel.unit);
      return diagnoseChannel(channel, { rate, unit, rpm }, bearings, machine);
    });
    const whole = combineAll(all);
    const noted = { ...whole, notes: [...notes, ...whole.notes] };
    if (options.plot !== undefined && files.length > 1) {
      const { extracted, diagnosis, channel } = ofTrend(file, all, followed);
      followed ??= labelOf(channel);
      const acceleration = extracted.values.acceleration_rms;
      // Where a file has one channel, its label says nothing.
      const of = all.length === 1 ? {} : { channel: followed };
      trend.push({ file, ...of, acceleration, diagnosis });
    }
    if (options.plot !== undefined && files.length === 1) {
      const { channel, rate, unit, extracted, diagnosis } = noted;
      const drawn = drawDiagnosis(file, channel.samples, rate, unit, extracted, diagnosis);
      writeFileSync(options.plot, drawn);
    }
    console.log(options.json === true ? jsonOf(file, noted, all) : textOf(file, noted, all));
  }
  if (options.plot !== undefined && files.length > 1) writeFileSync(options.plot, drawTrend(trend));
}

/** A trend is that of one channel: of several the one that shows most in the first file, by its name in the others. */
function ofTrend(
  file: string,
  all: readonly DiagnosedChannel[],
  label: string | undefined,
): DiagnosedChannel {
  const [only] = all;
  if (only !== undefined && all.length === 1) return only;
  const wanted = label ?? labelOf(combineChannels(all).channel);
  const own = all.find(({ channel }) => labelOf(channel) === wanted);
  if (own !== undefined) return own;
  throw new Problem({
    where: file,
    expected: `the channel ${wanted}, whose trend begins in the first file`,
    found: all.map(({ channel }) => labelOf(channel)).join(', '),
    remedy: 'Name one that all files have by --channel, or by --column in CSV.',
    exit: EXIT.input,
  });
}

function combineAll(all: readonly DiagnosedChannel[]): DiagnosedChannel {
  const [only] = all;
  return only !== undefined && all.length === 1 ? only : combineChannels(all);
}

function jsonOf(file: string, whole: DiagnosedChannel, all: readonly DiagnosedChannel[]): string {
  const { extracted, diagnosis, notes } = whole;
  const { values, absent, lines, orders, shaft } = extracted;
  const channels = all.map(({ channel, diagnosis: own, extracted: found }) => ({
    channel: labelOf(channel),
    verdict: own.verdict,
    confidence: own.confidence,
    also: own.also,
    severity: own.severity,
    features: found.values,
    absent: found.absent,
  }));
  return JSON.stringify({
    file,
    ...diagnosis,
    ...(notes.length === 0 ? {} : { notes }),
    ...(all.length === 1 ? {} : { channel: labelOf(whole.channel), channels }),
    shaft,
    features: values,
    absent,
    lines,
    orders,
  });
}

function textOf(file: string, whole: DiagnosedChannel, all: readonly DiagnosedChannel[]): string {
  const each = all.map(({ channel, diagnosis, extracted: { bearing } }) => {
    const zone = diagnosis.severity === null ? '' : `; ${zoneText(diagnosis.severity)}`;
    return `    ${labelOf(channel)}: ${words(diagnosis.verdict)}${certainty(diagnosis, bearing?.alike)}${zone}`;
  });
  return [
    describeDiagnosis(file, whole.extracted, whole.diagnosis),
    ...section('to know', whole.notes),
    ...(all.length === 1
      ? []
      : [`  by channel, figures above of ${labelOf(whole.channel)}:`, ...each]),
  ].join('\n');
}

type Line = Diagnosis['supporting'][number];

/** A diagnosis for people: the verdict first, how severe it is, then what both rest on. */
export function describeDiagnosis(
  file: string,
  extracted: Extracted,
  diagnosis: Diagnosis,
): string {
  const { values, absent, lines, shaft } = extracted;
  const { supporting, contradicting, reasons, severity } = diagnosis;
  const speed =
    shaft === undefined
      ? 'shaft speed unknown'
      : `shaft at ${(shaft.shaft * 60).toFixed(0)} rpm, from the ${shaft.from}`;
  const scores = Object.entries(diagnosis.scores).filter(([, score]) => score >= 0.005);
  return [
    `${file}: ${headline(diagnosis, extracted.bearing?.alike)}`,
    ...(severity === null ? [] : [`  ${severityText(severity)}`]),
    ...reasons.map((reason) => `  because ${reason}`),
    ...diagnosis.also.map(({ reason }) => `  beside it ${reason}`),
    // Of a signal that cannot be used nothing is said about the shaft.
    ...(extracted.waveform === undefined ? [] : [`  ${speed}`]),
    ...section('supporting lines', supporting.map(lineText)),
    ...section('contradicting lines', contradicting.map(lineText)),
    ...section(
      'scores, from 1 on a verdict',
      scores.map(([name, score]) => `${words(name)} ${score.toFixed(2)}`),
    ),
    ...section(
      'strongest lines of velocity',
      lines.map((line) => strongLineText(line, shaft?.shaft)),
    ),
    ...section(
      'features',
      Object.entries(values)
        .filter(([name]) => !/^(line_|bearing_|envelope_)/.test(name))
        .map(([name, value]) =>
          `${name} ${value.toPrecision(4)} ${unitOfFeature(name) ?? ''}`.trimEnd(),
        ),
    ),
    ...absentSection(absent),
    `  what to do: ${diagnosis.action}`,
  ].join('\n');
}

/** The verdict and what stands beside it; a fault beside what is not determined goes first. */
function headline(diagnosis: Diagnosis, alike: readonly string[] | undefined): string {
  const { verdict } = diagnosis;
  const faults = diagnosis.also.map(({ fault }) => words(fault));
  if (verdict === 'not_determined' && faults.length > 0) {
    return `${faults.join(' and ')}; the bearing is ${words(verdict)}${certainty(diagnosis, alike)}`;
  }
  return `${[words(verdict), ...faults].join(' and ')}${certainty(diagnosis, alike)}`;
}

/** Numbers say how sure a verdict is; without a verdict they would sound like one. */
function certainty(
  { verdict, forced, confidence, scores }: Diagnosis,
  alike: readonly string[] = [],
): string {
  if (verdict !== 'not_determined') return ` (confidence ${confidence})`;
  if (forced === null || confidence === 0 || scores[forced] < WORTH_A_LOOK) return '';
  if (alike.length > 0) {
    return ` (the ${alike.map(words).join(' or the ')} of the bearing, whose lines are the same)`;
  }
  const hint = confidence >= 0.6 ? 'most likely' : 'rather';
  return ` (too little for a verdict; if it is the bearing, then ${hint} the ${words(forced)})`;
}

function severityText(severity: IsoZone): string {
  const { edition, group, support, stated } = severity;
  const machine = `group ${group}, ${support}`;
  const row = stated ? machine : `${machine}, the strictest: say --group and --support`;
  return `${zoneText(severity)} (${edition}; ${row})`;
}

/** Parts are shorter than the whole, and spread a line over lower ones: so much is no spread. */
const TOLD_SPREAD = 1.1;

function zoneText(severity: IsoZone): string {
  const { velocity_rms, band, spread } = severity;
  const range =
    spread === undefined || spread.most < TOLD_SPREAD * spread.least
      ? ''
      : ` (${spread.least.toPrecision(3)} to ${spread.most.toPrecision(3)} in its parts)`;
  return `velocity ${velocity_rms.toPrecision(3)} mm/s rms${range} from ${band.low} to ${band.high} Hz: ${zoneName(severity)}`;
}

function strongLineText({ frequency, rms }: SpectralPeak, shaft: number | undefined): string {
  const order = shaft === undefined ? '' : `, ${(frequency / shaft).toFixed(2)}×`;
  const grid = GRIDS.find((each) => Math.abs(frequency - 2 * each) < 0.5);
  const electrical = grid === undefined ? '' : `, twice the line frequency of ${grid} Hz`;
  return `${frequency.toFixed(1)} Hz ${rms.toPrecision(3)} mm/s${order}${electrical}`;
}

/** What is absent, once for each reason. */
function absentSection(absent: Readonly<Record<string, string>>): string[] {
  const reasons = [...new Set(Object.values(absent))];
  return section(
    'absent',
    reasons.map((reason) => {
      const names = Object.keys(absent).filter((name) => absent[name] === reason);
      return `${names.length > 4 ? `${names.length} features` : names.join(', ')}: ${reason}`;
    }),
  );
}

function words(name: string): string {
  return name.replaceAll('_', ' ');
}

function section(title: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [`  ${title}:`, ...items.map((item) => `    ${item}`)];
}

function lineText({ name, frequency, ratio }: Line): string {
  return `${words(name)} at ${frequency.toFixed(2)} Hz, ${ratio.toFixed(1)} times its surroundings`;
}
