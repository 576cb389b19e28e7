import { EXIT, Problem } from '../base/problem.ts';

const MILLIMETRES: Readonly<Record<string, number>> = {
  mm: 1,
  cm: 10,
  m: 1_000,
  um: 0.001,
  in: 25.4,
  '"': 25.4,
};

/** Millimetres of `7.94`, `7.94mm` or `0.3126in`. */
export function readLength(option: string, text: string): number {
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
export function readPositive(option: string, text: string, least = 0): number {
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
