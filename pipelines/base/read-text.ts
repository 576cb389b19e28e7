import { closeSync, openSync, readSync } from 'node:fs';
import { EXIT, foundInPlace, Problem } from './problem.ts';

/** No file that a person writes is larger: a recording, a device or a log was named instead. */
const MOST_BYTES = 8_000_000;

/** The text of a file that somebody named. Throws a `Problem` if it cannot be read, or has no end in sight. */
export function readText(file: string): string {
  try {
    const bytes = readStart(file, MOST_BYTES + 1);
    if (bytes.length <= MOST_BYTES) return bytes.toString('utf8');
  } catch (error) {
    throw new Problem(
      {
        where: file,
        expected: 'a file that can be read',
        found: foundInPlace(error),
        remedy: 'Correct its name or its permissions.',
        exit: EXIT.input,
      },
      { cause: error },
    );
  }
  throw new Problem({
    where: file,
    expected: `a file of at most ${MOST_BYTES / 1e6} MB`,
    found: 'a longer one',
    remedy: 'Correct its name, or divide it.',
    exit: EXIT.input,
  });
}

/** Up to so many bytes of a file. It may be a pipe, whose size nobody knows. */
function readStart(file: string, most: number): Buffer {
  const descriptor = openSync(file, 'r');
  try {
    const parts: Buffer[] = [];
    for (let size = 0; size < most; ) {
      const part = Buffer.alloc(Math.min(65_536, most - size));
      const read = readSync(descriptor, part);
      if (read === 0) break;
      parts.push(part.subarray(0, read));
      size += read;
    }
    return Buffer.concat(parts);
  } finally {
    closeSync(descriptor);
  }
}
