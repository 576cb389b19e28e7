import type { Diagnosis } from '../../operators/spectrum/diagnose.ts';
import type { Extracted } from '../../operators/spectrum/extract.ts';

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
