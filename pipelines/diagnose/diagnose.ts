import { writeFileSync } from 'node:fs';
import { type Diagnosis, diagnose } from '../../operators/spectrum/diagnose.ts';
import { type Extracted, extract } from '../../operators/spectrum/extract.ts';
import type { IsoZone } from '../../operators/spectrum/iso-zone.ts';
import type { SpectralPeak } from '../../operators/spectrum/power-spectrum.ts';
import { GRIDS } from '../../operators/spectrum/shaft-faults.ts';
import { wrongInput } from '../base/problem.ts';
import {
  bearingOf,
  type DiagnoseOptions,
  machineOf,
  parsePositive,
  rateOf,
  readingOf,
  unitOf,
} from './diagnose-options.ts';
import { drawDiagnosis } from './plot.ts';
import { readSamples } from './read-samples.ts';

/** Diagnoses each file on its own and prints what was found. */
export function diagnoseFiles(files: readonly string[], options: DiagnoseOptions): void {
  if (options.plot !== undefined && files.length > 1) {
    throw wrongInput('--plot', 'one file', `${files.length} files`, 'Draw them one by one.');
  }
  const bearing = bearingOf(options);
  const rpm = options.rpm === undefined ? undefined : parsePositive('--rpm', options.rpm);
  const reading = readingOf(options);
  const machine = machineOf(options);
  for (const file of files) {
    const { samples, ...own } = readSamples(file, reading);
    const rate = rateOf(file, options.rate, own.rate);
    const unit = unitOf(file, options.unit, own.unit);
    const extracted = extract(samples, rate, unit, rpm, bearing);
    const diagnosis = diagnose(extracted, machine);
    if (options.plot !== undefined) {
      writeFileSync(options.plot, drawDiagnosis(file, samples, rate, unit, extracted, diagnosis));
    }
    const { values, absent, lines, orders, shaft } = extracted;
    console.log(
      options.json === true
        ? JSON.stringify({ file, ...diagnosis, shaft, features: values, absent, lines, orders })
        : describeDiagnosis(file, extracted, diagnosis),
    );
  }
}

type Line = Diagnosis['supporting'][number];

/** A diagnosis for people: the verdict first, how severe it is, then what both rest on. */
export function describeDiagnosis(
  file: string,
  extracted: Extracted,
  diagnosis: Diagnosis,
): string {
  const { values, absent, lines, shaft } = extracted;
  const { verdict, supporting, contradicting, reasons, severity } = diagnosis;
  const also = diagnosis.also.map(({ fault }) => ` and ${words(fault)}`).join('');
  const speed =
    shaft === undefined
      ? 'shaft speed unknown'
      : `shaft at ${(shaft.shaft * 60).toFixed(0)} rpm, from the ${shaft.from}`;
  const scores = Object.entries(diagnosis.scores).filter(([, score]) => score >= 0.005);
  return [
    `${file}: ${words(verdict)}${also}${certainty(diagnosis)}`,
    ...(severity === null ? [] : [`  ${severityText(severity)}`]),
    ...reasons.map((reason) => `  because ${reason}`),
    ...diagnosis.also.map(({ reason }) => `  beside it ${reason}`),
    `  ${speed}`,
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
        .map(([name, value]) => `${name} ${value.toPrecision(4)}`),
    ),
    ...absentSection(absent),
    `  what to do: ${diagnosis.action}`,
  ].join('\n');
}

function certainty({ verdict, forced, confidence }: Diagnosis): string {
  if (verdict !== 'not_determined') return ` (confidence ${confidence})`;
  if (forced === null || confidence === 0) return '';
  return ` (if it is the bearing, then most likely ${words(forced)}, confidence ${confidence})`;
}

function severityText({ velocity_rms, band, zone, edition, group, support, stated }: IsoZone) {
  const machine = `group ${group}, ${support}`;
  const row = stated ? machine : `${machine}, the strictest: say --group and --support`;
  return `velocity ${velocity_rms.toPrecision(3)} mm/s rms from ${band.low} to ${band.high} Hz: zone ${zone} (${edition}; ${row})`;
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
