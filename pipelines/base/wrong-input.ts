import { EXIT, Problem } from './problem.ts';

/** What is wrong with an option or argument that somebody typed. */
export function wrongInput(
  where: string,
  expected: string,
  found: string,
  remedy = 'Correct it.',
): Problem {
  return new Problem({ where, expected, found, remedy, exit: EXIT.input });
}
