import { writeFileSync } from 'node:fs';
import { type Diagnosis, diagnose } from '../../operators/spectrum/diagnose.ts';
import { type Extracted, extract } from '../../operators/spectrum/extract.ts';
import { wrongInput } from '../base/problem.ts';
import {
  bearingOf,
  type DiagnoseOptions,
  parsePositive,
  rateOf,
  readingOf,
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

type Line = Diagnosis['supporting'][number];

/** A diagnosis for people: the verdict first, then what it rests on. */
export function describeDiagnosis(
  file: string,
  { values, absent, lines, shaft }: Extracted,
  diagnosis: Diagnosis,
): string {
  const { verdict, forced, confidence, supporting, contradicting, reasons, action } = diagnosis;
  const guess =
    verdict === 'not_determined' && forced !== null
      ? ` (if it is the bearing, then most likely ${words(forced)}, confidence ${confidence})`
      : ` (confidence ${confidence})`;
  const speed =
    shaft === undefined
      ? 'shaft speed unknown'
      : `shaft at ${(shaft.shaft * 60).toFixed(0)} rpm, from the ${shaft.from}`;
  return [
    `${file}: ${words(verdict)}${guess}`,
    ...reasons.map((reason) => `  because ${reason}`),
    `  ${speed}`,
    ...section('supporting lines', supporting.map(lineText)),
    ...section('contradicting lines', contradicting.map(lineText)),
    ...section(
      'scores, from 1 on a verdict',
      Object.entries(diagnosis.scores).map(([name, score]) => `${words(name)} ${score.toFixed(2)}`),
    ),
    ...section(
      'strongest lines of velocity',
      lines.map(({ frequency, rms }) => `${frequency.toFixed(1)} Hz ${rms.toPrecision(3)} mm/s`),
    ),
    ...section(
      'features',
      Object.entries(values)
        .filter(([name]) => !/^(line_|bearing_|envelope_)/.test(name))
        .map(([name, value]) => `${name} ${value.toPrecision(4)}`),
    ),
    ...section(
      'absent',
      Object.entries(absent).map(([name, reason]) => `${name}: ${reason}`),
    ),
    `  what to do: ${action}`,
  ].join('\n');
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
