import { readFileSync } from 'node:fs';
import { EXIT, Problem } from './problem.ts';

/** The text of a file that somebody named. Throws a `Problem` if it cannot be read. */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Problem(
      {
        where: file,
        expected: 'a file that can be read',
        found: error instanceof Error ? error.message : String(error),
        remedy: 'Correct its name or its permissions.',
        exit: EXIT.input,
      },
      { cause: error },
    );
  }
}
